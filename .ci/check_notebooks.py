"""Checks that the committed notebooks are valid, executed in order, show everywhere what they should, are what a fresh run
gives, and lie there as Jupyter writes them under this project's kernel: whoever opens and saves one has not changed it.

usage: check_notebooks.py COMMITTED_FOLDER EXECUTED_FOLDER
"""

import json
import pathlib
import sys

import nbformat

import rendering

PICTURES = ("image/svg+xml", "image/png")
# As crates/radio_kernel says it in its kernel_info_reply.
LANGUAGE = {
    "codemirror_mode": "rust",
    "file_extension": ".rs",
    "mimetype": "text/rust",
    "name": "rust",
    "pygments_lexer": "rust",
    "version": "",
}


def code_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def comparable(output):
    """An output without what may differ between machines: the bytes of pictures."""
    if "data" in output:
        data = {mime: "(a picture)" if mime in PICTURES else text for mime, text in output.data.items()}
        return output.output_type, data
    return output.output_type, output.get("name"), output.get("text"), output.get("evalue")


def problems(committed, executed):
    for path in (committed, executed):
        # Read as JSON first: nbformat.read would repair what it finds.
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
            yield f"{path}: nbformat is {notebook.nbformat}.{notebook.nbformat_minor}, not 4.5"
        nbformat.validate(notebook)
        counts = [c.execution_count for c in code_cells(notebook)]
        if counts != list(range(1, len(counts) + 1)):
            yield f"{path}: not executed in order: {counts}"
        for cell in code_cells(notebook):
            if "raises-exception" not in cell.metadata.get("tags", []):
                yield from (f"{path} {cell.id}: an error" for o in cell.outputs if o.output_type == "error")
            for output in cell.outputs:
                if "data" in output:
                    forms = {mime: "".join(text) for mime, text in output.data.items()}
                    yield from (f"{path} {cell.id}: {problem}" for problem in rendering.problems(forms))
    old, new = (nbformat.read(path, as_version=4) for path in (committed, executed))
    if old.metadata.kernelspec.name != "rust":
        yield f"{committed}: the kernel is {old.metadata.kernelspec.name}, not rust"
    for before, after in zip(code_cells(old), code_cells(new), strict=True):
        if before.source != after.source:
            yield f"{committed} {before.id}: the source differs"
        if list(map(comparable, before.outputs)) != list(map(comparable, after.outputs)):
            yield f"{committed} {before.id}: a fresh run gives other outputs than are committed"


def changes_when_saved(path):
    """What Jupyter would write otherwise: the order of keys, the indent, what our kernel says of the language."""
    text = path.read_text()
    notebook = json.loads(text)
    notebook["metadata"]["language_info"] = LANGUAGE
    if text != json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n":
        yield f"{path}: Jupyter would write it in another form; `radio clean --metadata {path}` makes it that"


def main():
    committed, executed = map(pathlib.Path, sys.argv[1:])
    notebooks = sorted(committed.glob("*.ipynb"))
    if not notebooks:
        sys.exit(f"no notebooks in {committed}")
    found = [problem for path in notebooks for problem in problems(path, executed / path.name)]
    found += [problem for path in sorted(committed.rglob("*.ipynb")) for problem in changes_when_saved(path)]
    print("\n".join(found))
    print(f"{len(notebooks)} notebooks checked, {len(found)} problems")
    sys.exit(1 if found else 0)


main()
