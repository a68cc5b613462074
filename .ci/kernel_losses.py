#!/usr/bin/env python3
"""What must not cost a session anything: in a notebook with a variable of 200 MB, all that a cell can do; and input that is none.

    .ci/kernel_losses.py [-v] [NAME]...

Run it after .ci/kernel_suites.py, whose environment it uses.
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from kernel_session import KERNEL, Session, below

# What cells may have, in MB: less than the machine, so that the test does not depend on whom the system ends for want of memory.
MEMORY = 3000
# Of the values that stand in the large variable.
SUM = sum(at % 251 for at in range(0, 200_000_000, 1009))


class Losses(unittest.TestCase):
    """One session for all cases: each leaves behind what the next one needs."""

    @classmethod
    def setUpClass(cls):
        cls.session = Session(RADIO_CELL_MEMORY=str(MEMORY))
        cls.session.run(':dep rayon = "1"\nuse rayon::prelude::*;', patience=600)
        made = cls.session.run(
            """let mut large = vec![7u8; 200_000_000];
for at in (0..large.len()).step_by(1009) { large[at] = (at % 251) as u8; }
let mut mark = String::from("one");
large.len()"""
        )
        assert made.value == "200000000", made

    @classmethod
    def tearDownClass(cls):
        cls.session.end()

    def setUp(self):
        self.begun = time.monotonic()

    def tearDown(self):
        print(f"{time.monotonic() - self.begun:.1f} s", end=" ", flush=True)

    def fails(self, code, ename):
        cell = self.session.run(code)
        self.assertEqual((cell.status, cell.ename), ("error", ename), cell)
        self.all_is_there()
        return cell

    def all_is_there(self):
        kept = self.session.run("(large.iter().step_by(1009).map(|x| u64::from(*x)).sum::<u64>(), large.len(), mark.as_str())")
        self.assertEqual(kept.value, f'({SUM}, 200000000, "one")', kept)

    def test_panic(self):
        self.fails('mark.push_str("x"); panic!("on purpose")', "Panic")

    def test_question_mark(self):
        self.fails('mark.push_str("x"); Err::<u8, _>("bad")?;', "Error")

    def test_index_out_of_bounds(self):
        self.fails("let at = large.len(); large[at]", "Panic")

    def test_overflow(self):
        self.fails("i32::MAX + mark.len() as i32", "Panic")

    def test_endless_loop(self):
        self.is_interrupted('mark.push_str("x"); println!("on"); loop { std::hint::black_box(0); }')

    def test_endless_loop_in_a_rayon_thread(self):
        self.is_interrupted('println!("on"); rayon::join(|| loop { std::hint::black_box(0); }, || 1);')
        self.is_interrupted('println!("on"); (0..8).into_par_iter().for_each(|_| loop { std::hint::black_box(0); });')

    def is_interrupted(self, code):
        cell = self.session.run(code, "stream", self.session.manager.interrupt_kernel)
        self.assertEqual((cell.status, cell.ename), ("error", "Interrupted"), cell)
        self.assertLess(cell.seconds, 5)
        self.all_is_there()

    def test_abort(self):
        self.fails("std::process::abort()", "Signal")

    def test_null(self):
        self.fails("unsafe { std::ptr::null_mut::<u8>().write_volatile(1) }", "Signal")

    def test_stack_overflow(self):
        self.fails("fn deep(n: u64) -> u64 { std::hint::black_box(deep(n + 1)) + 1 }\ndeep(1)", "Signal")

    def test_exit(self):
        self.fails("std::process::exit(3)", "Exited")

    def test_30_gigabytes(self):
        self.fails("vec![1u8; 30_000_000_000].len()", "Signal")
        # Little by little, and touched.
        self.fails("let mut all = Vec::new(); loop { all.push(vec![1u8; 100_000_000]); }", "Signal")

    def test_compile_error(self):
        self.fails('mark.push_str("x"); let wrong: i32 = "a";', "CompileError")
        self.fails("fn wrong(", "CompileError")

    def test_dependency_that_does_not_exist(self):
        cell = self.session.run(":dep there_is_no_such_crate_anywhere = { path = \"/nowhere/at/all\" }\n1")
        self.assertEqual(cell.status, "error", cell)
        self.all_is_there()

    def test_sigterm_to_what_runs_cells(self):
        for process in below(self.session.process):
            try:
                os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                continue
            self.all_is_there()
        code = 'println!("on"); std::thread::sleep(std::time::Duration::from_secs(600));'

        def to_all():
            for process in below(self.session.process):
                try:
                    os.kill(process, signal.SIGTERM)
                except ProcessLookupError:
                    pass

        cell = self.session.run(code, "stream", to_all)
        self.assertEqual(cell.status, "error", cell)
        self.all_is_there()

    def test_a_thread_that_panics(self):
        cell = self.session.run('std::thread::spawn(|| panic!("in a thread")).join().is_err()')
        self.assertEqual(cell.value, "true", cell)
        self.all_is_there()
        cell = self.session.run('std::thread::spawn(|| panic!("left alone")); std::thread::sleep(std::time::Duration::from_millis(100));')
        self.assertEqual(cell.status, "ok", cell)
        self.assertIn("left alone", cell.text["stderr"])
        self.all_is_there()

    def test_stdout_closed(self):
        close = 'unsafe extern "C" { fn close(fd: i32) -> i32; }'
        for descriptors in ((1,), (2,), (0, 1, 2)):
            closing = f"{close}\nunsafe {{ {' '.join(f'close({fd});' for fd in descriptors)} }}"
            # With the cell, its doing is gone.
            self.fails(f'{closing}\npanic!("on purpose")', "Panic")
            cell = self.session.run('println!("here"); eprintln!("and here");')
            self.assertEqual(cell.text, {"stdout": "here\n", "stderr": "and here\n"}, cell)
        # A cell that wants it so has it so from then on; values are shown all the same.
        cell = self.session.run(f'{closing}\nprintln!("gone");')
        self.assertEqual((cell.status, cell.text["stdout"]), ("ok", ""), cell)
        self.assertIn("closed stdout", cell.text["stderr"])
        self.all_is_there()

    def test_interrupt_while_it_compiles(self):
        code = "macro_rules! many { ($($x:ident)*) => { $(let $x = vec![1, 2, 3].iter().map(|x| x + 1).collect::<Vec<i32>>();)* } }\n"
        names = " ".join(f"x{number}" for number in range(3000))

        def interrupt():
            time.sleep(0.5)
            self.session.manager.interrupt_kernel()

        cell = self.session.run(f"{code}many!({names});", "execute_input", interrupt)
        self.assertEqual((cell.status, cell.ename), ("error", "Interrupted"), cell)
        self.assertLess(cell.seconds, 2)
        self.all_is_there()

    def test_interrupt_while_a_dependency_is_built(self):
        with tempfile.TemporaryDirectory() as folder:
            crate = pathlib.Path(folder) / "slow_to_build"
            (crate / "src").mkdir(parents=True)
            (crate / "Cargo.toml").write_text('[package]\nname = "slow_to_build"\nversion = "0.1.0"\nedition = "2024"\nbuild = "build.rs"\n')
            (crate / "src/lib.rs").write_text("pub fn f() -> u8 { 1 }\n")
            (crate / "build.rs").write_text("fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }\n")

            def interrupt():
                time.sleep(3)
                self.session.manager.interrupt_kernel()

            cell = self.session.run(f':dep slow_to_build = {{ path = "{crate}" }}\n1', "execute_input", interrupt)
            self.assertEqual((cell.status, cell.ename), ("error", "Interrupted"), cell)
            self.assertLess(cell.seconds, 3)
            self.all_is_there()
            # And without what waits, it is built.
            (crate / "build.rs").write_text("fn main() {}\n")
            cell = self.session.run(f':dep slow_to_build = {{ path = "{crate}" }}\nslow_to_build::f()')
            self.assertEqual(cell.value, "1", cell)
            self.all_is_there()

    # Input that is none.

    def test_a_cell_of_a_megabyte(self):
        text = "0123456789abcdef" * (1 << 16)
        cell = self.session.run(f'"{text}".len()', patience=300)
        self.assertEqual(cell.value, str(len(text)), cell)
        cell = self.session.run("let a = 1;\n" * 2_000 + f"// {text}\na", patience=300)
        self.assertEqual(cell.value, "1", cell)
        # More than the compiler itself can take.
        cell = self.session.run("let a = 1;\n" * 20_000 + "a", patience=300)
        self.assertEqual(cell.status, "error", cell)
        self.assertIn("the compiler itself", cell.reply["evalue"])
        self.assertLess(len(cell.reply["evalue"]), 1000)
        self.all_is_there()

    def test_bytes_that_are_no_rust(self):
        for code in ("\0\1\2\3", "\ufeff\u202e\U0001f600 = ", "\x7fELF" * 10_000, "(" * 50_000, "\"" + "\\" * 99_999, "/*" * 20_000, "#!" * 1000):
            cell = self.session.run(code, patience=300)
            self.assertEqual(cell.status, "error", (code[:20], cell))
        self.all_is_there()

    def test_a_flood_of_lines(self):
        code = """let begun = std::time::Instant::now();
for second in 0..3 {
    for line in 0..10_000 { println!("line {second} {line}"); }
    while begun.elapsed().as_secs() <= second { std::thread::sleep(std::time::Duration::from_millis(1)); }
}"""
        cell = self.session.run(code)
        expected = "".join(f"line {second} {line}\n" for second in range(3) for line in range(10_000))
        self.assertEqual(cell.text["stdout"], expected)
        self.assertLess(cell.kinds.count("stream"), 3000)
        self.all_is_there()

    def test_a_bundle_of_20_megabytes(self):
        cell = self.session.run('radio_runtime::display("text/html", &"<b>x</b>".repeat(2_500_000));')
        self.assertEqual((cell.status, cell.kinds.count("display_data")), ("ok", 1), cell)
        self.all_is_there()

    def test_a_message_of_50_megabytes(self):
        code = f"// {'x' * 50_000_000}\n1 + 1"
        cell = self.session.run(code)
        self.assertEqual((cell.status, cell.ename), ("error", "TooLong"), cell.status)
        for ask in (self.session.client.complete, self.session.client.inspect):
            self.assertEqual(ask(code, len(code), reply=True, timeout=60)["content"]["status"], "ok")
        asked = self.session.client.is_complete(code)
        reply = self.session.client.get_shell_msg(timeout=60)
        self.assertEqual(reply["parent_header"]["msg_id"], asked)
        self.all_is_there()

    def test_signatures_and_what_is_no_json(self):
        session = self.session.client.session
        right = session.serialize(session.msg("execute_request", {"code": "mark.clear();", "silent": False}))
        at = right.index(b"<IDS|MSG>")
        channel = self.session.client.shell_channel.socket
        for change in (b"", b"0" * 64, b"\xff\xfe"):
            channel.send_multipart(right[: at + 1] + [change] + right[at + 2 :])
        for cut in range(at + 1, len(right)):
            channel.send_multipart(right[:cut])
        for part in range(at + 2, len(right)):
            channel.send_multipart(right[:part] + [right[part][:-1]] + right[part + 1 :])
        for text in (b"", b"{", b"null", b"[]", b"\xff", b'"\\ud800"'):
            parts = [*right[at + 2 : -1], text]
            channel.send_multipart([*right[: at + 1], session.sign(parts), *parts])
        # They are answered, or dropped; either way the kernel goes on with what is right.
        time.sleep(0.5)
        while self.session.client.shell_channel.msg_ready():
            self.session.client.get_shell_msg(timeout=1)
        self.all_is_there()


class ConnectionFile(unittest.TestCase):
    """What stands on the command line."""

    def refuses(self, path, *what):
        done = subprocess.run([KERNEL, "run", path], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2, done)
        for text in (str(path), *what):
            self.assertIn(text, done.stderr)
        self.assertNotIn("panicked", done.stderr)

    def test_connection_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "connection.json"
            self.refuses(path)
            self.refuses(pathlib.Path(folder))
            for text in ("", "{", "[]", "null"):
                path.write_text(text)
                self.refuses(path, "no connection file" if text != "" else "JSON")
            ports = {f"{name}_port": 1 for name in ("shell", "iopub", "stdin", "control", "hb")}
            right = {"ip": "127.0.0.1", "transport": "tcp", "key": "k", "signature_scheme": "hmac-sha256", **ports}
            for name, value in (("transport", "ipc"), ("signature_scheme", "hmac-md5"), ("ip", "there"), ("shell_port", -1)):
                path.write_text(json.dumps(right | {name: value}))
                self.refuses(path)
            path.write_text(json.dumps({name: value for name, value in right.items() if name != "hb_port"}))
            self.refuses(path, "hb_port")
            path.write_bytes(b"\xff\xfe\x00")
            self.refuses(path)
            if os.geteuid() != 0:
                path.chmod(0)
                self.refuses(path)


if __name__ == "__main__":
    subprocess.run(["cargo", "build", "--quiet", "--package", "radio_kernel"], cwd=KERNEL.parents[2], check=True)
    unittest.main()
