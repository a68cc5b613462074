#!/usr/bin/env python3
"""Times a session in Jupyter: this project's kernel, the stock evcxr kernel, and ipykernel with the Python peers, in turns.

    python3 scripts/bench/kernel.py [--rounds N] [--no-evcxr] [--no-dependencies] [--json FILE]

Every run is a fresh kernel that executes a notebook from top to bottom by nbclient, cell by cell. For this kernel that is done three
times in each round: with cells that were never compiled before (a comment is added to each), once more after a restart, and with the last cell edited.
Stock evcxr runs in the build directory that scripts/setup-jupyter --evcxr gives it, whose dependencies a run before the first round has built.
A round runs everything once, so that a load that comes and goes meets all of it. The environment is that of scripts/bench/notebooks.py.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import notebooks as bench
from notebooks import ROOT, TARGET, VENV, Trouble

KERNEL = TARGET / "debug/radio-kernel"
NAMES = ["01_collaborative_filtering", "03_neural_network"]

# What the project promises: that the figure of one configuration is at most this part of another's, or this many seconds. Seconds are for a machine on which
# rustc takes 0.05 s for a cell of one `println!`, and are scaled by what it takes here.
RATIOS = [
    ("new", "median", "evcxr", "median", 0.35),
    ("new", "whole", "evcxr", "whole", 0.25),
    ("new", "median", "python", "median", None),
    ("again", "whole", "python", "whole", None),
]
SECONDS = [
    ("new", "ready", 0.5),
    ("new", "first", 0.6),
    ("new", "median", 0.15),
    ("new", "90 %", 0.35),
    ("again", "whole", 1.0),
    ("edited", "whole", 1.2),
]
# The other notebook trains networks for two seconds, whoever executes it.
WHOLE_OF = NAMES[0]
TITLES = {
    "new": "radio-kernel, cells never compiled before",
    "again": "radio-kernel, once more after a restart",
    "edited": "radio-kernel, the last cell edited",
    "evcxr": "stock evcxr, its build directory kept",
    "python": "ipykernel, the Python peers",
    "bare": "radio-kernel, ten cells of one println!",
    "heavy": "radio-kernel, the same after tokio, serde, image and nalgebra",
}
BEGUN = time.perf_counter()
FIGURES = ["ready", "first", "median", "90 %", "whole"]

HEAVY = """\
:dep tokio = { version = "1", features = ["full"] }
:dep serde = { version = "1", features = ["derive"] }
:dep image = { version = "0.25", default-features = false, features = ["png"] }
:dep nalgebra = "0.34\""""


def in_environment():
    """Goes on with the Python of the benchmark's virtual environment."""
    if pathlib.Path(sys.prefix) == VENV:
        return
    bench.make_environment()
    python = VENV / "bin/python"
    os.execv(python, [python, *sys.argv])


def rustc_seconds():
    """What the compiler itself takes here for a cell of one `println!`: the least of five."""
    rustc = subprocess.run(["rustc", "--print=sysroot"], capture_output=True, text=True, check=True).stdout.strip() + "/bin/rustc"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "cell.rs"
        source.write_text('#[unsafe(no_mangle)]\npub fn cell() { println!("{}", 1 + 1) }\n')
        command = [rustc, "--edition=2024", "--crate-type=cdylib", "-Cprefer-dynamic", "-Cdebuginfo=0", source, "-o", f"{folder}/cell.so"]
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - begun)
    return min(times)


class Session:
    """One kernel, from its start to its end."""

    def __init__(self, argv, folder):
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager

        class Manager(AsyncKernelManager):
            @property
            def kernel_spec(self):
                return KernelSpec(argv=argv, display_name="x", language="x", interrupt_mode="message")

        self.manager, self.folder = Manager, folder

    def run(self, notebook):
        """Seconds: until the kernel answers, the first cell, the median and the 90th percentile of all cells, the whole."""
        import nbclient

        client = nbclient.NotebookClient(notebook, timeout=1800, kernel_manager_class=self.manager)
        client.resources = {"metadata": {"path": str(self.folder)}}
        cells = []
        begun = time.perf_counter()
        with client.setup_kernel():
            ready = time.perf_counter() - begun
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                start = time.perf_counter()
                client.execute_cell(cell, index)
                cells.append(time.perf_counter() - start)
            whole = time.perf_counter() - begun
        cells_in_order = sorted(cells)
        at_90 = cells_in_order[min(len(cells) - 1, int(0.9 * len(cells)))]
        return dict(zip(FIGURES, [ready, cells[0], statistics.median(cells), at_90, whole]))


def say(text):
    print(f"{time.perf_counter() - BEGUN:6.1f} s  {text}", file=sys.stderr, flush=True)


def read(path):
    import nbformat

    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def add_comment(cell, text):
    # Behind a command there is no place for a comment.
    cell.source = f"// {text}\n{cell.source}"


def evcxr_argv():
    binary = shutil.which("evcxr_jupyter") or shutil.which("evcxr_jupyter", path=pathlib.Path.home() / ".cargo/bin")
    if binary is None:
        print("evcxr is not measured: evcxr_jupyter is not installed (scripts/setup-jupyter --evcxr)")
        return None
    return [sys.executable, "-I", str(ROOT / "scripts/jupyter/kernel.py"), binary, "{connection_file}"]


def measure(name, argv, evcxr, python, stamp, times):
    """One round of one notebook."""
    path = ROOT / "notebooks" / f"{name}.ipynb"

    def take(configuration, session, notebook):
        figures = session.run(notebook)
        times.setdefault((name, configuration), []).append(figures)
        say(f"{name}, {configuration}: {figures['whole']:.2f} s")

    notebook = read(path)
    for cell in code_cells(notebook):
        add_comment(cell, f"round {stamp}")
    ours = Session(argv, path.parent)
    take("new", ours, notebook)
    take("again", ours, notebook)
    last = code_cells(notebook)[-1]
    add_comment(last, f"edit {stamp}")
    take("edited", ours, notebook)
    if evcxr:
        take("evcxr", Session(evcxr, path.parent), read(path))
    ipykernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    take("python", Session(ipykernel, python), read(python / path.name))


def measure_dependencies(argv, stamp, times):
    """Ten cells of one println!, without dependencies and with many."""
    import nbformat

    for configuration, head in [("bare", "1 + 1"), ("heavy", HEAVY)]:
        cells = [head] + [f'println!("{stamp} {number}")' for number in range(10)]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        # Without it, nbclient takes the kernel for IPython's, and gives it arguments of IPython's.
        notebook.metadata.kernelspec = {"name": "rust", "display_name": "Rust", "language": "rust"}
        figures = Session(argv, ROOT / "notebooks").run(notebook)
        times.setdefault(("println!", configuration), []).append(figures)
        say(f"println!, {configuration}: {figures['whole']:.2f} s")


def median(times, name, configuration, figure):
    runs = times.get((name, configuration))
    return statistics.median(run[figure] for run in runs) if runs else None


def report(times, rustc):
    results = []
    names = list(dict.fromkeys(name for name, _ in times))
    for name in names:
        print(f"\n{name + ', medians in seconds':62}" + "".join(f"{figure:>9}" for figure in FIGURES))
        for configuration, title in TITLES.items():
            if (name, configuration) in times:
                figures = [median(times, name, configuration, figure) for figure in FIGURES]
                print(f"{title:62}" + "".join(f"{figure:9.3f}" for figure in figures))
    scale = rustc / 0.05
    print(f"\nrustc takes {rustc:.3f} s for a cell of one println!: seconds may be {scale:.2f} times what they are promised to be at 0.05 s")
    for name in names:
        for one, of, other, to, target in RATIOS:
            top, bottom = median(times, name, one, of), median(times, name, other, to)
            if top is not None and bottom is not None:
                title = f"{name}: {of} of {one} / {to} of {other}"
                results.append(line(title, top / bottom, target))
        for one, figure, target in SECONDS:
            seconds = median(times, name, one, figure)
            if seconds is not None and (figure != "whole" or name == WHOLE_OF):
                results.append(line(f"{name}: {figure} of {one}, seconds", seconds, target * scale))
    if ("println!", "heavy") in times:
        top, bottom = (median(times, "println!", configuration, "median") for configuration in ("heavy", "bare"))
        results.append(line("println!: median of heavy / median of bare", top / bottom, 2.0))
    return results


def line(title, value, target):
    verdict = "" if target is None else f"{target:9.3f}  {'met' if value <= target else 'MISSED'}"
    print(f"{title:62}{value:9.3f}{verdict}")
    return {"of": title, "is": value, "target": target, "met": None if target is None else value <= target}


def run(arguments):
    lock = bench.take_turn()  # noqa: F841: held until the end
    bench.run(["cargo", "build", "--quiet", "--package", "radio_kernel"], doing="building the kernel")
    argv = [str(KERNEL), "run", "{connection_file}"]
    evcxr = None if arguments.no_evcxr else evcxr_argv()
    machine = bench.machine()
    print(json.dumps(machine))
    times, stamp = {}, time.time_ns() // 1000
    # Beside notebooks/, so that the peers' relative paths hold.
    python = ROOT / ".bench-kernel"
    shutil.rmtree(python, ignore_errors=True)
    try:
        bench.write_python_notebooks(python)
        say("once without taking times: libraries are built, and everything is read from the disk")
        for name in NAMES:
            measure(name, argv, evcxr, python, stamp, {})
        if not arguments.no_dependencies:
            measure_dependencies(argv, stamp, {})
        before, rounds = rustc_seconds(), []
        for number in range(1, arguments.rounds + 1):
            for name in NAMES:
                measure(name, argv, evcxr, python, stamp + number, times)
            if not arguments.no_dependencies:
                measure_dependencies(argv, stamp + number, times)
            rounds.append(rustc_seconds())
            say(f"round {number} of {arguments.rounds}: rustc {rounds[-1]:.3f} s")
    finally:
        shutil.rmtree(python, ignore_errors=True)
    rustc = statistics.median([before, *rounds])
    results = report(times, rustc)
    if arguments.json:
        runs = {f"{name}: {configuration}": values for (name, configuration), values in times.items()}
        text = json.dumps({"machine": machine, "rustc": rustc, "runs": runs, "results": results}, indent=1)
        beside = arguments.json.with_name(f".{arguments.json.name}.new")
        beside.write_text(text)
        beside.replace(arguments.json)
    return 0 if all(result["met"] is not False for result in results) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is run; the report has the medians (5)")
    parser.add_argument("--no-evcxr", action="store_true", help="without the stock kernel")
    parser.add_argument("--no-dependencies", action="store_true", help="without the cells after many dependencies")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file")
    arguments = parser.parse_args()
    try:
        in_environment()
        sys.exit(run(arguments))
    except Trouble as trouble:
        sys.exit(f"kernel.py: {trouble}")


if __name__ == "__main__":
    main()
