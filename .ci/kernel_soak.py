#!/usr/bin/env python3
"""A long session in the kernel: a thousand cells, an interrupt every fifty, a kill of what runs cells every seventy; memory stays bounded.

    .ci/kernel_soak.py [--cells N] [--seed N]

After each of these, the variables must be what the cells that ran to their ends have made of them. Run it after .ci/kernel_suites.py, whose
environment it uses.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / "target/kernel-venv"
KERNEL = ROOT / "target/debug/radio-kernel"
# Resident memory in MB that the kernel, without what runs cells, may take at the end.
MAX_MEMORY = 300
# Processes that the kernel may have below it at any time: the keeper, the one that runs cells, two earlier states.
MAX_PROCESSES = 6

if pathlib.Path(sys.prefix) != VENV:
    os.execv(VENV / "bin/python", [VENV / "bin/python", *sys.argv])

from jupyter_client.kernelspec import KernelSpec  # noqa: E402
from jupyter_client.manager import KernelManager  # noqa: E402


class Manager(KernelManager):
    @property
    def kernel_spec(self):
        argv = [str(KERNEL), "run", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Rust", language="rust", interrupt_mode="message")


def below(process):
    """All processes below this one."""
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
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


class Session:
    def __init__(self):
        self.manager = Manager()
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.process = self.manager.provisioner.pid

    def run(self, code, meanwhile=None):
        """The reply, and the value's text."""
        request, value = self.client.execute(code), None
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "execute_input" and meanwhile:
                time.sleep(0.3)
                meanwhile()
            if message["msg_type"] == "execute_result":
                value = content["data"]["text/plain"]
            if content.get("execution_state") == "idle":
                return self.client.get_shell_msg(timeout=10)["content"], value


def is_alive(process):
    """Whether a process runs, rather than waiting for somebody to take notice of its end."""
    try:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1606)
    arguments = parser.parse_args()
    choose = random.Random(arguments.seed)
    session = Session()
    count, log, begun = 0, [], time.monotonic()
    try:
        assert session.run("let mut count = 0u64; let mut log: Vec<u64> = Vec::new();")[0]["status"] == "ok"
        for number in range(1, arguments.cells + 1):
            if number % 50 == 0:
                loop = "count += 1000; log.clear(); loop { std::hint::black_box(0); }"
                reply, _ = session.run(loop, session.manager.interrupt_kernel)
                assert reply["status"] == "error" and reply["ename"] == "Interrupted", reply
            elif number % 70 == 0:
                victim = choose.choice(below(session.process))
                os.kill(victim, signal.SIGKILL)
            else:
                reply, value = session.run(f"count += 1; log.push({number}); (count, log.len())")
                count += 1
                log.append(number)
                assert reply["status"] == "ok", (number, reply)
                assert value == f"({count}, {len(log)})", (number, value, count, len(log))
            processes = len(below(session.process))
            assert processes <= MAX_PROCESSES, f"{processes} processes at cell {number}"
        _, value = session.run("log.iter().sum::<u64>()")
        assert value == str(sum(log)), (value, sum(log))
        used = memory(session.process)
        assert used <= MAX_MEMORY, f"the kernel takes {used} MB"
        seconds = (time.monotonic() - begun) / arguments.cells
        print(f"{arguments.cells} cells, {seconds:.3f} s each; the kernel takes {used} MB at the end")
    finally:
        session.client.stop_channels()
        left = below(session.process)
        session.manager.shutdown_kernel()
    patience = time.monotonic() + 10
    while (alive := [process for process in left if is_alive(process)]) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not alive, f"these outlive the kernel: {alive}"


if __name__ == "__main__":
    main()
