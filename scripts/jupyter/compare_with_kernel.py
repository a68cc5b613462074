#!/usr/bin/env python3
"""Compares what `radio run` gives with what a kernel gives, live: the stock evcxr kernel, or this project's.

    scripts/setup-jupyter --evcxr
    scripts/jupyter/compare_with_kernel.py                                # the notebooks in notebooks/
    scripts/jupyter/compare_with_kernel.py scripts/x.rs some/folder       # notebooks, percent scripts, folders of them
    scripts/jupyter/compare_with_kernel.py --radio-args='--engine evcxr'
    scripts/jupyter/compare_with_kernel.py --fixtures [NAME]...           # are the outputs in tests/dialect/ still the kernel's?
    scripts/jupyter/compare_with_kernel.py --fixtures --changed           # those only that it has not confirmed as they are
    scripts/jupyter/compare_with_kernel.py --fixtures --confirm           # and write down which are (tests/dialect/confirmed.txt)
    scripts/jupyter/compare_with_kernel.py --kernel rust --fixtures       # tests/dialect/, by this project's kernel and by radio run

Text has to be equal, and images in their bytes. What is meant to differ:

- how text is cut into chunks, how stdout and stderr are mixed, execution counts, colours, numbers of threads, and whether
  content is called a result or a display;
- a panic, or a `?` that fails, is an error in radio; the kernel reports success, and the message is on stderr, where it may
  come so late that it stands in the next cell, or nowhere;
- `()` shows nothing in radio, and `()` in the kernel;
- of the compiler's errors radio shows the first as the cell's error, which has to be one of the kernel's; the ends of a
  process are told in other words;
- with --fixtures, text on stderr, which the kernel sends late or loses at random: a difference is printed, and does not count;
- a cell whose metadata says `"radio": {"differs": "why"}` is not compared with the stock kernel. Its reason is printed;
- this project's kernel takes the commands that only a session can have, and says so where a cell reads plain stdin and nobody
  can be asked (ONLY_IN_SESSIONS); it shows the compiler's warnings.

Exit codes: 0 all equal, 1 a cell differs, 2 the arguments could not be used.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import sys
import time

import live

# The kernel sends stdout, stderr and results by ways of their own, and loses a line at times.
TRIES = 3
# The fixtures of commands that `radio run` refuses and this project's kernel obeys; and of stdin, which is at its end there.
ONLY_IN_SESSIONS = {"cells_refused_clear", "cells_refused_explain", "cells_refused_restart", "value_stdin"}


def notebooks_in(paths):
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix in (".ipynb", ".rs"))
            if not found:
                sys.exit(f"{path}: no notebooks in this folder")
            yield from found
        elif path.suffix in (".ipynb", ".rs") and path.exists():
            yield path
        else:
            print(f"{path}: not a notebook, a percent script or a folder", file=sys.stderr)
            sys.exit(2)


def comparable(kernel, radio, late):
    """Both sides of a cell without what is meant to differ. `late` is what the kernel says on stderr in the next cell."""
    kernel, radio = dict(kernel), dict(radio)
    theirs, ours = kernel.pop("errors"), radio.pop("errors")
    if kernel.get("text/plain") == "()" and "text/plain" not in radio:
        del kernel["text/plain"]
    if ours and not theirs:
        said = kernel.pop("stderr", "") + late
        radio.pop("stderr", None)
        theirs = ours if not said or ours[0] in said else [said]
    elif ours:
        bare = [re.sub(r" \[E\d+\]$", "", text) for text in [*ours[:1], *theirs]]
        is_compilers = bare[0] != ours[0] or any(text != old for text, old in zip(bare[1:], theirs))
        theirs = ours if bare[0] in bare[1:] or not is_compilers else theirs
    return kernel | {"error": "\n".join(theirs)}, radio | {"error": "\n".join(ours)}


def difference(title, old, new, names=("the kernel", "radio")):
    """A diff of two mappings, or nothing."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        sides = [side.get(key) for side in (old, new)]
        texts = [str("(nothing)" if side is None else side).splitlines() for side in sides]
        diff = difflib.unified_diff(*texts, *(f"{key}, {name}" for name in names), lineterm="")
        lines += [line if len(line) < 300 else f"{line[:200]}... ({len(line)} characters)" for line in diff]
        if texts[0] == texts[1]:
            lines.append(f"{key}: the ends of its lines differ")
    return [f"{title}:", *lines] if lines else []


def against_radio(path, radio_arguments, kernel_name=live.STOCK):
    """How radio differs from the kernel in a notebook, a list of lines, and the reasons why it may."""
    kernel, radio = live.by_kernel(path, kernel=kernel_name), live.by_radio(path, radio_arguments)
    theirs = [live.what_is_shown(cell.outputs) for cell in live.code_cells(kernel)]
    ours = [live.what_is_shown(cell.outputs) for cell in live.code_cells(radio)]
    lines, reasons, after_failure = [], [], False
    for index, cell in enumerate(live.code_cells(kernel)):
        late = theirs[index + 1].get("stderr", "") if index + 1 < len(theirs) else ""
        if after_failure and "stderr" not in ours[index]:
            theirs[index].pop("stderr", None)
        after_failure = bool(ours[index]["errors"])
        reason = cell.metadata.get("radio", {}).get("differs")
        if reason and kernel_name == live.STOCK:
            reasons.append(f"{path.name}: cell {index + 1} is not compared: {reason}")
        else:
            lines += difference(f"{path.name}: cell {index + 1}", *comparable(theirs[index], ours[index], late))
    return lines, reasons


def timed_against_radio(path, radio_arguments, kernel_name):
    start = time.monotonic()
    return *against_radio(path.resolve(), radio_arguments, kernel_name), time.monotonic() - start


def compare_with_radio(paths, radio_arguments, jobs, kernel_name):
    failed = []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        # The first by itself: the libraries that its kernel compiles serve those after it.
        begun = [pool.submit(timed_against_radio, path, radio_arguments, kernel_name) for path in paths[:1]]
        concurrent.futures.wait(begun)
        begun += [pool.submit(timed_against_radio, path, radio_arguments, kernel_name) for path in paths[1:]]
        for path, result in zip(paths, begun, strict=True):
            lines, reasons, took = result.result()
            print(*lines, *reasons, sep="\n", end="\n" if lines or reasons else "")
            print(f"{path}: {'DIFFERS' if lines else 'equal'} ({took:.0f} s)", flush=True)
            failed += [path] if lines else []
    return failed


def against_golden(path):
    """How a fixture's stored outputs differ from the kernel's, and how often it ran."""
    import dialect

    # As when the outputs were stored: without anybody's settings.
    os.environ["EVCXR_CONFIG_DIR"] = str(path.parent)
    build = live.build_folders()
    golden = live.read(path)
    for attempt in range(1, TRIES + 1):
        lines, names = [], ("stored", "the kernel's")
        pairs = zip(live.code_cells(golden), live.code_cells(live.by_kernel(path, dialect.TIMEOUT)), strict=True)
        said = ["", ""]
        for number, (old, new) in enumerate(pairs, 1):
            sides = [live.what_is_shown(dialect.normal(cell.outputs, build)) for cell in (old, new)]
            for side in sides:
                if side["errors"][:1] and "did not answer" in side["errors"][0]:
                    # How the kernel was put away then is none of the cell's.
                    del side["errors"][1:]
            said = [all_before + side.pop("stderr", "") for all_before, side in zip(said, sides)]
            lines += difference(f"{path.stem}: cell {number}", *sides, names)
        if not lines:
            break
    # It comes late at times, in a later cell or between two, where it is lost: told, but no failure.
    notes = difference(f"{path.stem} (not counted)", {"stderr": said[0]}, {"stderr": said[1]}, names)
    return path, lines, notes, attempt


def as_radio(path):
    """The same of this project's kernel and what `radio run` gives, which the tests of the dialect hold against what is stored."""
    os.environ["EVCXR_CONFIG_DIR"] = str(path.parent)
    lines, _ = against_radio(path, ["--timeout", "60"], "rust")
    return path, lines, [], 1


def compare_fixtures(names, jobs, only_changed, confirm, kernel_name):
    import dialect
    import records

    paths = [dialect.notebook_called(name) for name in names] or dialect.notebooks()
    if missing := [path for path in paths if not path.exists()]:
        print(*missing, "not there", file=sys.stderr)
        sys.exit(2)
    if only_changed:
        paths = records.changed(paths)
        print("to be confirmed:", ", ".join(path.stem for path in paths) or "none", flush=True)
    compare = against_golden if kernel_name == live.STOCK else as_radio
    if kernel_name != live.STOCK:
        paths = [path for path in paths if path.stem not in ONLY_IN_SESSIONS]
    failed, again = [], []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for number, (path, lines, notes, attempts) in enumerate(pool.map(compare, paths), 1):
            print(*lines, *notes, sep="\n", end="\n" if lines or notes else "")
            failed += [path] if lines else []
            again += [path.stem] if attempts > 1 and not lines else []
            print(f"\r{number} of {len(paths)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if again:
        print(f"equal only when run again: {', '.join(again)}")
    if confirm:
        records.confirm([path for path in paths if path not in failed], dialect.notebooks())
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="notebooks, scripts or folders; with --fixtures, names")
    parser.add_argument("--fixtures", action="store_true", help="compare the outputs stored in tests/dialect/ with the kernel's")
    parser.add_argument("--changed", action="store_true", help="with --fixtures: only those whose record is not confirmed")
    parser.add_argument("--confirm", action="store_true", help="with --fixtures: write down which are equal")
    parser.add_argument("--kernel", default=live.STOCK, metavar="NAME", help="evcxr (the default), or rust: this project's")
    parser.add_argument("--jobs", type=int, default=2, help="kernels at a time (default: 2)")
    parser.add_argument("--radio-args", type=shlex.split, default=[], metavar="ARGUMENTS", help="more arguments for radio run")
    given = parser.parse_args()
    if (given.changed or given.confirm) and not given.fixtures:
        parser.error("--changed and --confirm are for --fixtures")
    if (given.changed or given.confirm) and given.kernel != live.STOCK:
        parser.error("--changed and --confirm are for the stock kernel")
    live.use_venv()
    start = time.monotonic()
    if given.fixtures:
        failed = compare_fixtures(given.paths, given.jobs, given.changed, given.confirm, given.kernel)
    else:
        paths = list(notebooks_in([pathlib.Path(path) for path in given.paths] or [live.ROOT / "notebooks"]))
        failed = compare_with_radio(paths, given.radio_args, given.jobs, given.kernel)
    print(f"{len(failed)} differ; {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
