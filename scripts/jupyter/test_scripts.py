#!/usr/bin/env python3
"""Runs the evcxr scripts in scripts/ in the three ways that scripts/README.md names, and by radio's other engine, and compares
what they show.

usage: scripts/jupyter/test_scripts.py [--without repl|radio|notebook|embedded]... [SCRIPT]...     (after scripts/setup-jupyter --evcxr)

RADIO names a radio that was built with `--features evcxr`; without one, its other engine is left out.

The text has to be the same in all ways; between `radio run` and the notebook under the stock kernel, pictures and tables
too. In the folder of the scripts no file may be added, and the data has to be as it was. Ends with 1 if anything differs.
"""

import argparse
import os
import pathlib
import sys
import time

import compare_with_kernel
import live

WAYS = {
    "radio": live.by_radio,
    "repl": live.by_repl,
    "notebook": live.by_kernel,
    "embedded": live.by_embedded_evcxr,
}
SCRIPTS = live.ROOT / "scripts"


def files():
    """What a script may not change: which files are beside it, and the data."""
    data = {path.name: path.read_bytes() for path in (live.ROOT / "data").iterdir()}
    return {path.name: None for path in SCRIPTS.iterdir()} | data


def check(script, ways):
    before = files()
    results, text, lines = {}, {}, []
    for way in ways:
        start = time.monotonic()
        results[way] = WAYS[way](script)
        text[way] = results[way] if way == "repl" else live.text_of(results[way])
        print(f"{script.name} as {way}: {time.monotonic() - start:.0f} s", flush=True)
        if "error: " in text[way] or not text[way].strip():
            lines.append(f"{script.name} as {way} fails, or shows nothing:\n{text[way]}")
    first = ways[0]
    for way in ways[1:]:
        title = f"{script.name}: {first} and {way}"
        lines += compare_with_kernel.difference(title, {"text": text[first]}, {"text": text[way]}, (first, way))
    if {"radio", "notebook"} <= results.keys():
        pairs = zip(*(live.code_cells(results[way]) for way in ("notebook", "radio")), strict=True)
        for number, cells in enumerate(pairs, 1):
            sides = [live.what_is_shown(cell.outputs) for cell in cells]
            lines += compare_with_kernel.difference(f"{script.name}: cell {number}", *sides)
    after = files()
    lines += [f"{name} changed" for name in sorted(before.keys() | after.keys()) if before.get(name, "") != after.get(name, "")]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", type=pathlib.Path, metavar="SCRIPT", help="all in scripts/ unless said")
    parser.add_argument("--without", action="append", default=[], choices=WAYS, help="a way to leave out")
    given = parser.parse_args()
    live.use_venv()
    if "RADIO" not in os.environ:
        print("RADIO names no radio with evcxr embedded, which is left out")
        given.without.append("embedded")
    ways = [way for way in WAYS if way not in given.without]
    if len(ways) < 2:
        parser.error("nothing is left to compare")
    lines = []
    for script in given.scripts or sorted(SCRIPTS.glob("*.rs")):
        lines += check(script.resolve(), ways)
    print(*lines, sep="\n")
    print("something differs" if lines else "all equal")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
