#!/usr/bin/env python3
"""Times what one cell costs `radio run` and `radio watch`: many small cells, a cell by its place, an edit, an edit that is watched.

    python3 scripts/bench/cells.py [--runs N] [--whole-program]

Needs nothing but cargo. The notebooks are made in .bench-cells, beside notebooks/, so that relative paths hold. Compiled cells are kept
in target/radio/cells: what is to be compiled says the time of day somewhere, so that it never was before. With --whole-program the
notebooks are run in turns with the last commit whose engine compiled a notebook as one program, on the notebooks that it had.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from notebooks import NAMES, edit

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".bench-cells"
RADIO = ROOT / "target" / "debug" / "radio"
PLACES = [2, 10, 20, 30, 40, 49]
# Seconds; see the printed lines.
EACH_COMPILED, ALL_UNCHANGED, MORE_FOR_AN_EDIT, WATCHED = 0.1, 0.5, 0.18, 0.4
MORE_WITH_NOTHING_COMPILED = 1.5
# The last commit of the engine that compiled a notebook as one program, and where it is checked out and built.
WHOLE_PROGRAM, BEFORE = "a791c9c", ROOT / "target" / "whole-program"


def unique():
    return time.time_ns() // 1000 % 10**9


def write(name, sources):
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for at, source in enumerate(sources)
    ]
    spec = {"name": "rust", "display_name": "Rust", "language": "rust"}
    notebook = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path = FOLDER / name
    path.write_text(json.dumps(notebook))
    return path


def short(count):
    stamp = unique()
    return [f'let x{at} = {at} + 1; println!("{{}} {stamp}", x{at});' for at in range(count)]


def with_items(count, edited=None):
    """Cells with eight lines of items each; what `edited` returns differs from every time before."""

    def cell(at):
        factor = unique() if at == edited else 2
        return f"""/// A thing.
#[derive(Debug, Clone, PartialEq)]
struct Thing{at} {{ a: i64, b: String }}
impl Thing{at} {{
    fn new(a: i64) -> Self {{ Self {{ a, b: a.to_string() }} }}
    fn times(&self) -> i64 {{ {factor} * self.a }}
    fn text(&self) -> &str {{ &self.b }}
}}
let thing{at} = Thing{at}::new({at});
println!("{{}} {{}}", thing{at}.times(), thing{max(at - 1, 0)}.text());"""

    return [cell(at) for at in range(count)]


def run(path, radio=RADIO, root=ROOT):
    begun = time.perf_counter()
    done = subprocess.run(
        [radio, "run", "--quiet", "--output", path.parent / "out", path], cwd=root, capture_output=True, text=True
    )
    took = time.perf_counter() - begun
    if done.returncode != 0:
        sys.exit(f"{path.name} failed:\n{done.stderr[-2000:]}")
    return took


def medians(runs, path, change=None):
    """The median time of running a notebook, which `change` changes before each run."""
    took = []
    for _ in range(runs):
        if change:
            change()
        took.append(run(path))
    return statistics.median(took)


def verdict(value, target):
    return f"(target {target} s: {'met' if value <= target else 'missed'})"


def many(runs):
    count = 500
    path = write("many.ipynb", short(count))
    cold = medians(runs, path, lambda: write("many.ipynb", short(count))) / count
    same = medians(runs, path)
    print(f"{count} cells of one line: nothing compiled {cold:.3f} s each {verdict(cold, EACH_COMPILED)},", end=" ")
    print(f"unchanged {same:.2f} s in all {verdict(same, ALL_UNCHANGED)}", flush=True)


def by_place(runs):
    count = 50
    path = write("items.ipynb", with_items(count))
    run(path)
    same = medians(runs, path)
    print(f"{count} cells with 400 lines of items, unchanged {same:.2f} s; what the items of one cell cost that are edited,")
    more = {}
    # Round by round: what else the machine does falls on all.
    for _ in range(runs):
        for at in PLACES:
            more.setdefault(at, []).append(run(write("items.ipynb", with_items(count, edited=at))) - same)
    costs = {at: statistics.median(of) for at, of in more.items()}
    places = ", ".join(f"cell {at + 1}: {cost:.2f} s" for at, cost in costs.items())
    print(f"  {places}; the last {costs[PLACES[-1]] / costs[PLACES[0]]:.2f} of the first (target 1.33 at most)", flush=True)


def edits(runs):
    for name in NAMES:
        path = FOLDER / f"{name}.ipynb"
        shutil.copy(ROOT / "notebooks" / path.name, path)
        run(path)
        same = medians(runs, path)
        more = medians(runs, path, lambda path=path: edit(path, unique())) - same
        print(f"{name}: unchanged {same:.2f} s, one cell edited {more:.2f} s more {verdict(more, MORE_FOR_AN_EDIT)}", flush=True)


def watched(runs):
    """Edits the last cell of notebook 03 while it is watched, and waits for what it prints."""
    path = FOLDER / "03_neural_network.ipynb"
    shutil.copy(ROOT / "notebooks" / path.name, path)
    command = [RADIO, "watch", path]
    watch = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
    heard, changed = [], threading.Condition()

    def listen():
        for line in watch.stdout:
            with changed:
                heard.append((time.perf_counter(), line))
                changed.notify_all()

    threading.Thread(target=listen, daemon=True).start()

    def wait(pattern, start):
        with changed:
            found = lambda: next((at for at, line in heard[start:] if re.search(pattern, line)), None)
            if not changed.wait_for(lambda: found() is not None, timeout=60):
                sys.exit("watch did not run it:\n" + "".join(line for _, line in heard))
            return found()

    try:
        wait(r" s -> ", 0)
        took = []
        for _ in range(runs + 1):
            time.sleep(1)
            notebook = json.loads(path.read_text())
            last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
            last["source"] = "".join(last["source"]).split("\n// edit")[0]
            last["source"] = re.sub(r"(let _edit = \d+;\n)?let ", f"let _edit = {unique()};\nlet ", last["source"], count=1)
            start, begun = len(heard), time.perf_counter()
            path.with_suffix(".new").write_text(json.dumps(notebook))
            os.replace(path.with_suffix(".new"), path)
            # The line before its output names the cell.
            took.append(wait(r"\[\d+\]$", start) - begun)
            wait(r" s -> ", start)
        median = statistics.median(took[1:])
        print(f"watch, the last cell of 03 edited: its output after {median:.2f} s {verdict(median, WATCHED)};", end=" ")
        print(f"the first time {took[0]:.2f} s")
    finally:
        watch.terminate()
        watch.wait()


def whole_program(runs):
    """Both engines in turns: a notebook of which nothing is compiled but libraries, and once more."""
    BEFORE.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "archive", WHOLE_PROGRAM], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x"], cwd=BEFORE, check=True, input=files)
    subprocess.run(["cargo", "build", "--quiet", "--bin", "radio"], cwd=BEFORE, check=True)
    target = BEFORE / "target"
    programs = ["radio/programs", "radio/notebook_*", "debug/*notebook_0*", "debug/deps/*notebook_0*", "debug/.fingerprint/*notebook_*"]
    engines = {"one program": (target / "debug" / "radio", programs), "cells": (RADIO, ["radio/cells"])}
    folder = BEFORE / ".bench-cells"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in NAMES:
        path = folder / f"{name}.ipynb"
        shutil.copy(BEFORE / "notebooks" / path.name, path)
        cold, same = {}, {}
        # The first round builds the libraries.
        for at in range(runs + 1):
            for engine, (radio, kept) in engines.items():
                for found in (found for pattern in kept for found in target.glob(pattern)):
                    shutil.rmtree(found) if found.is_dir() else found.unlink()
                times = [run(path, radio, BEFORE), run(path, radio, BEFORE)]
                if at > 0:
                    cold.setdefault(engine, []).append(times[0])
                    same.setdefault(engine, []).append(times[1])
        (before, now), (as_before, as_now) = [[statistics.median(of[engine]) for engine in engines] for of in (cold, same)]
        more = now - before
        print(f"{name}, as one program and by cells: nothing compiled but libraries {before:.2f} and {now:.2f} s,", end=" ")
        print(f"{more:.2f} s more {verdict(more, MORE_WITH_NOTHING_COMPILED)};", end=" ")
        print(f"unchanged {as_before:.2f} and {as_now:.2f} s, {as_now / as_before:.2f} of it", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind (default 5)")
    parser.add_argument("--whole-program", action="store_true", help="only that")
    arguments = parser.parse_args()
    runs = arguments.runs
    subprocess.run(["cargo", "build", "--quiet", "-p", "radio"], cwd=ROOT, check=True)
    if arguments.whole_program:
        return whole_program(runs)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        many(runs)
        by_place(runs)
        edits(runs)
        watched(runs)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
