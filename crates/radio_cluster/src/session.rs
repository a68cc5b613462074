//! Where plans run: in this process, with as much memory as they may take, and a folder for what does not fit.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef, UInt64Type};
use datafusion::datasource::file_format::csv::CsvFormatFactory;
use datafusion::datasource::file_format::format_as_file_type;
use datafusion::datasource::file_format::parquet::{ParquetFormat, ParquetFormatFactory};
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, collect, displayable, execute_stream};
use datafusion::prelude::*;
use futures::StreamExt;
use tempfile::TempDir;
use url::Url;

use crate::{Error, Result, functions};

/// What plans may take.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How many bytes operators may hold before they spill to the disk; without a bound, nothing is spilled.
    pub memory: Option<usize>,
    /// The folder in which a folder is made for intermediate tables and for what is spilled; by default the system's.
    pub scratch: Option<PathBuf>,
    /// How many threads work; by default one a core.
    pub threads: Option<usize>,
}

/// What is told while plans run.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A plan begins: its stage's name, and what it does, an operator a line.
    Begins {
        /// What the plan is for.
        stage: &'a str,
        /// The operators.
        plan: String,
    },
    /// A plan goes on, twice a second.
    Working {
        /// What the plan is for.
        stage: &'a str,
        /// How many rows have come out of the operator that most came out of.
        rows: usize,
        /// How many bytes were spilled.
        spilled: usize,
    },
    /// A plan begins again on a cluster.
    Repeats {
        /// What happened.
        reason: &'a str,
    },
    /// A plan has ended.
    Ends {
        /// What the plan is for.
        stage: &'a str,
        /// How many bytes were spilled.
        spilled: usize,
    },
}

/// Who is told.
pub type Listener = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// A session of DataFusion with `radio_rec`'s functions, and a folder for intermediate tables, which goes when it goes.
pub struct Session {
    context: SessionContext,
    /// For files of others. What their statistics say is not believed: those of Parquet pass over NaN, so that a column
    /// of ones with a NaN in it would be taken for ones.
    reading: SessionContext,
    /// If a cluster executes the plans: a session of this process, of one thread, so that it keeps the order of rows.
    local: Option<SessionContext>,
    /// The cluster's scheduler, where that is another process.
    #[cfg(feature = "ballista")]
    scheduler: Option<crate::cluster::Scheduler>,
    scratch: TempDir,
    listener: Option<Listener>,
    /// How many intermediate tables there are.
    tables: AtomicUsize,
    /// How much of the memory plans may take.
    memory: Option<usize>,
    /// What is set aside of that.
    held: Mutex<Vec<MemoryReservation>>,
}

impl Session {
    /// With these settings; `listener` is told what happens.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for no threads or next to no memory, and [`Error::Io`] where there can be no scratch folder.
    pub fn new(settings: &Settings, listener: Option<Listener>) -> Result<Self> {
        const LEAST: usize = 32 << 20;
        if settings.memory.is_some_and(|memory| memory < LEAST) {
            return Err(Error::Argument("the memory must be 32M or more".into()));
        }
        if settings.threads == Some(0) {
            return Err(Error::Argument("there must be 1 thread or more".into()));
        }
        let scratch = settings.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new()
            .prefix("radio_cluster-")
            .tempdir_in(&scratch)
            .map_err(|error| Error::io(&scratch, error))?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![folder.path().into()]))
            // What there is on the disk bounds it.
            .with_max_temp_directory_size(u64::MAX);
        let mut runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
        if let Some(memory) = settings.memory {
            runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(memory)));
        }
        let mut config = SessionConfig::new();
        if let Some(threads) = settings.threads {
            config = config.with_target_partitions(threads);
        }
        let options = config.options_mut();
        options.execution.parquet.schema_force_view_types = false;
        // A hash table cannot be spilled, and what is sorted can.
        options.optimizer.prefer_hash_join = settings.memory.is_none();
        // A sort sets this much aside for its merge: 10 MB, which is too much where there is little.
        let merge = settings.memory.map_or(usize::MAX, |memory| memory / 16);
        let options_of_sort = &mut options.execution.sort_spill_reservation_bytes;
        *options_of_sort = merge.min(*options_of_sort);
        let runtime = runtime.build_arc()?;
        let mut unsure = config.clone();
        unsure.options_mut().execution.collect_statistics = false;
        let context = SessionContext::new_with_config_rt(config, runtime.clone());
        let reading = SessionContext::new_with_config_rt(unsure, runtime);
        for context in [&context, &reading] {
            functions::register(context);
        }
        Ok(Self {
            context,
            reading,
            local: None,
            #[cfg(feature = "ballista")]
            scheduler: None,
            scratch: folder,
            listener,
            tables: AtomicUsize::new(0),
            memory: settings.memory,
            held: Mutex::default(),
        })
    }

    /// With plans that a cluster executes, whose processes see the plays and the scratch folder under the same paths.
    /// `threads` is then how many parts tables are split into.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), and [`Error::Argument`] where no scheduler answers.
    #[cfg(feature = "ballista")]
    pub async fn on(
        cluster: &crate::cluster::Cluster,
        settings: &Settings,
        listener: Option<Listener>,
    ) -> Result<Self> {
        let mut session = Self::new(settings, listener)?;
        let here = &session.context;
        let alone = here.copied_config().with_target_partitions(1);
        let local = SessionContext::new_with_config_rt(alone, here.runtime_env());
        (session.context, session.scheduler) = cluster.context(here, settings.threads).await?;
        session.reading = session.context.clone();
        session.local = Some(local);
        Ok(session)
    }

    /// DataFusion's session.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Whether this process executes the plans and may take so many bytes for what it holds whole, which is half of the
    /// memory: operators need some too.
    pub(crate) fn can_hold(&self, bytes: usize) -> bool {
        self.local.is_none() && self.memory.is_none_or(|memory| bytes <= memory / 2)
    }

    /// Sets so many bytes of the memory aside for what this process holds whole.
    pub(crate) fn set_aside(&self, what: &str, bytes: usize) -> Result<MemoryReservation> {
        let pool = &self.context.runtime_env().memory_pool;
        let reservation = MemoryConsumer::new(what).register(pool);
        reservation.try_grow(bytes)?;
        Ok(reservation)
    }

    /// [`set_aside`](Self::set_aside), until the session ends.
    pub(crate) fn hold(&self, what: &str, bytes: usize) -> Result<()> {
        let reservation = self.set_aside(what, bytes)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(reservation);
        Ok(())
    }

    /// How many parts tables are split into.
    pub(crate) fn partitions(&self) -> usize {
        self.context.copied_config().target_partitions()
    }

    fn tell(&self, event: Event<'_>) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }

    /// Tells of a plan without executing it.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] for what the engine does not take.
    pub async fn explain(&self, stage: &str, frame: DataFrame) -> Result<()> {
        let plan = frame.clone().create_physical_plan().await?;
        let plan = self.shown(&frame.into_optimized_plan()?, plan.as_ref());
        self.tell(Event::Begins { stage, plan });
        Ok(())
    }

    /// Executes a plan into an intermediate table, and reads that: what several later plans need is computed once.
    ///
    /// # Errors
    ///
    /// What stops a plan.
    pub async fn stage(&self, stage: &str, frame: DataFrame) -> Result<DataFrame> {
        self.stage_in(&self.context, stage, frame).await
    }

    /// As [`stage`](Self::stage), of a plan that reads files of others.
    pub(crate) async fn stage_read(&self, stage: &str, frame: DataFrame) -> Result<DataFrame> {
        self.stage_in(&self.reading, stage, frame).await
    }

    async fn stage_in(
        &self,
        context: &SessionContext,
        stage: &str,
        frame: DataFrame,
    ) -> Result<DataFrame> {
        let table = self.staged(context, stage, frame).await?;
        Ok(self.context.read_table(Arc::new(table))?)
    }

    /// An intermediate table of what a plan gives.
    async fn staged(
        &self,
        context: &SessionContext,
        stage: &str,
        frame: DataFrame,
    ) -> Result<ListingTable> {
        let path = self.new_folder()?;
        let schema = frame.schema().inner().clone();
        // A task that is executed again, after its executor was lost, writes the same file again.
        let written = match self.local {
            Some(_) => path.join("table.parquet"),
            None => path.clone(),
        };
        self.write_in(context, stage, frame, &written, FileFormat::Parquet)
            .await?;
        parquet_of(&path, schema)
    }

    /// A new folder for an intermediate table.
    pub(crate) fn new_folder(&self) -> Result<PathBuf> {
        let table = self.tables.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.path().join(format!("table-{table}"));
        std::fs::create_dir_all(&path).map_err(|error| Error::io(&path, error))?;
        Ok(path)
    }

    /// The table that the Parquet files of a folder hold.
    pub(crate) fn table(&self, folder: &Path, schema: SchemaRef) -> Result<DataFrame> {
        let table = parquet_of(folder, schema)?;
        Ok(self.context.read_table(Arc::new(table))?)
    }

    /// Executes a plan, and hands on what comes of it.
    pub(crate) async fn for_each_batch(
        &self,
        stage: &str,
        frame: DataFrame,
        mut take: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let logical = frame.into_unoptimized_plan();
        let plan = self.begin(&self.context, stage, &logical).await?;
        let mut batches = execute_stream(plan.clone(), self.context.task_ctx())?;
        while let Some(batch) = self.watch(stage, &plan, batches.next()).await? {
            take(&batch?)?;
        }
        self.end(stage, &plan);
        Ok(())
    }

    /// Executes a plan into a file.
    pub(crate) async fn write(
        &self,
        stage: &str,
        frame: DataFrame,
        path: &Path,
        format: FileFormat,
    ) -> Result<()> {
        let Some(local) = &self.local else {
            return self
                .write_in(&self.context, stage, frame, path, format)
                .await;
        };
        // What executors write of CSV differs, and one that is lost would leave half a file here.
        let table = self.staged(&self.context, stage, frame).await?;
        let table = local.read_table(Arc::new(table))?;
        self.write_in(local, stage, table, path, format).await
    }

    /// What a plan gives, which has to fit in memory.
    pub(crate) async fn collect(&self, frame: DataFrame) -> Result<Vec<RecordBatch>> {
        let context = Arc::new(frame.task_ctx());
        self.run(frame.create_physical_plan().await?, context).await
    }

    /// How many rows a plan gives.
    pub(crate) async fn count(&self, frame: DataFrame) -> Result<usize> {
        let counts = frame.aggregate(vec![], vec![count(lit(1))])?;
        let counts = self.collect(counts).await?;
        let count = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().value(0);
        let counted = counts.iter().find(|batch| batch.num_rows() > 0);
        Ok(counted.map_or(0, count) as usize)
    }

    /// Executes a plan wherever plans are executed.
    async fn run(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
    ) -> Result<Vec<RecordBatch>> {
        #[cfg(feature = "ballista")]
        if let Some(scheduler) = &self.scheduler {
            let lost = |reason: &str| self.tell(Event::Repeats { reason });
            return scheduler.collect(plan, context, lost).await;
        }
        Ok(collect(plan, context).await?)
    }

    /// Executes a plan into a file, or into files of a folder that there is.
    async fn write_in(
        &self,
        context: &SessionContext,
        stage: &str,
        frame: DataFrame,
        path: &Path,
        format: FileFormat,
    ) -> Result<()> {
        let file_type = match format {
            FileFormat::Parquet => format_as_file_type(Arc::new(ParquetFormatFactory::new())),
            FileFormat::Csv => format_as_file_type(Arc::new(CsvFormatFactory::new())),
        };
        let url = if path.is_dir() {
            folder_url(path)?
        } else {
            file_url(path)?
        };
        let single = [(
            "single_file_output".to_owned(),
            (!path.is_dir()).to_string(),
        )];
        let plan = LogicalPlanBuilder::copy_to(
            frame.into_unoptimized_plan(),
            url.to_string(),
            file_type,
            single.into(),
            Vec::new(),
        )?;
        let rows = self.execute(context, stage, &plan.build()?).await?;
        if rows > 0 && !path.exists() {
            let message = "it was written where this process does not see it; let all of the cluster share the \
                folder, and name another for what is on the way with `--scratch`";
            return Err(Error::file(path, message));
        }
        Ok(())
    }

    /// Executes a plan that writes, and says how many rows it wrote.
    async fn execute(
        &self,
        context: &SessionContext,
        stage: &str,
        logical: &LogicalPlan,
    ) -> Result<u64> {
        let plan = self.begin(context, stage, logical).await?;
        let work = self.run(plan.clone(), context.task_ctx());
        let result = self.watch(stage, &plan, work).await?;
        self.end(stage, &plan);
        let counts = result?;
        let count = |batch: &RecordBatch| {
            let counts = batch.column(0).as_primitive_opt::<UInt64Type>();
            counts.map_or(0, |counts| counts.values().iter().sum())
        };
        Ok(counts.iter().map(count).sum())
    }

    /// Plans a stage, and tells of it.
    async fn begin(
        &self,
        context: &SessionContext,
        stage: &str,
        logical: &LogicalPlan,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = context.state().create_physical_plan(logical).await?;
        let shown = self.shown(logical, plan.as_ref());
        self.tell(Event::Begins { stage, plan: shown });
        Ok(plan)
    }

    /// Waits for something that a plan gives, and tells meanwhile how far it is; an error where it stands still.
    async fn watch<T>(
        &self,
        stage: &str,
        plan: &Arc<dyn ExecutionPlan>,
        work: impl Future<Output = T>,
    ) -> Result<T> {
        let mut work = std::pin::pin!(work);
        // What others do is not seen here.
        let mut standstill = self.local.is_none().then(Standstill::new);
        loop {
            if let Ok(done) = tokio::time::timeout(BETWEEN, &mut work).await {
                return Ok(done);
            }
            let Metrics { rows, spilled } = Metrics::of(plan.as_ref());
            self.tell(Event::Working {
                stage,
                rows,
                spilled,
            });
            if let Some(standstill) = &mut standstill
                && standstill.is_there((rows, spilled), processor_ticks(), Instant::now())
            {
                let why = "for a minute, no operator has done anything: they wait for each other's";
                return Err(Error::Memory(why.into()));
            }
        }
    }

    fn end(&self, stage: &str, plan: &Arc<dyn ExecutionPlan>) {
        let spilled = Metrics::of(plan.as_ref()).spilled;
        self.tell(Event::Ends { stage, spilled });
    }

    /// What a plan does, an operator a line. What a scheduler makes of it is not known here.
    fn shown(&self, logical: &LogicalPlan, physical: &dyn ExecutionPlan) -> String {
        match self.local {
            Some(_) => logical.display_indent().to_string(),
            None => displayable(physical).indent(false).to_string(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        functions::forget(self.scratch.path());
    }
}

/// Whether the operators of a plan wait for each other: with too little memory, sorts that merge what they spilled may do
/// so for ever.
struct Standstill {
    since: Instant,
    /// Rows and spilled bytes, and the processor's ticks, when something was last done.
    seen: ((usize, usize), u64),
}

impl Standstill {
    /// How long nothing is done, and how many ticks the process may take meanwhile to look after itself.
    const LIMIT: (Duration, u64) = (Duration::from_secs(60), 100);

    fn new() -> Self {
        Self {
            since: Instant::now(),
            seen: ((0, 0), 0),
        }
    }

    /// Takes note of what was done until `now`; without ticks, nobody can say that nothing was.
    fn is_there(&mut self, done: (usize, usize), ticks: Option<u64>, now: Instant) -> bool {
        let Some(ticks) = ticks else { return false };
        if done != self.seen.0 || ticks > self.seen.1 + Self::LIMIT.1 {
            self.since = now;
            self.seen = (done, ticks);
        }
        now.duration_since(self.since) >= Self::LIMIT.0
    }
}

/// The processor time of this process, in the system's ticks of mostly 10 ms, where the system tells.
fn processor_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // What comes before is the program's name, which may have anything in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(2);
    times.map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// How long it takes until it is told again how a plan goes on.
const BETWEEN: Duration = Duration::from_millis(500);

/// The table that the Parquet files of a folder hold.
fn parquet_of(folder: &Path, schema: SchemaRef) -> Result<ListingTable> {
    let format = Arc::new(ParquetFormat::default());
    let options = ListingOptions::new(format).with_file_extension(".parquet");
    let config = ListingTableConfig::new(folder_url(folder)?)
        .with_listing_options(options)
        .with_schema(schema);
    Ok(ListingTable::try_new(config)?)
}

/// What a table is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileFormat {
    /// Parquet.
    #[default]
    Parquet,
    /// Comma-separated values with a header.
    Csv,
}

impl FileFormat {
    /// What its files end with, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            FileFormat::Parquet => "parquet",
            FileFormat::Csv => "csv",
        }
    }
}

/// How far a plan has come.
#[derive(Clone, Copy, Default)]
struct Metrics {
    /// The most rows that came out of one operator.
    rows: usize,
    /// The bytes that all operators spilled.
    spilled: usize,
}

impl Metrics {
    fn of(plan: &dyn ExecutionPlan) -> Self {
        let mut so_far = Self::default();
        so_far.add(plan);
        so_far
    }

    fn add(&mut self, plan: &dyn ExecutionPlan) {
        if let Some(metrics) = plan.metrics() {
            self.rows = self.rows.max(metrics.output_rows().unwrap_or(0));
            self.spilled += metrics.spilled_bytes().unwrap_or(0);
        }
        for child in plan.children() {
            self.add(child.as_ref());
        }
    }
}

/// A file as DataFusion names it: a URL, in which no `*` or `[` is a pattern.
pub(crate) fn file_url(path: &Path) -> Result<ListingTableUrl> {
    listing(path, Url::from_file_path(absolute(path)?))
}

fn folder_url(path: &Path) -> Result<ListingTableUrl> {
    listing(path, Url::from_directory_path(absolute(path)?))
}

fn listing(path: &Path, url: std::result::Result<Url, ()>) -> Result<ListingTableUrl> {
    let url = url.map_err(|()| Error::file(path, "the path cannot be written as a URL"))?;
    Ok(ListingTableUrl::try_new(url, None)?)
}

/// A path from the root on without `..`, which a URL cannot have. Its last name stays, also where that is a link: its ending
/// says what the file is.
fn absolute(path: &Path) -> Result<PathBuf> {
    let resolved =
        |path: &Path| std::fs::canonicalize(path).map_err(|error| Error::io(path, error));
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => {
            Ok(resolved(Path::new("."))?.join(name))
        }
        (Some(parent), Some(name)) => Ok(resolved(parent)?.join(name)),
        _ => resolved(path),
    }
}
