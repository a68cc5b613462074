#!/usr/bin/env python3
"""Tests of the stock kernel as scripts/setup-jupyter --evcxr sets it up, with the real one: several at once, interrupt, restart.

usage: scripts/jupyter/test_kernel.py [-v] [NAME]...     (after scripts/setup-jupyter --evcxr; a few minutes on two cores)

Each test has a build directory of its own, which is empty at first. All processes of its kernels carry that directory's name in
their environment; by that, what is left over is found.
"""

import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import live

live.use_venv()

import jupyter_client  # noqa: E402
import psutil  # noqa: E402

PATIENCE = 300
# Some seconds of compiling: a library, in a version that the workspace has already downloaded, and a cell that uses it.
COMPILES = """\
:dep syn = { version = "2", features = ["full", "extra-traits", "visit", "fold"] }
let parsed: String = format!("{:?}", syn::parse_str::<syn::Ident>("works").unwrap());
parsed"""
COMPILED = '"Ident(works)"'
NEVER_ENDS = 'println!("begun"); loop { std::thread::sleep(std::time::Duration::from_millis(50)); }'

# JupyterLab asks the kernel to end, and ends it after five seconds; or it is ended at once; or it has been killed.
HOW = ("asked", "at once", "killed")


class Kernel:
    """A kernel and a client, as JupyterLab has them."""

    def __init__(self, env):
        self.manager = jupyter_client.KernelManager(kernel_name=live.STOCK)
        self.manager.start_kernel(env=env, cwd=str(live.ROOT / "notebooks"), stderr=subprocess.DEVNULL)
        self.connect()

    def connect(self):
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def restart(self, how):
        self.client.stop_channels()
        if how == "killed":
            # The kernel alone, as by the system when memory runs out.
            os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        self.manager.restart_kernel(now=how != "asked")
        self.connect()

    def run(self, source):
        """The reply's status, and the text that the cell showed."""
        return self.wait(self.begin(source))

    def begin(self, source):
        return self.client.execute(source)

    def wait(self, request):
        text = ""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            text += content.get("text", "") + content.get("data", {}).get("text/plain", "")
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        while time.monotonic() < until:
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]["status"], text
        raise TimeoutError(f"no answer within {PATIENCE} s; the cell showed {text!r}")

    def stop(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)


class Tests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="test_kernel")
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name).resolve()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("EVCXR_")}
        self.env["RADIO_EVCXR_CACHE"] = str(self.cache)
        self.addCleanup(self.nothing_is_left_over)

    def kernel(self):
        kernel = Kernel(self.env)
        self.addCleanup(kernel.stop)
        return kernel

    def processes(self):
        """All processes of this test's kernels, by id."""
        found = {}
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("RADIO_EVCXR_CACHE") == str(self.cache)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = " ".join(process.cmdline())[:100]
            except psutil.Error:
                continue
        return found

    def have_ended(self, processes, seconds=10):
        until = time.monotonic() + seconds
        while left := {pid: name for pid, name in self.processes().items() if pid in processes}:
            if time.monotonic() > until:
                self.fail(f"still running: {left}")
            time.sleep(0.1)

    def nothing_is_left_over(self):
        self.have_ended(self.processes())

    def until_it_compiles(self, crate):
        self.until(lambda: any("rustc" in name and f"--crate-name {crate} " in name for name in self.processes().values()))

    def until(self, condition):
        until = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)

    def works(self, kernel, slot="slot0"):
        """It runs cells, keeps variables, compiles libraries, and has the build directory to itself."""
        self.assertEqual(kernel.run('let x: i32 = 20; std::env::var("EVCXR_TMPDIR").unwrap()'), ("ok", f'"{self.cache / slot}"'))
        self.assertEqual(kernel.run("x + 22"), ("ok", "42"))
        self.assertEqual(kernel.run(COMPILES), ("ok", COMPILED))

    def test_two_kernels_do_not_wait_for_each_other(self):
        first, second = self.kernel(), self.kernel()
        # One computes, the other compiles; one compiles, the other computes.
        for busy, free in ((first, second), (second, first)):
            running = busy.begin(NEVER_ENDS)
            self.assertEqual(free.run(COMPILES), ("ok", COMPILED))
            busy.manager.interrupt_kernel()
            self.assertEqual(busy.wait(running)[0], "error")
        for kernel, slot in ((first, "slot0"), (second, "slot1")):
            self.works(kernel, slot)

    def test_two_notebooks_at_the_same_time(self):
        """In the directories that people use: their outputs are those that are committed."""
        names = ["01_collaborative_filtering.ipynb", "03_neural_network.ipynb"]
        shown = {}

        def execute(name):
            path = live.ROOT / "notebooks" / name
            shown[name] = [[live.what_is_shown(c.outputs) for c in live.code_cells(n)] for n in (live.read(path), live.by_kernel(path))]

        threads = [threading.Thread(target=execute, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in names:
            committed, executed = shown[name]
            self.assertEqual(executed, committed, name)

    def test_interrupting_a_cell_that_runs(self):
        kernel = self.kernel()
        running = kernel.begin(NEVER_ENDS)
        while kernel.client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "stream":
            pass
        start = time.monotonic()
        kernel.manager.interrupt_kernel()
        self.assertEqual(kernel.wait(running)[0], "error")
        self.assertLess(time.monotonic() - start, 30)
        self.works(kernel)

    def test_interrupting_a_cell_that_compiles(self):
        kernel = self.kernel()
        running = kernel.begin(COMPILES)
        self.until_it_compiles("syn")
        kernel.manager.interrupt_kernel()
        self.assertEqual(kernel.wait(running)[0], "error")
        self.works(kernel)

    def test_restarting_while_a_cell_runs(self):
        kernel = self.kernel()
        for how in HOW:
            kernel.begin(NEVER_ENDS)
            while kernel.client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "stream":
                pass
            self.restarts(kernel, how)

    def test_restarting_while_a_cell_compiles(self):
        for how in HOW:
            kernel = self.kernel()
            kernel.begin(COMPILES)
            self.until_it_compiles("syn")
            self.restarts(kernel, how)
            kernel.stop()
            self.nothing_is_left_over()
            # So that it compiles again.
            for lib in self.cache.glob("slot0/target/*/debug/deps/libsyn*"):
                lib.unlink()

    def restarts(self, kernel, how):
        before = self.processes()
        self.assertTrue(before)
        kernel.restart(how)
        self.have_ended(before)
        self.works(kernel)


if __name__ == "__main__":
    print("with", sys.executable, file=sys.stderr)
    unittest.main()
