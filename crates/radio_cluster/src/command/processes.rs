//! The processes that a cluster is made of.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use radio_cluster::Result;
use radio_cluster::cluster::{self, Executor};

use super::arguments::bytes;

#[derive(Debug, Subcommand)]
pub(super) enum Process {
    /// Be the scheduler of a cluster
    Scheduler {
        /// Where executors and clients find it
        #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:50050")]
        address: SocketAddr,
    },
    /// Be an executor of a cluster
    Executor {
        /// The scheduler whose tasks it executes
        #[arg(
            long,
            value_name = "df://HOST:PORT",
            default_value = "df://127.0.0.1:50050"
        )]
        scheduler: String,
        /// Where other executors find it; the port after it is taken too
        #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:50051")]
        address: SocketAddr,
        /// How many tasks it executes at once [default: one a core]
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
        /// How much memory it may take before the disk is: such as 2G or 500M [default: most of it]
        #[arg(long, value_name = "BYTES", value_parser = bytes)]
        memory: Option<usize>,
        /// The folder for what it makes on the way [default: one of the system's]
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
    },
}

impl Process {
    pub(super) async fn run(self) -> Result<()> {
        match self {
            Process::Scheduler { address } => cluster::schedule(address).await,
            Process::Executor {
                scheduler,
                address,
                threads,
                memory,
                scratch,
            } => {
                let executor = Executor {
                    scheduler,
                    address,
                    threads,
                    memory,
                    scratch,
                };
                cluster::execute(&executor).await
            }
        }
    }
}
