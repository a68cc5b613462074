//! Knows which executors there are, and fails the jobs that need what a lost one had made.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, task_status::Status};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use ballista_scheduler::state::task_manager::JobInfoCache;

use super::jobs::{self, Server};

/// A cluster's state that fails the jobs for which an executor had finished tasks when it is lost.
///
/// Ballista would plan stages anew that read what was lost, and keeps what their tasks had made so far beside what they
/// make again: rows are then counted twice, cores are never free again, or a plan that adapts waits for ever. Tasks
/// that the executor had only begun are given to others, which is right.
pub(super) struct Members {
    inner: Arc<dyn ClusterState>,
    scheduler: OnceLock<Server>,
}

impl Members {
    pub(super) fn new(inner: Arc<dyn ClusterState>) -> Self {
        Self {
            inner,
            scheduler: OnceLock::new(),
        }
    }

    /// Whose jobs are failed.
    pub(super) fn serve(&self, scheduler: Server) {
        let _ = self.scheduler.set(scheduler);
    }

    /// Fails the jobs and has them cancelled before the scheduler hears of the loss: a job that is told of it first
    /// keeps the cores that its tasks have on the other executors.
    async fn fail_jobs(&self, executor: &str) {
        let Some(scheduler) = self.scheduler.get() else {
            return;
        };
        let name = match self.inner.get_executor_metadata(executor).await {
            Ok(executor) => format!("{}:{}", executor.host, executor.port),
            Err(_) => executor.to_owned(),
        };
        let running = scheduler.state.task_manager.get_running_job_cache();
        let mut cancelled = Vec::new();
        for (id, job) in running.iter() {
            let mut graph = job.execution_graph.write().await;
            if has_finished_tasks_of(&graph, executor) {
                let reason = format!("{}, {name}, with what it had made", jobs::LOST);
                cancelled.push(jobs::fail(scheduler, id, &mut graph, reason));
            }
        }
        for job in cancelled {
            let _ = job.await;
        }
    }
}

fn has_finished_tasks_of(graph: &ExecutionGraphBox, executor: &str) -> bool {
    let stages = graph.stages().values();
    let tasks = stages.filter_map(|stage| stage.task_infos()).flatten();
    { tasks }.any(|task| match &task.task_status {
        Status::Successful(task) => task.executor_id == executor,
        _ => false,
    })
}

#[async_trait]
impl ClusterState for Members {
    async fn remove_executor(&self, executor: &str) -> Result<()> {
        self.fail_jobs(executor).await;
        self.inner.remove_executor(executor).await
    }

    async fn init(&self) -> Result<()> {
        self.inner.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        (self.inner)
            .bind_schedulable_tasks(distribution, jobs, executors)
            .await
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
        self.inner.unbind_tasks(slots).await
    }

    async fn register_executor(
        &self,
        executor: ExecutorMetadata,
        data: ExecutorData,
    ) -> Result<()> {
        self.inner.register_executor(executor, data).await
    }

    async fn save_executor_metadata(&self, executor: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(executor).await
    }

    async fn get_executor_metadata(&self, executor: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}
