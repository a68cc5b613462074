//! The neighbours of all items: `cargo bench -p radio_rec --bench neighbours`.
//!
//! 10,000 users x 5,000 items and about 700,000 plays, of popularity rank^-0.9 and log-normal activity. What is 1 everywhere,
//! whole, or a fraction takes another kernel.

use divan::{Bencher, black_box};
use radio_rec::interactions::{Interactions, LongTable};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

const USERS: usize = 10_000;
const ITEMS: usize = 5_000;
const SEED: u64 = 1606;

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Ones,
    Whole,
    Fractions,
}

/// The plays as a table, a user's rows one after the other.
fn table(kind: Kind) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut sums = Vec::with_capacity(ITEMS);
    let mut sum = 0.0;
    for rank in 1..=ITEMS {
        sum += (rank as f64).powf(-0.9);
        sums.push(sum);
    }
    let activity = LogNormal::new(4.1, 1.0).expect("the deviation is finite");
    let mut table = "user,item,plays\n".to_owned();
    for user in 0..USERS {
        let drawn = (activity.sample(&mut rng) as usize).clamp(1, ITEMS / 2);
        let mut items: Vec<usize> = (0..drawn)
            .map(|_| {
                let at = rng.random_range(0.0..sum);
                sums.partition_point(|&sum| sum <= at).min(ITEMS - 1)
            })
            .collect();
        items.sort_unstable();
        items.dedup();
        for item in items {
            let plays = match kind {
                Kind::Ones => 1.0,
                Kind::Whole => f64::from(rng.random_range(1_u8..20)),
                Kind::Fractions => rng.random_range(0.5..5.0),
            };
            table += &format!("u{user},i{item},{plays}\n");
        }
    }
    table
}

fn data(kind: Kind) -> Interactions {
    LongTable::new()
        .read_from(table(kind).as_bytes(), "plays.csv")
        .expect("the table is well formed")
}

#[divan::bench(args = [Kind::Ones, Kind::Whole, Kind::Fractions], sample_count = 10)]
fn cosine(bencher: Bencher<'_, '_>, kind: Kind) {
    let data = data(kind);
    bencher.bench(|| Neighbourhood::new(20).of_items(black_box(&data)));
}

#[divan::bench(args = Measure::ALL, sample_count = 5)]
fn measure(bencher: Bencher<'_, '_>, measure: Measure) {
    let data = data(Kind::Whole);
    bencher.bench(|| {
        Neighbourhood::new(20)
            .measure(measure)
            .of_items(black_box(&data))
    });
}

#[divan::bench(sample_count = 5)]
fn tf_idf(bencher: Bencher<'_, '_>) {
    let data = data(Kind::Whole);
    bencher.bench(|| {
        Neighbourhood::new(20)
            .weighting(Weighting::TfIdf)
            .of_items(black_box(&data))
    });
}

#[divan::bench(sample_count = 5)]
fn support_and_shrinkage(bencher: Bencher<'_, '_>) {
    let data = data(Kind::Whole);
    let wanted = Neighbourhood::new(20).minimum_support(3).shrinkage(10.0);
    bencher.bench(|| wanted.of_items(black_box(&data)));
}

#[divan::bench(sample_count = 5)]
fn of_users(bencher: Bencher<'_, '_>) {
    let data = data(Kind::Ones);
    bencher.bench(|| Neighbourhood::new(20).of_users(black_box(&data)));
}

#[divan::bench(sample_count = 5)]
fn read_long_table(bencher: Bencher<'_, '_>) {
    let table = table(Kind::Whole);
    bencher.bench(|| LongTable::new().read_from(black_box(table.as_bytes()), "plays.csv"));
}
