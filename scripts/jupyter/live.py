"""What the scripts beside this one share: notebooks executed by the stock kernel, by the REPL and by radio."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv/bin/python"
# The stock kernel, as scripts/setup-jupyter --evcxr calls it.
STOCK = "evcxr"
# The first cell of a first run compiles the libraries.
TIMEOUT = 1200


def use_venv():
    """Goes on under .venv's Python, whose kernels are those of this clone."""
    os.environ.pop("JUPYTER_PATH", None)
    if pathlib.Path(sys.prefix) != VENV.parents[1]:
        if not VENV.exists():
            sys.exit("there is no .venv: run scripts/setup-jupyter")
        os.execv(VENV, [VENV, *sys.argv])
    sys.path.insert(0, str(ROOT / "scripts/golden"))


def build_folders():
    """A pattern for the folders in which kernels compile."""
    import kernel

    return "|".join(re.escape(str(folder)) + r"/slot\d+" for folder in kernel.candidates())


def read(path):
    """A notebook, or a percent script as jupytext reads it."""
    import jupytext
    import nbformat

    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    # The format is left to jupytext, as in JupyterLab.
    return jupytext.read(path)


def by_kernel(path, timeout=TIMEOUT, kernel=STOCK):
    """The notebook as a kernel executes it, with what differs from run to run taken out of its outputs."""
    import dialect

    return dialect.executed(read(path), path.parent, build_folders(), timeout, kernel)


def radio():
    """The command that is `radio`: that of this clone, unless RADIO names another one."""
    return [os.environ["RADIO"]] if "RADIO" in os.environ else ["cargo", "run", "--quiet", "--"]


def by_radio(path, arguments=()):
    """The notebook as `radio run` executes it."""
    import dialect
    import nbformat

    with tempfile.TemporaryDirectory() as output:
        command = [*radio(), "run", "--quiet", "--allow-errors", *arguments, "--output", output, path]
        ran = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        copy = pathlib.Path(output, path.with_suffix(".ipynb").name)
        if not copy.exists():
            sys.exit(f"radio made no executed copy of {path}:\n{ran.stderr}")
        notebook = nbformat.read(copy, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs = dialect.normal(cell.outputs, build_folders())
    return notebook


def by_embedded_evcxr(path):
    """The notebook as `radio run --engine evcxr` executes it, for which radio has to be built with that."""
    return by_radio(path, ["--engine", "evcxr"])


def by_repl(path):
    """What the REPL prints, given a script on its standard input in the script's folder, without its greeting."""
    from jupyter_client.kernelspec import KernelSpecManager

    python, isolated, launcher, kernel, _ = KernelSpecManager().get_kernel_spec(STOCK).argv
    repl = pathlib.Path(kernel).with_name("evcxr")
    if not repl.exists():
        sys.exit(f"there is no {repl}: run scripts/setup-jupyter --evcxr")
    with path.open() as script:
        ran = subprocess.run(
            [python, isolated, launcher, repl], stdin=script, cwd=path.parent, capture_output=True, text=True, timeout=TIMEOUT
        )
    # What cargo compiles is told on stderr.
    said = re.sub(r"^ *Compiling .*\n", "", ran.stderr, flags=re.M)
    return re.sub(r"\AWelcome to evcxr.*\n", "", ran.stdout) + said


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def what_is_shown(outputs):
    """What a person sees of a cell's outputs, as a mapping: the text of each stream, the content of each type, and errors.

    The kernel gathers all content of a cell into one bundle and keeps the last of a type; whether it is called a result or a
    display, and how text is cut into chunks, makes no difference to anybody.
    """
    shown = {"errors": []}
    for output in outputs:
        if output.get("metadata", {}).get("radio", {}).get("is") == "warning":
            # Of the compiler's, which this project's kernel shows and radio run does not.
            continue
        if output["output_type"] == "stream":
            shown[output["name"]] = shown.get(output["name"], "") + output["text"]
        elif output["output_type"] == "error":
            shown["errors"].append(output["evalue"])
        else:
            shown |= output["data"]
    return shown


def text_of(notebook):
    """All that a terminal could show of a notebook's outputs, top to bottom, and its errors."""
    parts = []
    for cell in code_cells(notebook):
        shown = what_is_shown(cell.outputs)
        parts += [shown.get("stdout", ""), shown.get("stderr", "")]
        if "text/plain" in shown:
            parts.append(shown["text/plain"] + "\n")
        parts += [f"error: {message}\n" for message in shown["errors"]]
    return "".join(parts)
