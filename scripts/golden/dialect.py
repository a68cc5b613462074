#!/usr/bin/env python3
"""Executes crates/radio/tests/dialect/*.ipynb with the stock evcxr kernel and stores its outputs as golden values.

    cargo install --locked evcxr_jupyter@0.22.0
    pip install nbclient==0.11.0 nbformat==5.11.1 ipykernel
    evcxr_jupyter --install
    python3 scripts/golden/dialect.py [--keep-build FOLDER] [NAME]...     # all notebooks, or those named
    python3 scripts/golden/dialect.py --new FILE.rs                       # a notebook from a percent script, then the same

Sources and the cells' `radio` metadata are left alone; see crates/radio/tests/dialect/README.md for what they mean.

In a percent script for `--new`, lines at a cell's end that begin with `//~` say what radio gives where it differs:

    //~ differs: why, in one sentence
    //~ out: a line on stdout       //~ err: a line on stderr (out-: and err-: without its end)
    //~ = a line of text/plain      //~ text/html: a line of that type, in the same bundle
    //~ ! Ename: evalue             //~ !+ another line of it
    //~ display (or result): what follows is an output of its own
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "crates/radio/tests/dialect"
KERNEL = "rust"
TIMEOUT = 90


def recipe():
    def said(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    installed = said("cargo", "install", "--list")
    kernel = re.search(r"^evcxr_jupyter v([^ :]+)", installed, flags=re.M)
    if not kernel:
        sys.exit("the kernel is not installed: cargo install --locked evcxr_jupyter@0.22.0")
    rustc = said("rustc", "--version").split()[1]
    return f"scripts/golden/dialect.py, evcxr_jupyter {kernel[1]}, rustc {rustc}, nbclient {nbclient.__version__}"


def settled(text, build):
    """`text` without what changes from run to run: thread numbers, times, backtraces and folders; `build` is a pattern."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r"^stack backtrace:\n(?: .*\n)*|^note: Some details are omitted.*\n", "", text, flags=re.M)
    text = re.sub(r"^(thread '[^']*') \(\d+\)", r"\1", text, flags=re.M)
    # The column in a manifest depends on how long the path before it is.
    text = re.sub(r"(Cargo\.toml:\d+):\d+", r"\1", re.sub(r"^ +\| +\^", "   | ^", text, flags=re.M))
    text = re.sub(build, "BUILD", re.sub(r"\bTook \d+ms", "Took 0ms", text))
    return text.replace(str(FOLDER), "FOLDER").replace(str(Path.home()), "HOME")


def normal(outputs, build):
    """The outputs without what the kernel cannot keep: how stdout and stderr were mixed, colours, numbers of threads."""
    streams = {"stdout": "", "stderr": ""}
    rest = []
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] += output["text"]
            continue
        if output["output_type"] == "error":
            output["evalue"] = settled(output["evalue"], build)
            output["traceback"] = [settled(line, build) for line in output["traceback"]]
        if "execution_count" in output:
            # The kernel skips some numbers at random.
            output["execution_count"] = None
        for kind, text in output.get("data", {}).items():
            if isinstance(text, str):
                output["data"][kind] = settled(text, build)
        rest.append(output)
    streams = {name: settled(text, build) for name, text in streams.items()}
    named = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in streams.items() if text]
    return named + rest


def execute(path, build):
    """Replaces the notebook's outputs by the kernel's."""
    notebook = executed(nbformat.read(path, as_version=4), path.parent, build)
    notebook.metadata.setdefault("radio", {})["golden"] = recipe()
    notebook.metadata.pop("language_info", None)
    write(notebook, path)


def executed(notebook, folder, build, timeout=TIMEOUT, kernel=KERNEL):
    """The notebook with the outputs of a fresh kernel of this name that works in `folder`. Failing cells do not stop it."""
    client = nbclient.NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name=kernel,
        allow_errors=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # What a kernel that hangs does not come to has none.
            cell.outputs = []
    try:
        with client.setup_kernel():
            execute_cells(client, notebook.cells)
    except AttributeError:
        # A kernel that hung has been put away already, and nbclient tries to do it again.
        if client.km is not None:
            raise
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = normal(cell.outputs, build)
            cell.execution_count = None
            if cell.outputs and cell.outputs[0].get("ename") == "CellTimeoutError":
                # The kernel's death on being put away is none of the cell's.
                del cell.outputs[1:]
    return notebook


def execute_cells(client, cells):
    """Executes the cells up to one that never ends, whose output says so."""
    for index, cell in enumerate(cells):
        try:
            client.execute_cell(cell, index)
        except (nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError) as error:
            ename = type(error).__name__
            why = f"the kernel did not answer within {client.timeout} s" if "Timeout" in ename else "the kernel died"
            cell.outputs = [nbformat.v4.new_output("error", ename=ename, evalue=why)]
            return


def write(notebook, path):
    nbformat.validate(notebook)
    path.write_text(json.dumps(plain(notebook), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def plain(notebook):
    """The notebook as it stands in a file: texts as lists of lines."""
    return json.loads(nbformat.v4.writes(notebook))


def notebooks():
    """All notebooks: in the folder, and in those of its folders that hold settings."""
    return sorted([*FOLDER.glob("*.ipynb"), *FOLDER.glob("[!.]*/*.ipynb")])


def notebook_called(name):
    name = name.removesuffix(".ipynb")
    return next((path for path in notebooks() if path.stem == name), FOLDER / f"{name}.ipynb")


def from_script(script):
    """A notebook from a percent script."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Rust", "language": "rust", "name": KERNEL}
    for part in re.split(r"^(?=// %%)", script.read_text(), flags=re.M):
        if not part.strip():
            continue
        head, _, text = part.partition("\n")
        text = text.strip("\n")
        if "[markdown]" in head:
            text = re.sub(r"^// ?", "", text, flags=re.M)
            cell = nbformat.v4.new_markdown_cell(text)
        else:
            ours = re.findall(r"^//~ ?(.*)$", text, flags=re.M)
            cell = nbformat.v4.new_code_cell(re.sub(r"\n*^//~.*$", "", text, flags=re.M))
            if ours:
                cell.metadata["radio"] = differs(ours)
        tags = re.search(r'tags=(\[.*\])', head)
        if tags:
            cell.metadata["tags"] = json.loads(tags[1])
        cell["id"] = f"{script.stem.replace('_', '-')[:56]}-{len(notebook.cells)}"
        notebook.cells.append(cell)
    path = notebook_called(script.stem)
    if path.exists():
        old = nbformat.read(path, as_version=4)
        outputs = [(cell.source, cell.outputs) for cell in old.cells if cell.cell_type == "code"]
        new = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if [cell.source for cell in new] == [source for source, _ in outputs]:
            notebook.metadata["radio"] = old.metadata.get("radio", {})
            for cell, (_, kept) in zip(new, outputs):
                cell.outputs = kept
    write(notebook, path)
    return path


def differs(lines):
    """The `radio` metadata that `//~` lines stand for."""
    what, outputs = {"differs": "", "outputs": []}, []
    fresh, kind = True, "execute_result"
    for line in lines:
        mark, _, text = line.partition(" ")
        if mark == "differs:":
            what["differs"] = text
        elif mark in ("out:", "err:", "out-:", "err-:"):
            name = {"out": "stdout", "err": "stderr"}[mark[:3]]
            if not outputs or outputs[-1].get("name") != name:
                outputs.append({"output_type": "stream", "name": name, "text": ""})
            outputs[-1]["text"] += text + ("" if "-" in mark else "\n")
        elif mark == "!":
            ename, _, evalue = text.partition(": ")
            outputs.append({"output_type": "error", "ename": ename, "evalue": evalue})
        elif mark == "!+":
            outputs[-1]["evalue"] += "\n" + text
        elif mark in ("display", "result"):
            fresh, kind = True, {"display": "display_data", "result": "execute_result"}[mark]
        else:
            mime = "text/plain" if mark == "=" else mark.rstrip(":")
            if fresh or "data" not in outputs[-1]:
                outputs.append({"output_type": kind, "data": {}})
                fresh = False
            data = outputs[-1]["data"]
            data[mime] = f"{data[mime]}\n{text}" if mime in data else text
    what["outputs"] = outputs
    return what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new", nargs="+", type=Path, default=[], metavar="FILE", help="percent scripts to make notebooks from")
    parser.add_argument("--only-convert", action="store_true", help="with --new: leave the kernel out")
    parser.add_argument("--keep-build", type=Path, metavar="FOLDER", help="build here, and keep it for the next time")
    parser.add_argument("names", nargs="*", help="the notebooks to execute; all unless said")
    arguments = parser.parse_args()
    paths = [from_script(script) for script in arguments.new]
    paths += [notebook_called(name) for name in arguments.names]
    if arguments.only_convert:
        return
    with tempfile.TemporaryDirectory() as folder:
        build = (arguments.keep_build or Path(folder) / "build").resolve()
        build.mkdir(parents=True, exist_ok=True)
        for path in paths or notebooks():
            # One build folder for all kernels, which run one after the other; and nobody's own settings.
            os.environ |= {"EVCXR_TMPDIR": str(build), "EVCXR_CONFIG_DIR": str(path.parent)}
            execute(path, re.escape(str(build)))
            print(path.stem, file=sys.stderr)


if __name__ == "__main__":
    main()
