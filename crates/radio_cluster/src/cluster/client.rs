//! Sends plans to a cluster, and waits for their results.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::JobId;
use ballista_core::execution_plans::DistributedQueryExec;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{CancelJobParams, GetJobStatusParams, job_status::Status};
use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion_proto::protobuf::LogicalPlanNode;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::jobs;
use crate::{Error, Result};

/// A scheduler that this process sends plans to.
#[derive(Clone, Debug)]
pub(crate) struct Scheduler {
    pub(super) host: String,
    pub(super) port: u16,
}

enum Failure {
    /// By the loss of an executor.
    Lost(String),
    Other(Error),
}

impl Scheduler {
    /// Executes a plan, once more if an executor was lost; `lost` is told why.
    ///
    /// If this is dropped before it has ended, the cluster is told to stop too.
    pub(crate) async fn collect(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        lost: impl Fn(&str),
    ) -> Result<Vec<RecordBatch>> {
        const ATTEMPTS: usize = 4;
        let mut attempt = 1;
        loop {
            let mut job = Job {
                scheduler: self,
                work: tokio::spawn(collect(plan.clone(), context.clone())),
                plan: plan.clone(),
            };
            let error = match (&mut job.work).await {
                Ok(Ok(batches)) => return Ok(batches),
                Ok(Err(error)) => error,
                Err(error) => return Err(Error::Cluster(error.to_string())),
            };
            match self.explained(error).await {
                Failure::Other(error) => return Err(error),
                Failure::Lost(reason) if attempt == ATTEMPTS => {
                    let message = format!("{reason}; it was tried {ATTEMPTS} times");
                    return Err(Error::Cluster(message));
                }
                Failure::Lost(reason) => lost(&reason),
            }
            attempt += 1;
        }
    }

    /// What Ballista says of a job that failed, in words for who waits for it.
    async fn explained(&self, error: DataFusionError) -> Failure {
        const CONNECT: Duration = Duration::from_secs(5);
        let Scheduler { host, port } = self;
        let said = error.to_string();
        let answers = tokio::time::timeout(CONNECT, TcpStream::connect((host.as_str(), *port)));
        if !matches!(answers.await, Ok(Ok(_))) || said.contains("Timeout expired") {
            return Failure::Other(Error::Cluster(format!(
                "the scheduler at {host}:{port} does not answer any more; start it again, and its executors"
            )));
        }
        let from = |what: &str| said.find(what).and_then(|at| said.get(at..));
        if let Some(reason) = from(jobs::LOST) {
            return Failure::Lost(reason.to_owned());
        }
        if let Some(reason) = from(jobs::IDLE).or_else(|| from("all executors were lost")) {
            return Failure::Other(Error::Cluster(reason.to_owned()));
        }
        // What it says where a stage, or this process, cannot read what an executor has made.
        let cannot_read = [
            "has failed 1 times",
            "Shuffle fetch partition error",
            "scheduler or executor at",
        ];
        if cannot_read.iter().any(|what| said.contains(what)) {
            let reason = match address_in(&said) {
                Some(address) => format!("{}, {address}", jobs::LOST),
                None => jobs::LOST.to_owned(),
            };
            return Failure::Lost(reason);
        }
        Failure::Other(error.into())
    }

    /// Stops a job, and waits a moment until it has.
    async fn cancel(&self, job: JobId) -> std::result::Result<(), Box<dyn std::error::Error>> {
        const MOMENT: Duration = Duration::from_millis(100);
        let url = format!("http://{}:{}", self.host, self.port);
        let mut scheduler = SchedulerGrpcClient::connect(url).await?;
        let job_id = job.into_inner();
        scheduler
            .cancel_job(CancelJobParams {
                job_id: job_id.clone(),
            })
            .await?;
        loop {
            let job_id = job_id.clone();
            let status = scheduler.get_job_status(GetJobStatusParams { job_id });
            let status = status.await?.into_inner().status;
            tokio::time::sleep(MOMENT).await;
            match status.and_then(|status| status.status) {
                Some(Status::Queued(_) | Status::Running(_)) => {}
                _ => return Ok(()),
            }
        }
    }
}

/// The first address in a text.
fn address_in(text: &str) -> Option<SocketAddr> {
    let mut words = text.split([' ', '/', '"', ',', '\\']);
    words.find_map(|word| word.trim_end_matches(':').parse().ok())
}

struct Job<'s> {
    scheduler: &'s Scheduler,
    plan: Arc<dyn ExecutionPlan>,
    work: JoinHandle<datafusion::error::Result<Vec<RecordBatch>>>,
}

impl Job<'_> {
    /// Its name at the scheduler, once that has taken it.
    fn id(&self) -> Option<JobId> {
        let plan = (self.plan).downcast_ref::<DistributedQueryExec<LogicalPlanNode>>();
        plan.and_then(DistributedQueryExec::job_id)
    }

    async fn stop(&self) {
        const MOMENT: Duration = Duration::from_millis(20);
        while !self.work.is_finished() {
            if let Some(job) = self.id() {
                // Who does not answer cannot be told to stop.
                let _ = self.scheduler.cancel(job).await;
                return;
            }
            tokio::time::sleep(MOMENT).await;
        }
    }
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        if self.work.is_finished() {
            return;
        }
        // Nothing can be awaited here, and the runtime may be about to end.
        std::thread::scope(|threads| {
            let stop = || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.enable_all().build().map(|runtime| {
                    runtime.block_on(async { tokio::time::timeout(PATIENCE, self.stop()).await })
                })
            };
            let _ = threads.spawn(stop).join();
        });
        self.work.abort();
    }
}
