//! The vectors of alternating least squares: what improves them, and what reads them.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, ListArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, UInt32Type};
use datafusion::common::{exec_datafusion_err, exec_err, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use radio_rec::recommend::{Als, AlsHalfStep};

use super::scalar::{constant_of, count_of, function, text_of};
use crate::factor_file::FactorFile;
use crate::held::Held;
use crate::rows::{Lists, list_of};

/// What the turn that is taken holds.
pub(super) static TURNS: Held<AlsHalfStep> = Held::new();

pub(super) fn als_vector() -> Arc<ScalarUDF> {
    let takes = vec![
        DataType::Utf8,
        DataType::Utf8,
        DataType::UInt64,
        DataType::Float64,
        DataType::Float64,
        DataType::UInt32,
        list_of(DataType::UInt32),
        list_of(DataType::Float64),
    ];
    function("als_vector", takes, list_of(DataType::Float32), |args| {
        let factors = count_of(&args[2])?;
        let als = Als {
            factors,
            lambda: constant_of(&args[3])?,
            alpha: constant_of(&args[4])?,
            ..Als::default()
        };
        let file = |of: &ColumnarValue| -> Result<FactorFile> {
            let path = Path::new(text_of(of)?).to_owned();
            Ok(FactorFile { path, factors })
        };
        let (other, own) = (file(&args[0])?, file(&args[1])?);
        let turn = TURNS.get(&other.path, |_| {
            let other = other.read_all().map_err(external)?;
            als.half_step(other).map_err(external)
        })?;
        let columns = ColumnarValue::values_to_arrays(&args[5..])?;
        let rows = columns[0].as_primitive::<UInt32Type>().values();
        let Some(plays) = Lists::new(&columns[1], &columns[2]) else {
            return exec_err!("als_vector needs as many values as columns");
        };
        let mut own = own.open().map_err(external)?;
        let mut vectors = vec![0.0; rows.len() * factors];
        let mut turn = turn.rows();
        let each = rows.iter().zip(vectors.chunks_exact_mut(factors));
        for ((&row, vector), (columns, values)) in each.zip(plays.iter()) {
            own.read(row, vector).map_err(external)?;
            turn.improve(vector, columns, values).map_err(external)?;
        }
        let offsets = OffsetBuffer::from_repeated_length(factors, rows.len());
        let element = Arc::new(Field::new("item", DataType::Float32, true));
        let vectors = Arc::new(Float32Array::from(vectors));
        Ok(Arc::new(ListArray::new(element, offsets, vectors, None)))
    })
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

pub(super) fn vector_of() -> Arc<ScalarUDF> {
    Arc::new(VectorOf::new().into())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VectorOf {
    signature: Signature,
}

impl VectorOf {
    fn new() -> Self {
        let takes = vec![DataType::Utf8, DataType::UInt64, DataType::UInt32];
        Self {
            signature: Signature::exact(takes, Volatility::Immutable),
        }
    }
}

fn fields(factors: usize) -> Fields {
    (1..=factors)
        .map(|factor| Field::new(format!("factor_{factor}"), DataType::Float32, false))
        .collect()
}

impl ScalarUDFImpl for VectorOf {
    fn name(&self) -> &str {
        "vector_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("what vector_of gives depends on its second argument")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let Some(Some(ScalarValue::UInt64(Some(factors)))) = args.scalar_arguments.get(1) else {
            return exec_err!("the second argument of vector_of must be the number of factors");
        };
        let vector = DataType::Struct(fields(*factors as usize));
        Ok(Arc::new(Field::new("vector", vector, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let factors = count_of(&args.args[1])?;
        let path = Path::new(text_of(&args.args[0])?).to_owned();
        let mut file = FactorFile { path, factors }.open().map_err(external)?;
        let rows = args.args[2].to_array(args.number_rows)?;
        let rows = rows.as_primitive::<UInt32Type>().values();
        let mut columns = vec![Vec::with_capacity(rows.len()); factors];
        let mut vector = vec![0.0; factors];
        for &row in rows {
            file.read(row, &mut vector).map_err(external)?;
            columns
                .iter_mut()
                .zip(&vector)
                .for_each(|(to, &x)| to.push(x));
        }
        let columns = columns
            .into_iter()
            .map(|column| -> ArrayRef { Arc::new(Float32Array::from(column)) });
        let vectors = StructArray::try_new(fields(factors), columns.collect(), None)
            .map_err(|error| exec_datafusion_err!("{error}"))?;
        Ok(ColumnarValue::Array(Arc::new(vectors)))
    }
}
