//! What takes the time of the models: `cargo bench -p radio_rec --bench kernels`.
//!
//! 10,000 users x 5,000 items and about 700,000 plays, of popularity rank^-0.9 and log-normal activity. What is 1
//! everywhere, whole, or a fraction takes another kernel.

use divan::{Bencher, black_box};
use radio_rec::interactions::{Interactions, LongTable};
use radio_rec::recommend::{Als, Edlae, Fit};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
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

/// One turn of each side, with 16 factors and with 64.
#[divan::bench(args = [16, 64], sample_count = 5)]
fn als(bencher: Bencher<'_, '_>, factors: usize) {
    let data = data(Kind::Whole);
    let als = Als {
        factors,
        iterations: 1,
        ..Als::default()
    };
    bencher.bench(|| als.fit(black_box(&data)));
}

/// The inverse of the matrix of 1,500 items, and the products that it is of.
#[divan::bench(sample_count = 5)]
fn edlae(bencher: Bencher<'_, '_>) {
    let data = data(Kind::Ones);
    let some = data.user_indices().flat_map(|user| {
        let items = data.items_of(user).filter(|(item, _)| item.index() < 1500);
        let data = &data;
        items.map(move |(item, value)| (data.user_name(user), data.item_name(item), value))
    });
    let some = Interactions::from_triplets(some).expect("values that a matrix held");
    bencher.bench(|| Edlae::new(0.6, 200.0).fit(black_box(&some)));
}

#[divan::bench(sample_count = 5)]
fn read_long_table(bencher: Bencher<'_, '_>) {
    let table = table(Kind::Whole);
    bencher.bench(|| LongTable::new().read_from(black_box(table.as_bytes()), "plays.csv"));
}
