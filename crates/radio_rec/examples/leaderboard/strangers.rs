//! MovieLens 20M as Liang et al. evaluate on it ("Variational autoencoders for collaborative filtering", WWW 2018,
//! section 4.1): ratings of 4 and more count as plays, users with five of them are kept, and 10,000 of the users are
//! strangers.

use std::path::Path;
use std::time::Instant;

use radio_rec::Result;
use radio_rec::evaluate::split::strangers;
use radio_rec::evaluate::{Metric, Protocol, evaluate_strangers};
use radio_rec::interactions::{Interactions, LongTable};
use radio_rec::recommend::{Algorithm, Fit};

/// The least rating that counts as a play, and how many of them a user must have.
const LIKED: f64 = 4.0;
const LEAST_PLAYS: usize = 5;
/// At most a fourteenth of the users are strangers: of MovieLens 20M's 138,493 about the 10,000 that Liang et al. test
/// on.
const STRANGERS: usize = 10_000;
const LEAST_LEARNED_FROM: usize = 13;

/// The plays of a file of ratings: only what was liked, by users who liked enough, each counting 1.
fn plays(path: &Path) -> Result<Interactions> {
    let ratings = LongTable::new().read(path)?;
    let mut plays = Vec::new();
    let mut users = Vec::new();
    for user in ratings.user_indices() {
        let liked = ratings
            .items_of(user)
            .filter(|&(_, rating)| rating >= LIKED);
        let liked: Vec<_> = liked.map(|(item, _)| item.index()).collect();
        if liked.len() >= LEAST_PLAYS {
            plays.extend(liked.into_iter().map(|item| (users.len(), item, 1.0)));
            users.push(ratings.user_name(user));
        }
    }
    Interactions::from_coordinates(users, ratings.items(), plays)
}

/// Prints the table of Liang et al.: recall over the smaller of k and the relevant at 20 and at 50, and nDCG@100.
pub fn print_table(path: &Path, models: &[(String, Algorithm)], seed: u64) -> Result<()> {
    let data = plays(path)?;
    let held_out = STRANGERS.min(data.users().len() / (LEAST_LEARNED_FROM + 1));
    let parts = strangers(&data, held_out.max(1), 0.2, seed)?;
    println!(
        "{} users to learn from, {held_out} strangers, {} items, {} plays\n",
        parts.train.users().len(),
        data.items().len(),
        data.nnz()
    );
    println!("| model | recall@20 | recall@50 | nDCG@100 | fit s |");
    println!("|---|---|---|---|---|");
    for (name, algorithm) in models {
        let started = Instant::now();
        let model = algorithm.fit(&parts.train)?;
        let fit = started.elapsed().as_secs_f64();
        let mean = |k, metric| -> Result<f64> {
            let protocol = Protocol {
                k,
                ..Protocol::default()
            };
            let found = evaluate_strangers(&model, &parts.fold_in, &parts.test, &protocol)?;
            let values: Vec<f64> = found.values(metric).flatten().collect();
            Ok(values.iter().sum::<f64>() / values.len() as f64)
        };
        println!(
            "| {name} | {:.4} | {:.4} | {:.4} | {fit:.1} |",
            mean(20, Metric::CappedRecall)?,
            mean(50, Metric::CappedRecall)?,
            mean(100, Metric::Ndcg)?
        );
    }
    Ok(())
}
