"""Each change of a fixture that the kernel could answer to is noticed by records.py, and no other.

usage: python3 scripts/golden/test_records.py
"""

import json
import pathlib
import tempfile
import unittest

import records


def notebook(source="1 + 1", value="2", differs=None, golden="a recipe"):
    output = {"output_type": "execute_result", "data": {"text/plain": [value]}, "metadata": {}, "execution_count": None}
    cell = {"cell_type": "code", "source": [source], "outputs": [output], "metadata": {"radio": {"differs": differs}}}
    return {"cells": [cell], "metadata": {"radio": {"golden": golden}}}


class Records(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        for inner in ("crates/a/src", "startup_x"):
            (self.folder / inner).mkdir(parents=True)
        self.write("crates/a/src/lib.rs", "pub fn a() {}")
        self.write("startup_x/prelude.rs", "use std::fmt;")
        self.paths = [self.folder / "plain.ipynb", self.folder / "startup_x/settings.ipynb"]
        for path in self.paths:
            self.write(path, json.dumps(notebook()))
        records.confirm(self.paths, self.paths, self.folder)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def changed(self):
        return [path.stem for path in records.changed(self.paths, self.folder)]

    def test_what_is_confirmed_is_not_asked_again(self):
        self.assertEqual(self.changed(), [])

    def test_a_changed_cell_or_output_is_asked_again(self):
        for other in (notebook(source="1 + 2"), notebook(value="3")):
            self.write("plain.ipynb", json.dumps(other))
            self.assertEqual(self.changed(), ["plain"])

    def test_what_radio_gives_otherwise_is_none_of_the_kernel_s(self):
        self.write("plain.ipynb", json.dumps(notebook(differs="one program", golden="another")))
        self.assertEqual(self.changed(), [])

    def test_a_crate_or_a_setting_that_cells_read_counts(self):
        self.write("crates/a/src/lib.rs", "pub fn a() -> i32 { 1 }")
        self.assertEqual(self.changed(), ["plain"])
        self.write("startup_x/prelude.rs", "use std::io;")
        self.assertEqual(self.changed(), ["plain", "settings"])

    def test_another_version_of_the_kernel_is_asked_anew(self):
        old, new = (records.fingerprint(self.paths[0], self.folder, version) for version in ("0.22.0", "0.23.0"))
        self.assertNotEqual(old, new)

    def test_a_new_fixture_is_asked_and_one_that_is_gone_is_forgotten(self):
        self.paths.append(self.folder / "new.ipynb")
        self.write("new.ipynb", json.dumps(notebook()))
        self.assertEqual(self.changed(), ["new"])
        self.paths.pop(0)
        records.confirm(self.paths[1:], self.paths, self.folder)
        self.assertEqual(sorted(records.confirmed(self.folder)), ["new", "settings"])


if __name__ == "__main__":
    unittest.main()
