#!/usr/bin/env python3
"""Puts a kernel through what others have written to test kernels with: jupyter_kernel_test, and nbclient.

    .ci/kernel_suites.py            # the kernel for Rust, and the one of crates/radio_kernel/examples/echo
    .ci/kernel_suites.py echo       # the protocol alone: half a minute

The kernels are compiled first; a virtual environment is made in target/kernel-venv (python3, PyPI). Nothing is installed: the
kernelspecs lie in target/kernel-suites, where JUPYTER_PATH points to. A test that the suite skips counts as a failure, unless it stands in SKIPPED.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / "target/kernel-venv"
FOLDER = ROOT / "target/kernel-suites"
WANTED = ["jupyter_kernel_test==0.7.0", "nbclient==0.11.0", "nbformat==5.11.1", "jupyter_client==8.10.0"]

# What a language can not do, by its name in the suite.
SKIPPED = {
    # A payload of type "page" opens a pager in the terminal's console alone, and is deprecated in the protocol.
    "test_pager",
}


def in_environment():
    """Goes on with the Python of the virtual environment."""
    if pathlib.Path(sys.prefix) == VENV:
        return
    marker = VENV / "wanted.json"
    if not marker.is_file() or json.loads(marker.read_text()) != WANTED:
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *WANTED], check=True)
        marker.write_text(json.dumps(WANTED))
    python = VENV / "bin/python"
    os.execv(python, [python, *sys.argv])


in_environment()

import unittest  # noqa: E402

import jupyter_kernel_test  # noqa: E402
import nbclient  # noqa: E402
import nbformat  # noqa: E402


class Suite(jupyter_kernel_test.KernelTests):
    """What the suite leaves out: waiting cells, input, and a kernel that answers while a cell runs."""

    code_input = ""
    code_sleep = ""
    code_fail = ""

    def test_input(self):
        self.flush_channels()
        self.kc.execute(self.code_input)
        asked = self.kc.get_stdin_msg(timeout=15)
        # Who reads plain stdin has printed its question.
        self.assertIn(asked["content"], [{"prompt": prompt, "password": False} for prompt in ("Name?", "")])
        self.kc.input("Ada")
        reply = self.get_non_kernel_info_reply(timeout=15)
        self.assertEqual(reply["content"]["status"], "ok")

    def test_interrupt(self):
        self.flush_channels()
        self.kc.execute(self.code_sleep)
        self.kc.execute(self.code_execute_result[0]["code"])
        while self.kc.get_iopub_msg(timeout=15)["msg_type"] != "execute_input":
            pass
        self.kc.complete("x")
        self.assertEqual(self.kc.get_shell_msg(timeout=2)["msg_type"], "complete_reply")
        self.km.interrupt_kernel()
        statuses = [self.kc.get_shell_msg(timeout=15)["content"]["status"] for _ in range(2)]
        self.assertEqual(statuses, ["error", "aborted"])

    def test_signal(self):
        self.flush_channels()
        self.kc.execute(self.code_sleep)
        while self.kc.get_iopub_msg(timeout=15)["msg_type"] != "execute_input":
            pass
        os.kill(self.km.provisioner.pid, 2)
        self.assertEqual(self.kc.get_shell_msg(timeout=15)["content"]["status"], "error")

    def test_large(self):
        """Messages of some megabytes, which libzmq takes apart and puts together by itself."""
        self.flush_channels()
        text = "0123456789abcdef" * (6 << 16)
        reply, outputs = self.execute_helper(self.code_large(text))
        self.assertEqual(reply["content"]["status"], "ok")
        self.assertEqual("".join(message["content"]["text"] for message in outputs), text)

    def test_notebook(self):
        """Through nbclient, as papermill and nbconvert do it; and once more after a restart."""
        cells = [self.code_hello_world, self.code_execute_result[0]["code"], self.code_fail]
        cells = [nbformat.v4.new_code_cell(source) for source in cells]
        cells[-1].metadata["tags"] = ["raises-exception"]
        notebook = nbformat.v4.new_notebook(cells=cells)
        for _ in range(2):
            client = nbclient.NotebookClient(notebook, timeout=60, kernel_name=self.kernel_name)
            client.execute()
            kinds = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
            self.assertEqual(kinds, [["stream"], ["execute_result"], ["error"]])
            self.assertEqual([cell.execution_count for cell in notebook.cells], [1, 2, 3])


class Echo(Suite):
    kernel_name = "echo"
    language_name = "echo"
    file_extension = ".echo"
    code_hello_world = "print hello, world"
    code_stderr = "eprint oops"
    code_fail = code_generate_error = "fail on purpose"
    code_execute_result = [{"code": "value a", "result": "a"}, {"code": "value b", "result": "b"}]
    code_display_data = [{"code": "display <b>x</b>", "mime": "text/html"}]
    code_clear_output = "clear"
    code_input = "input Name?"
    code_sleep = "sleep 60000"
    completion_samples = [{"text": "upd", "matches": ["update"]}]
    complete_code_samples = ["print a", ""]
    incomplete_code_samples = ["print \\"]
    invalid_code_samples = ["prrint a"]
    code_history_pattern = "value a*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "seen"

    @staticmethod
    def code_large(text):
        return f"write {text}"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kc.execute("let seen", silent=True)
        cls.kc.get_shell_msg(timeout=15)


def outputs(cell):
    """What a cell gave, however its text was cut into messages."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and found and found[-1][:2] == ["stream", output.name]:
            found[-1][2] += output.text
        elif output.output_type == "stream":
            found.append(["stream", output.name, output.text])
        elif output.output_type == "error":
            found.append(["error", output.ename, output.evalue, output.traceback])
        else:
            found.append([output.output_type, output.data])
    return found


class Rust(Suite):
    kernel_name = "rust"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oops");'
    code_fail = code_generate_error = 'panic!("on purpose")'
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": '"a".repeat(3)', "result": '"aaa"'}]
    code_display_data = [{"code": 'radio_runtime::display("text/html", "<b>x</b>");', "mime": "text/html"}]
    code_clear_output = "radio_runtime::clear(false);"
    code_input = 'print!("Name?"); let mut name = String::new(); std::io::stdin().read_line(&mut name).unwrap();'
    code_sleep = "loop {}"
    completion_samples = [
        {"text": "let a = seen_ear", "matches": ["seen_earlier"]},
        {"text": "printl", "matches": ["println!"]},
        {"text": ":show", "matches": ["show_deps"]},
    ]
    complete_code_samples = ["1", "let x = 1;", "fn f() {}", "", ":vars", "use std::fmt"]
    incomplete_code_samples = ["fn f() {", "let x = ", '"abc', "/* a", "foo(1,", "fn f()", "#[derive(Debug)]"]
    invalid_code_samples = ["fn fn", "a)", "let = 2;"]
    code_history_pattern = "6 ? 7*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "seen_earlier"

    def test_committed_notebooks(self):
        """What this project's notebooks hold is what this kernel gives."""
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            with self.subTest(notebook=path.name):
                executed, committed = nbformat.read(path, 4), nbformat.read(path, 4)
                resources = {"metadata": {"path": str(path.parent)}}
                nbclient.NotebookClient(executed, timeout=900, kernel_name="rust", resources=resources).execute()
                for own, expected in zip(executed.cells, committed.cells):
                    self.assertEqual(outputs(own), outputs(expected), own.source)
                    self.assertEqual(own.get("execution_count"), expected.get("execution_count"))

    @staticmethod
    def code_large(text):
        return f'print!("{{}}", "{text[:16]}".repeat({len(text) // 16}));'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The first cell may have to build what runs cells.
        cls.kc.execute("let seen_earlier = 1;", silent=True)
        cls.kc.get_shell_msg(timeout=120)


def build(language):
    """Compiles a kernel, and writes its kernelspec."""
    if language == "rust":
        subprocess.run(["cargo", "build", "--quiet", "--package", "radio_kernel"], cwd=ROOT, check=True)
        install = [ROOT / "target/debug/radio-kernel", "install", "--name", "rust", "--prefix", FOLDER / "prefix"]
        subprocess.run(install, check=True)
        shutil.move(FOLDER / "prefix/share/jupyter/kernels/rust", FOLDER / "kernels/rust")
        return
    argv = [str(ROOT / "target/debug/examples/echo"), "{connection_file}", str(FOLDER / "history")]
    build = ["cargo", "build", "--quiet", "--package", "radio_kernel", "--example", "echo"]
    subprocess.run(build, cwd=ROOT, check=True)
    spec = {"argv": argv, "display_name": language, "language": language, "interrupt_mode": "message"}
    folder = FOLDER / "kernels" / language
    folder.mkdir()
    (folder / "kernel.json").write_text(json.dumps(spec))


SUITES = {"echo": Echo, "rust": Rust}


def main():
    wanted = sys.argv[1:] or list(SUITES)
    if unknown := set(wanted) - set(SUITES):
        sys.exit(f"kernel_suites.py: there is no suite for {', '.join(unknown)}; there are {', '.join(SUITES)}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "kernels").mkdir(parents=True)
    os.environ["JUPYTER_PATH"] = str(FOLDER)
    # The history of the suite is its own.
    os.environ["XDG_DATA_HOME"] = str(FOLDER / "data")
    is_good = True
    for language in wanted:
        build(language)
        tests = unittest.defaultTestLoader.loadTestsFromTestCase(SUITES[language])
        result = unittest.TextTestRunner(verbosity=2).run(tests)
        skipped = [test.id() for test, _ in result.skipped if test.id().rpartition(".")[2] not in SKIPPED]
        if skipped:
            print("skipped, though a kernel can do it:", ", ".join(skipped))
        is_good = is_good and result.wasSuccessful() and not skipped
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
