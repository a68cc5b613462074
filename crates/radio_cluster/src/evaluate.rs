//! How good lists are: some plays are hidden, and it is seen whether they are recommended.

use std::fmt;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_aggregate::expr_fn::{avg, count};
use datafusion::prelude::*;

use crate::functions::METRICS;
use crate::neighbours::cross_join;
use crate::plays::Plays;
use crate::{Error, Result, functions, popularity};

/// Plays in two parts.
pub struct Parts<'s> {
    /// What is learned from.
    pub train: Plays<'s>,
    /// What is hidden.
    pub test: Plays<'s>,
}

/// Hides a share of the plays, drawn by a hash of user and item: the same for the same seed, wherever it is computed.
///
/// # Errors
///
/// [`Error::Argument`] for a share that is not between 0 and 1, and what stops a plan.
pub async fn split<'s>(plays: &Plays<'s>, share: f64, seed: u64) -> Result<Parts<'s>> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Argument(format!(
            "the share of hidden plays is {share}, but must be above 0 and below 1"
        )));
    }
    let hash = functions::play_hash().call(vec![lit(seed), col("user"), col("item")]);
    let below = lit((share * 2_f64.powi(64)) as u64);
    Ok(Parts {
        train: plays.filtered(hash.clone().gt_eq(below.clone())).await?,
        test: plays.filtered(hash.lt(below)).await?,
    })
}

/// The means over all users with hidden plays: see [`metrics`](radio_rec::evaluate::metrics).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// How long the lists are.
    pub k: usize,
    /// How many users have hidden plays.
    pub users: usize,
    /// See [`average_precision`](radio_rec::evaluate::metrics::average_precision).
    pub map: f64,
    /// See [`ndcg`](radio_rec::evaluate::metrics::ndcg).
    pub ndcg: f64,
    /// See [`precision`](radio_rec::evaluate::metrics::precision).
    pub precision: f64,
    /// See [`recall`](radio_rec::evaluate::metrics::recall).
    pub recall: f64,
    /// See [`capped_recall`](radio_rec::evaluate::metrics::capped_recall).
    pub capped_recall: f64,
    /// See [`reciprocal_rank`](radio_rec::evaluate::metrics::reciprocal_rank).
    pub mrr: f64,
    /// See [`hit_rate`](radio_rec::evaluate::metrics::hit_rate).
    pub hit_rate: f64,
}

/// What lists of `k` that were made of the train part are worth, as [`evaluate`](radio_rec::evaluate::evaluate) has it:
/// a user without plays in it gets what is popular there.
///
/// `lists` has a `user`, `rank` and `item` a row, as [`to_all_users`](crate::recommend::to_all_users) gives them.
///
/// # Errors
///
/// [`Error::Argument`] if nothing is hidden, and what stops a plan.
pub async fn evaluate(parts: &Parts<'_>, lists: DataFrame, k: usize) -> Result<Report> {
    let session = parts.train.session();
    if k == 0 {
        return Err(Error::Argument("lists must be of 1 item or more".into()));
    }
    if parts.test.counts().plays == 0 {
        return Err(Error::Argument(
            "no plays are hidden; hide a larger share".into(),
        ));
    }
    let hidden = parts.test.plays().select(vec![
        col("user").alias("hidden_user"),
        col("item").alias("hidden_item"),
    ])?;
    let tested = parts
        .test
        .plays()
        .aggregate(
            vec![col("user")],
            vec![cast(count(lit(1)), DataType::UInt64).alias("relevant")],
        )?
        .select(vec![col("user").alias("tested"), col("relevant")])?;
    let known = parts
        .train
        .plays()
        .select(vec![col("user").alias("known")])?
        .distinct()?;
    let strangers = tested
        .clone()
        .join(known, JoinType::LeftAnti, &["tested"], &["known"], None)?
        .select(vec![col("tested").alias("user")])?;
    let popular = popularity::of_items(&parts.train)?
        .filter(col("rank").lt_eq(lit(u32::try_from(k).unwrap_or(u32::MAX))))?
        .select_columns(&["rank", "item"])?;
    let to_strangers = cross_join(popular, strangers)?.select_columns(&["user", "rank", "item"])?;
    let lists = lists
        .select_columns(&["user", "rank", "item"])?
        .union(to_strangers)?;

    let places = lists
        .join(
            hidden,
            JoinType::Left,
            &["user", "item"],
            &["hidden_user", "hidden_item"],
            None,
        )?
        .select(vec![
            col("user"),
            col("rank"),
            col("hidden_item").is_not_null().alias("hit"),
        ])?;
    let metrics = functions::list_metrics().call(vec![
        lit(k as u64),
        col("relevant"),
        col("rank"),
        col("hit"),
    ]);
    let means = METRICS.map(|name| avg(get_field(col("metrics"), name)).alias(name));
    let report = tested
        .join(places, JoinType::Left, &["tested"], &["user"], None)?
        .aggregate(vec![col("tested")], vec![metrics.alias("metrics")])?
        .aggregate(
            vec![],
            [vec![count(lit(1)).alias("users")], means.to_vec()].concat(),
        )?;
    let report = session.stage("evaluation", report).await?;
    let report = session.collect(report).await?;
    let report = report.iter().find(|batch| batch.num_rows() > 0);
    let report = report.ok_or_else(|| Error::Plan("there are no means".into()))?;
    let mean = |at: usize| report.column(at + 1).as_primitive::<Float64Type>().value(0);
    let [map, ndcg, precision, recall, capped_recall, mrr, hit_rate] = std::array::from_fn(mean);
    Ok(Report {
        k,
        users: report.column(0).as_primitive::<Int64Type>().value(0) as usize,
        map,
        ndcg,
        precision,
        recall,
        capped_recall,
        mrr,
        hit_rate,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let k = self.k;
        writeln!(f, "users             {:>8}", self.users)?;
        for (name, mean) in [
            ("MAP", self.map),
            ("nDCG", self.ndcg),
            ("precision", self.precision),
            ("recall", self.recall),
            ("capped recall", self.capped_recall),
            ("MRR", self.mrr),
            ("hit rate", self.hit_rate),
        ] {
            writeln!(f, "{:<18}{mean:>8.6}", format!("{name}@{k}"))?;
        }
        Ok(())
    }
}
