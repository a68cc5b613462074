"""What the benchmarks against Python libraries share: a virtual environment for them, and processes that print what they measured."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(directory, requirements, *, dependencies=True):
    """The python of the virtual environment in `directory`/.venv, with the requirements in that file installed: with what they depend
    on, or nothing else, where a package asks for much that is not used here."""
    directory = directory / ".venv"
    python = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = directory / "requirements.txt"
    wanted = requirements.read_text()
    if not installed.exists() or installed.read_text() != wanted:
        print("making the virtual environment ...", file=sys.stderr)
        call([sys.executable, "-m", "venv", directory])
        alone = [] if dependencies else ["--no-deps"]
        call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *alone, "-r", requirements])
        installed.write_text(wanted)
    return python


def call(command):
    """What a command prints; the end of everything if it fails."""
    # OpenBLAS is to choose its kernels itself, by the processor it runs on.
    chosen = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    variables = {name: value for name, value in os.environ.items() if name not in chosen}
    command = [str(part) for part in command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=variables)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command[:3])} ... failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


@functools.cache
def example(name, *, release=True):
    """The path of one of radio_rec's example programs, compiled by the first call: for speed, or as `cargo test` does."""
    profile = ["--release"] if release else []
    call(["cargo", "build", "--quiet", *profile, "--package", "radio_rec", "--example", name])
    return ROOT / "target" / ("release" if release else "debug") / "examples" / (f"{name}.exe" if os.name == "nt" else name)


def figures(printed):
    """The `name=number` lines that a process printed."""
    return {name: float(value) for name, value in re.findall(r"^(\w+)=([0-9.]+)$", printed, re.MULTILINE)}
