//! The aggregate that says what a user's list is worth.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, UInt32Type, UInt64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use radio_rec::evaluate::metrics;

use super::count_argument;

/// The metrics, by the names of the fields that hold them.
pub(crate) const METRICS: [&str; 7] = [
    "map",
    "ndcg",
    "precision",
    "recall",
    "capped_recall",
    "mrr",
    "hit_rate",
];

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ListMetrics {
    signature: Signature,
}

impl ListMetrics {
    pub(super) fn new() -> Self {
        let takes = vec![
            DataType::UInt64,
            DataType::UInt64,
            DataType::UInt32,
            DataType::Boolean,
        ];
        Self {
            signature: Signature::exact(takes, Volatility::Immutable),
        }
    }
}

fn fields() -> Fields {
    METRICS
        .iter()
        .map(|name| Field::new(*name, DataType::Float64, false))
        .collect()
}

impl AggregateUDFImpl for ListMetrics {
    fn name(&self) -> &str {
        "list_metrics"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(List {
            k: count_argument("list_metrics", &args)?,
            relevant: 0,
            places: Vec::new(),
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name, data_type| {
            Arc::new(Field::new(
                format!("{}[{name}]", args.name),
                data_type,
                false,
            ))
        };
        Ok(vec![
            field("relevant", DataType::UInt64),
            field("places", DataType::LargeBinary),
        ])
    }
}

/// A user's list.
#[derive(Debug)]
struct List {
    k: usize,
    relevant: u64,
    /// Of each place its rank, and whether it is a hit.
    places: Vec<(u32, bool)>,
}

impl List {
    fn metrics(&mut self) -> [f64; METRICS.len()] {
        self.places.sort_unstable();
        let hits: Vec<bool> = self.places.iter().map(|place| place.1).collect();
        let (k, relevant) = (self.k, self.relevant as usize);
        [
            metrics::average_precision(&hits, k, relevant),
            metrics::ndcg(&hits, k, relevant),
            metrics::precision(&hits, k),
            metrics::recall(&hits, k, relevant),
            metrics::capped_recall(&hits, k, relevant),
            metrics::reciprocal_rank(&hits, k),
            metrics::hit_rate(&hits, k),
        ]
    }
}

impl Accumulator for List {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let relevant = values[1].as_primitive::<UInt64Type>();
        let ranks = values[2].as_primitive::<UInt32Type>();
        let hits = values[3].as_boolean();
        if relevant.null_count() > 0 {
            return exec_err!("list_metrics must know how many items are relevant");
        }
        if let Some(&relevant) = relevant.values().first() {
            self.relevant = relevant;
        }
        for (rank, hit) in ranks.iter().zip(hits) {
            if let Some(rank) = rank {
                self.places.push((rank, hit.unwrap_or(false)));
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let relevant = states[0].as_primitive::<UInt64Type>();
        let places = states[1].as_binary::<i64>();
        for (&relevant, places) in relevant.values().iter().zip(places) {
            self.relevant = self.relevant.max(relevant);
            for place in places.unwrap_or_default().as_chunks::<5>().0 {
                let [a, b, c, d, hit] = *place;
                self.places
                    .push((u32::from_le_bytes([a, b, c, d]), hit != 0));
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let bytes = |&(rank, hit): &(u32, bool)| {
            let [a, b, c, d] = rank.to_le_bytes();
            [a, b, c, d, u8::from(hit)]
        };
        let places = self.places.iter().flat_map(bytes).collect();
        Ok(vec![
            ScalarValue::UInt64(Some(self.relevant)),
            ScalarValue::LargeBinary(Some(places)),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let column = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
        let columns = self.metrics().map(column).to_vec();
        let metrics = StructArray::new(fields(), columns, None);
        Ok(ScalarValue::Struct(Arc::new(metrics)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.places.capacity() * size_of::<(u32, bool)>()
    }
}
