//! `radio_rec`'s measures and metrics as functions of plans.
//!
//! Functions take all that they need as arguments and keep nothing, so that a plan that is sent elsewhere names them.

mod als;
mod best;
mod list_metrics;
mod nearest;
mod scalar;

pub(crate) use self::list_metrics::METRICS;
pub(crate) use self::scalar::number;

use std::path::Path;
use std::sync::Arc;

use datafusion::common::exec_err;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::physical_expr::expressions::Literal;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

/// Makes all functions known to a session by their names.
pub fn register(context: &SessionContext) {
    for function in [
        similarity(),
        play_hash(),
        checked_name(),
        number_of(),
        checked_weight(),
        nearest(),
        als_vector(),
        vector_of(),
    ] {
        context.register_udf(function.as_ref().clone());
    }
    for function in [best(), list_metrics()] {
        context.register_udaf(function.as_ref().clone());
    }
}

/// No longer holds what functions read from this folder, or below it.
pub(crate) fn forget(folder: &Path) {
    als::TURNS.forget(folder);
    nearest::HISTORIES.forget(folder);
}

/// `similarity(measure, common, count_a, sum_a, squares_a, count_b, sum_b, squares_b, users)`: see
/// [`Measure::of_sums`](radio_rec::similarity::Measure::of_sums).
pub fn similarity() -> Arc<ScalarUDF> {
    scalar::similarity()
}

/// `play_hash(seed, user, item)`: a number of 64 bits that looks drawn by chance, and is the same everywhere.
pub fn play_hash() -> Arc<ScalarUDF> {
    scalar::play_hash()
}

/// `checked_name(name, trim)`: the name, if it is one, without space around it if that is to be dropped.
pub fn checked_name() -> Arc<ScalarUDF> {
    scalar::checked_name()
}

/// `number_of(text)`: the number that a cell holds, or NaN.
pub fn number_of() -> Arc<ScalarUDF> {
    scalar::number_of()
}

/// `checked_weight(weight)`: the number, if it may be a weight: see
/// [`what_a_value_must_be`](radio_rec::interactions::what_a_value_must_be).
pub fn checked_weight() -> Arc<ScalarUDF> {
    scalar::checked_weight()
}

/// `nearest(rows, users, items, measure, k, minimum_support, shrinkage, item, columns, values)`: the `k` items most
/// similar to one that the users `columns` played with `values`, as [`best`] lists them. The folder `rows` has all
/// plays by user.
pub fn nearest() -> Arc<ScalarUDF> {
    nearest::nearest()
}

/// `als_vector(other, own, factors, lambda, alpha, row, columns, values)`: the vector of a row, after a turn of
/// [`AlsHalfStep`](radio_rec::recommend::AlsHalfStep). The file `other` has the vectors of the other side, and `own`
/// those of the row's side before.
pub fn als_vector() -> Arc<ScalarUDF> {
    als::als_vector()
}

/// `vector_of(file, factors, row)`: the vector of a row, with a field for each factor.
pub fn vector_of() -> Arc<ScalarUDF> {
    als::vector_of()
}

/// `best(n, item, score)`: a list of the `n` best, best first, as (rank, item, score), in the order of
/// [`Top`](radio_rec::ranking::Top).
pub fn best() -> Arc<AggregateUDF> {
    Arc::new(best::Best::new().into())
}

/// `list_metrics(k, relevant, rank, hit)`: the metrics of a user's list, of which each row is a place: see
/// [`metrics`](radio_rec::evaluate::metrics). A row without a rank is no place.
pub fn list_metrics() -> Arc<AggregateUDF> {
    Arc::new(list_metrics::ListMetrics::new().into())
}

/// The count, at least 1, that an aggregate has as its first argument.
fn count_argument(name: &str, args: &AccumulatorArgs<'_>) -> datafusion::error::Result<usize> {
    let literal = args
        .exprs
        .first()
        .and_then(|of| of.downcast_ref::<Literal>());
    match literal.map(Literal::value) {
        Some(ScalarValue::UInt64(Some(count))) if *count > 0 => {
            Ok(usize::try_from(*count).unwrap_or(usize::MAX))
        }
        _ => exec_err!("the first argument of {name} must be a whole number from 1"),
    }
}
