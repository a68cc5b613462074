#!/usr/bin/env python3
"""Writes crates/radio_document/tests/percent/: what jupytext makes of notebooks and percent scripts, for the Rust tests to agree with.

    pip install jupytext==1.19.6 nbformat==5.11.1 PyYAML==6.0.3
    python3 scripts/golden/percent.py

For each notebook below: NAME.ipynb (the notebook), NAME.rs (the script that jupytext writes) and NAME.json (what jupytext reads from
that script: cells and metadata). For each script below: NAME.rs (the script) and NAME.json.
"""

import json
import shutil
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

OUT = Path(__file__).resolve().parents[2] / "crates/radio_document/tests/percent"
KERNEL = {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"}}
LANGUAGE = {"language_info": {"file_extension": ".rs", "mimetype": "text/rust", "name": "rust"}}


def code(source, **metadata):
    return new_code_cell(source, metadata=metadata)


def text(source, **metadata):
    return new_markdown_cell(source, metadata=metadata)


def raw(source, **metadata):
    return new_raw_cell(source, metadata=metadata)


NOTEBOOKS = {
    "plain": ({**KERNEL, **LANGUAGE}, [text("# Title\n\ntext"), code("let n = 3;"), code("n + 1")]),
    "no_cells": (KERNEL, []),
    "no_metadata": ({}, [code("1")]),
    "commands": (
        KERNEL,
        [
            code(':dep rand = "0.10"\n:opt 2\n\n// a comment\nuse rand::Rng;'),
            code("// :dep commented = \"1\"\n//:dep close\n// // :dep twice\n  :dep indented\n::core::mem::drop(1);\n!ls\n%time"),
            code("let x = 1;\n:vars"),
        ],
    ),
    "cell_metadata": (
        KERNEL,
        [
            code("1", tags=["parameters"]),
            code("2", tags=["a", "b"], name="x", key=1, flag=True, nested={"a": [1, 2.5, None], "é": "ü😀"}),
            code("3", tags=[], collapsed=True, scrolled=False, execution={"iopub.execute_input": "now"}),
            text("text", tags=["t"], slideshow={"slide_type": "slide"}),
            raw("raw", format="text/html"),
            code("4", **{"not a key": 1, "a-b/c@d.e": 'quote " and \\'}),
            code("5", title="A title", k="a=b"),
            text("titled", title="A title"),
            code("6", title="Sub", cell_depth=1),
            text("short", region_name="md"),
        ],
    ),
    "json_metadata": (
        {**KERNEL, "jupytext": {"cell_metadata_json": True}},
        [code("1", tags=["a"], n=None), text("m", title="T", k=1), code("2")],
    ),
    "blank_lines": (
        KERNEL,
        [
            code(""),
            text(""),
            code("\nlet a = 1;\n\n\nlet b = 2;"),
            text("\n  indented  \n\n\ntrailing spaces  \n"),
            code("a\n\n"),
            raw(""),
            code("\n"),
            code("  indented()\n.call()"),
            code("b", lines_to_next_cell=0),
            code("c", lines_to_next_cell=2),
            code("d"),
        ],
    ),
    "inactive": (
        KERNEL,
        [
            code("only_in_notebooks()\n\n:dep x", tags=["active-ipynb"]),
            code("frozen()", run_control={"frozen": True}),
            raw("only_in_scripts();", active="rs"),
            raw("for another language", active="py"),
            raw("tagged();", tags=["active-rs"]),
            raw("nowhere", active=""),
            code("both()", active="ipynb,rs"),
        ],
    ),
    "fences": (
        KERNEL,
        [
            text("```mermaid\n%% a comment\ngraph LR\n```\n\n~~~\n%%\n~~~"),
            code("1"),
        ],
    ),
    "front_matter": (KERNEL, [raw("---\ntitle: A: b\n\nauthor: x\n---"), code("1")]),
    "front_matter_only": ({"jupytext": {"notebook_metadata_filter": "-all"}}, [raw("---\ntitle: x\n---", lines_to_next_cell=0), code("1")]),
    "header": (
        {
            "kernelspec": {"display_name": "Rust: é", "language": "rust", "name": "yes"},
            "authors": [{"name": "A"}],
            "language_info": {"name": "rust"},
            "title": "it's",
            "jupytext": {
                "formats": "ipynb,rs:percent",
                "notebook_metadata_filter": "authors,title,-jupytext.text_representation.jupytext_version",
                "cell_metadata_filter": "tags,-all",
            },
        },
        [code("1", tags=["t"], other=1)],
    ),
    "bare": ({**KERNEL, "jupytext": {"notebook_metadata_filter": "-all", "cell_metadata_filter": "-all"}}, [code("1", tags=["t"]), text("x")]),
    "all_metadata": ({**KERNEL, **LANGUAGE, "jupytext": {"notebook_metadata_filter": "all", "cell_metadata_filter": "all"}}, [code("1", collapsed=True)]),
    "unicode": ({**KERNEL, "jupytext": {"executable": "/usr/bin/env rust-script"}}, [text("# ünïcode 🦀"), code('println!("λ");')]),
    "uncommented": ({**KERNEL, "jupytext": {"comment_magics": False}}, [code(":dep x\n// :dep y")]),
    "cell_markers": ({**KERNEL, "jupytext": {"cell_markers": "/*,*/"}}, [text("a\nb"), code("1")]),
    # What jupytext itself does not read back as it was.
    "odd_options": (KERNEL, [code("1", title="a=b"), code("2", lone=None), code("3", k=1, lone=None), code("4", cell_depth=2)]),
    "odd_sources": (KERNEL, [text("// :dep x"), code("// // + x\n// + y"), text("```\nunclosed"), code("a\fb"), text("closed\n```"), code('r#"""#'), text("end")]),
}

SCRIPTS = {
    "empty": "",
    "no_marker": "fn main() {}\n\nlet x = 1;\n",
    "no_header": "// %% [markdown]\n// # Title\n//text\nnot commented\n\n// %% tags=[\"parameters\"]\nlet n = 3;\n// %%\n// :dep rand = \"0.10\"\n\n\n// %% A title\nn\n\n\n\n// %% [md]\n// m\n// %% [raw] format='x'\n// r",
    "hydrogen": "// %%\n:dep rand = \"0.10\"\n// :dep not = \"1\"\n\n// %%\n1\n",
    "hand_written": "//%%\n1\n// %%\tx\n2\n  // %%% Sub [markdown] k={\"a\": 1}\n// text\n// %%not a cell\n// %%%\n3\n",
    "options": "// %% tags=['a', \"b\"] on=True n=None f=1.5 l=(1, 2)\n1\n// %% T {\"tags\": [\"a\"]}\n2\n// %% a=b\n3\n// %% flag k=1\n4\n// %% k=1 flag .class\n5\n// %% cell_type=\"markdown\"\n// 6\n",
    "crlf": "// ---\r\n// jupyter:\r\n//   kernelspec:\r\n//     display_name: Rust\r\n//     language: rust\r\n//     name: rust\r\n// ---\r\n\r\n// %% [markdown]\r\n// a\r\n//\r\n// b\r\n\r\n// %%\r\n1\r\n\r\n2",
    "headers": "#!/usr/bin/env x\n// -*- coding: utf-8 -*-\n// ---\n// title: T\n// jupyter:\n//   kernelspec: {name: evcxr, language: rust, display_name: \"R\"}\n//   jupytext:\n//     cell_metadata_filter: -all\n//   count: 12 # twelve\n//   shown: yes\n// author: A\n// ---\n// %% tags=[\"a\"]\n1\n",
    "half_header": "// ---\n// jupyter:\n//   x: 1\n\n// %%\n1\n",
    "text_before": "// about\nuse std::fmt;\n\n// %%\n1\n",
    "last_lines": "// %%\n1\n\n\n",
}


def lists(notebook):
    """What was read, without what jupytext itself drops when it writes an ipynb."""
    jupytext_section = notebook.metadata.get("jupytext", {})
    jupytext_section.pop("text_representation", None)
    if "cell_metadata_filter" in jupytext_section:
        # It comes from a set, in any order.
        keys = jupytext_section["cell_metadata_filter"].split(",")
        jupytext_section["cell_metadata_filter"] = ",".join(sorted(keys, key=lambda key: (key.startswith("-"), key)))
    cells = [{key: cell[key] for key in ["cell_type", "metadata", "source"]} for cell in notebook.cells]
    return {"cells": cells, "metadata": notebook.metadata}


def write(name, value):
    (OUT / name).write_text(value, encoding="utf-8", newline="")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    scripts = dict(SCRIPTS)
    for name, (metadata, cells) in NOTEBOOKS.items():
        for number, cell in enumerate(cells, 1):
            cell["id"] = f"cell-{number}"
        notebook = new_notebook(metadata=metadata, cells=cells)
        write(f"{name}.ipynb", nbformat.writes(notebook) + "\n")
        notebook = nbformat.read(OUT / f"{name}.ipynb", as_version=4)
        script = jupytext.writes(notebook, fmt="rs:percent")
        scripts[name] = script if script.endswith("\n") else script + "\n"
    for name, script in scripts.items():
        write(f"{name}.rs", script)
        fmt = "rs:percent" if name in ("no_marker", "empty") else "rs"
        read = lists(jupytext.read(OUT / f"{name}.rs", fmt=fmt))
        write(f"{name}.json", json.dumps(read, indent=1, sort_keys=True) + "\n")
    recipe = f"Made by scripts/golden/percent.py with jupytext {jupytext.__version__} and nbformat {nbformat.__version__}.\n"
    write("README.md", recipe)
    # One script has the line ends of Windows.
    write(".gitattributes", "* -text\n")
    print(f"wrote {len(scripts)} scripts", file=sys.stderr)


if __name__ == "__main__":
    main()
