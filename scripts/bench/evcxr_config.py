#!/usr/bin/env python3
"""Measures a notebook under the stock evcxr kernel, without and with what scripts/setup-jupyter --evcxr puts around it.

    scripts/setup-jupyter --evcxr
    .venv/bin/python scripts/bench/evcxr_config.py                     # 3 rounds, about 8 minutes on two quiet cores
    .venv/bin/python scripts/bench/evcxr_config.py --levels 0 1 2      # also with each optimisation level for the cells

Every run is a fresh kernel that executes the notebook top to bottom, by nbclient. A round runs each configuration once, in turn,
so that a load that comes and goes meets all of them. Before the first round, each configuration that keeps its build directory
runs once: that is the "first" column. Nothing is written but a temporary folder.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

import nbclient
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Manager(AsyncKernelManager):
    """Starts the kernel it is told, whatever kernelspecs are installed."""

    argv = []

    @property
    def kernel_spec(self):
        return KernelSpec(argv=self.argv, display_name="Rust", language="rust", interrupt_mode="message")


def measure(path, argv, env):
    """Seconds: until the second code cell ends (the kernel's start included), each cell, the whole."""
    notebook = nbformat.read(path, as_version=4)
    manager = type("This", (Manager,), {"argv": argv})
    client = nbclient.NotebookClient(notebook, timeout=1800, kernel_manager_class=manager)
    client.resources = {"metadata": {"path": str(path.parent)}}
    cells, second = [], None
    start = time.monotonic()
    with client.setup_kernel(env=env):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            begin = time.monotonic()
            client.execute_cell(cell, index)
            cells.append(time.monotonic() - begin)
            if len(cells) == 2:
                second = time.monotonic() - start
        whole = time.monotonic() - start
    return {"first cell": cells[0], "second cell ends": second, "median cell": statistics.median(cells), "whole": whole}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--notebook", type=pathlib.Path, default=ROOT / "notebooks/01_collaborative_filtering.ipynb")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--levels", nargs="*", default=[], metavar="LEVEL", help="optimisation levels to compare")
    given = arguments.parse_args()
    os.environ.pop("JUPYTER_PATH", None)
    argv = KernelSpecManager().get_kernel_spec("evcxr").argv
    if "kernel.py" not in " ".join(argv):
        sys.exit(f"the kernel `evcxr` is not that of this clone: {argv}\nRun scripts/setup-jupyter --evcxr, and this with .venv/bin/python.")
    stock = [argv[-2], "--control_file", "{connection_file}"]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("EVCXR_") and k != "CARGO_NET_OFFLINE"}

    with tempfile.TemporaryDirectory(prefix="evcxr_config") as folder:
        folder = pathlib.Path(folder)
        kept = {**plain, "RADIO_EVCXR_CACHE": str(folder / "cache")}
        configurations = {"without": (stock, plain), "with": (argv, kept)}
        for level in given.levels:
            (folder / level).mkdir()
            (folder / level / "evcxr.toml").write_text(f'[evcxr]\nopt_level = "{level}"\n')
            configurations[f"with, cells at {level}"] = (argv, {**kept, "EVCXR_CONFIG_DIR": str(folder / level)})
        first, runs = {}, {name: [] for name in configurations}
        for name, (command, env) in configurations.items():
            if env is not plain:
                first[name] = measure(given.notebook, command, env)["whole"]
        for number in range(given.rounds):
            for name, (command, env) in configurations.items():
                runs[name].append(measure(given.notebook, command, env))
                print(f"round {number + 1}, {name}: {runs[name][-1]['whole']:.1f} s", file=sys.stderr, flush=True)

    columns = list(runs["without"][0])
    medians = {n: {c: statistics.median(run[c] for run in many) for c in columns} for n, many in runs.items()}
    print(f"{given.notebook.name}, medians of {given.rounds}, load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores\n")
    print("| | " + " | ".join(columns) + " | first time |")
    print("|---|" + "---|" * (len(columns) + 1))
    for name, row in medians.items():
        once = f"{first[name]:.0f} s" if name in first else ""
        print(f"| {name} | " + " | ".join(f"{row[c]:.1f} s" if row[c] >= 2 else f"{row[c]:.2f} s" for c in columns) + f" | {once} |")
    shares = (medians["with"][c] / medians["without"][c] for c in columns)
    print("| with / without | " + " | ".join(f"{share:.2f}" for share in shares) + " | |")


if __name__ == "__main__":
    main()
