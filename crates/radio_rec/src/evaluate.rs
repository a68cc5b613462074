//! How good a recommender is: hide some plays, learn from the rest, and see whether the hidden ones are recommended.
//!
//! | step | here |
//! |---|---|
//! | divide the plays into what is learned from and what is hidden | [`split`]: stratified by user, leave one out, temporal, random, strangers |
//! | recommend and compare with what is hidden | [`evaluate`] for the users learned from, [`evaluate_strangers`] for others |
//! | one user's list as a number | [`metrics`] |
//! | one model against another, user by user | [`OfUsers::more_than`], of [`evaluate_users`] |
//!
//! ```
//! use radio_rec::evaluate::{Protocol, evaluate, split};
//! use radio_rec::interactions::Interactions;
//! use radio_rec::recommend::{Fit, ItemScore, Popularity};
//!
//! let plays = (0..40).flat_map(|user| (0..6).map(move |i| (format!("u{user}"), format!("i{}", (user + i * i) % 20), 1.0)));
//! let data = Interactions::from_triplets(plays)?;
//! let parts = split::stratified_by_user(&data, 0.25, 1606)?;
//! let report = evaluate(&ItemScore::new(10).fit(&parts.train)?, &parts.test, &Protocol::default())?;
//! let popular = evaluate(&Popularity.fit(&parts.train)?, &parts.test, &Protocol::default())?;
//! assert!(report.ndcg.mean > popular.ndcg.mean);
//! println!("{report}");
//! # Ok::<(), radio_rec::Error>(())
//! ```

mod interval;
mod metric;
pub mod metrics;
mod of_users;
mod protocol;
mod report;
pub mod split;

pub use self::interval::Mean;
pub use self::metric::Metric;
pub use self::of_users::{OfUsers, evaluate, evaluate_strangers, evaluate_users};
pub use self::protocol::{Protocol, Ties};
pub use self::report::{Comparison, Report};
