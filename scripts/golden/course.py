#!/usr/bin/env python3
"""Writes crates/radio/tests/nbgrader/: what nbgrader hands out of a solved notebook, and the points that it gives.

    pip install nbgrader==0.9.6
    python3 scripts/golden/course.py

`source.ipynb` is the solved notebook, `released.ipynb` what nbgrader's preprocessors make of it, and `grades.json` test cells with
outputs and what nbgrader gives for them. nbgrader's checksums are left out: they belong to its database.
"""

import json
import logging
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells
from nbgrader.utils import determine_grade
from traitlets.config import Config

OUT = Path(__file__).resolve().parents[2] / "crates/radio/tests/nbgrader"
KERNEL = {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"}}


def part(name, grade=False, solution=False, locked=False, points=None):
    """A cell's metadata."""
    meta = {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution, "task": False}
    if grade:
        meta["points"] = points
    return {"nbgrader": meta}


SOLUTION = "fn f(x: i32) -> i32 {\n    // BEGIN SOLUTION\n    let y = 2 * x;\n    y\n    // END SOLUTION\n}\n\nfn g() -> i32 {\n\t/* BEGIN SOLUTION */\n\t1\n\t/* END SOLUTION */\n}"
HIDDEN = "assert_eq!(f(1), 2);\n// BEGIN HIDDEN TESTS\nassert_eq!(f(0), 0);\n// END HIDDEN TESTS\nassert_eq!(g(), 1);"


def cells():
    """One cell of each kind."""
    printed = new_output("stream", name="stdout", text="2\n")
    return [
        new_markdown_cell("# Title", id="title"),
        new_markdown_cell("What to do", id="task", metadata=part("task", locked=True)),
        new_code_cell("let a = 1;", id="free", execution_count=1),
        new_code_cell("let b = 2;", id="given", metadata=part("given", locked=True), execution_count=2),
        new_code_cell(SOLUTION, id="answer", metadata=part("answer", solution=True), execution_count=3, outputs=[printed]),
        new_code_cell("let all = \"of it\";", id="whole", metadata=part("whole", solution=True), execution_count=4),
        new_code_cell(HIDDEN, id="test", metadata=part("test", grade=True, locked=True, points=2), execution_count=5),
        new_markdown_cell("Because.", id="why", metadata=part("why", grade=True, solution=True, points=3)),
        new_markdown_cell(
            "First:\n\n  BEGIN SOLUTION\n  so\n  END SOLUTION\n\nand on",
            id="half",
            metadata=part("half", grade=True, solution=True, points=1),
        ),
        new_code_cell("2 + 2", id="by-hand", metadata=part("by-hand", grade=True, solution=True, points=1), execution_count=6),
    ]


def graded():
    """Test cells with what they may give."""
    value = lambda text: new_output("execute_result", data={"text/plain": text}, execution_count=1)
    error = new_output("error", ename="Panic", evalue="no", traceback=["no"])
    shown = new_output("display_data", data={"text/plain": "1"})
    printed = new_output("stream", name="stdout", text="1\n")
    for outputs in ([], [printed], [shown], [value("1.5")], [value("2")], [value("0")], [value("\"fine\"")], [error], [printed, error]):
        cell = new_code_cell("1", id="test", metadata=part("test", grade=True, locked=True, points=2), execution_count=1)
        cell.outputs = outputs
        yield cell


def main():
    """Writes the files."""
    OUT.mkdir(exist_ok=True)
    notebook = new_notebook(cells=cells(), metadata=KERNEL)
    nbformat.write(notebook, OUT / "source.ipynb")
    config = Config()
    config.ClearSolutions.code_stub = {"rust": "todo!()"}
    resources = {"unique_key": "x", "notebook_id": "x"}
    for preprocessor in (ClearSolutions, LockCells, ClearOutput, ClearHiddenTests):
        notebook, resources = preprocessor(config=config).preprocess(notebook, resources)
    nbformat.write(notebook, OUT / "released.ipynb")
    log = logging.getLogger("nbgrader")
    grades = [{"cell": cell, "points": determine_grade(cell, log)[0]} for cell in graded()]
    (OUT / "grades.json").write_text(json.dumps(grades, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
