//! Work for all processors, through one call of rayon: its own iterators are compiled anew for each closure, which took
//! a quarter of the time that the crate takes to compile.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// How many ranges a thread has to do: enough of them that no thread waits for long where some cost more than others.
const RANGES_PER_THREAD: usize = 64;

/// What `of` makes of each number below `count`, in their order.
pub(crate) fn map<T: Send>(count: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    map_init(count, || (), |(), at| of(at))
}

/// [`map`] with room for what `of` keeps from one number to the next, made by `init`. What it finds there must not
/// change what it makes: which numbers share it depends on how many threads there are.
pub(crate) fn map_init<S, T: Send>(
    count: usize,
    init: impl Fn() -> S + Sync,
    of: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let ranges = count.min(RANGES_PER_THREAD * rayon::current_num_threads());
    let found: Vec<Mutex<Vec<T>>> = (0..ranges).map(|_| Mutex::default()).collect();
    for_each_number(ranges, &|range| {
        let mut state = init();
        let numbers = range * count / ranges..(range + 1) * count / ranges;
        let made = numbers.map(|at| of(&mut state, at)).collect();
        *found[range].lock().unwrap_or_else(PoisonError::into_inner) = made;
    });
    let mut all = Vec::with_capacity(count);
    for made in found {
        all.extend(made.into_inner().unwrap_or_else(PoisonError::into_inner));
    }
    all
}

/// Hands each piece to `work`, with its place.
pub(crate) fn for_each<P: Send>(
    pieces: impl IntoIterator<Item = P>,
    work: impl Fn(usize, P) + Sync,
) {
    for_each_init(pieces, || (), |(), at, piece| work(at, piece));
}

/// [`for_each`] with room as in [`map_init`].
pub(crate) fn for_each_init<P: Send, S>(
    pieces: impl IntoIterator<Item = P>,
    init: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, P) + Sync,
) {
    let pieces = pieces.into_iter().map(|piece| Mutex::new(Some(piece)));
    let pieces: Vec<Mutex<Option<P>>> = pieces.collect();
    map_init(pieces.len(), init, |state, at| {
        let piece = &mut *pieces[at].lock().unwrap_or_else(PoisonError::into_inner);
        work(state, at, piece.take().expect("each piece is taken once"));
    });
}

fn for_each_number(count: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_done_once_and_in_its_place() {
        for count in [0, 1, 7, 10_000] {
            assert_eq!(
                map(count, |at| at * at),
                (0..count).map(|at| at * at).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn each_piece_is_handed_on_with_its_place() {
        let mut numbers = vec![0; 1_000];
        for_each(numbers.chunks_mut(3), |at, piece| piece.fill(at));
        assert_eq!(numbers, (0..1_000).map(|at| at / 3).collect::<Vec<_>>());
    }
}
