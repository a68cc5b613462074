"""Looks at the page of `radio watch --serve` in Chromium: a copy of notebook 03 is watched and edited.

Ends non-zero at the first thing that is not as it should be. Screenshots are left in target/ci-browser/.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from selenium.common.exceptions import NoAlertPresentException

from chromium import browser, screenshot

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Inside the workspace, so that the libraries compiled for `radio run` serve here too.
DESK = ROOT / "target" / "ci-browser"
NOTEBOOK = DESK / "demo.ipynb"
PATIENCE = 120


def say(text):
    print("browser:", text, flush=True)


def wait_for(what, condition):
    until = time.monotonic() + PATIENCE
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > until:
            raise SystemExit(f"browser: waited in vain for {what}")
        time.sleep(0.05)


def check(holds, what):
    if not holds:
        raise SystemExit(f"browser: failed: {what}")
    say(f"ok: {what}")


class Radio:
    """`radio watch` over the copy."""

    def __init__(self, started, *serve):
        command = [ROOT / "target/debug/radio", "watch", NOTEBOOK, "--output", DESK / "out", "--serve", *serve]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        started.callback(self.process.kill)
        self.said = ""
        threading.Thread(target=self.read, daemon=True).start()
        pattern = re.compile(r"serving (http://127\.0\.0\.1:(\d+)/)")
        self.url, self.port = wait_for("the address", lambda: pattern.search(self.said)).groups()

    def read(self):
        for line in self.process.stderr:
            self.said += line

    def end(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=PATIENCE)
        check(code == 0, f"Ctrl-C ends radio watch with exit code {code}")


def cell(kind, source):
    fields = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        fields |= {"outputs": [], "execution_count": None}
    return fields


def save(notebook):
    """Saves as editors do: beside, then renamed."""
    beside = DESK / "beside"
    beside.write_text(json.dumps(notebook))
    beside.rename(NOTEBOOK)


def status(driver):
    return driver.execute_script("return document.querySelector('#status').className")


def text(driver):
    return driver.execute_script("return document.querySelector('main').innerText")


HOSTILE = """<script>document.title = 'hacked'; alert(1)</script>
<img src=x onerror="document.title = 'hacked'; alert(2)">
<svg onload="top.document.title = 'hacked'"></svg>
<meta http-equiv="refresh" content="0; url=http://127.0.0.1:9/">
<a href="javascript:top.document.title='hacked'" id="link">link</a>
<form action="http://127.0.0.1:9/"><input name=x></form>
<div style="position: fixed; inset: 0"><table><tr><td>hostile table<!--"""


def main():
    shutil.rmtree(DESK, ignore_errors=True)
    DESK.mkdir(parents=True)
    notebook = json.loads((ROOT / "notebooks/03_neural_network.ipynb").read_text())
    for each in notebook["cells"]:
        source = "".join(each["source"])
        each["source"] = source.replace('"../crates/', '"../../crates/').replace('"../data/', '"../../data/')
    save(notebook)
    subprocess.run(["cargo", "build", "--quiet", "--package", "radio"], cwd=ROOT, check=True)
    with contextlib.ExitStack() as started:
        radio = Radio(started)
        say(f"{radio.url}")
        drivers = []
        for _ in range(2):
            drivers.append(browser(started.enter_context(tempfile.TemporaryDirectory())))
            started.callback(drivers[-1].quit)
        look(radio, drivers, notebook, started)


def look(radio, drivers, notebook, started):
    driver, other = drivers
    for each in drivers:
        each.get(radio.url)
        wait_for("the first run", lambda: status(each) == "ok")
    check(driver.title == "demo.ipynb", "the page has the notebook's name")
    figures = "return [...document.querySelectorAll('img.figure')].map(i => [i.alt, i.complete && i.naturalWidth, i.clientWidth])"
    wait_for("the figures", lambda: all(width for _, width, _ in driver.execute_script(figures)))
    seen = driver.execute_script(figures)
    check(any("catter" in alt and width > 0 and shown > 300 for alt, width, shown in seen), f"the scatter plot is there: {seen}")
    tables = """return [...document.querySelectorAll('.html table')].map(t => [getComputedStyle(t).borderCollapse,
        [...t.querySelectorAll('.num')].every(c => getComputedStyle(c).textAlign === 'right' && getComputedStyle(c).whiteSpace === 'nowrap')])"""
    seen = driver.execute_script(tables)
    check(seen and all(style == "collapse" and right for style, right in seen), f"tables are styled, their numbers to the right: {seen}")
    check(driver.execute_script("return document.querySelectorAll('math').length") > 5, "formulas are drawn")
    check(driver.execute_script("return document.querySelectorAll('code.latex').length") == 0, "no formula is left as source")
    check(driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the page")
    size = driver.execute_script("return parseFloat(getComputedStyle(document.body).fontSize)")
    check(size >= 17, f"the type is large: {size} px")
    log = driver.get_log("browser")
    check(not log, f"the console is silent: {log}")
    screenshot(driver, DESK / "light.png")
    shapes = "return [...document.querySelectorAll('section')].findIndex(s => s.querySelector('img.figure'))"
    driver.execute_script(f"document.querySelectorAll('section')[(() => {{ {shapes} }})()].scrollIntoView()")
    screenshot(driver, DESK / "figure.png")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    table = "document.querySelector('.html table').closest('section').scrollIntoView({block: 'center'})"
    driver.execute_script(table)
    time.sleep(0.3)
    screenshot(driver, DESK / "dark.png")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    # From heading to heading, and the contents.
    press = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))"
    driver.execute_script("scrollTo(0, 0)")
    top = "return [...document.querySelectorAll('main h1, main h2, main h3')].findIndex(h => h.getBoundingClientRect().top > 30)"
    stops = []
    for key in "]]][":
        driver.execute_script(press, key)
        stops.append(driver.execute_script(top))
    check(stops[0] < stops[1] < stops[2] and stops[3] == stops[1], f"] and [ go from heading to heading: {stops}")
    driver.execute_script(press, "c")
    entries = "return [...document.querySelectorAll('#contents button')].map(b => b.textContent)"
    count = driver.execute_script("return document.querySelectorAll('main h1, main h2, main h3').length")
    check(len(driver.execute_script(entries)) == count > 10, "the contents name all headings")
    screenshot(driver, DESK / "contents.png")
    driver.execute_script("[...document.querySelectorAll('#contents button')].at(-1).click()")
    check(driver.execute_script("return scrollY > innerHeight && document.querySelector('#contents').hidden"), "a click goes there")

    # An edit above what is being read, that makes the page longer: it is there without a reload, and the place stays.
    driver.execute_script("window.mark = 1; window.table = document.querySelector('.html table')")
    place = "return document.querySelector('.html table').closest('section').getBoundingClientRect().top"
    before = driver.execute_script(place)
    notebook["cells"][0]["source"] = "# Edited\n\n" + "A new paragraph.\n\n" * 5
    notebook["cells"].insert(1, cell("code", 'println!("a new cell");'))
    notebook["cells"].append(cell("code", 'println!("the last cell, {}", 6 * 7);'))
    save(notebook)
    for each in drivers:
        wait_for("the edit to show", lambda: "the last cell, 42" in text(each) and status(each) == "ok")
    check("A new paragraph." in text(driver) and "A new paragraph." in text(other), "both browsers show the edit")
    check(driver.execute_script("return window.mark") == 1, "without a reload")
    kept = "return document.querySelector('.html table') === window.table"
    check(driver.execute_script(kept), "what has not changed is not drawn again")
    after = driver.execute_script(place)
    check(abs(after - before) < 3, f"what was being read stays in its place: {before} {after}")

    # Markup in prose and in outputs.
    raw = 'r####"' + HOSTILE + '"####'
    block = 'println!("EVCXR_BEGIN_CONTENT {mime}\\n{{}}\\nEVCXR_END_CONTENT", {content});'
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="top.document.title=1"><script>alert(3)</script></svg>'
    notebook["cells"][1:1] = [
        cell("markdown", HOSTILE),
        cell("code", block.format(mime="text/html", content=raw)),
        cell("code", block.format(mime="image/svg+xml", content='r####"' + svg + '"####')),
        cell("code", 'println!("<script>document.title = 1</script>");'),
    ]
    save(notebook)
    inside = "return [...document.querySelectorAll('iframe')].some(f => f.contentDocument?.body?.innerText.includes('hostile table'))"
    wait_for("the hostile outputs", lambda: driver.execute_script(inside) and status(driver) == "ok")
    driver.get(radio.url)
    wait_for("the hostile outputs after a reload", lambda: driver.execute_script(inside) and status(driver) == "ok")
    driver.execute_script(
        "for (const f of document.querySelectorAll('iframe')) f.contentDocument.querySelectorAll('#link').forEach(a => a.click())"
    )
    time.sleep(1)
    for each in drivers:
        try:
            each.switch_to.alert
            check(False, "no alert is open")
        except NoAlertPresentException:
            check(True, "no alert is open")
        check(each.title == "demo.ipynb" and each.current_url == radio.url, "title and address are the page's own")
        check(each.execute_script(inside), "the hostile output is still in its frame")
        check("the last cell, 42" in text(each), "an unclosed tag does not swallow what follows")
        check("<script>document.title = 'hacked'" in text(each), "markup in prose is shown as text")
    stray = [entry for entry in driver.get_log("browser") if "localhost" not in entry["source"] and "script.js" in entry["message"]]
    check(not stray, f"our script is silent: {stray}")

    # A failing cell, and the file broken for a moment.
    notebook["cells"].append(cell("code", 'panic!("as planned")'))
    save(notebook)
    wait_for("the failure", lambda: status(driver) == "failed" and "as planned" in text(driver))
    driver.execute_script("scrollTo(0, 0); document.querySelector('#status a').click()")
    seen = "const top = document.querySelector('section.failed').getBoundingClientRect().top; return top >= 0 && top < innerHeight"
    check(driver.execute_script(seen), "the status leads to the cell that failed")
    screenshot(driver, DESK / "failed.png")
    notebook["cells"].pop()
    NOTEBOOK.write_text("{")
    message = "return document.querySelector('#status').textContent"
    wait_for("the complaint", lambda: "not a notebook" in driver.execute_script(message))

    # radio watch ends and comes back: the page says so and finds it again.
    radio.end()
    for each in drivers:
        wait_for("the page to notice", lambda: status(each) == "lost")
    notebook["cells"].append(cell("code", 'println!("back again");'))
    save(notebook)
    again = Radio(started, radio.port)
    try:
        for each in drivers:
            wait_for("the page to come back", lambda: status(each) == "ok" and "back again" in text(each))
        check(True, "the page finds the next radio watch")
        again.end()
    finally:
        if again.process.poll() is None:
            again.process.kill()
    left = [entry for entry in os.listdir(DESK) if entry.startswith(".radio-")]
    check(not left, f"no half-written file is left: {left}")


if __name__ == "__main__":
    main()
