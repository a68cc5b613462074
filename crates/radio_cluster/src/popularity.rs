//! The items with the most listeners.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::ExprFunctionExt;
use datafusion::prelude::*;

use crate::Result;
use crate::plays::Plays;

/// The plan that ranks items as [`Popularity`](radio_rec::recommend::Popularity) does: `rank` from 1, `item`, how many
/// `listeners` it has, and its `plays`, the sum of its values. Items that nobody played have no rank.
///
/// # Errors
///
/// [`Error::Plan`](crate::Error::Plan) for what the engine does not take.
pub fn of_items(plays: &Plays<'_>) -> Result<DataFrame> {
    let best_first = vec![
        col("count").sort(false, false),
        col("item").sort(true, false),
    ];
    let rank = row_number().order_by(best_first).build()?;
    Ok(plays
        .sums()
        .window(vec![rank.alias("place")])?
        .select(vec![
            cast(col("place"), DataType::UInt32).alias("rank"),
            col("item"),
            cast(col("count"), DataType::UInt64).alias("listeners"),
            col("sum").alias("plays"),
        ])?)
}

/// The plan's ranking by the names of the items, the best `n` of it if so many are asked for.
///
/// # Errors
///
/// [`Error::Plan`](crate::Error::Plan) for what the engine does not take.
pub fn named(plays: &Plays<'_>, ranking: DataFrame, n: Option<usize>) -> Result<DataFrame> {
    let ranking = match n {
        Some(n) => ranking.filter(col("rank").lt_eq(lit(u32::try_from(n).unwrap_or(u32::MAX))))?,
        None => ranking,
    };
    let ranking = plays.name_items(ranking, "item")?;
    Ok(ranking.sort(vec![col("rank").sort(true, false)])?)
}
