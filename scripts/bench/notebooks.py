#!/usr/bin/env python3
"""Times `radio run` on this project's notebooks against their Python peers and the stock evcxr kernel, in one call.

    python3 scripts/bench/notebooks.py [--runs N] [--no-cold] [--no-evcxr] [--json FILE]

The peers are the percent scripts in scripts/bench/python: the same cells, executed by `jupyter nbconvert` from a virtual
environment in target/bench-venv, which the first call makes (versions: scripts/bench/requirements.txt). Before anything
is timed, both sides run once, and what they print and show must agree. Everything happens on copies in folders beside
notebooks/, so that the notebooks' relative paths hold: .bench-rust, .bench-edited, .bench-python.
"""

import argparse
import difflib
import fcntl
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / "target"
VENV = TARGET / "bench-venv"
# Copies of the notebooks lie beside the folder of the notebooks; what running them gives lies in OUT.
RUST, EDITED, PYTHON = ROOT / ".bench-rust", ROOT / ".bench-edited", ROOT / ".bench-python"
OUT = TARGET / "bench-out"
# Where evcxr builds, so that the dependencies of an earlier run are still there. Not in target/, where cargo would take its
# package for a member of the workspace, and not under the home folder: the path to Rust's libraries that evcxr has written
# into what it builds has one `..` too many, which does no harm where it passes through the root.
EVCXR = Path(tempfile.gettempdir()) / "radio-bench-evcxr"
NAMES = [
    "01_collaborative_filtering",
    "02_conceptual_questions",
    "03_neural_network",
    "04_choosing_a_recommender",
    "05_networks_on_listening_data",
]

# In each notebook the text that an edit replaces: a literal of one cell. `{}` is another number each time.
EDITS = {
    "01_collaborative_filtering": ("by_popularity.truncate(15);", "by_popularity.truncate({});"),
    "02_conceptual_questions": ("for_request.iter().take(5)", "for_request.iter().take({})"),
    "03_neural_network": ("let nudge: f64 = 1e-4;", "let nudge: f64 = {}e-5;"),
    "04_choosing_a_recommender": ("&part.test, 20)?", "&part.test, {})?"),
    "05_networks_on_listening_data": ("known.truncate(3);", "known.truncate({});"),
}

# The tables that both sides show: the label of the Python cell, and how the table begins that the Rust notebook shows.
TABLES = {
    "01_collaborative_filtering": {
        "readings": ["rank", "as printed", "by sum", "sum", "by either", "cosine"],
        "neighbours": ["rank", "name", "score"],
        "songs": ["rank", "name", "score"],
        "five": ["rank", "all artists", "score", "not played yet", "score"],
    },
    "02_conceptual_questions": {
        "tens": ["rank", "cosine", "Jaccard", "Pearson", "conditional probability"],
        "leaning": ["measure", "mean listeners of the recommended"],
        "by-content": ["rank", "likes u2 and pink floyd", "cosine", "user 1606", "cosine"],
        "properties": ["recommender", "artists recommended", "coverage (%)", "mean listeners"],
    },
    "03_neural_network": {},
    "04_choosing_a_recommender": {},
    # Which plays are hidden and how networks begin comes from other generators there.
    "05_networks_on_listening_data": {},
}


class Trouble(Exception):
    """What a person can fix: told in one sentence, without a traceback."""


def run(command, *, cwd=ROOT, env=None, doing):
    """Runs a command quietly and returns its wall time in seconds; what it said is shown if it failed."""
    begun = time.perf_counter()
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise Trouble(f"{doing}: {command[0]} could not be started: {error.strerror}") from None
    took = time.perf_counter() - begun
    if done.returncode != 0:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Trouble(f"{doing} failed with exit code {done.returncode}:\n{said}")
    return took


# Set-up


def make_environment():
    """The virtual environment with Jupyter and the Python libraries, made anew when the wanted versions have changed."""
    wanted = (HERE / "requirements.txt").read_text()
    marker = VENV / "requirements.txt"
    if marker.is_file() and marker.read_text() == wanted:
        return
    print("making the Python environment in target/bench-venv ...", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", VENV], doing="making a virtual environment (Debian: apt install python3-venv)")
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        run([*pip, "-r", HERE / "requirements.txt"], doing="installing from PyPI")
    except Trouble as trouble:
        raise Trouble(
            f"{trouble}\nThe Python peers need PyPI and Python 3.11 or newer (this is {platform.python_version()})."
        ) from None
    marker.write_text(wanted)


def read_percent(text):
    """The cells of a percent script as (kind, source)."""
    cells = []
    for line in text.splitlines():
        if line.startswith("# %%"):
            cells.append(("markdown" if "[markdown]" in line else "code", []))
        elif cells:
            cells[-1][1].append(line)
    for kind, lines in cells:
        if kind == "markdown":
            lines[:] = [line.removeprefix("#").removeprefix(" ") for line in lines]
    return [(kind, "\n".join(lines).strip()) for kind, lines in cells]


def write_python_notebooks(folder):
    folder.mkdir()
    for name in NAMES:
        cells = []
        for number, (kind, source) in enumerate(read_percent((HERE / "python" / f"{name}.py").read_text())):
            cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
            if kind == "code":
                cell |= {"execution_count": None, "outputs": []}
            cells.append(cell)
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook))


def copy_rust_notebooks(folder):
    folder.mkdir()
    for name in NAMES:
        source = ROOT / "notebooks" / f"{name}.ipynb"
        try:
            shutil.copyfile(source, folder / source.name)
        except OSError as error:
            raise Trouble(f"{source}: {error.strerror}") from None


def edit(path, stamp):
    """Changes a literal in one cell and adds a comment to it, as a person would before running again."""
    old, new = EDITS[path.stem]
    notebook = json.loads((ROOT / "notebooks" / path.name).read_text())
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and old in source:
            # Never the number that stands there: the new program must be another one.
            changed = new.format(6 + stamp % 3)
            cell["source"] = source.replace(old, f"{changed} // edit {stamp}" if old.endswith(";") else changed)
            if not old.endswith(";"):
                cell["source"] += f"\n// edit {stamp}"
            path.write_text(json.dumps(notebook))
            return
    raise Trouble(f"{path.name} has no cell with `{old}` any more: fix EDITS in scripts/bench/notebooks.py")


def take_turn():
    """Two at once would time each other, and remove each other's copies. The lock ends with the process."""
    TARGET.mkdir(exist_ok=True)
    lock = open(TARGET / "bench.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Trouble("this benchmark is running already") from None
    return lock


def remove_copies():
    for folder in (RUST, EDITED, PYTHON, OUT):
        shutil.rmtree(folder, ignore_errors=True)


# What is timed


class Bench:
    def __init__(self):
        self.radio = TARGET / "debug" / ("radio.exe" if os.name == "nt" else "radio")
        self.stamp = time.time_ns() // 1000

    def run_radio(self, folder):
        # The outputs of edited notebooks are not those that are compared.
        output = OUT / ("radio" if folder == RUST else folder.name)
        return run([self.radio, "run", "--quiet", "--output", output, folder], doing="radio run")

    def edited_run(self, names):
        """An edit in each of the notebooks `names`, then a run of all."""
        self.stamp += 1
        for name in names:
            edit(EDITED / f"{name}.ipynb", self.stamp)
        return self.run_radio(EDITED)

    def nbconvert(self, folder, names=NAMES):
        notebooks = [folder / f"{name}.ipynb" for name in names]
        command = [VENV / "bin" / "jupyter", "nbconvert", "--to", "notebook", "--execute"]
        command += ["--ExecutePreprocessor.timeout=-1", "--output-dir", OUT / folder.name]
        return run([*command, *notebooks], env=self.jupyter_environment(), doing="jupyter nbconvert")

    def nbconvert_at_once(self, folder):
        """The best case for Jupyter: a process a notebook, all at the same time."""
        begun = time.perf_counter()
        command = [VENV / "bin" / "jupyter", "nbconvert", "--to", "notebook", "--execute"]
        command += ["--ExecutePreprocessor.timeout=-1", "--output-dir", OUT / folder.name]
        started = [
            subprocess.Popen(
                [*map(str, command), str(folder / f"{name}.ipynb")],
                env={**os.environ, **self.jupyter_environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for name in NAMES
        ]
        if any([process.wait() for process in started]):
            raise Trouble("jupyter nbconvert failed when they ran at once")
        return time.perf_counter() - begun

    def jupyter_environment(self):
        return {
            # Kernels and settings of this environment alone.
            "JUPYTER_PATH": str(VENV / "share" / "jupyter"),
            "JUPYTER_CONFIG_DIR": str(OUT / "jupyter"),
            "EVCXR_TMPDIR": str(EVCXR),
        }

    def cold(self, command):
        """A run in a target directory that does not exist yet."""
        cold = TARGET / "bench-cold"
        shutil.rmtree(cold, ignore_errors=True)
        try:
            return run(command, env={"CARGO_TARGET_DIR": str(cold)}, doing="a run in an empty cache")
        finally:
            shutil.rmtree(cold, ignore_errors=True)


# Whether both sides give the same


def outputs(path):
    """Per code cell: its source, its stdout, and the plain texts it shows."""
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            printed = [o["text"] for o in cell["outputs"] if o["output_type"] == "stream" and o["name"] == "stdout"]
            shown = ["".join(o["data"].get("text/plain", "")) for o in cell["outputs"] if "data" in o]
            yield "".join(cell["source"]), "".join("".join(text) for text in printed), shown


def printed_lines(name, path):
    lines = [line for _, text, _ in outputs(path) for line in text.splitlines()]
    if name == "03_neural_network":
        # Sizes, shapes and checks hold for every seed; the numbers do not.
        lines = [line for line in lines if re.search(r"(?i:\b(true|false)$)|^\(\d+, \d+\)$|^\d+ \d+$", line)]
    return [re.sub(r"True$", "true", line) for line in lines]


def as_number(text):
    """0.5 and 0.500000 are one number: pandas leaves out zeros that all rows end with."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def table_rows(text):
    """The rows of a table in plain text, without its caption, and without its header where pandas leaves out the index."""
    rows = [list(map(as_number, re.split(r"\s{2,}", line.strip()))) for line in text.splitlines()]
    width = max(map(len, rows))
    return [row for row in rows if len(row) == width]


def compare(name, rust, python):
    """The differences between what the Rust and the Python notebook print and show."""
    own, other = printed_lines(name, rust), printed_lines(name, python)
    differences = list(difflib.unified_diff(own, other, f"{name} in Rust", f"{name} in Python", n=0, lineterm=""))
    in_rust = [text for *_, shown in outputs(rust) for text in shown]
    for label, header in TABLES[name].items():
        # Two tables with one header stand in one order on both sides.
        of_header = [l for l, h in TABLES[name].items() if h == header]
        with_header = [rows for rows in map(table_rows, in_rust) if rows[0] == header]
        of_label = [shown for source, _, shown in outputs(python) if f"#| label: {label}\n" in source]
        if len(with_header) != len(of_header) or len(of_label) != 1 or len(of_label[0]) != 1:
            differences.append(f"{name} does not show the table `{label}` on both sides")
            continue
        rows = with_header[of_header.index(label)][1:]
        if rows != table_rows(of_label[0][0]):
            differences.append(f"{name} shows another table `{label}` in Rust than in Python:")
            differences += difflib.unified_diff(
                ["  ".join(row) for row in rows],
                ["  ".join(row) for row in table_rows(of_label[0][0])],
                "Rust", "Python", n=0, lineterm="",
            )  # fmt: skip
    return differences


def check_agreement():
    differences = []
    for name in NAMES:
        differences += compare(name, OUT / "radio" / f"{name}.ipynb", OUT / PYTHON.name / f"{name}.ipynb")
    if differences:
        raise Trouble("the two sides do not give the same:\n" + "\n".join(differences))
    tables = sum(map(len, TABLES.values()))
    lines = sum(len(printed_lines(name, OUT / "radio" / f"{name}.ipynb")) for name in NAMES)
    print(f"results agree: {lines} printed lines and {tables} tables are the same in Rust and in Python", flush=True)


def check_evcxr():
    """Says where the stock kernel prints something else. Its ways with stdout are its own, so that this is no failure."""
    for name in NAMES:
        own = printed_lines(name, OUT / "radio" / f"{name}.ipynb")
        other = printed_lines(name, OUT / RUST.name / f"{name}.ipynb")
        titles = (f"{name} under radio", f"{name} under evcxr")
        for line in difflib.unified_diff(own, other, *titles, n=0, lineterm=""):
            print(line)


# The report


def evcxr_kernel():
    """Makes the installed evcxr_jupyter a kernel of the virtual environment; says why not if there is none."""
    binary = shutil.which("evcxr_jupyter") or shutil.which("evcxr_jupyter", path=Path.home() / ".cargo" / "bin")
    if binary is None:
        print("evcxr is not measured: evcxr_jupyter is not installed (`cargo install evcxr_jupyter`)")
        return False
    argv = [binary, "--control_file", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Rust", "language": "rust", "interrupt_mode": "message"}
    EVCXR.mkdir(parents=True, exist_ok=True)
    folder = VENV / "share" / "jupyter" / "kernels" / "rust"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    return True


TITLES = {
    "unchanged": "radio run, unchanged",
    "edited_one": "radio run, one cell edited in one notebook",
    "edited_all": "radio run, one cell edited in every notebook",
    "python": "jupyter nbconvert, the Python peers",
    "python_at_once": "  the same, a process a notebook at once",
    "evcxr": "jupyter nbconvert, stock evcxr, dependencies built",
    "cold_radio": "radio run, empty cache, radio built",
    "cold_all": "cargo run -- run, empty cache",
}

# What the project promises: the median of one is at most this part of the median of another.
TARGETS = [
    ("unchanged", "python", 0.05),
    ("edited_one", "python", 0.15),
    ("edited_all", "python", 0.15),
    ("unchanged", "evcxr", 0.05),
    ("edited_one", "evcxr", 0.05),
    ("edited_all", "evcxr", 0.05),
]


def report(times):
    print(f"\n{'all notebooks, seconds':52} {'median':>8} {'min':>8} {'max':>8}  runs")
    for key, title in TITLES.items():
        if values := times.get(key):
            numbers = " ".join(f"{number:8.3f}" for number in (statistics.median(values), min(values), max(values)))
            print(f"{title:52} {numbers}  {len(values)}")
    ratios = []
    print(f"\n{'ratio of the medians':52} {'is':>8} {'target':>8}")
    for one, other, target in TARGETS:
        if times.get(one) and times.get(other):
            ratio = statistics.median(times[one]) / statistics.median(times[other])
            met = ratio <= target
            ratios.append({"of": one, "to": other, "ratio": ratio, "target": target, "met": met})
            print(f"{one + ' / ' + other:52} {ratio:8.4f} {target:8.4f}  {'met' if met else 'MISSED'}")
    for one in ("unchanged", "edited_one", "edited_all"):
        ratio = statistics.median(times[one]) / statistics.median(times["python_at_once"])
        ratios.append({"of": one, "to": "python_at_once", "ratio": ratio, "target": None, "met": None})
        print(f"{one + ' / python_at_once':52} {ratio:8.4f}")
    return ratios


def machine():
    def said(*command):
        try:
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        except OSError:
            return ""

    return {
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "platform": platform.platform(),
        "python": platform.python_version(),
        "rustc": said("rustc", "--version"),
        "commit": said("git", "rev-parse", "--short", "HEAD"),
    }


def measure(bench, arguments):
    """All times in seconds, after both sides have been seen to give the same."""
    write_python_notebooks(PYTHON)
    copy_rust_notebooks(RUST)
    copy_rust_notebooks(EDITED)
    print("warming up ...", file=sys.stderr)
    bench.run_radio(RUST)
    bench.nbconvert(PYTHON)
    check_agreement()
    bench.edited_run(NAMES)

    times = {key: [] for key in TITLES}
    for number in range(arguments.runs):
        print(f"run {number + 1} of {arguments.runs} ...", file=sys.stderr)
        # In turns, so that what else the machine does hits all of them.
        times["unchanged"].append(bench.run_radio(RUST))
        times["python"].append(bench.nbconvert(PYTHON))
        times["edited_one"].append(bench.edited_run([NAMES[number % len(NAMES)]]))
        times["python_at_once"].append(bench.nbconvert_at_once(PYTHON))
        times["edited_all"].append(bench.edited_run(NAMES))
    if not arguments.no_evcxr and evcxr_kernel():
        print("evcxr builds its dependencies ...", file=sys.stderr)
        bench.nbconvert(RUST)
        check_evcxr()
        for number in range(arguments.evcxr_runs):
            print(f"evcxr, run {number + 1} of {arguments.evcxr_runs} ...", file=sys.stderr)
            times["evcxr"].append(bench.nbconvert(RUST))
    if not arguments.no_cold:
        print("empty cache ...", file=sys.stderr)
        of_run = ["run", "--quiet", "--output", OUT / "radio", RUST]
        times["cold_radio"].append(bench.cold([bench.radio, *of_run]))
        times["cold_all"].append(bench.cold(["cargo", "run", "--quiet", "--", *of_run]))
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often the repeatable ones run (5)")
    parser.add_argument("--evcxr-runs", type=int, default=1, metavar="N", help="how often evcxr runs, a minute each (1)")
    parser.add_argument("--no-evcxr", action="store_true", help="leave out the stock evcxr kernel")
    parser.add_argument("--no-cold", action="store_true", help="leave out the runs in an empty cache")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times and ratios to FILE")
    arguments = parser.parse_args()
    if min(arguments.runs, arguments.evcxr_runs) < 1:
        parser.error("a number of runs must be at least 1")
    if arguments.json and not arguments.json.resolve().parent.is_dir():
        parser.error(f"--json {arguments.json}: there is no folder {arguments.json.resolve().parent}")

    turn = take_turn()
    # Everything is built where it usually is, or where a part of the benchmark says.
    os.environ.pop("CARGO_TARGET_DIR", None)
    about = machine()
    print("{rustc}, Python {python}, {cpus} CPUs, load {load_before:.2f}, commit {commit}".format_map(about), flush=True)
    make_environment()
    run(["cargo", "build", "--package", "radio"], doing="cargo build")
    remove_copies()
    bench = Bench()
    try:
        times = measure(bench, arguments)
    finally:
        remove_copies()

    ratios = report(times)
    if arguments.json:
        text = json.dumps({"machine": about, "seconds": times, "ratios": ratios}, indent=1)
        beside = arguments.json.with_name(f".{arguments.json.name}.new")
        beside.write_text(text + "\n")
        beside.replace(arguments.json)
    turn.close()


if __name__ == "__main__":
    # SIGTERM unwinds like Ctrl-C, so that the copies are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"error: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)
