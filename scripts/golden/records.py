"""What the fixtures in crates/radio/tests/dialect/ have on record of the stock kernel, and which of it is confirmed.

`confirmed.txt` beside them holds a hash for each fixture that the stock kernel gave again, word for word, when it was last asked
(`.ci/crossing`). A hash is over all that the kernel sees and what it is said to have given: so a fixture that is new or changed has
none there. Of a clone's history nothing is needed. What radio gives otherwise (the metadata `radio`) is no part of it.
"""

import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "crates/radio/tests/dialect"
CONFIRMED = "confirmed.txt"


def kernel_version():
    """The version of evcxr that scripts/setup-jupyter installs."""
    return re.search(r"^evcxr=(\S+)", (ROOT / "scripts/setup-jupyter").read_text(), flags=re.M)[1]


def fingerprint(path, folder=FOLDER, version=None):
    """A hash of a fixture's cells, their outputs, the files they can read, and the version of the kernel."""
    notebook = json.loads(path.read_text())
    cells = [(cell["cell_type"], cell["source"], cell.get("outputs")) for cell in notebook["cells"]]
    # Settings lie in the fixture's own folder; what the others depend on, in `crates`.
    beside = folder / "crates" if path.parent == folder else path.parent
    files = sorted(file for file in beside.rglob("*") if file.is_file() and file.suffix in (".toml", ".rs", ".txt", ".evcxr"))
    contents = [(str(file.relative_to(beside)), file.read_text()) for file in files]
    known = json.dumps([version or kernel_version(), cells, contents], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def confirmed(folder=FOLDER):
    """The hashes on record, by the fixture's name."""
    file = folder / CONFIRMED
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split() for line in lines if line.strip() and not line.startswith("#"))


def changed(paths, folder=FOLDER):
    """Those of the fixtures that the kernel has not confirmed as they are."""
    known = confirmed(folder)
    return [path for path in paths if known.get(path.stem) != fingerprint(path, folder)]


def confirm(paths, every_fixture, folder=FOLDER):
    """Remembers that the kernel has given what `paths` say, and forgets the fixtures that are gone."""
    names = {path.stem for path in every_fixture}
    known = confirmed(folder) | {path.stem: fingerprint(path, folder) for path in paths}
    lines = [f"{name} {value}\n" for name, value in sorted(known.items()) if name in names]
    head = "# The fixtures whose outputs the stock kernel gave again: scripts/golden/records.py.\n"
    (folder / CONFIRMED).write_text(head + "".join(lines))
