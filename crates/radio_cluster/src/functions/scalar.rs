//! Functions of one row.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, StringArray, StringBuilder, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, UInt32Type};
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::scalar::ScalarValue;
use radio_rec::interactions::what_a_value_must_be;
use radio_rec::similarity::{ColumnSums, Measure};

type Function = fn(&[ColumnarValue]) -> Result<ArrayRef>;

pub(super) fn function(
    name: &str,
    takes: Vec<DataType>,
    gives: DataType,
    function: Function,
) -> Arc<ScalarUDF> {
    let all = move |args: &[ColumnarValue]| Ok(ColumnarValue::Array(function(args)?));
    let kind = Volatility::Immutable;
    Arc::new(create_udf(name, takes, gives, kind, Arc::new(all)))
}

/// A constant that is a text.
pub(super) fn text_of(argument: &ColumnarValue) -> Result<&str> {
    match argument {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(text))) => Ok(text),
        _ => exec_err!("a text must be a constant"),
    }
}

/// A constant that is a whole number.
pub(super) fn count_of(argument: &ColumnarValue) -> Result<usize> {
    match argument {
        ColumnarValue::Scalar(ScalarValue::UInt64(Some(count))) => {
            Ok(usize::try_from(*count).unwrap_or(usize::MAX))
        }
        _ => exec_err!("a count must be a constant"),
    }
}

/// A constant that is a number.
pub(super) fn constant_of(argument: &ColumnarValue) -> Result<f64> {
    match argument {
        ColumnarValue::Scalar(ScalarValue::Float64(Some(number))) => Ok(*number),
        _ => exec_err!("a number must be a constant"),
    }
}

/// A constant that names a measure.
pub(super) fn measure_of(argument: &ColumnarValue) -> Result<Measure> {
    let name = text_of(argument)?;
    name.parse()
        .map_err(|error: radio_rec::Error| exec_datafusion_err!("{error}"))
}

pub(super) fn similarity() -> Arc<ScalarUDF> {
    let mut takes = vec![DataType::Utf8];
    takes.resize(9, DataType::Float64);
    function("similarity", takes, DataType::Float64, |args| {
        let measure = measure_of(&args[0])?;
        let columns = ColumnarValue::values_to_arrays(&args[1..])?;
        let columns: Vec<&Float64Array> =
            columns.iter().map(|column| column.as_primitive()).collect();
        let [
            common,
            count_a,
            sum_a,
            squares_a,
            count_b,
            sum_b,
            squares_b,
            users,
        ] = columns[..]
        else {
            return exec_err!("similarity takes 9 arguments");
        };
        let of = |row: usize| {
            let sums =
                |count: &Float64Array, sum: &Float64Array, squares: &Float64Array| ColumnSums {
                    count: count.value(row),
                    sum: sum.value(row),
                    squares: squares.value(row),
                };
            let a = sums(count_a, sum_a, squares_a);
            let b = sums(count_b, sum_b, squares_b);
            measure.of_sums(common.value(row), a, b, users.value(row))
        };
        Ok(Arc::new(Float64Array::from_iter_values(
            (0..common.len()).map(of),
        )))
    })
}

pub(super) fn play_hash() -> Arc<ScalarUDF> {
    let takes = vec![DataType::UInt64, DataType::UInt32, DataType::UInt32];
    function("play_hash", takes, DataType::UInt64, |args| {
        let ColumnarValue::Scalar(ScalarValue::UInt64(Some(seed))) = args[0] else {
            return exec_err!("the first argument of play_hash must be the seed");
        };
        let columns = ColumnarValue::values_to_arrays(&args[1..])?;
        let users = columns[0].as_primitive::<UInt32Type>().values();
        let items = columns[1].as_primitive::<UInt32Type>().values();
        let of = |(&user, &item): (&u32, &u32)| {
            mixed(mixed(seed ^ mixed(u64::from(user))) ^ u64::from(item))
        };
        Ok(Arc::new(UInt64Array::from_iter_values(
            users.iter().zip(items).map(of),
        )))
    })
}

/// A number whose bits all depend on all bits of another: the output function of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(super) fn checked_name() -> Arc<ScalarUDF> {
    let takes = vec![DataType::Utf8, DataType::Boolean];
    function("checked_name", takes, DataType::Utf8, |args| {
        let ColumnarValue::Scalar(ScalarValue::Boolean(Some(trim))) = args[1] else {
            return exec_err!("the second argument of checked_name must be a constant");
        };
        let columns = ColumnarValue::values_to_arrays(&args[..1])?;
        let names: &StringArray = columns[0].as_string();
        let trimmed = |name| if trim { str::trim(name) } else { name };
        if names.iter().any(|name| name.map_or("", trimmed).is_empty()) {
            return exec_err!("a user or an item has no name");
        }
        if !trim {
            return Ok(columns[0].clone());
        }
        let mut builder = StringBuilder::with_capacity(names.len(), names.value_data().len());
        names
            .iter()
            .flatten()
            .for_each(|name| builder.append_value(name.trim()));
        Ok(Arc::new(builder.finish()))
    })
}

pub(super) fn number_of() -> Arc<ScalarUDF> {
    function(
        "number_of",
        vec![DataType::Utf8],
        DataType::Float64,
        |args| {
            let columns = ColumnarValue::values_to_arrays(args)?;
            let texts: &StringArray = columns[0].as_string();
            let numbers = texts.iter().map(|text| number(text.unwrap_or_default()));
            Ok(Arc::new(Float64Array::from_iter_values(numbers)))
        },
    )
}

pub(super) fn checked_weight() -> Arc<ScalarUDF> {
    function(
        "checked_weight",
        vec![DataType::Float64],
        DataType::Float64,
        |args| {
            let columns = ColumnarValue::values_to_arrays(args)?;
            let weights: &Float64Array = columns[0].as_primitive();
            for weight in weights {
                let weight = weight.unwrap_or(f64::NAN);
                if let Some(expected) = what_a_value_must_be(weight) {
                    return exec_err!("a weight is {weight}, but must be {expected}");
                }
            }
            Ok(columns[0].clone())
        },
    )
}

/// The number that a cell holds, or NaN.
pub(crate) fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or(f64::NAN)
}
