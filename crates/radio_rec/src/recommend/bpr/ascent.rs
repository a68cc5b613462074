//! The ascent of [`Bpr`](super::Bpr), in parallel: in blocks of users and of items that do not meet.
//!
//! In each epoch the items are dealt into blocks anew. The pairs of a block of users and a block of items are done in
//! as many turns as there are blocks: in one turn each block of users meets another block of items (Gemulla et al.,
//! "Large-scale matrix factorization with distributed stochastic gradient descent", KDD 2011). What was not played is
//! drawn from the block of what was, so that nothing outside of the pair is touched; since items are dealt anew, any
//! two of them meet in time. Each pair has random numbers of its own: any number of threads learns the same.

use ndarray::Array2;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::interactions::{Compressed, Interactions};
use crate::lanes::{LANES, Registers, with_widest};
use crate::parallel;
use crate::prefetch::prefetch;

/// How many blocks of users, and of items, there are at most. Fixed, so that any number of threads learns the same.
const BLOCKS: usize = 16;

/// A block has at least this many items on average, so that there are some to draw from.
const ITEMS_PER_BLOCK: usize = 64;

/// How many draws are made together, so that their memory can be prefetched.
const TOGETHER: usize = 16;

/// How often an item is drawn for one that was not played. Who played nearly all items of a block goes without now and
/// then.
const TRIES: usize = 100;

/// In a place, the number of the block is shifted left by this many bits.
const BLOCK_SHIFT: u32 = 28;

/// Vectors and b of users or items while they are learned, padded so that there is no remainder. The b of users are 0.
pub(super) struct Side {
    stride: usize,
    values: Vec<f32>,
    biases: Vec<f32>,
}

impl Side {
    /// `rows` vectors of `factors` numbers each, asked for one after the other.
    pub(super) fn from_fn(rows: usize, factors: usize, mut value: impl FnMut() -> f32) -> Self {
        let stride = factors.next_multiple_of(LANES);
        let mut values = vec![0.0; rows * stride];
        for row in values.chunks_exact_mut(stride) {
            row[..factors].fill_with(&mut value);
        }
        let biases = vec![0.0; rows];
        Self {
            stride,
            values,
            biases,
        }
    }

    /// Rows x (factors + 1), the last number made of the b.
    pub(super) fn to_array(&self, factors: usize, last: impl Fn(f32) -> f32) -> Array2<f32> {
        let number = |(row, at): (usize, usize)| match at == factors {
            true => last(self.biases[row]),
            false => self.values[row * self.stride + at],
        };
        Array2::from_shape_fn((self.biases.len(), factors + 1), number)
    }

    /// Whether all numbers are smaller than `largest`.
    pub(super) fn are_below(&self, largest: f32) -> bool {
        let mut numbers = self.values.iter().chain(&self.biases);
        numbers.all(|number| number.abs() < largest)
    }
}

/// How far a step goes, and how much of a vector it forgets.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    pub rate: f32,
    pub lambda: f32,
}

/// What all epochs have in common.
pub(super) struct Ascent<'a> {
    steps: Steps,
    seed: u64,
    plays: &'a Compressed,
    /// Where the blocks of users end, with about as many plays in each.
    ends: Vec<usize>,
}

impl<'a> Ascent<'a> {
    pub(super) fn new(steps: Steps, seed: u64, data: &'a Interactions) -> Self {
        let ((users, items), plays) = (data.shape(), data.by_user());
        let blocks = (items / ITEMS_PER_BLOCK).clamp(1, BLOCKS).min(users);
        let mut ends = Vec::with_capacity(blocks);
        let mut end = 0;
        for block in 1..=blocks {
            let until = (data.nnz() as u128 * block as u128 / blocks as u128) as usize;
            while end < users && (plays.range(end).end <= until || block == blocks) {
                end += 1;
            }
            ends.push(end);
        }
        Self {
            steps,
            seed,
            plays,
            ends,
        }
    }

    /// As many draws as there are plays.
    pub(super) fn epoch(&self, epoch: usize, users: &mut Side, items: &mut Side) {
        let (stride, count) = (items.stride, items.biases.len());
        let per_block = count.div_ceil(self.ends.len());
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.shuffle(&mut self.rng(epoch, 0xff, 0xff));
        let mut places = vec![0; count];
        for (block, items) in (0_u32..).zip(order.chunks(per_block)) {
            for (at, &item) in (0_u32..).zip(items) {
                places[item as usize] = block << BLOCK_SHIFT | at;
            }
        }
        let mut dealt = Vec::with_capacity(items.values.len());
        for &item in &order {
            dealt.extend_from_slice(&items.values[item as usize * stride..][..stride]);
        }
        let mut biases: Vec<f32> = order.iter().map(|&at| items.biases[at as usize]).collect();

        let of_items = dealt
            .chunks_mut(per_block * stride)
            .zip(biases.chunks_mut(per_block))
            .zip(order.chunks(per_block));
        let mut of_items: Vec<_> = of_items
            .map(|((values, biases), items)| BlockOfItems {
                values,
                biases,
                items,
            })
            .collect();
        let mut of_users = self.blocks_of_users(&mut users.values, stride);
        parallel::for_each(&mut of_users, |_, users| {
            users.deal(self.plays, &places, self.ends.len());
        });
        for turn in 0..of_items.len() {
            let pairs = of_users.iter_mut().zip(&mut of_items);
            parallel::for_each(pairs, |block, (users, items)| {
                let of_items = (block + turn) % self.ends.len();
                let mut rng = self.rng(epoch, block, of_items);
                users.meet(self, items, of_items, &mut rng);
            });
            of_items.rotate_left(1);
        }

        for (at, &item) in order.iter().enumerate() {
            let (from, to) = (at * stride, item as usize * stride);
            items.values[to..][..stride].copy_from_slice(&dealt[from..][..stride]);
            items.biases[item as usize] = biases[at];
        }
    }

    fn blocks_of_users<'v>(
        &self,
        mut values: &'v mut [f32],
        stride: usize,
    ) -> Vec<BlockOfUsers<'v>> {
        let mut first = 0;
        let block = |&end: &usize| {
            let (of_block, rest) = std::mem::take(&mut values).split_at_mut((end - first) * stride);
            values = rest;
            let users = first..end;
            first = end;
            BlockOfUsers {
                values: of_block,
                users,
                pairs: Vec::new(),
                ends: Vec::new(),
            }
        };
        self.ends.iter().map(block).collect()
    }

    /// The random numbers of a pair of blocks.
    fn rng(&self, epoch: usize, of_users: usize, of_items: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Stream 0 is what the vectors begin with.
        rng.set_stream((epoch as u64 + 1) << 16 | (of_users << 8 | of_items) as u64);
        rng
    }
}

struct BlockOfItems<'a> {
    values: &'a mut [f32],
    biases: &'a mut [f32],
    /// Which items these are, in the matrix.
    items: &'a [u32],
}

struct BlockOfUsers<'a> {
    values: &'a mut [f32],
    users: std::ops::Range<usize>,
    /// What they played, by block of items: places of a user and an item within their blocks.
    pairs: Vec<(u32, u32)>,
    /// Where the pairs with a block of items end.
    ends: Vec<usize>,
}

impl BlockOfUsers<'_> {
    /// Sorts what they played by blocks of items.
    fn deal(&mut self, plays: &Compressed, places: &[u32], blocks: usize) {
        let of_block = |item: u32| (places[item as usize] >> BLOCK_SHIFT) as usize;
        let mut next = vec![0; blocks];
        let rows = || self.users.clone().map(|user| plays.row(user).0);
        for &item in rows().flatten() {
            next[of_block(item)] += 1;
        }
        let mut sum = 0;
        for count in &mut next {
            sum += *count;
            *count = sum - *count;
        }
        let mut pairs = vec![(0, 0); sum];
        for (user, row) in (0_u32..).zip(rows()) {
            for &item in row {
                let at = &mut next[of_block(item)];
                pairs[*at] = (user, places[item as usize] & ((1 << BLOCK_SHIFT) - 1));
                *at += 1;
            }
        }
        self.pairs = pairs;
        self.ends = next;
    }

    /// As many draws as there are plays of these items by these users.
    fn meet(
        &mut self,
        ascent: &Ascent<'_>,
        items: &mut BlockOfItems<'_>,
        block: usize,
        rng: &mut ChaCha8Rng,
    ) {
        let users = self;
        with_widest!(
            BlockOfUsers::meet_with,
            (
                users: &mut BlockOfUsers<'_>,
                ascent: &Ascent<'_>,
                items: &mut BlockOfItems<'_>,
                block: usize,
                rng: &mut ChaCha8Rng,
            )
        );
    }

    #[inline(always)]
    fn meet_with<R: Registers>(
        registers: R,
        users: &mut BlockOfUsers<'_>,
        ascent: &Ascent<'_>,
        items: &mut BlockOfItems<'_>,
        block: usize,
        rng: &mut ChaCha8Rng,
    ) {
        let begin = block.checked_sub(1).map_or(0, |before| users.ends[before]);
        let pairs = &users.pairs[begin..users.ends[block]];
        let stride = items.values.len() / items.items.len();
        let row = |at: u32| at as usize * stride..(at as usize + 1) * stride;
        let mut drawn = [(0, 0, u32::MAX); TOGETHER];
        for first in (0..pairs.len()).step_by(TOGETHER) {
            let drawn = &mut drawn[..TOGETHER.min(pairs.len() - first)];
            for draw in &mut *drawn {
                let (user, played) = pairs[rng.random_range(0..pairs.len() as u32) as usize];
                *draw = (user, played, u32::MAX);
                prefetch(ascent.plays.row(users.users.start + user as usize).0);
                prefetch(&users.values[row(user)]);
                prefetch(&items.values[row(played)]);
            }
            for (user, _, other) in &mut *drawn {
                let played = ascent.plays.row(users.users.start + *user as usize).0;
                for _ in 0..TRIES {
                    let at = rng.random_range(0..items.items.len() as u32);
                    if played.binary_search(&items.items[at as usize]).is_err() {
                        *other = at;
                        prefetch(&items.values[row(at)]);
                        break;
                    }
                }
            }
            for &mut (user, played, other) in drawn {
                if other == u32::MAX {
                    continue;
                }
                let ys = items.values.get_disjoint_mut([row(played), row(other)]);
                let biases = [played, other].map(|at| at as usize);
                let biases = items.biases.get_disjoint_mut(biases);
                let [yi, yj] = ys.expect("what was played is not what was not");
                let [bi, bj] = biases.expect("what was played is not what was not");
                let x = &mut users.values[row(user)];
                step(registers, ascent.steps, x, (yi, bi), (yj, bj));
            }
        }
    }
}

/// One step up the gradient of ln σ(s_ui - s_uj).
#[inline(always)]
pub(super) fn step<R: Registers>(
    registers: R,
    Steps { rate, lambda }: Steps,
    x: &mut [f32],
    (yi, bi): (&mut [f32], &mut f32),
    (yj, bj): (&mut [f32], &mut f32),
) {
    let minus = registers.all(-1.0);
    let xs = x.as_chunks_mut::<LANES>().0;
    let is = &mut yi.as_chunks_mut::<LANES>().0[..xs.len()];
    let js = &mut yj.as_chunks_mut::<LANES>().0[..xs.len()];
    let mut sums = registers.all(0.0);
    for at in 0..xs.len() {
        let apart = registers.multiply_add(minus, registers.read(&js[at]), registers.read(&is[at]));
        sums = registers.multiply_add(registers.read(&xs[at]), apart, sums);
    }
    let slope = slope(registers.sum(sums) + (*bi - *bj));
    let (up, keep) = (rate * slope, 1.0 - rate * lambda);
    let (up_lanes, down_lanes) = (registers.all(up), registers.all(-up));
    let (keep_lanes, zeros) = (registers.all(keep), registers.all(0.0));
    for at in 0..xs.len() {
        let (x, i, j) = (&mut xs[at], &mut is[at], &mut js[at]);
        let (of_x, of_i, of_j) = (registers.read(x), registers.read(i), registers.read(j));
        let apart = registers.multiply_add(minus, of_j, of_i);
        let kept = registers.multiply_add(keep_lanes, of_x, zeros);
        registers.write(registers.multiply_add(up_lanes, apart, kept), x);
        let kept = registers.multiply_add(keep_lanes, of_i, zeros);
        registers.write(registers.multiply_add(up_lanes, of_x, kept), i);
        let kept = registers.multiply_add(keep_lanes, of_j, zeros);
        registers.write(registers.multiply_add(down_lanes, of_x, kept), j);
    }
    *bi = keep * *bi + up;
    *bj = keep * *bj - up;
}

/// 1 / (1 + eᵗ), in double precision, where the last bit, in which systems differ, is rounded away.
pub(super) fn slope(difference: f32) -> f32 {
    (1.0 / (1.0 + f64::from(difference).exp())) as f32
}
