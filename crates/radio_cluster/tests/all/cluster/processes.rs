//! A cluster of processes, and the command that sends its plans there.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use radio_cluster::cluster::Cluster;
use tempfile::TempDir;

/// A scheduler and two executors, each a process, which end with it.
pub(super) struct Processes {
    /// Where they keep what they make: `scratch` of clients, and `executor-0` and `executor-1`.
    folder: TempDir,
    pub(super) address: String,
    pub(super) scheduler: Child,
    pub(super) executors: Vec<Child>,
}

impl Processes {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scratch")).unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let scheduler = serve(&["scheduler"], &address);
        let mut processes = Self {
            folder,
            address,
            scheduler,
            executors: Vec::new(),
        };
        for executor in 0..2 {
            let scratch = processes.scratch_of(executor);
            fs::create_dir(&scratch).unwrap();
            let (scheduler, scratch) = (processes.url(), scratch.to_str().unwrap());
            let executor = ["executor", "--scheduler", &scheduler, "--scratch", scratch];
            let executor = [&executor[..], &["--threads", "1"]].concat();
            let executor = serve(&executor, &format!("127.0.0.1:{}", free_port()));
            processes.executors.push(executor);
        }
        processes
    }

    pub(super) fn url(&self) -> String {
        format!("df://{}", self.address)
    }

    pub(super) fn cluster(&self) -> Cluster {
        Cluster::Scheduler(self.url())
    }

    /// The folder of an executor.
    pub(super) fn scratch_of(&self, executor: usize) -> PathBuf {
        self.folder.path().join(format!("executor-{executor}"))
    }

    /// The folder of clients.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// The command, which sends its plans to the scheduler.
    pub(super) fn command(&self, folder: &Path, arguments: &str) -> Command {
        let mut command = command(arguments.split(' '));
        command.args(["--scheduler", &self.url(), "--scratch"]);
        command.arg(self.scratch()).current_dir(folder);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Waits until the command's fifth table is being made, which is that of the result, and an executor has finished
    /// parts.
    pub(super) fn wait_until_late(&self, child: &mut Child) {
        let client = || entries(&self.scratch()).into_iter().next();
        let begun = || modified(&client()?.join("table-4"));
        let mut since = None;
        wait_for(child, || {
            since = since.or_else(begun);
            let files = files(&self.scratch_of(0));
            let made = files.iter().filter(|file| modified(file) > since);
            since.is_some() && made.count() > 4
        });
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.executors.iter_mut().chain([&mut self.scheduler]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(super) fn command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radio_cluster"));
    command.args(arguments);
    command
}

/// Starts a process, and waits until it answers.
fn serve(arguments: &[&str], address: &str) -> Child {
    let arguments = arguments.iter().copied().chain(["--address", address]);
    let mut child = command(arguments).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&mut child, || TcpStream::connect(address).is_ok());
    child
}

/// Waits until something is so, while a process runs.
pub(super) fn wait_for(child: &mut Child, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before that: {ended:?}");
        assert!(Instant::now() < until, "that takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port that is free, and the one after it too.
pub(super) fn free_port() -> u16 {
    let bind = |port| TcpListener::bind(("127.0.0.1", port));
    loop {
        let first = bind(0).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && bind(port + 1).is_ok() {
            return port;
        }
    }
}

/// What is in a folder, if it is there.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// All files in a folder and its folders.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut all): (Vec<_>, Vec<_>) =
        (entries(folder).into_iter()).partition(|entry| entry.is_dir());
    all.extend(folders.iter().flat_map(|folder| files(folder)));
    all.sort();
    all
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
