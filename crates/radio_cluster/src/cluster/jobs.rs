//! Fails the jobs that a scheduler cannot bring to their end, and says why.

use std::time::Duration;

use ballista_core::JobId;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub(super) type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// How the reason of a job begins that failed as an executor was lost: it succeeds if it is done once more.
pub(super) const LOST: &str = "the cluster lost an executor";

/// How the reason of jobs begins that nobody works on.
pub(super) const IDLE: &str = "no executor has worked";

/// Fails a job. The task that is returned cancels it, once who waits for it has read why.
pub(super) fn fail(
    scheduler: &Server,
    job: &JobId,
    graph: &mut ExecutionGraphBox,
    reason: String,
) -> JoinHandle<()> {
    const UNTIL_READ: Duration = Duration::from_secs(1);
    eprintln!("job {job} is given up: {reason}");
    graph.fail_job(reason);
    let (scheduler, job) = (scheduler.clone(), job.clone());
    tokio::spawn(async move {
        sleep(UNTIL_READ).await;
        if let Err(error) = scheduler.cancel_job(job.clone()).await {
            eprintln!("job {job} cannot be ended: {error}");
        }
    })
}

/// Fails all jobs once no executor has done anything for any of them for a minute: they would wait for ever.
pub(super) async fn give_up_idle(scheduler: Server) {
    const PATIENCE: Duration = Duration::from_secs(60);
    const BETWEEN: Duration = Duration::from_secs(1);
    let mut worked = Instant::now();
    loop {
        sleep(BETWEEN).await;
        let jobs = scheduler.state.task_manager.get_running_job_cache();
        let mut tasks = 0;
        for job in jobs.values() {
            tasks += job.execution_graph.read().await.running_tasks().len();
        }
        if jobs.is_empty() || tasks > 0 {
            worked = Instant::now();
        } else if worked.elapsed() >= PATIENCE {
            worked = Instant::now();
            for (id, job) in jobs.iter() {
                let mut graph = job.execution_graph.write().await;
                let reason = format!(
                    "{IDLE} for {} s; see that executors run and reach the scheduler",
                    PATIENCE.as_secs()
                );
                fail(&scheduler, id, &mut graph, reason);
            }
        }
    }
}
