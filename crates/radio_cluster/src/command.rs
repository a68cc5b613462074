//! The subcommands and their arguments.

mod arguments;
#[cfg(feature = "ballista")]
mod processes;
mod progress;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use datafusion::prelude::DataFrame;
use radio_cluster::output::Output;
use radio_cluster::plays::Plays;
use radio_cluster::source::Source;
use radio_cluster::{Result, als, evaluate, neighbours, popularity, recommend};
use radio_rec::similarity::Neighbourhood;

use self::arguments::{Engine, Input, Nearest, Points, Sample, Written};

/// radio_rec's recommenders as plans on DataFusion, for listening data of any size.
#[derive(Debug, Parser)]
#[command(name = "radio_cluster", version, max_term_width = 100)]
pub(crate) struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find the most similar items of each item
    Neighbours {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        nearest: Nearest,
        #[command(flatten)]
        written: Written,
    },
    /// Rank the items by how many users played them
    Popularity {
        #[command(flatten)]
        common: Common,
        /// How many items, from the first; by default all
        #[arg(long, short, value_name = "N")]
        n: Option<usize>,
        #[command(flatten)]
        written: Written,
    },
    /// Recommend to each user what is similar to what they played
    Recommend {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        nearest: Nearest,
        /// How many items are recommended to each user
        #[arg(long, short, value_name = "N", default_value_t = 10)]
        n: usize,
        #[command(flatten)]
        written: Written,
    },
    /// Learn the vectors of users and items by alternating least squares
    Als {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        points: Points,
        #[command(flatten)]
        written: Written,
    },
    /// Hide some of the plays, and see how many of them are recommended
    Evaluate {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        nearest: Nearest,
        /// How many items are recommended to each user
        #[arg(long, short, value_name = "N", default_value_t = 10)]
        n: usize,
        /// The share of the plays that is hidden
        #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
        test: f64,
    },
    #[cfg(feature = "ballista")]
    #[command(flatten)]
    Process(processes::Process),
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    sample: Sample,
}

/// Why a command did not end well.
pub(crate) enum Stopped {
    /// By Ctrl-C.
    Interrupted,
    Failed(radio_cluster::Error),
}

impl Command {
    pub(crate) fn run(self) -> std::result::Result<(), Stopped> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            // Ballista's futures are deep: the usual 2 MB do not suffice without optimisation.
            .thread_stack_size(32 << 20)
            .build()
            .expect("threads to work with");
        // What was begun is dropped where it stands, and its files go with it.
        let mut work = Box::pin(self.what.run());
        let mut interrupt = Box::pin(tokio::signal::ctrl_c());
        let result = runtime.block_on(std::future::poll_fn(|context| {
            if interrupt.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(Err(Stopped::Interrupted));
            }
            work.as_mut().poll(context).map_err(Stopped::Failed)
        }));
        drop(work);
        result
    }
}

impl What {
    async fn run(self) -> Result<()> {
        match self {
            What::Neighbours {
                ref common,
                ref nearest,
                ref written,
            } => {
                let output = written.output(common.engine.explain)?;
                let neighbourhood = nearest.neighbourhood()?;
                common
                    .with_plays(async |plays| {
                        let found = neighbours::by_memory(&plays, &neighbourhood).await?;
                        finish(
                            common,
                            &plays,
                            output,
                            "neighbours",
                            neighbours::named(&plays, found)?,
                        )
                        .await
                    })
                    .await
            }
            What::Popularity {
                ref common,
                n,
                ref written,
            } => {
                let output = written.output(common.engine.explain)?;
                common
                    .with_plays(async |plays| {
                        let ranking = popularity::of_items(&plays)?;
                        finish(
                            common,
                            &plays,
                            output,
                            "popularity",
                            popularity::named(&plays, ranking, n)?,
                        )
                        .await
                    })
                    .await
            }
            What::Recommend {
                ref common,
                ref nearest,
                n,
                ref written,
            } => {
                let output = written.output(common.engine.explain)?;
                let neighbourhood = nearest.neighbourhood()?;
                common
                    .with_plays(async |plays| {
                        let lists = lists(&plays, &neighbourhood, n).await?;
                        finish(
                            common,
                            &plays,
                            output,
                            "lists",
                            recommend::named(&plays, lists)?,
                        )
                        .await
                    })
                    .await
            }
            What::Als {
                ref common,
                ref points,
                ref written,
            } => {
                let output = written.output(common.engine.explain)?;
                let parameters = points.als(common.sample.seed)?;
                common
                    .with_plays(async |plays| {
                        let Some(output) = output else {
                            return als::explain(&plays, &parameters).await;
                        };
                        let factors = als::fit(&plays, &parameters).await?;
                        let [users, items] = als::named(&plays, &factors)?;
                        let results = [("users", users), ("items", items)];
                        let files = output.write_all(plays.session(), results).await?;
                        files.iter().for_each(|file| println!("{}", file.display()));
                        Ok(())
                    })
                    .await
            }
            What::Evaluate {
                ref common,
                ref nearest,
                n,
                test,
            } => {
                let neighbourhood = nearest.neighbourhood()?;
                common
                    .with_plays(async |plays| {
                        let parts = evaluate::split(&plays, test, common.sample.seed).await?;
                        let lists = lists(&parts.train, &neighbourhood, n).await?;
                        print!("{}", evaluate::evaluate(&parts, lists, n).await?);
                        Ok(())
                    })
                    .await
            }
            #[cfg(feature = "ballista")]
            What::Process(process) => process.run().await,
        }
    }
}

/// The plan of the lists, with the neighbours found already.
async fn lists(plays: &Plays<'_>, neighbourhood: &Neighbourhood, n: usize) -> Result<DataFrame> {
    let found = neighbours::by_memory(plays, neighbourhood).await?;
    let found = plays.session().stage("neighbours", found).await?;
    recommend::to_all_users(plays, found, n)
}

/// Writes the result, or tells how it would be made.
async fn finish(
    common: &Common,
    plays: &Plays<'_>,
    output: Option<Output>,
    name: &str,
    frame: DataFrame,
) -> Result<()> {
    let session = plays.session();
    match output {
        Some(output) if !common.engine.explain => {
            let file: PathBuf = output.write(session, name, frame).await?;
            println!("{}", file.display());
            Ok(())
        }
        _ => session.explain(name, frame).await,
    }
}

impl Common {
    /// Reads the plays, and goes on with them.
    async fn with_plays(&self, then: impl AsyncFnOnce(Plays<'_>) -> Result<()>) -> Result<()> {
        let session = self.engine.session().await?;
        let source = Source::open(&session, &self.input.plays, &self.input.columns()).await?;
        let plays = Plays::read(&session, &source).await?;
        let counts = plays.counts();
        progress::note(&format!(
            "{} users, {} items, {} pairs of them",
            counts.users, counts.items, counts.plays
        ));
        match self.sample.cap {
            Some(cap) => then(plays.capped(cap, self.sample.seed).await?).await,
            None => then(plays).await,
        }
    }
}
