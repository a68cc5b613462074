//! The most similar items of each item.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{LogicalPlanBuilder, when};
use datafusion::prelude::*;
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

use crate::factor_file::name_of;
use crate::plays::{Plays, first_of, first_of_pair, pair, second_of};
use crate::rows::{Rows, Side};
use crate::{Error, Result, functions};

/// The plan that finds the neighbours of all items, those of [`Neighbourhood::of_items`]: `item`, `neighbour`, `rank`
/// from 1, and `similarity`.
///
/// The plays are joined with themselves on the user, of each two items once. The products are summed by the pair, the
/// similarity is made of the sums by [`Measure::of_sums`], and the k best of each item are kept.
///
/// Where values are whole numbers, sums are exact, and the neighbours are those of the library to the last bit.
///
/// # Errors
///
/// [`Error::Library`] for a parameter outside its range, and [`Error::Argument`] for the measure
/// [`Measure::AdjustedCosine`] and for weightings, which are not computed here.
pub fn of_items(plays: &Plays<'_>, neighbourhood: &Neighbourhood) -> Result<DataFrame> {
    check(neighbourhood)?;
    let measure = neighbourhood.measure;
    let other = plays.plays().select(vec![
        col("user").alias("same_user"),
        col("item").alias("other"),
        col("value").alias("other_value"),
    ])?;
    let once = col("item").lt(col("other"));
    let common = match measure.is_of_sets() {
        true => cast(count(lit(1)), DataType::Float64),
        false => sum(col("value") * col("other_value")),
    };
    let mut sums = vec![common.alias("common")];
    let rests_on_users = neighbourhood.minimum_support > 1 || neighbourhood.shrinkage > 0.0;
    if rests_on_users {
        sums.push(cast(count(lit(1)), DataType::Float64).alias("support"));
    }
    let mut pairs = plays
        .plays()
        .join(
            other,
            JoinType::Inner,
            &["user"],
            &["same_user"],
            Some(once),
        )?
        .select(vec![
            pair("item", "other").alias("pair"),
            col("value"),
            col("other_value"),
        ])?
        .aggregate(vec![col("pair")], sums)?;
    if neighbourhood.minimum_support > 1 {
        let least = lit(neighbourhood.minimum_support as f64);
        pairs = pairs.filter(col("support").gt_eq(least))?;
    }

    // The columns' sums come to each pair.
    let mut columns = vec![
        first_of("pair").alias("a"),
        second_of("pair").alias("b"),
        col("common"),
    ];
    columns.extend(rests_on_users.then(|| col("support")));
    let pairs = pairs
        .select(columns)?
        .join(
            sums_of(plays, "a")?,
            JoinType::Inner,
            &["a"],
            &["item_a"],
            None,
        )?
        .join(
            sums_of(plays, "b")?,
            JoinType::Inner,
            &["b"],
            &["item_b"],
            None,
        )?;
    let users = plays.counts().users as f64;
    let similarity = |a: &str, b: &str| {
        let sums = |side: &str| ["count", "sum", "squares"].map(|sum| col(format!("{sum}_{side}")));
        let mut arguments = vec![lit(measure.name()), col("common")];
        arguments.extend(sums(a));
        arguments.extend(sums(b));
        arguments.push(lit(users));
        let similarity = functions::similarity().call(arguments);
        match rests_on_users {
            true => similarity * (col("support") / (col("support") + lit(neighbourhood.shrinkage))),
            false => similarity,
        }
    };
    let is_symmetric = measure != Measure::ConditionalProbability;
    let mut columns = vec![col("a"), col("b"), similarity("a", "b").alias("similarity")];
    columns.extend((!is_symmetric).then(|| similarity("b", "a").alias("turned_similarity")));
    let pairs = pairs.select(columns)?;

    // Each pair both ways.
    let both = cross_join(two_ways(plays)?, pairs)?;
    let turned = |no: &str, yes: &str| when(col("turned"), col(yes)).otherwise(col(no));
    let similarity = match is_symmetric {
        true => col("similarity"),
        false => turned("similarity", "turned_similarity")?,
    };
    let best = functions::best().call(vec![
        lit(neighbourhood.k as u64),
        col("neighbour"),
        col("similarity"),
    ]);
    let lists = both
        .select(vec![
            turned("a", "b")?.alias("item"),
            turned("b", "a")?.alias("neighbour"),
            similarity.alias("similarity"),
        ])?
        .aggregate(vec![col("item")], vec![best.alias("place")])?;
    places(lists, "item", "neighbour", "similarity")
}

/// The same neighbours by the plan that makes the fewest rows: by [`broadcast`] where this process executes it and what that
/// holds fits in half of the memory, otherwise by [`of_items`].
///
/// # Errors
///
/// Those of the two.
pub async fn by_memory(plays: &Plays<'_>, neighbourhood: &Neighbourhood) -> Result<DataFrame> {
    check(neighbourhood)?;
    // It is not known yet whether values are small.
    match plays.session().can_hold(held(plays, false)) {
        true => broadcast(plays, neighbourhood).await,
        false => of_items(plays, neighbourhood),
    }
}

/// The neighbours of [`of_items`] by another plan, which makes no row of a pair: whoever executes it holds all plays by
/// user, as a broadcast join holds a table, and adds the products of an item with all others up in an array. Rows of
/// items stay on the disk, and are read some at a time.
///
/// It takes 12 bytes of memory a play, or 5 where all values are whole numbers up to 255.
///
/// Products are added in the order of the library, so that neighbours are its own to the last bit, whatever the values.
///
/// # Errors
///
/// Those of [`of_items`], [`Error::Memory`] where the plays do not fit, and what stops a plan.
pub async fn broadcast(plays: &Plays<'_>, neighbourhood: &Neighbourhood) -> Result<DataFrame> {
    check(neighbourhood)?;
    let by_user = Rows::new(plays, Side::Users).await?;
    let by_item = Rows::new(plays, Side::Items).await?;
    let bytes = held(plays, by_user.are_small);
    plays.session().hold("the plays by user", bytes)?;
    let counts = plays.counts();
    let place = functions::nearest().call(vec![
        lit(name_of(&by_user.folder)?),
        lit(counts.users as u64),
        lit(counts.items as u64),
        lit(neighbourhood.measure.name()),
        lit(neighbourhood.k as u64),
        lit(neighbourhood.minimum_support as u64),
        lit(neighbourhood.shrinkage),
        col("row"),
        col("columns"),
        col("values"),
    ]);
    let lists = by_item
        .table
        .select(vec![col("row").alias("item"), place.alias("place")])?;
    places(lists, "item", "neighbour", "similarity")
}

/// How many bytes [`broadcast`] holds.
fn held(plays: &Plays<'_>, are_small: bool) -> usize {
    let counts = plays.counts();
    let value = if are_small { 1 } else { 8 };
    let of_each_item = 24 + 12 * plays.session().partitions();
    counts.plays * (4 + value) + counts.users * 16 + counts.items * of_each_item
}

/// That the plan can be made.
///
/// # Errors
///
/// Those of [`of_items`].
pub fn check(neighbourhood: &Neighbourhood) -> Result<()> {
    neighbourhood.check()?;
    if neighbourhood.measure == Measure::AdjustedCosine {
        let others: Vec<&str> = (Measure::ALL.iter())
            .filter(|measure| **measure != Measure::AdjustedCosine)
            .map(|measure| measure.name())
            .collect();
        let message = format!(
            "the measure adjusted-cosine is not computed here; take one of {}",
            others.join(", ")
        );
        return Err(Error::Argument(message));
    }
    if neighbourhood.weighting != Weighting::None {
        let message =
            "weightings of plays are not computed here; fit `radio_rec`'s models for them";
        return Err(Error::Argument(message.into()));
    }
    Ok(())
}

/// The plan's neighbours by the names of the items, sorted by them.
///
/// # Errors
///
/// [`Error::Plan`] for what the engine does not take.
pub fn named(plays: &Plays<'_>, neighbours: DataFrame) -> Result<DataFrame> {
    let frame = plays.name_items(neighbours, "neighbour")?;
    let frame = plays.name_items(frame, "item")?;
    Ok(frame.sort(vec![
        col("item").sort(true, false),
        col("rank").sort(true, false),
    ])?)
}

/// Each place of the lists in `place` as a row of its own.
///
/// DataFusion believes that what was distinct before lists were unnested still is, and groups accordingly; so the
/// column is made anew.
pub(crate) fn places(lists: DataFrame, of: &str, what: &str, score: &str) -> Result<DataFrame> {
    let field = |name: &str| get_field(col("place"), name.to_owned());
    Ok(lists.unnest_columns(&["place"])?.select(vec![
        first_of_pair(pair(of, of)).alias(of),
        field("rank").alias("rank"),
        field("item").alias(what),
        field("score").alias(score),
    ])?)
}

/// The sums of each item, for one side of a pair.
fn sums_of(plays: &Plays<'_>, side: &str) -> Result<DataFrame> {
    let of_side = |name: &str| col(name).alias(format!("{name}_{side}"));
    Ok(plays
        .sums()
        .select(["item", "count", "sum", "squares"].map(of_side).to_vec())?)
}

/// A row for each of the two ways in which a pair is one.
fn two_ways(plays: &Plays<'_>) -> Result<DataFrame> {
    // In the plan itself: a table in memory could not be sent elsewhere.
    let ways = LogicalPlanBuilder::values(vec![vec![lit(false)], vec![lit(true)]])?
        .project(vec![col("column1").alias("turned")])?
        .build()?;
    Ok(DataFrame::new(plays.session().context().state(), ways))
}

pub(crate) fn cross_join(left: DataFrame, right: DataFrame) -> Result<DataFrame> {
    let (state, left) = left.into_parts();
    let plan = LogicalPlanBuilder::from(left).cross_join(right.into_unoptimized_plan())?;
    Ok(DataFrame::new(state, plan.build()?))
}
