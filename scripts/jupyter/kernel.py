"""Starts the stock evcxr kernel in a build directory that stays.

usage: kernel.py EVCXR_JUPYTER CONNECTION_FILE      (what the kernelspec in .venv calls; see scripts/setup-jupyter --evcxr)
       kernel.py EVCXR [< SCRIPT]                   (the REPL, in the same way)

The kernel is evcxr's own. By itself it compiles all dependencies anew at each start, into a temporary directory. Here each
running kernel has one of the directories `slot0`, `slot1`, ... to itself, and the next kernel takes over what is compiled
there. A lock on a file beside it is held for as long as the kernel or a process of its group lives: the system gives it
back however they end, so there are no stale locks. Python's flock is there on Linux and macOS; flock(1) is not.
"""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SLOTS = 16

# Above the slots, where cargo finds it: libraries are optimised as in the workspace's Cargo.toml, whatever `:opt` says of
# the cells, so that it never compiles them again.
CARGO_CONFIG = """\
[profile.dev.package."*"]
opt-level = 3
debug-assertions = false
overflow-checks = false
"""

# Cells compile in half the time, and `:opt 2` in a cell is still there for one that computes much. `radio run` does the same.
EVCXR_CONFIG = """\
[evcxr]
opt_level = "0"
"""


def say(text):
    print(f"evcxr kernel: {text}", file=sys.stderr, flush=True)


def candidates():
    """The folders that can hold the slots, best first."""
    if chosen := os.environ.get("RADIO_EVCXR_CACHE"):
        yield pathlib.Path(chosen)
        return
    if sys.platform == "darwin":
        yield pathlib.Path.home() / "Library/Caches/radio_rec/evcxr"
    else:
        cache = os.environ.get("XDG_CACHE_HOME", "")
        cache = pathlib.Path(cache) if os.path.isabs(cache) else pathlib.Path.home() / ".cache"
        yield cache / "radio_rec/evcxr"
    yield pathlib.Path(tempfile.gettempdir()) / f"radio_rec-evcxr-{os.getuid()}"


def write_whole(path, text):
    """Replaces a file whole, and leaves one alone that is right: another kernel may be reading it."""
    try:
        if path.read_text() == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


def prepare(folder):
    """Makes `folder` fit for slots, or raises OSError."""
    if any(c.isspace() for c in str(folder)):
        raise OSError("evcxr cannot work in a folder with a space in its name")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise OSError("it belongs to somebody else")
    write_whole(folder / ".cargo/config.toml", CARGO_CONFIG)
    write_whole(folder / "config/evcxr.toml", EVCXR_CONFIG)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def lock(path):
    """A descriptor that holds the lock on `path`, or None if somebody else does."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:
        os.close(held)
        raise
    return held


def owner(path):
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def take_slot(folder):
    """The first free slot and the descriptor that locks it."""
    for number in range(SLOTS):
        path = folder / f"slot{number}.lock"
        until = time.monotonic() + 10
        while True:
            held = lock(path)
            if held is not None:
                os.ftruncate(held, 0)
                os.write(held, str(os.getpid()).encode())
                return folder / f"slot{number}", held
            # A restart: the old kernel is gone, and what it had started is being ended right now.
            pid = owner(path)
            if pid is None or alive(pid) or time.monotonic() > until:
                break
            time.sleep(0.05)
    raise OSError(f"{SLOTS} kernels are running already")


def toolchain():
    """What the libraries in a slot depend on."""
    try:
        return subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def find_rusts_libraries():
    """Lets what evcxr compiles find Rust's own shared libraries, wherever the slot is.

    What it compiles names their folder relative to `deps`, but is loaded from the folder above, where the path has one `..`
    too many. That does no harm to a build in /tmp, since it goes through the root, and breaks any build under the home folder.
    """
    try:
        found = subprocess.run(["rustc", "--print", "target-libdir"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return
    name = "DYLD_FALLBACK_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
    os.environ[name] = os.pathsep.join(filter(None, [found.strip(), os.environ.get(name)]))


def finished_libraries(slot):
    return sum(1 for _ in slot.glob("target/*/debug/deps/*.rlib"))


def seed(slot, sources):
    """Copies the libraries of one of `sources` into a new slot, so that they are compiled once for all kernels."""
    for source in sorted(sources, key=finished_libraries, reverse=True):
        locks = []
        try:
            # Cargo holds these while it writes.
            for path in [*source.glob("target/debug/.cargo-lock"), *source.glob("target/*/debug/.cargo-lock")]:
                locks.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
                fcntl.flock(locks[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
            beside = slot.with_name(f".{slot.name}.new")
            shutil.rmtree(beside, ignore_errors=True)
            shutil.copytree(
                source / "target",
                beside / "target",
                copy_function=link_or_copy,
                ignore=shutil.ignore_patterns("incremental", "libcode_*", "libctx*", "ctx-*"),
            )
            beside.replace(slot)
            return
        except OSError:
            continue  # Busy, or no room: try another, and in the end compile.
        finally:
            for held in locks:
                os.close(held)


def link_or_copy(source, to):
    # rustc replaces these two kinds, it never writes into them; all else is copied with its times, which cargo compares.
    if source.endswith((".rlib", ".rmeta")):
        try:
            return os.link(source, to)
        except OSError:
            pass
    return shutil.copy2(source, to)


def settle(slot, folder):
    """Makes the locked slot usable: empty, seeded, or as its last kernel left it."""
    # A kernel that was killed while it seeded.
    shutil.rmtree(slot.with_name(f".{slot.name}.new"), ignore_errors=True)
    rustc = toolchain()
    stamp = slot / "rustc"
    if rustc and slot.exists() and stamp.exists() and stamp.read_text() != rustc:
        # Cargo would compile all anew beside the old, which nobody needs again.
        shutil.rmtree(slot)
    if not slot.exists():
        seed(slot, [other.parent for other in folder.glob("slot?*/rustc") if other.read_text() == rustc])
        slot.mkdir(exist_ok=True)
    if rustc:
        write_whole(stamp, rustc)


def fetch_std():
    """What evcxr needs to tell the types of variables."""
    said = subprocess.run([HERE / "fetch-std"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
    for line in said.splitlines():
        say(line)


def slot_for_this_kernel():
    """A slot and the descriptor that locks it, or None if there is nowhere to put one."""
    for folder in candidates():
        held = None
        try:
            prepare(folder)
            slot, held = take_slot(folder)
            settle(slot, folder)
            return slot, held
        except OSError as error:
            if held is not None:
                os.close(held)
            say(f"cannot use {folder}: {error}")
    say("compiling into a temporary directory; all dependencies are compiled anew")
    return None


def watch_over(kernel):
    """Runs beside the kernel until it ends, then ends what it left behind: cargo, rustc, a cell that never ends."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Not to keep the pipes open on which others wait for the kernel's end.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while os.getppid() == kernel:
        time.sleep(0.1)
    try:
        os.killpg(kernel, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def main():
    evcxr, *connection_file = sys.argv[1:]
    if not os.access(evcxr, os.X_OK):
        sys.exit(f"evcxr kernel: {evcxr} is not there; run scripts/setup-jupyter --evcxr")
    # The kernel leads a process group, which takes with it what it started. Jupyter has made it so already. (The REPL has to
    # stay in the terminal's, to be able to read from it.)
    if connection_file and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)

    cargo_home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    # JupyterLab started from a menu, or by VS Code, may not have it on PATH.
    os.environ["PATH"] = os.pathsep.join(filter(None, [os.environ.get("PATH"), str(cargo_home / "bin")]))
    os.environ["RADIO_KERNEL_PATH"] = os.environ["PATH"]
    os.environ["PATH"] = f"{HERE / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # Without asking the registry first, which takes half a second a `:dep`; bin/cargo asks it if that fails.
    os.environ.setdefault("CARGO_NET_OFFLINE", "true")
    find_rusts_libraries()
    fetch_std()

    if "EVCXR_TMPDIR" not in os.environ and (found := slot_for_this_kernel()):
        slot, held = found
        os.environ["EVCXR_TMPDIR"] = str(slot)
        os.environ.setdefault("EVCXR_CONFIG_DIR", str(slot.parent / "config"))
        # Held by the kernel and all it starts, too.
        os.set_inheritable(held, True)
    kernel = os.getpid()
    # The REPL's group is that of what it was started in, a pipe to a pager for one.
    if connection_file and os.fork() == 0:
        try:
            watch_over(kernel)
        finally:
            os._exit(0)
    os.execv(evcxr, [evcxr, *(["--control_file", *connection_file] if connection_file else [])])


if __name__ == "__main__":
    main()
