#!/usr/bin/env python3
"""Grades thirty hand-ins of a ten-cell exercise, of which nine misbehave, and prints how long that took.

    python3 scripts/bench/grade.py [--jobs N] [--keep DIR]

Three loop for ever, two panic, one deletes files, one prints without end, one forks without end, and one reads the solution. The target:
60 s on two cores, loops included. Each of the others answers in a way of its own, so that little is compiled once for all. Needs
`cargo build -p radio` before; checks the grades that come out.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = 60


def cell(role, name, source, points=None):
    """A code cell with nbgrader's metadata."""
    meta = {
        "grade": role == "test",
        "grade_id": name,
        "locked": role != "answer",
        "schema_version": 3,
        "solution": role == "answer",
        "task": False,
    }
    if points is not None:
        meta["points"] = points
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": {"nbgrader": meta},
        "outputs": [],
        "source": source,
    }


ANSWERS = {
    "mean": ("fn mean(xs: &[f64]) -> f64", "xs.iter().sum::<f64>() / xs.len() as f64"),
    "largest": ("fn largest(xs: &[f64]) -> f64", "xs.iter().copied().fold(f64::NEG_INFINITY, f64::max)"),
    "count": ("fn count(xs: &[f64], least: f64) -> usize", "xs.iter().filter(|x| **x >= least).count()"),
    "squares": ("fn squares(n: u64) -> Vec<u64>", "(1..=n).map(|i| i * i).collect()"),
}
CHECKS = {
    "mean": "assert_eq!(mean(&data), 2.5);\n// BEGIN HIDDEN TESTS\nassert_eq!(mean(&[7.0]), 7.0);\n// END HIDDEN TESTS",
    "largest": "assert_eq!(largest(&data), 4.0);",
    "count": "assert_eq!(count(&data, 2.0), 3);",
    "squares": "assert_eq!(squares(3), [1, 4, 9]);",
}
FIRST = 'let data: Vec<f64> = std::fs::read_to_string("data.txt")?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;'
LAST = "println!(\"{} numbers\", data.len());"


def function(name, body):
    """An answer as a function."""
    return f"{ANSWERS[name][0]} {{\n    {body}\n}}"


def notebook(answers, is_source=False):
    """Ten cells: two that are given, four answers, four tests. Hidden tests are the source's."""
    cells = [cell("locked", "first", FIRST)]
    for name in ANSWERS:
        cells.append(cell("answer", name, answers[name]))
        check = CHECKS[name] if is_source else CHECKS[name].partition("\n// BEGIN HIDDEN")[0]
        cells.append(cell("test", f"{name}-test", check, 1))
    cells.append(cell("locked", "last", LAST))
    metadata = {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def right(number):
    """Right answers, in words of their own."""
    return {
        name: function(name, f"let own_{number} = {body};\n    own_{number}") for name, (_, body) in ANSWERS.items()
    }


def misbehaving(source):
    """What the nine do in their third answer, and the points that are left to them."""
    loops = "loop {}"
    reads = f'println!("{{}}", std::fs::read_to_string({json.dumps(str(source))}).unwrap()); 3'
    return [
        ("loops-1", loops, 3),
        ("loops-2", "let mut i = 0u64; loop { i = i.wrapping_add(1); if i == 3 { i = 4 } }", 3),
        ("loops-3", "while xs.len() < 1000 { std::thread::yield_now() } 3", 3),
        ("panics-1", 'panic!("no idea")', 3),
        ("panics-2", "xs[1000] as usize", 3),
        ("deletes", 'for file in std::fs::read_dir(".").unwrap().flatten() { let _ = std::fs::remove_file(file.path()); } 3', 4),
        ("prints", 'loop { println!("and on and on"); }', 3),
        ("forks", 'unsafe extern "C" { safe fn fork() -> i32; } loop { fork(); }', 3),
        ("reads", reads, 3),
    ]


def main():
    """Makes the hand-ins, grades them, checks the grades."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the hand-ins and the grades")
    arguments = parser.parse_args()
    radio = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "radio"
    if not radio.is_file():
        sys.exit(f"{radio} is not there: run `cargo build -p radio` first")
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.keep or pathlib.Path(temporary)
        (place / "source").mkdir(parents=True, exist_ok=True)
        (place / "in").mkdir(exist_ok=True)
        source = place / "source" / "exercise.ipynb"
        solved = {name: function(name, f"// BEGIN SOLUTION\n    {body}\n    // END SOLUTION") for name, (_, body) in ANSWERS.items()}
        source.write_text(json.dumps(notebook(solved, is_source=True)))
        (place / "source" / "data.txt").write_text("1 2 3 4\n")
        expected = {}
        for number in range(21):
            (place / "in" / f"student-{number:02}.ipynb").write_text(json.dumps(notebook(right(number))))
            expected[f"student-{number:02}"] = "4"
        for number, (name, body, points) in enumerate(misbehaving(source), 21):
            answers = right(number) | {"count": function("count", body)}
            (place / "in" / f"{name}.ipynb").write_text(json.dumps(notebook(answers)))
            expected[name] = str(points)
        environment = os.environ | {"CARGO_TARGET_DIR": str(place / "target")}
        command = [radio, "grade", source, place / "in", "--output", place / "grades", "--timeout", "5"]
        command += ["--jobs", arguments.jobs] if arguments.jobs else []
        for name in ("nothing kept", "once more"):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            begun = time.monotonic()
            graded = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            took = time.monotonic() - begun
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if graded.returncode != 0:
                sys.exit(f"exit code {graded.returncode}\n{graded.stderr}")
            with open(place / "grades" / "grades.csv", newline="", encoding="utf-8") as table:
                rows = {row["student"]: row for row in csv.DictReader(table)}
            wrong = {who: rows[who] for who, points in expected.items() if rows[who]["points"] != points}
            if wrong or len(rows) != len(expected):
                sys.exit(f"not as expected: {json.dumps(wrong, indent=1)}")
            verdict = "met" if took <= TARGET else "missed"
            print(f"{len(rows)} hand-ins, {name}: {took:.1f} s (target {TARGET} s: {verdict}), of which {cpu:.1f} s of a core")
        print("\n".join(f"{row['student']}: {row['points']} of {row['of']}; {row['remarks']}" for row in rows.values() if row["remarks"]))


if __name__ == "__main__":
    main()
