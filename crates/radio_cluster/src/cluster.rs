//! Ballista: sessions whose plans a cluster executes, and the processes that a cluster is made of.
//!
//! Plans name `radio_rec`'s functions, and scheduler and executors look these up; so they are this crate's own,
//! [`schedule`] and [`execute`], and not those that Ballista brings.

mod client;
mod jobs;
mod members;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ballista::extension::{SessionConfigExt, SessionContextExt};
use ballista_core::config::{BALLISTA_CLIENT_IO_RETRY_WAIT_TIME_MS, BALLISTA_CLIENT_PULL};
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

pub(crate) use self::client::Scheduler;
use self::jobs::Server;
use self::members::Members;
use crate::{Error, Result, functions};

/// Who executes plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// A scheduler and an executor in this process, to try plans with.
    Standalone,
    /// The executors of the scheduler at this address, such as `df://localhost:50050`.
    Scheduler(String),
}

/// The port of a scheduler whose address names none.
const PORT: u16 = 50050;

/// How many parts a plan's tables are split into, if nobody says.
const PARTITIONS: usize = 16;

impl Cluster {
    /// A session like `context`, whose plans the cluster executes, and the scheduler where it is another process.
    pub(crate) async fn context(
        &self,
        context: &SessionContext,
        threads: Option<usize>,
    ) -> Result<(SessionContext, Option<Scheduler>)> {
        let threads_here = context.copied_config().target_partitions();
        let mut config = (context.copied_config())
            .upgrade_for_ballista()
            // Asked again and again, a scheduler that is silent is missed.
            .set_bool(BALLISTA_CLIENT_PULL, true)
            // Between two attempts of three to read what an executor has made.
            .set_u64(BALLISTA_CLIENT_IO_RETRY_WAIT_TIME_MS, 1000);
        // See `Session::reading`: a scheduler plans all alike.
        config.options_mut().execution.collect_statistics = false;
        let (upgraded, scheduler) = match self {
            Cluster::Standalone => {
                let config = config.with_ballista_standalone_parallelism(threads_here);
                let state = with_config(context, config);
                (SessionContext::standalone_with_state(state).await?, None)
            }
            Cluster::Scheduler(address) => {
                let scheduler = Scheduler::at(address).await?;
                let config = config.with_target_partitions(threads.unwrap_or(PARTITIONS));
                let state = with_config(context, config);
                let url = format!("df://{}:{}", scheduler.host, scheduler.port);
                let upgraded = SessionContext::remote_with_state(&url, state).await?;
                (upgraded, Some(scheduler))
            }
        };
        // Ballista puts its own functions in the place of all others.
        functions::register(&upgraded);
        Ok((upgraded, scheduler))
    }
}

fn with_config(context: &SessionContext, config: SessionConfig) -> SessionState {
    SessionStateBuilder::new_from_existing(context.state())
        .with_config(config)
        .build()
}

impl Scheduler {
    /// The one at an address, once somebody answers there.
    async fn at(address: &str) -> Result<Self> {
        let wrong = || {
            Error::Argument(format!(
                "`{address}` is no scheduler's address; name one such as df://localhost:{PORT}"
            ))
        };
        let url = Url::parse(address).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?.to_owned();
        let port = url.port().unwrap_or(PORT);
        TcpStream::connect((host.as_str(), port)).await.map_err(|error| {
            Error::Argument(format!(
                "no scheduler answers at {host}:{port} ({error}); start one with `radio_cluster scheduler`"
            ))
        })?;
        Ok(Self { host, port })
    }
}

/// A session's state with `radio_rec`'s functions.
fn state(config: SessionConfig) -> datafusion::error::Result<SessionState> {
    let context = SessionContext::new_with_state(default_session_builder(config)?);
    functions::register(&context);
    Ok(context.state())
}

/// Serves as a scheduler at this address until the process ends.
///
/// # Errors
///
/// [`Error::Argument`] where the address cannot be served at.
pub async fn schedule(address: SocketAddr) -> Result<()> {
    let config = SchedulerConfig {
        bind_host: address.ip().to_string(),
        bind_port: address.port(),
        external_host: address.ip().to_string(),
        override_session_builder: Some(Arc::new(state)),
        // An executor that is gone is missed soon: they send a sign of life every `HEARTBEAT` seconds.
        executor_timeout_seconds: 3 * HEARTBEAT,
        expire_dead_executor_interval_seconds: HEARTBEAT,
        no_executors_grace_period_seconds: 6 * HEARTBEAT,
        // See `Members`: no stage is planned anew.
        stage_max_failures: 1,
        ..SchedulerConfig::default()
    };
    let served = async {
        let cluster = BallistaCluster::new_from_config(&config).await?;
        let members = Arc::new(Members::new(cluster.cluster_state()));
        let cluster = BallistaCluster::new(members.clone(), cluster.job_state());
        let scheduler: Server = create_scheduler(cluster, Arc::new(config)).await?;
        members.serve(scheduler.clone());
        tokio::spawn(jobs::give_up_idle(scheduler.clone()));
        start_grpc_service(address, scheduler).await
    };
    served.await.map_err(|error| cannot_serve(address, &error))
}

const HEARTBEAT: u64 = 5;

/// What an executor takes.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The scheduler's address, such as `df://localhost:50050`.
    pub scheduler: String,
    /// Where others fetch what it made; the port after it is taken too.
    pub address: SocketAddr,
    /// How many tasks it executes at once; by default one a core.
    pub threads: Option<usize>,
    /// How many bytes its tasks may hold before they spill to the disk.
    pub memory: Option<usize>,
    /// The folder for what it makes on the way; by default one of the system's.
    pub scratch: Option<PathBuf>,
}

/// Executes tasks of a scheduler until the process ends.
///
/// # Errors
///
/// [`Error::Argument`] where nobody answers at the scheduler's address, or the own cannot be served at.
pub async fn execute(executor: &Executor) -> Result<()> {
    let scheduler = Scheduler::at(&executor.scheduler).await?;
    let functions = state(SessionConfig::new_with_ballista())?;
    let address = executor.address;
    let tasks_port = address.port().checked_add(1).ok_or_else(|| {
        Error::Argument(format!(
            "cannot serve at {address}: there is no port after it"
        ))
    })?;
    // Ballista ends without an error where a port is taken.
    for port in [address.port(), tasks_port] {
        let address = SocketAddr::new(address.ip(), port);
        let free = TcpListener::bind(address).await;
        free.map_err(|error| cannot_serve(address, &error))?;
    }
    // Ballista leaves what it made where it is.
    let scratch = executor.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new()
        .prefix("radio_cluster-executor-")
        .tempdir_in(&scratch)
        .map_err(|error| Error::io(&scratch, error))?;
    let config = ExecutorProcessConfig {
        bind_host: address.ip().to_string(),
        external_host: Some(address.ip().to_string()),
        port: address.port(),
        grpc_port: tasks_port,
        scheduler_host: scheduler.host,
        scheduler_port: scheduler.port,
        vcores: executor.threads.unwrap_or(0),
        memory_pool_size: executor.memory.map(|bytes| bytes as u64),
        work_dir: Some(folder.path().display().to_string()),
        executor_heartbeat_interval_seconds: HEARTBEAT,
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&functions))),
        ..ExecutorProcessConfig::default()
    };
    let served = start_executor_process(Arc::new(config)).await;
    served.map_err(|error| cannot_serve(address, &error))
}

fn cannot_serve(address: SocketAddr, error: &dyn std::fmt::Display) -> Error {
    Error::Argument(format!("cannot serve at {address}: {error}"))
}
