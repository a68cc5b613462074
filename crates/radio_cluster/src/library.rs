//! What plans gave, as `radio_rec`'s own types.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, UInt32Type};
use datafusion::prelude::*;
use futures::StreamExt;
use radio_rec::interactions::Interactions;
use radio_rec::recommend::{AlsModel, ItemKnnModel};
use radio_rec::similarity::Neighbourhood;

use crate::als::Factors;
use crate::plays::Plays;
use crate::{Error, Result};

/// The plays as the matrix that `radio_rec` learns from, with users and items in the order of their numbers.
///
/// It has to fit in memory, which takes some 30 bytes a pair of user and item.
///
/// # Errors
///
/// What stops a plan.
pub async fn interactions(plays: &Plays<'_>) -> Result<Interactions> {
    let users = names(plays.users(), plays.counts().users).await?;
    let items = names(plays.items(), plays.counts().items).await?;
    let mut entries = Vec::with_capacity(plays.counts().plays);
    for_each_batch(plays.plays(), |batch| {
        let users = batch.column(0).as_primitive::<UInt32Type>().values();
        let items = batch.column(1).as_primitive::<UInt32Type>().values();
        let values = batch.column(2).as_primitive::<Float64Type>().values();
        let rows = users.iter().zip(items).zip(values);
        entries.extend(rows.map(|((&user, &item), &value)| (user as usize, item as usize, value)));
    })
    .await?;
    Ok(Interactions::from_coordinates(users, items, entries)?)
}

/// The neighbours that [`neighbours::of_items`](crate::neighbours::of_items) found, as a fitted model over the same
/// plays, of which [`interactions`] made `data`.
///
/// # Errors
///
/// [`Error::Library`] for the neighbours of other plays, and what stops a plan.
pub async fn item_knn(
    data: &Interactions,
    neighbourhood: Neighbourhood,
    neighbours: DataFrame,
) -> Result<ItemKnnModel> {
    let columns = ["item", "rank", "neighbour", "similarity"];
    let mut lists = vec![Vec::new(); data.items().len()];
    let mut wrong = None;
    for_each_batch(neighbours.select_columns(&columns)?, |batch| {
        let numbers = |column: usize| batch.column(column).as_primitive::<UInt32Type>().values();
        let similarities = batch.column(3).as_primitive::<Float64Type>().values();
        let rows = numbers(0)
            .iter()
            .zip(numbers(1))
            .zip(numbers(2).iter().zip(similarities));
        for ((&item, &rank), (&neighbour, &similarity)) in rows {
            match (
                lists.get_mut(item as usize),
                data.item_at(neighbour as usize),
            ) {
                (Some(list), Some(neighbour)) => list.push((rank, (neighbour, similarity))),
                _ => wrong = Some(item.max(neighbour)),
            }
        }
    })
    .await?;
    if let Some(number) = wrong {
        let message = format!(
            "the neighbours name item {number}, and the plays have {}",
            lists.len()
        );
        return Err(Error::Argument(message));
    }
    let best_first = |mut list: Vec<(u32, _)>| {
        list.sort_unstable_by_key(|place| place.0);
        list.into_iter().map(|place| place.1).collect()
    };
    let lists = lists.into_iter().map(best_first).collect();
    Ok(ItemKnnModel::from_neighbours(data, neighbourhood, lists)?)
}

/// The vectors that [`als::fit`](crate::als::fit) learned, as a fitted model over the same plays, of which
/// [`interactions`] made `data`.
///
/// # Errors
///
/// [`Error::Library`] for the vectors of other plays, and [`Error::Io`] where the system refuses.
pub fn als(data: &Interactions, factors: &Factors<'_>) -> Result<AlsModel> {
    let (users, items) = (factors.users.read_all()?, factors.items.read_all()?);
    Ok(AlsModel::from_factors(
        data,
        factors.parameters,
        users,
        items,
    )?)
}

/// The names of users or items, by their numbers.
async fn names(frame: DataFrame, count: usize) -> Result<Vec<String>> {
    let mut names = vec![String::new(); count];
    for_each_batch(frame.select_columns(&["id", "name"])?, |batch| {
        let ids = batch.column(0).as_primitive::<UInt32Type>().values();
        for (&id, name) in ids.iter().zip(batch.column(1).as_string::<i32>()) {
            names[id as usize] = name.unwrap_or_default().to_owned();
        }
    })
    .await?;
    Ok(names)
}

async fn for_each_batch(frame: DataFrame, mut take: impl FnMut(&RecordBatch)) -> Result<()> {
    let mut batches = frame.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        take(&batch?);
    }
    Ok(())
}
