#!/usr/bin/env python3
"""Tests of the stock kernel's launcher, scripts/jupyter/kernel.py, and of what stands before cargo and rustup there, with fakes.

usage: python3 scripts/jupyter/test_launcher.py [-v]     (nothing is downloaded or compiled, and nothing outside a temporary folder changes)
"""

import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from test_setup import ROOT, executable

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
