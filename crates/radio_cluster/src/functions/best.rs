//! The aggregate that keeps the best of each group.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, LargeBinaryArray, LargeBinaryBuilder,
    LargeListArray, StructArray, UInt32Array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, UInt32Type};
use datafusion::common::{exec_err, not_impl_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use radio_rec::ranking::Top;

use super::count_argument;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Best {
    signature: Signature,
}

impl Best {
    pub(super) fn new() -> Self {
        let takes = vec![DataType::UInt64, DataType::UInt32, DataType::Float64];
        Self {
            signature: Signature::exact(takes, Volatility::Immutable),
        }
    }
}

fn place() -> Fields {
    Fields::from(vec![
        Field::new("rank", DataType::UInt32, false),
        Field::new("item", DataType::UInt32, false),
        Field::new("score", DataType::Float64, false),
    ])
}

/// The type of a list.
pub(super) fn list() -> DataType {
    DataType::LargeList(element())
}

/// An empty list; scores of 0 and below are of nobody's.
pub(super) fn empty(n: usize) -> Top<u32> {
    Top::new(n, f64::MIN_POSITIVE)
}

fn element() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(place()), false))
}

impl AggregateUDFImpl for Best {
    fn name(&self) -> &str {
        "best"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        not_impl_err!("best of all rows: group them")
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format!("{}[kept]", args.name);
        Ok(vec![Arc::new(Field::new(
            name,
            DataType::LargeBinary,
            false,
        ))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(BestOfGroups {
            n: count_argument("best", &args)?,
            tops: Vec::new(),
            kept: 0,
        }))
    }
}

/// The best of each group so far.
struct BestOfGroups {
    n: usize,
    tops: Vec<Top<u32>>,
    /// How many places all groups hold.
    kept: usize,
}

/// A place in a state: its item and its score.
const BYTES: usize = 4 + 8;

impl BestOfGroups {
    fn grow(&mut self, groups: usize) {
        self.tops.resize(groups, empty(self.n));
    }

    fn take(&mut self, group: usize, item: u32, score: f64) {
        let top = &mut self.tops[group];
        if top.may_enter(score) {
            let before = top.kept().len();
            top.push(item, score);
            self.kept = self.kept + top.kept().len() - before;
        }
    }

    fn emit(&mut self, emit_to: EmitTo) -> Vec<Vec<(u32, f64)>> {
        let tops = emit_to.take_needed(&mut self.tops).into_iter();
        tops.map(|top| {
            self.kept -= top.kept().len();
            top.sorted()
        })
        .collect()
    }
}

/// Lists as a column.
pub(super) fn array_of(lists: &[Vec<(u32, f64)>]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(Vec::len));
    let ranks = lists.iter().flat_map(|list| (1..).take(list.len()));
    let ranks = UInt32Array::from_iter_values(ranks);
    let items = UInt32Array::from_iter_values(lists.iter().flatten().map(|place| place.0));
    let scores = Float64Array::from_iter_values(lists.iter().flatten().map(|place| place.1));
    let columns: Vec<ArrayRef> = vec![Arc::new(ranks), Arc::new(items), Arc::new(scores)];
    let places = Arc::new(StructArray::new(place(), columns, None));
    Arc::new(LargeListArray::new(element(), offsets, places, None))
}

impl GroupsAccumulator for BestOfGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        if opt_filter.is_some() || values[1].null_count() + values[2].null_count() > 0 {
            return exec_err!("best takes neither a filter nor nulls");
        }
        self.grow(total_num_groups);
        let items = values[1].as_primitive::<UInt32Type>().values();
        let scores = values[2].as_primitive::<Float64Type>().values();
        for ((&group, &item), &score) in group_indices.iter().zip(items).zip(scores) {
            self.take(group, item, score);
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let states: &LargeBinaryArray = values[0].as_binary();
        for (&group, state) in group_indices.iter().zip(states) {
            for place in state.unwrap_or_default().as_chunks::<BYTES>().0 {
                let (item, score) = place.split_at(4);
                let item = u32::from_le_bytes(item.try_into().expect("4 bytes"));
                let score = f64::from_le_bytes(score.try_into().expect("8 bytes"));
                self.take(group, item, score);
            }
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut states = LargeBinaryBuilder::new();
        let mut state = Vec::new();
        for list in self.emit(emit_to) {
            state.clear();
            for (item, score) in list {
                state.extend(item.to_le_bytes());
                state.extend(score.to_le_bytes());
            }
            states.append_value(&state);
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(array_of(&self.emit(emit_to)))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        // Each row a group of its own.
        let mut alone = BestOfGroups {
            n: self.n,
            tops: Vec::new(),
            kept: 0,
        };
        let rows = values[0].len();
        let groups: Vec<usize> = (0..rows).collect();
        alone.update_batch(values, &groups, opt_filter, rows)?;
        alone.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        // Room for twice as many as there are, which is how vectors grow.
        self.tops.capacity() * size_of::<Top<u32>>() + 2 * self.kept * size_of::<(u32, f64)>()
    }
}
