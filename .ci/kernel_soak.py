#!/usr/bin/env python3
"""A long session in the kernel: a thousand cells, an interrupt every fifty, a kill of what runs cells every seventy, and kills at
random times while cells run; memory stays bounded.

    .ci/kernel_soak.py [--cells N] [--seed N]

After each of these, the variables must be what the cells that ran to their ends have made of them. Run it after .ci/kernel_suites.py, whose
environment it uses.
"""

import argparse
import os
import random
import signal
import threading
import time

from kernel_session import Session, below, is_alive, memory

# Resident memory in MB that the kernel, without what runs cells, may take at the end.
MAX_MEMORY = 300
# Processes that the kernel may have below it after a cell: the keeper, the one that runs cells, two earlier states.
MAX_PROCESSES = 6


def kill(process):
    """Kills a process, if there is one: what ran cells may be gone already, with all that it had started."""
    try:
        if process is not None:
            os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1606)
    arguments = parser.parse_args()
    choose = random.Random(arguments.seed)
    session = Session()
    count, log, begun, survived = 0, [], time.monotonic(), [0, 0]
    was_killed, late = False, 0

    def interrupt():
        time.sleep(0.3)
        session.manager.interrupt_kernel()

    def victim():
        found = below(session.process)
        return choose.choice(found) if found else None

    try:
        assert session.run("let mut count = 0u64; let mut log: Vec<u64> = Vec::new();").status == "ok"
        for number in range(1, arguments.cells + 1):
            adds = f"count += 1; log.push({number}); (count, log.len())"
            if number % 50 == 0:
                cell = session.run("count += 1000; log.clear(); loop { std::hint::black_box(0); }", "execute_input", interrupt)
                assert cell.status == "error" and cell.ename == "Interrupted", cell
            elif number % 70 == 0:
                # Between two cells.
                kill(victim())
            elif number % 9 == 0:
                # While one is compiled, runs or ends. It either ran to its end, or it has done nothing.
                killer = threading.Timer(choose.uniform(0, 0.2), lambda: kill(victim()))
                killer.start()
                cell = session.run(f"std::thread::sleep(std::time::Duration::from_millis({choose.randrange(30)})); {adds}")
                killer.join()
                if cell.status == "ok":
                    count += 1
                    log.append(number)
                    assert cell.value == f"({count}, {len(log)})", (number, cell)
                survived[cell.status == "ok"] += 1
            else:
                cell = session.run(adds)
                if was_killed and cell.ename == "Signal":
                    # What was killed keeps what runs cells, which may go only now, with this cell. It has done nothing then.
                    late += 1
                    cell = session.run(adds)
                count += 1
                log.append(number)
                assert cell.status == "ok", (number, cell)
                assert cell.value == f"({count}, {len(log)})", (number, cell, count, len(log))
            was_killed = number % 50 != 0 and (number % 70 == 0 or number % 9 == 0)
            # What was killed, or has an earlier state that nobody needs, may take a moment.
            until = time.monotonic() + 5
            while (processes := sum(map(is_alive, below(session.process)))) > MAX_PROCESSES:
                assert time.monotonic() < until, f"{processes} processes at cell {number}"
                time.sleep(0.01)
        value = session.run("log.iter().sum::<u64>()").value
        assert value == str(sum(log)), (value, sum(log))
        used = memory(session.process)
        assert used <= MAX_MEMORY, f"the kernel takes {used} MB"
        seconds = (time.monotonic() - begun) / arguments.cells
        # It is rare, even on a busy machine.
        assert late <= 3, late
    finally:
        ended = session.end()
    print(f"{arguments.cells} cells, {seconds:.3f} s each; the kernel takes {used} MB at the end; all ended {ended:.2f} s after the shutdown")
    print(f"of the cells that something was killed under, {survived[1]} ran to their ends and {survived[0]} failed; {late} were met by a kill before them")


if __name__ == "__main__":
    main()
