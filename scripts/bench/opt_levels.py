#!/usr/bin/env python3
"""Times `radio run` at each optimization level of the cells, on a notebook that prints much and one that computes much.

    python3 scripts/bench/opt_levels.py [--runs N] [--json FILE]

Both notebooks are percent scripts, generated here, that depend on nothing. For each level the script says how long a run
takes after an edit of one cell, of that the compiling and the cells, and a run without an edit: the medians of N runs,
the levels in turns.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / "target"
WORK = TARGET / "bench-opt-levels"
LEVELS = ["0", "1", "2", "3"]
CELLS = 20


def prints_much():
    """Many lines of code, each of which runs a few times: as in a notebook that explains."""
    cells = []
    for n in range(CELLS):
        cells.append(
            f"""let rows{n}: Vec<(String, f64)> = (0..12).map(|i| (format!("row {{i}}"), i as f64 * {n}.5)).collect();
let mut sorted{n} = rows{n}.clone();
sorted{n}.sort_by(|a, b| b.1.total_cmp(&a.1));
println!("table {n}");
for (name, value) in &sorted{n} {{
    println!("{{name:>10}} {{value:10.4}} {{:?}} {{}}", name.to_uppercase(), if *value > 3.0 {{ "large" }} else {{ "small" }});
}}
let names{n}: Vec<&str> = sorted{n}.iter().map(|(name, _)| name.as_str()).take(3).collect();
println!("best: {{}}; mean {{:.3}}", names{n}.join(", "), sorted{n}.iter().map(|r| r.1).sum::<f64>() / 12.0);
names{n}"""
        )
    return cells


def computes_much():
    """Few lines of code that run many times: a sieve, a matrix product, an n-body loop."""
    return [
        """let limit: usize = 5_000_000;
let mut is_prime: Vec<bool> = vec![true; limit + 1];
let mut n: usize = 2;
while n * n <= limit {
    if is_prime[n] {
        let mut multiple = n * n;
        while multiple <= limit {
            is_prime[multiple] = false;
            multiple += n;
        }
    }
    n += 1;
}
is_prime.iter().skip(2).filter(|&&p| p).count()""",
        """let size: usize = 200;
let a: Vec<Vec<f64>> = (0..size).map(|i| (0..size).map(|j| (i * j % 7) as f64).collect()).collect();
let mut product: Vec<Vec<f64>> = vec![vec![0.0; size]; size];
for i in 0..size {
    for j in 0..size {
        for k in 0..size {
            product[i][j] += a[i][k] * a[k][j];
        }
    }
}
product.iter().flatten().sum::<f64>()""",
        """let mut points: Vec<[f64; 2]> = (0..60).map(|i| [(i as f64).sin(), (i as f64).cos()]).collect();
for _ in 0..200 {
    let old = points.clone();
    for (i, point) in points.iter_mut().enumerate() {
        for (j, other) in old.iter().enumerate() {
            if i != j {
                let (dx, dy) = (other[0] - old[i][0], other[1] - old[i][1]);
                let distance = (dx * dx + dy * dy + 0.01).sqrt();
                point[0] += 1e-5 * dx / distance;
                point[1] += 1e-5 * dy / distance;
            }
        }
    }
}
format!("{:.6}", points[0][0])""",
    ]


def run(radio, path):
    """The wall time of a run, and the parts of it that went into compiling and into the cells."""
    begun = time.perf_counter()
    command = [radio, "run", "--timings", "--output", WORK / "out", path]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    took = time.perf_counter() - begun
    said = done.stdout + done.stderr
    if done.returncode != 0:
        sys.exit(f"error: radio run {path} failed with exit code {done.returncode}:\n{said[-2000:]}")
    compiling = re.search(r"compiling ([0-9.]+) s", said)
    if not compiling:
        sys.exit(f"error: `radio run --timings` does not say how long compiling took:\n{said[-2000:]}")
    cells = sum(float(seconds) for seconds in re.findall(r"\[\d+\] ([0-9.]+) s", said))
    return took, float(compiling[1]), cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often each is measured (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    try:
        built = subprocess.run(["cargo", "build", "--quiet", "--package", "radio"], cwd=ROOT)
    except OSError as error:
        sys.exit(f"error: cargo could not be started: {error.strerror}; install Rust from https://rustup.rs")
    if built.returncode != 0:
        sys.exit("error: cargo build failed")
    radio = TARGET / "debug" / ("radio.exe" if os.name == "nt" else "radio")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    stamp = time.time_ns() // 1000
    notebooks = {"prints much": prints_much(), "computes much": computes_much()}
    times = {name: {level: {"edited": [], "unchanged": []} for level in LEVELS} for name in notebooks}
    # The first round builds what the later ones only change.
    for number in range(arguments.runs + 1):
        for name, cells in notebooks.items():
            for level in LEVELS:
                stamp += 1
                path = WORK / f"{name.replace(' ', '_')}_{level}.rs"
                edited = [f":opt {level}", *cells]
                edited[len(edited) // 2] = f'println!("edit {{}}", {stamp}_u64);\n' + edited[len(edited) // 2]
                path.write_text("".join(f"// %%\n{cell}\n\n" for cell in edited))
                measured = run(radio, path), run(radio, path)
                if number > 0:
                    for kind, seconds in zip(("edited", "unchanged"), measured):
                        times[name][level][kind].append(seconds)
    print(f"{'seconds, medians of ' + str(arguments.runs):24} {'edited':>8} {'compile':>8} {'cells':>8} {'unchanged':>10}")
    for name, levels in times.items():
        for level, kinds in levels.items():
            took, compiling, cells = (statistics.median(part) for part in zip(*kinds["edited"]))
            again = statistics.median(seconds[0] for seconds in kinds["unchanged"])
            print(f"{name + ', :opt ' + level:24} {took:8.3f} {compiling:8.3f} {cells:8.3f} {again:10.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
