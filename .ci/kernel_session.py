"""A session in the kernel as a front end has it, and its processes: what the tests of long sessions and of losses share.

Whoever imports it goes on with the Python of target/kernel-venv, which .ci/kernel_suites.py makes.
"""

import os
import pathlib
import queue
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / "target/kernel-venv"
KERNEL = ROOT / "target/debug/radio-kernel"

if pathlib.Path(sys.prefix) != VENV:
    if not VENV.exists():
        sys.exit("there is no target/kernel-venv: run .ci/kernel_suites.py first")
    os.execv(VENV / "bin/python", [VENV / "bin/python", *sys.argv])

from jupyter_client.kernelspec import KernelSpec  # noqa: E402
from jupyter_client.manager import KernelManager  # noqa: E402


class Manager(KernelManager):
    @property
    def kernel_spec(self):
        argv = [str(KERNEL), "run", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Rust", language="rust", interrupt_mode="message")


def below(process):
    """All processes below this one, with those that have ended and wait for somebody to take notice."""
    lines = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    children = {}
    for line in lines:
        own, parent = map(int, line.split())
        children.setdefault(parent, []).append(own)
    found, rest = [], [process]
    while rest:
        new = children.get(rest.pop(), [])
        found += new
        rest += new
    return found


def memory(process):
    """Resident memory in MB."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


def is_alive(process):
    """Whether a process runs, rather than waiting for somebody to take notice of its end."""
    try:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Cell:
    """What came of a cell."""

    def __init__(self):
        self.reply, self.value, self.text, self.kinds, self.seconds = None, None, {"stdout": "", "stderr": ""}, [], 0.0

    @property
    def status(self):
        return self.reply["status"]

    @property
    def ename(self):
        return self.reply.get("ename")

    def __repr__(self):
        return f"{self.reply} value {self.value!r} text {str(self.text)[:500]}"


class Session:
    def __init__(self, **environment):
        self.manager = Manager()
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"), env=os.environ | environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.process = self.manager.provisioner.pid

    def run(self, code, once=None, meanwhile=None, patience=120):
        """Executes a cell; as soon as there is a message of the kind `once`, calls `meanwhile`. `seconds` is the time since then."""
        cell, request, begun = Cell(), self.client.execute(code), time.monotonic()
        until = begun + patience
        while True:
            assert time.monotonic() < until, f"no end within {patience} s: {code[:200]}"
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                assert is_alive(self.process), f"the kernel has ended: {code[:200]}"
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            cell.kinds.append(kind)
            if kind == "stream":
                cell.text[content["name"]] += content["text"]
            if kind == "execute_result":
                cell.value = content["data"]["text/plain"]
            if kind == once and meanwhile:
                meanwhile, act = None, meanwhile
                act()
                begun = time.monotonic()
            if content.get("execution_state") == "idle":
                cell.seconds = time.monotonic() - begun
                cell.reply = self.client.get_shell_msg(timeout=10)["content"]
                return cell

    def end(self):
        """Shuts the kernel down. What it had started must end with it."""
        self.client.stop_channels()
        left = below(self.process)
        begun = time.monotonic()
        self.manager.shutdown_kernel()
        while (alive := [process for process in left if is_alive(process)]) and time.monotonic() < begun + 10:
            time.sleep(0.02)
        assert not alive, f"these outlive the kernel: {alive}"
        return time.monotonic() - begun
