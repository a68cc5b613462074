#!/usr/bin/env python3
"""Tests of scripts/setup-jupyter, with fakes on PATH instead of cargo, pip and the kernels.

usage: python3 scripts/jupyter/test_setup.py [-v]     (nothing is downloaded or compiled, and nothing outside a temporary folder changes)
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
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


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main()
