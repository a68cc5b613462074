#!/usr/bin/env python3
"""Tests of scripts/setup-jupyter and of the kernel's launcher, with fakes on PATH instead of cargo, pip and the kernels.

usage: python3 scripts/jupyter/test_setup.py [-v]     (nothing is downloaded or compiled, and nothing outside a temporary folder changes)
"""

import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The tools the script may use. Whatever else is on PATH stays out of reach.
TOOLS = "sh dirname sed cmp mktemp rm mkdir mv cat tail tr cp chmod ls env printf touch".split()

FAKE_CARGO = """\
#!/bin/sh
echo "cargo $*" >>"$FAKES/log"
case $1 in
--version) echo "cargo 1.95.0 (fake)" ;;
install)
    if [ "$2" = --list ]; then cat "$FAKES/installed" 2>/dev/null; exit 0; fi
    case "$*" in *"--path crates/radio_kernel --root "*)
        [ -e "$FAKES/no-network" ] && [ ! -e "$FAKES/downloaded" ] && { echo "error: failed to download syn" >&2; exit 101; }
        for root; do :; done
        mkdir -p "$root/bin"
        cp "$FAKES/radio-kernel" "$root/bin/radio-kernel"
        exit ;;
    esac
    [ -e "$FAKES/no-network" ] && { echo "error: failed to download from index.crates.io" >&2; exit 101; }
    echo "target $CARGO_TARGET_DIR" >>"$FAKES/log"
    shift 2; root=$2; name=${3%@*}; version=${3#*@}
    mkdir -p "$root/bin"
    if [ $name = evcxr_repl ]; then bin=evcxr; else bin=$name; fi
    cp "$FAKES/evcxr" "$root/bin/$bin"
    echo "$name v$version:" >>"$FAKES/installed" ;;
fetch)
    [ -e "$FAKES/std" ] && exit
    case "$*" in *--offline*) exit 101 ;; esac
    [ -e "$FAKES/no-network" ] && { echo "error: failed to download hashbrown" >&2; exit 101; }
    touch "$FAKES/std" ;;
esac
"""

# Stands for radio-kernel: it takes the name `rust` too unless there is another kernel of that name on the computer.
FAKE_OWN = """\
#!/bin/sh
echo "radio-kernel $*" >>"$FAKES/log"
[ "$1" = --version ] && { echo "radio-kernel 0.1.0"; exit; }
[ "$1 $2" = "install --prefix" ] || exit 2
spec() {
    mkdir -p "$prefix/share/jupyter/kernels/$1"
    echo "{\\"argv\\": [\\"$0\\"]}" >"$prefix/share/jupyter/kernels/$1/kernel.json"
}
prefix=$3
spec "${5:-radio}"
[ -e "$FAKES/other-kernel" ] || [ -e "$prefix/share/jupyter/kernels/rust" ] || spec rust
"""

FAKE_RUSTC = """\
#!/bin/sh
case $1 in
-vV | --version) cat "$FAKES/rustc-version" 2>/dev/null || echo "rustc 1.95.0 (fake)"; echo "host: x86" ;;
--print) echo "$FAKES/sysroot" ;;
esac
"""

FAKE_RUSTUP = """\
#!/bin/sh
echo "rustup $*" >>"$FAKES/log"
[ -e "$FAKES/no-network" ] && { echo "error: could not download" >&2; exit 1; }
mkdir -p "$FAKES/sysroot/lib/rustlib/src/rust/library"
touch "$FAKES/sysroot/lib/rustlib/src/rust/library/Cargo.lock"
"""

FAKE_EVCXR = """\
#!/bin/sh
[ "$1" = --install ] || exit 0
mkdir -p "$JUPYTER_PATH/kernels/rust"
echo '{}' >"$JUPYTER_PATH/kernels/rust/kernel.json"
echo logo >"$JUPYTER_PATH/kernels/rust/logo-32x32.png"
"""

# `python3 -m venv` makes a folder whose python answers for pip; the rest is the real Python.
FAKE_PYTHON = """\
#!/bin/sh
echo "python $*" >>"$FAKES/log"
if [ "$1 $2" = "-m venv" ]; then
    for venv; do :; done
    [ "$3" != --clear ] || rm -rf "$venv"
    mkdir -p "$venv/bin"; echo >"$venv/pyvenv.cfg"
    cp "$FAKES/venv-python" "$venv/bin/python"
    exit
fi
exec REAL "$@"
"""

FAKE_VENV_PYTHON = """\
#!/bin/sh
echo "venv $*" >>"$FAKES/log"
case "$*" in
"-c import pip") exit 0 ;;
"-m pip --version") cat "$FAKES/pip-version" 2>/dev/null || echo "pip 23.2 from x"; exit ;;
*"install --quiet --upgrade pip"*)
    [ -e "$FAKES/no-network" ] && exit 1
    echo "pip 25.0 from x" >"$FAKES/pip-version"; exit ;;
*"install --quiet --requirement"*)
    [ -e "$FAKES/no-network" ] && { echo "ERROR: No matching distribution" >&2; exit 1; }
    touch "$FAKES/packages"; exit ;;
esac
case "$*" in
*requirements.txt) [ -e "$FAKES/packages" ] || sed 's/==/ /' "$2"; exit ;;
esac
exec REAL "$@"
"""


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("REAL", sys.executable))
    path.chmod(0o755)


class Desk(unittest.TestCase):
    """A clone with the script in it, and a PATH of fakes."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="setup jupyter ")
        self.addCleanup(folder.cleanup)
        self.desk = pathlib.Path(folder.name).resolve()
        self.clone = self.desk / "clone"
        shutil.copytree(ROOT / "scripts/jupyter", self.clone / "scripts/jupyter")
        shutil.copy(ROOT / "scripts/setup-jupyter", self.clone / "scripts")
        self.fakes = self.desk / "fakes"
        self.bin = self.desk / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)
        executable(self.bin / "cargo", FAKE_CARGO)
        executable(self.bin / "python3", FAKE_PYTHON)
        executable(self.bin / "rustc", FAKE_RUSTC)
        executable(self.bin / "rustup", FAKE_RUSTUP)
        executable(self.fakes / "evcxr", FAKE_EVCXR)
        executable(self.fakes / "radio-kernel", FAKE_OWN)
        executable(self.fakes / "venv-python", FAKE_VENV_PYTHON)
        self.home = self.desk / "home"
        self.home.mkdir()
        self.kernels = self.clone / ".venv/share/jupyter/kernels"
        self.env = {"PATH": str(self.bin), "HOME": str(self.home), "FAKES": str(self.fakes)}

    def setup_jupyter(self, *arguments):
        script = self.clone / "scripts/setup-jupyter"
        done = subprocess.run(
            [script, *arguments], env=self.env, cwd=self.clone, capture_output=True, text=True, timeout=60
        )
        self.said = done.stdout + done.stderr
        return done.returncode

    def refuses(self, *patterns, arguments=()):
        """It fails, says all of this, and leaves the clone and the home as they were."""
        before = self.state()
        self.assertEqual(self.setup_jupyter(*arguments), 1, self.said)
        for pattern in patterns:
            self.assertRegex(self.said, pattern)
        self.assertEqual(self.state(), before)

    def state(self):
        files = [p for top in (self.clone, self.home) for p in top.rglob("*")]
        return {p: p.read_bytes() if p.is_file() else None for p in files}

    def add_rust_src(self):
        library = self.fakes / "sysroot/lib/rustlib/src/rust/library"
        library.mkdir(parents=True)
        (library / "Cargo.lock").touch()
        (self.fakes / "std").touch()

    def log(self):
        path = self.fakes / "log"
        return path.read_text() if path.exists() else ""


class Setup(Desk):
    def argv(self, name):
        return json.loads((self.kernels / name / "kernel.json").read_text())["argv"]

    def test_the_kernel_of_the_clone_is_what_notebooks_open_with(self):
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertTrue(self.said.endswith("\n.venv/bin/jupyter lab notebooks\n"), self.said)
        for name in ("radio", "rust"):
            self.assertEqual(self.argv(name), [str(self.clone / ".venv/bin/radio-kernel")])
        self.assertFalse((self.kernels / "evcxr").exists())
        self.assertNotRegex(self.log(), "evcxr|rustup")

        before = self.state()
        (self.fakes / "log").unlink()
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertEqual(self.state(), before)
        self.assertNotRegex(self.log(), r"install --quiet|-m venv")
        self.assertEqual(self.setup_jupyter("--check"), 0, self.said)
        self.refuses(r"evcxr_jupyter +missing", r"setup-jupyter --evcxr\n$", arguments=["--check", "--evcxr"])

        shutil.rmtree(self.kernels / "rust")
        (self.kernels / "rust").mkdir()
        (self.kernels / "rust/kernel.json").write_text("{}")
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertRegex(self.said, "open with another one")
        self.assertEqual((self.kernels / "rust/kernel.json").read_text(), "{}")
        self.assertEqual(self.setup_jupyter("--check"), 0, self.said)
        self.assertRegex(self.said, "is another kernel")

        (self.clone / ".venv/bin/radio-kernel").unlink()
        self.refuses(r"radio-kernel +missing: it will be compiled", arguments=["--check"])

    def test_a_kernel_of_that_name_outside_of_the_environment(self):
        (self.fakes / "other-kernel").touch()
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertEqual(self.argv("rust"), [str(self.clone / ".venv/bin/radio-kernel")])

    def test_installs_the_stock_kernel_too_and_then_nothing(self):
        self.assertEqual(self.setup_jupyter("--evcxr"), 0, self.said)
        self.assertRegex(self.said, r"9 minutes")
        self.assertTrue(self.said.endswith("\n.venv/bin/jupyter lab notebooks\n"), self.said)
        root = self.home / ".cargo"
        for crate in ("evcxr_jupyter", "evcxr_repl"):
            self.assertIn(f"cargo install --locked --root {root} {crate}@0.22.0\n", self.log())
        targets = set(re.findall("^target (.*)$", self.log(), flags=re.M))
        self.assertEqual(targets, {str(self.clone / "target/evcxr-install")})
        self.assertFalse((self.clone / "target/evcxr-install").exists())
        self.assertEqual(self.argv("rust"), [str(self.clone / ".venv/bin/radio-kernel")])
        kernel = json.loads((self.kernels / "evcxr/kernel.json").read_text())
        self.assertEqual(kernel["interrupt_mode"], "message")
        self.assertEqual(kernel["argv"][-2:], [str(root / "bin/evcxr_jupyter"), "{connection_file}"])
        self.assertTrue(os.path.exists(kernel["argv"][2]))
        self.assertTrue((self.kernels / "evcxr/logo-32x32.png").exists())
        self.assertTrue((self.fakes / "std").exists())

        before = self.state()
        (self.fakes / "log").unlink()
        self.assertEqual(self.setup_jupyter("--evcxr"), 0, self.said)
        self.assertEqual(self.state(), before)
        self.assertNotRegex(self.log(), r"install --locked --root|install --quiet|-m venv|rustup")
        self.assertEqual(self.setup_jupyter("--check", "--evcxr"), 0, self.said)

        (self.fakes / "std").unlink()
        (root / "bin/evcxr_jupyter").unlink()
        patterns = r"evcxr_jupyter +missing: though", r"rust-src +missing: what it depends on"
        self.refuses(*patterns, arguments=["--check", "--evcxr"])
        self.assertEqual(self.setup_jupyter("--check"), 0, self.said)

    def test_what_an_earlier_version_called_rust_is_called_evcxr(self):
        self.a_venv()
        (self.kernels / "rust").mkdir(parents=True)
        (self.kernels / "rust/logo-32x32.png").touch()
        argv = ["python", "-I", str(self.clone / "scripts/jupyter/kernel.py"), "evcxr_jupyter", "{connection_file}"]
        (self.kernels / "rust/kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Rust"}))
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertEqual(self.argv("rust"), [str(self.clone / ".venv/bin/radio-kernel")])
        moved = json.loads((self.kernels / "evcxr/kernel.json").read_text())
        self.assertEqual(moved["display_name"], "Rust (evcxr)")
        self.assertTrue((self.kernels / "evcxr/logo-32x32.png").exists())

    def test_check_names_what_is_missing_and_changes_nothing(self):
        self.refuses(r"\.venv +missing", r"scripts/setup-jupyter\n$", arguments=["--check"])
        self.refuses(r"evcxr_jupyter +missing: 0\.22\.0", r"\.venv +missing", arguments=["--evcxr", "--check"])
        (self.bin / "cargo").unlink()
        (self.bin / "python3").unlink()
        self.refuses("cargo +missing", "python3 +missing", arguments=["--check"])

    def test_unknown_arguments(self):
        self.assertEqual(self.setup_jupyter("--chekc"), 2)
        self.assertEqual(self.setup_jupyter("--check", "x"), 2)
        self.assertEqual(self.setup_jupyter("--replace"), 2)
        self.assertRegex(self.said, "usage")
        self.assertEqual(self.setup_jupyter("--help"), 0)

    def test_no_cargo(self):
        (self.bin / "cargo").unlink()
        self.refuses("no cargo", "rustup.rs")

    def test_no_source_of_the_standard_library(self):
        (self.bin / "rustup").unlink()
        self.refuses("no rust-src", "apt install rust-src", "rustup.rs", arguments=["--evcxr"])
        self.assertEqual(self.setup_jupyter("--check", "--evcxr"), 1)
        self.assertRegex(self.said, r"rust-src +missing")
        # It came from elsewhere: no rustup is needed. What it depends on has to come all the same.
        self.add_rust_src()
        (self.fakes / "std").unlink()
        (self.fakes / "packages").touch()
        (self.fakes / "no-network").touch()
        (self.fakes / "downloaded").touch()
        self.assertEqual(self.setup_jupyter("--evcxr"), 1)
        self.assertRegex(self.said, r"(?s)failed to download hashbrown.*not complete.*crates\.io")
        (self.fakes / "no-network").unlink()
        self.assertEqual(self.setup_jupyter("--evcxr"), 0, self.said)

    def test_an_old_rustc(self):
        (self.fakes / "rustc-version").write_text("rustc 1.90.0 (fake)\n")
        self.refuses(r"rustc is 1\.90; evcxr 0\.22\.0 needs 1\.95", "rustup update", arguments=["--evcxr"])

    def test_no_python(self):
        (self.bin / "python3").unlink()
        self.refuses("no python3", "3.10")

    def test_a_python_that_does_not_run(self):
        executable(self.bin / "python3", "#!/bin/sh\nexit 1\n")
        self.refuses("does not run")

    def test_an_old_python(self):
        executable(
            self.bin / "python3",
            '#!/bin/sh\ncase "$2" in *print*) echo 3.8.1 ;; *version_info*) exit 1 ;; esac\n',
        )
        self.refuses(r"python3 is 3\.8\.1", "3.10")

    def test_a_python_without_venv(self):
        executable(
            self.bin / "python3",
            '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec REAL "$@"\n',
        )
        self.refuses("cannot make virtual environments", "python3-venv")

    def test_an_evcxr_of_another_version(self):
        (self.fakes / "installed").write_text("evcxr_jupyter v0.21.1:\n    evcxr_jupyter\n")
        self.refuses(r"evcxr_jupyter 0\.21\.1 is installed", "--replace", arguments=["--evcxr"])
        self.assertEqual(self.setup_jupyter("--evcxr", "--check"), 1)
        self.assertRegex(self.said, r"0\.21\.1, not 0\.22\.0")
        (self.fakes / "installed").write_text("evcxr_jupyter v0.21.1:\n")
        self.setup_jupyter("--evcxr", "--replace")
        self.assertIn("evcxr_jupyter@0.22.0", self.log())

    def test_a_home_that_cannot_be_written(self):
        self.env["CARGO_INSTALL_ROOT"] = "/proc/nowhere/cargo" if os.path.exists("/proc") else "/dev/null/cargo"
        self.refuses("cannot write to", "CARGO_INSTALL_ROOT", arguments=["--evcxr"])

    def test_a_venv_that_is_none(self):
        (self.clone / ".venv").mkdir()
        (self.clone / ".venv/mine.txt").write_text("keep me")
        self.refuses("no virtual environment", "Move it away")

    def test_a_half_made_venv(self):
        (self.clone / ".venv/bin").mkdir(parents=True)
        (self.clone / ".venv/pyvenv.cfg").write_text("home = /nowhere\n")
        (self.clone / ".venv/bin/python").symlink_to("/nowhere/python3")
        self.assertEqual(self.setup_jupyter("--check"), 1)
        self.assertRegex(self.said, r"no Python with pip that works")
        (self.clone / ".venv/bin/python").unlink()
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertRegex(self.said, "made anew")

    def a_venv(self, made_for=None):
        shutil.copytree(self.fakes, self.clone / ".venv/bin")
        (self.clone / ".venv/bin/venv-python").rename(self.clone / ".venv/bin/python")
        (self.clone / ".venv/bin/activate").write_text(f"VIRTUAL_ENV={made_for or self.clone / '.venv'}\n")
        (self.clone / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")

    def test_a_venv_without_some_packages(self):
        self.a_venv()
        self.assertEqual(self.setup_jupyter("--check"), 1)
        self.assertRegex(self.said, r"\.venv +missing: jupyterlab")
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertNotIn("made anew", self.said)
        self.assertNotIn("-m venv", self.log())

    def test_a_clone_that_was_moved(self):
        self.a_venv(made_for="/elsewhere/.venv")
        self.assertEqual(self.setup_jupyter("--check"), 1)
        self.assertRegex(self.said, r"\.venv +missing: it was made for another folder")
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertRegex(self.said, "another folder; it is made anew")
        self.assertFalse((self.clone / ".venv/bin/activate").exists())

    def test_a_home_that_cannot_be_written_and_another_place_for_cargo(self):
        self.env["CARGO_INSTALL_ROOT"] = str(self.desk / "cargo")
        self.env["HOME"] = "/proc/nowhere" if os.path.exists("/proc") else "/dev/null/nowhere"
        self.assertEqual(self.setup_jupyter("--evcxr"), 0, self.said)
        self.assertRegex(self.said, "cannot write to the home folder")
        self.assertRegex(self.said, r"\nJUPYTER_CONFIG_DIR=\S+ JUPYTER_DATA_DIR=\S+ \.venv/bin/jupyter lab notebooks\n$")

    def test_an_old_pip_that_cannot_be_updated(self):
        (self.fakes / "pip-version").write_text("pip 9.0.1 from x (python 3.11)\n")
        (self.fakes / "no-network").touch()
        self.refuses("too old and could not be updated", "network")

    def test_an_old_pip_is_updated_first(self):
        (self.fakes / "pip-version").write_text("pip 9.0.1 from x (python 3.11)\n")
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertRegex(self.said, "pip 9 is too old")
        self.assertLess(self.log().index("--upgrade pip"), self.log().index("--requirement"))

    def test_no_network(self):
        (self.fakes / "no-network").touch()
        self.refuses(r"could not install: jupyterlab 4\S+ jupytext \S+ nbclient", "Is there a network")
        # A .venv that was there stays, with what is in it.
        self.a_venv()
        self.refuses("could not install")
        # With the packages there, it is the kernel that is named.
        (self.fakes / "packages").touch()
        self.refuses(r"(?s)failed to download syn.*the kernel could not be compiled", "network")
        (self.fakes / "downloaded").touch()
        self.assertEqual(self.setup_jupyter(), 0, self.said)
        self.assertEqual(self.setup_jupyter("--evcxr"), 1)
        self.assertRegex(self.said, r"could not install rust-src")
        self.add_rust_src()
        self.assertEqual(self.setup_jupyter("--evcxr"), 1)
        self.assertRegex(self.said, r"evcxr_jupyter 0\.22\.0 is missing and could not be installed")
        # And when the network is back, it goes on.
        (self.fakes / "no-network").unlink()
        self.assertEqual(self.setup_jupyter("--evcxr"), 0, self.said)

    def test_a_build_directory_of_another_toolchain(self):
        build = self.clone / "target/evcxr-install"
        build.mkdir(parents=True)
        (build / "rustc").write_text("rustc 1.80.0\n")
        (self.fakes / "no-network").touch()
        (self.fakes / "packages").touch()
        (build / "old").touch()
        (self.fakes / "downloaded").touch()
        self.add_rust_src()
        self.assertEqual(self.setup_jupyter("--evcxr"), 1)
        self.assertRegex(self.said, "another toolchain")
        self.assertFalse((build / "old").exists())
        # Of this one: kept, to go on from.
        (build / "begun").touch()
        self.assertEqual(self.setup_jupyter("--evcxr"), 1)
        self.assertTrue((build / "begun").exists())


# Stands for evcxr_jupyter: writes down its surroundings, and starts a process that would outlive it.
KERNEL = """\
#!/bin/sh
sleep 1000 &
echo "$! $EVCXR_TMPDIR $EVCXR_CONFIG_DIR $CARGO_NET_OFFLINE $(command -v cargo) ${LD_LIBRARY_PATH:-none}" >"$2.new"
mv "$2.new" "$2"
wait
"""


class Launcher(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kernel")
        self.addCleanup(folder.cleanup)
        self.desk = pathlib.Path(folder.name).resolve()
        self.cache = self.desk / "cache"
        self.evcxr = self.desk / "evcxr_jupyter"
        executable(self.evcxr, KERNEL)
        self.bin = self.desk / "bin"
        self.rustc("1.95.0")
        self.env = {**os.environ, "RADIO_EVCXR_CACHE": str(self.cache)}
        self.env["PATH"] = f"{self.bin}{os.pathsep}{self.env['PATH']}"
        for name in ("EVCXR_TMPDIR", "EVCXR_CONFIG_DIR", "CARGO_NET_OFFLINE", "LD_LIBRARY_PATH"):
            self.env.pop(name, None)
        self.started = 0

    def rustc(self, version):
        executable(self.bin / "rustc", f'#!/bin/sh\n[ "$1" = --print ] && echo /rust/lib || echo rustc {version}\n')

    def start(self):
        self.started += 1
        wrote = self.desk / f"connection{self.started}.json"
        kernel = subprocess.Popen(
            [sys.executable, "-I", ROOT / "scripts/jupyter/kernel.py", self.evcxr, wrote],
            env=self.env,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(kernel.stderr.close)
        self.addCleanup(kernel.wait)
        self.addCleanup(kernel.kill)
        until = time.monotonic() + 30
        while not wrote.exists():
            self.assertIsNone(kernel.poll(), "the kernel ended")
            self.assertLess(time.monotonic(), until, "the kernel did not start")
            time.sleep(0.02)
        left, *self.surroundings = wrote.read_text().split()
        return kernel, pathlib.Path(self.surroundings[0]), int(left)

    def ended(self, pid):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
            if not status.strip() or status.startswith("Z"):
                return True
            time.sleep(0.05)
        return False

    def stop(self, kernel, left):
        kernel.kill()
        kernel.wait()
        self.assertTrue(self.ended(left), "what the kernel had started is still running")

    def test_a_killed_kernel_leaves_nothing_behind_and_its_successor_gets_its_slot(self):
        kernel, slot, left = self.start()
        self.assertEqual(slot, self.cache / "slot0")
        (slot / "compiled").touch()
        kernel.kill()
        kernel.wait()
        second, again, second_left = self.start()  # at once, as Jupyter restarts a kernel
        self.assertTrue(self.ended(left))
        self.assertEqual(again, slot)
        self.assertTrue((slot / "compiled").exists())
        self.stop(second, second_left)

    def test_the_surroundings(self):
        kernel, slot, left = self.start()
        self.assertEqual(
            self.surroundings[1:4],
            [str(self.cache / "config"), "true", str(ROOT / "scripts/jupyter/bin/cargo")],
        )
        if sys.platform == "linux":
            self.assertEqual(self.surroundings[4], "/rust/lib")
        self.assertIn('opt_level = "0"', (self.cache / "config/evcxr.toml").read_text())
        self.assertIn("opt-level = 3", (self.cache / ".cargo/config.toml").read_text())
        self.stop(kernel, left)

    def test_what_the_kernel_cannot_do_without_is_said(self):
        kernel, _, left = self.start()
        self.stop(kernel, left)
        self.assertIn("rustup component add rust-src", kernel.stderr.read())

    def test_two_kernels_have_a_slot_each_and_the_libraries_of_the_first(self):
        kernel, slot, left = self.start()
        deps = slot / "target/x86/debug/deps"
        deps.mkdir(parents=True)
        (slot / "target/x86/debug/.cargo-lock").touch()
        for name in ("libserde.rlib", "serde.d", "libctx.so", "libcode_1.so"):
            (deps / name).write_text(name)
        os.utime(deps / "serde.d", ns=(1, 123456789))
        second, other, second_left = self.start()
        self.assertEqual(other, self.cache / "slot1")
        copied = other / "target/x86/debug/deps"
        self.assertEqual(sorted(p.name for p in copied.iterdir()), ["libserde.rlib", "serde.d"])
        self.assertEqual((copied / "serde.d").stat().st_mtime_ns, 123456789)
        self.assertNotEqual((copied / "serde.d").stat().st_ino, (deps / "serde.d").stat().st_ino)
        self.stop(kernel, left)
        self.stop(second, second_left)

    def test_nothing_is_copied_while_cargo_writes_there(self):
        kernel, slot, left = self.start()
        deps = slot / "target/x86/debug/deps"
        deps.mkdir(parents=True)
        (deps / "libserde.rlib").touch()
        with open(slot / "target/x86/debug/.cargo-lock", "w") as cargo:
            fcntl.flock(cargo, fcntl.LOCK_EX)
            second, other, second_left = self.start()
        self.assertEqual(other, self.cache / "slot1")
        self.assertFalse((other / "target").exists())
        self.stop(kernel, left)
        self.stop(second, second_left)

    def test_a_rustc_that_does_not_run_empties_no_slot(self):
        kernel, slot, left = self.start()
        (slot / "compiled").touch()
        self.stop(kernel, left)
        for rustc in ("exit 1", "echo rustc 1.95.0"):
            executable(self.bin / "rustc", f"#!/bin/sh\n{rustc}\n")
            kernel, slot, left = self.start()
            self.assertTrue((slot / "compiled").exists())
            self.stop(kernel, left)

    def test_a_slot_of_another_toolchain_is_emptied(self):
        kernel, slot, left = self.start()
        (slot / "old").touch()
        self.stop(kernel, left)
        self.rustc("1.96.0")
        kernel, again, left = self.start()
        self.assertEqual(again, slot)
        self.assertFalse((slot / "old").exists())
        self.stop(kernel, left)

    def test_a_cache_that_cannot_be_written(self):
        self.env.pop("RADIO_EVCXR_CACHE")
        nowhere = "/proc/nowhere" if os.path.exists("/proc") else "/dev/null/nowhere"
        self.env |= {"XDG_CACHE_HOME": nowhere, "HOME": nowhere, "TMPDIR": str(self.desk)}
        kernel, slot, left = self.start()
        self.assertEqual(slot.parent, self.desk / f"radio_rec-evcxr-{os.getuid()}")
        self.stop(kernel, left)
        self.assertIn("cannot use", kernel.stderr.read())

    def test_a_build_directory_of_the_users_own_stays(self):
        self.env["EVCXR_TMPDIR"] = str(self.desk / "mine")
        self.env["EVCXR_CONFIG_DIR"] = str(self.desk / "config")
        kernel, slot, left = self.start()
        self.assertEqual(slot, self.desk / "mine")
        self.assertFalse(self.cache.exists())
        self.stop(kernel, left)

    def test_no_kernel(self):
        done = subprocess.run(
            [sys.executable, ROOT / "scripts/jupyter/kernel.py", "/nowhere/evcxr_jupyter", "x"],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("run scripts/setup-jupyter", done.stderr)


class Cargo(unittest.TestCase):
    """bin/cargo and bin/rustup, which stand before the real ones."""

    def run_cargo(self, *arguments, fails_offline):
        with tempfile.TemporaryDirectory() as folder:
            real = pathlib.Path(folder)
            executable(
                real / "cargo",
                textwrap.dedent(f"""\
                    #!/bin/sh
                    echo "$CARGO_NET_OFFLINE $*" >>{real}/log
                    [ "$CARGO_NET_OFFLINE$FAILS" = truetrue ] && {{ echo offline; exit 101; }}
                    echo found
                    """),
            )
            executable(real / "rustup", f'#!/bin/sh\n[ "$2" = cargo ] && echo {real}/cargo || echo real rustup\n')
            path = f"{real}{os.pathsep}{os.environ['PATH']}"
            env = {"CARGO_NET_OFFLINE": "true", "FAILS": str(fails_offline).lower(), "RADIO_KERNEL_PATH": path}
            env["PATH"] = f"{ROOT / 'scripts/jupyter/bin'}{os.pathsep}{path}"
            self.which = subprocess.run(["rustup", "which", "cargo"], env=env, capture_output=True, text=True).stdout
            self.other = subprocess.run(["rustup", "which", "rustc"], env=env, capture_output=True, text=True).stdout
            done = subprocess.run(["cargo", *arguments], env=env, capture_output=True, text=True)
            return done.returncode, done.stdout, (real / "log").read_text().split("\n")[:-1]

    def test_offline_is_enough(self):
        self.assertEqual(
            self.run_cargo("metadata", "x", fails_offline=False), (0, "found\n", ["true metadata x"])
        )
        self.assertEqual(self.which.strip(), str(ROOT / "scripts/jupyter/bin/cargo"))
        self.assertEqual(self.other, "real rustup\n")

    def test_a_new_dependency_is_asked_for(self):
        self.assertEqual(
            self.run_cargo("metadata", fails_offline=True), (0, "found\n", ["true metadata", "false metadata"])
        )

    def test_a_cell_that_does_not_compile_is_not_compiled_twice(self):
        self.assertEqual(self.run_cargo("build", fails_offline=True), (101, "offline\n", ["true build"]))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main()
