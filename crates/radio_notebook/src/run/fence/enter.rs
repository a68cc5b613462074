//! The process that puts up the fence and runs the host in it.

use super::{Strength, VARIABLE};
use crate::say;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Say on stdout what the system can do.
    Probe,
    /// Run the host.
    Run(Rules),
}

/// How the host is run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Rules {
    pub program: PathBuf,
    pub reads: Vec<PathBuf>,
    /// What may not be read even where it lies in a folder of the system's.
    pub hidden: Vec<PathBuf>,
    pub writes: Vec<PathBuf>,
    /// The most memory of a process, in bytes.
    pub memory: u64,
    /// The longest file, in bytes.
    pub file: u64,
    pub strength: Strength,
}

/// If this process was started to put up a fence, it does that, and never returns. To be called before anything else.
pub fn take_part() {
    let Some(order) = std::env::var_os(VARIABLE) else {
        return;
    };
    let outcome = match serde_json::from_slice(order.as_encoded_bytes()) {
        Ok(Order::Probe) => probe(),
        Ok(Order::Run(rules)) => run(&rules),
        Err(error) => Err(format!("{VARIABLE} is not understood: {error}")),
    };
    match outcome {
        Ok(code) => std::process::exit(code),
        Err(why) => {
            say!("error: the fence around the cells cannot be put up: {why}");
            std::process::exit(3)
        }
    }
}

fn probe() -> Result<i32, String> {
    let strength = system::probe();
    let text = serde_json::to_string(&strength).map_err(|error| error.to_string())?;
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())?;
    Ok(0)
}

fn run(rules: &Rules) -> Result<i32, String> {
    use nix::sys::resource::{Resource, setrlimit};
    // The session's connection is the only one that the cells need.
    let session = std::env::var(radio_runtime::protocol::SESSION_VARIABLE).unwrap_or_default();
    let port = session.split(':').next().and_then(|port| port.parse().ok());
    let limit = |what, most: u64| setrlimit(what, most, most).map_err(|error| error.to_string());
    // Only Linux keeps to this one.
    #[cfg(target_os = "linux")]
    limit(Resource::RLIMIT_AS, rules.memory)?;
    limit(Resource::RLIMIT_FSIZE, rules.file)?;
    limit(Resource::RLIMIT_CORE, 0)?;
    let mut command = std::process::Command::new(&rules.program);
    command.env_remove(VARIABLE);
    system::run(rules, port, command)
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Rules, Strength};
    use crate::run::fence::around;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, LandlockStatus, NetPort, RestrictionStatus, Ruleset,
        RulesetAttr, RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
    };
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::resource::{Resource, setrlimit};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// The Landlock that this is written for; an older one does what it can.
    const KNOWN: ABI = ABI::V6;

    /// What every program may read.
    const SYSTEM: [&str; 14] = [
        "/bin",
        "/lib",
        "/lib32",
        "/lib64",
        "/usr",
        "/nix/store",
        "/etc/alternatives",
        "/etc/fonts",
        "/etc/group",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/passwd",
        "/proc",
        "/sys/fs/cgroup",
    ];
    /// How many tasks a namespace of users may have, where the system counts them for each; threads count, and root is
    /// not counted.
    const MAX_TASKS: u64 = 1024;

    const DEVICES: [&str; 5] = [
        "/dev/full",
        "/dev/null",
        "/dev/random",
        "/dev/urandom",
        "/dev/zero",
    ];

    pub fn probe() -> Strength {
        let processes = own_processes();
        let nothing = Rules {
            program: PathBuf::new(),
            reads: Vec::new(),
            hidden: Vec::new(),
            writes: Vec::new(),
            memory: 0,
            file: 0,
            strength: Strength::default(),
        };
        let abi = match restrict(&nothing, None).map(|status| status.landlock) {
            Ok(LandlockStatus::Available { effective_abi, .. }) => effective_abi,
            _ => ABI::Unsupported,
        };
        Strength {
            files: abi >= ABI::V1,
            network: abi >= ABI::V4,
            signals: abi >= ABI::V6,
            processes,
        }
    }

    pub fn run(rules: &Rules, port: Option<u16>, mut command: Command) -> Result<i32, String> {
        if rules.strength.processes && !own_processes() {
            return Err("there is no namespace of processes any more".to_owned());
        }
        let status = restrict(rules, port).map_err(|error| error.to_string())?;
        let is_up = matches!(status.landlock, LandlockStatus::Available { .. });
        if rules.strength.files && !is_up {
            return Err("there is no Landlock any more".to_owned());
        }
        if !rules.strength.processes {
            return Err(command.exec().to_string());
        }
        // The first process of the namespace: with its end, all others in it end.
        let end_with_this = || {
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(Into::into)
        };
        // SAFETY: between fork and exec there is one call of the system, which allocates nothing.
        unsafe { command.pre_exec(end_with_this) };
        let mut host = command.spawn().map_err(|error| error.to_string())?;
        let status = host.wait().map_err(|error| error.to_string())?;
        Ok(status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default()))
    }

    /// Gives what this process starts from now on a namespace of processes. As an ordinary user, in a namespace of
    /// users in which it is nobody else.
    fn own_processes() -> bool {
        let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
        let both = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID;
        if unshare(both).is_err() {
            return unshare(CloneFlags::CLONE_NEWPID).is_ok();
        }
        // Where these fail, the process has no name, and its own files still.
        let _ = std::fs::write("/proc/self/setgroups", "deny");
        let _ = std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"));
        let _ = std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"));
        let _ = setrlimit(Resource::RLIMIT_NPROC, MAX_TASKS, MAX_TASKS);
        true
    }

    fn restrict(rules: &Rules, port: Option<u16>) -> Result<RestrictionStatus, RulesetError> {
        let system = SYSTEM
            .iter()
            .flat_map(|path| around(Path::new(path), &rules.hidden));
        let all = AccessFs::from_all(KNOWN);
        let own = all & !(AccessFs::MakeBlock | AccessFs::MakeChar);
        let mut ruleset = Ruleset::default()
            .handle_access(all)?
            .handle_access(AccessNet::from_all(KNOWN))?
            .scope(Scope::from_all(KNOWN))?
            .create()?
            .add_rules(path_beneath_rules(system, AccessFs::from_read(KNOWN)))?
            .add_rules(path_beneath_rules(&rules.reads, AccessFs::from_read(KNOWN)))?
            .add_rules(path_beneath_rules(&rules.writes, own))?
            .add_rules(path_beneath_rules(
                DEVICES,
                AccessFs::ReadFile | AccessFs::WriteFile,
            ))?;
        if let Some(port) = port {
            ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
        }
        ruleset.restrict_self()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Rules, Strength};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    pub fn probe() -> Strength {
        Strength::default()
    }

    pub fn run(_rules: &Rules, _port: Option<u16>, mut command: Command) -> Result<i32, String> {
        Err(command.exec().to_string())
    }
}
