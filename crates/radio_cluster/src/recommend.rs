//! Lists for all users, by the neighbours of what they played.

use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::prelude::*;

use crate::neighbours::places;
use crate::plays::{Plays, first_of, pair, second_of};
use crate::{Error, Result, functions};

/// The plan that recommends `n` items to each user as [`ItemKnn`](radio_rec::recommend::ItemKnn) does: `user`, `rank`
/// from 1, `item`, and `score`.
///
/// Plays are joined with the `neighbours` of what was played, value · similarity is summed by user and neighbour, and
/// what the user played is left out. A user has fewer than `n` rows, or none, where fewer items have a score.
///
/// # Errors
///
/// [`Error::Argument`] for `n` = 0, and [`Error::Plan`] for what the engine does not take.
pub fn to_all_users(plays: &Plays<'_>, neighbours: DataFrame, n: usize) -> Result<DataFrame> {
    if n == 0 {
        return Err(Error::Argument("lists must be of 1 item or more".into()));
    }
    let neighbours = neighbours.select(vec![
        col("item").alias("played_item"),
        col("neighbour"),
        col("similarity"),
    ])?;
    let played = plays
        .plays()
        .select(vec![pair("user", "item").alias("played")])?;
    let best = functions::best().call(vec![lit(n as u64), col("item"), col("score")]);
    let lists = plays
        .plays()
        .join(
            neighbours,
            JoinType::Inner,
            &["item"],
            &["played_item"],
            None,
        )?
        .select(vec![
            pair("user", "neighbour").alias("pair"),
            (col("value") * col("similarity")).alias("product"),
        ])?
        .aggregate(vec![col("pair")], vec![sum(col("product")).alias("score")])?
        .join(played, JoinType::LeftAnti, &["pair"], &["played"], None)?
        .select(vec![
            first_of("pair").alias("user"),
            second_of("pair").alias("item"),
            col("score"),
        ])?
        .aggregate(vec![col("user")], vec![best.alias("place")])?;
    places(lists, "user", "item", "score")
}

/// The plan's lists by the names of users and items, sorted by the users'.
///
/// # Errors
///
/// [`Error::Plan`] for what the engine does not take.
pub fn named(plays: &Plays<'_>, lists: DataFrame) -> Result<DataFrame> {
    let frame = plays.name_items(lists, "item")?;
    let frame = plays.name_users(frame, "user")?;
    Ok(frame.sort(vec![
        col("user").sort(true, false),
        col("rank").sort(true, false),
    ])?)
}
