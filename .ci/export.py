"""Looks at what `radio export` writes, in Chromium: all notebooks as pages, slides, Markdown, PDF and a book, and a hostile one.

Ends non-zero at the first thing that is not as it should be. What was exported and screenshots are left in target/ci-export/.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import html5lib
from selenium.common.exceptions import NoAlertPresentException

from chromium import browser, screenshot

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESK = ROOT / "target" / "ci-export"
RADIO = ROOT / "target/debug/radio"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def say(text):
    print("export:", text, flush=True)


def check(holds, what):
    if not holds:
        raise SystemExit(f"export: failed: {what}")


def export(*arguments):
    subprocess.run([RADIO, "export", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hostile_notebook(path):
    attack = """<script>document.title = 'hacked'; alert(1)</script>
<img src=x onerror="document.title = 'hacked'; alert(2)">
<svg onload="top.document.title = 'hacked'"></svg>
<meta http-equiv="refresh" content="0; url=http://127.0.0.1:9/">
<link rel=stylesheet href="http://127.0.0.1:9/x.css"><img src="http://127.0.0.1:9/x.png">
<a href="javascript:top.document.title='hacked'" id="link">link</a>
<form action="http://127.0.0.1:9/"><input name=x></form>
<details ontoggle="alert(4)" open><summary>s</summary></details>
<div style="position: fixed; inset: 0"><table><tr><td>hostile table<!--"""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="top.document.title=1"><script>alert(3)</script></svg>'
    prose = [
        attack,
        "[x](javascript:alert(5)) ![p](http://127.0.0.1:9/p.png) {{#include /etc/passwd}} # x {onclick=alert(6)}",
        "# <script>alert(7)</script> {#a onclick=alert(8)}\n\n{{#include /etc/passwd}} [^\"><script>]\n\n[^\"><script>]: note",
        "$\\href{javascript:alert(9)}{y}$ $\\text{<script>alert(10)</script>}$",
        "<details><summary>a hint</summary>\n\nthat opens\n\n</details>",
    ]
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {kind: attack}}
        for kind in ["text/html", "text/markdown", "text/plain", "text/latex", "application/json", "a/<script>alert(11)</script>"]
    ]
    outputs += [
        {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": svg, "text/plain": attack}},
        {"output_type": "stream", "name": "stdout", "text": attack},
        {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack]},
    ]
    cells = [{"cell_type": "markdown", "metadata": {"slideshow": {"slide_type": "<script>"}}, "source": text} for text in prose]
    cells.append({"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "\n# x\n" + attack + "\n{{#include /etc/passwd}}", "outputs": outputs})
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))


def check_markup(path, is_ours=True):
    """That a file is HTML without mistakes, links and sources lead somewhere, and pictures have a text.

    Of a page that mdBook made around ours, the links and pictures alone.
    """
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(path.read_text())
    check(not is_ours or not parser.errors, f"{path.name}: not valid HTML: {parser.errors[:3]}")
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    doubled = {each for each in ids if ids.count(each) > 1}
    check(not is_ours or not doubled, f"{path.name}: ids that are there twice: {doubled}")
    for element in tree.iter():
        if element.tag == "img":
            check(element.get("alt"), f"{path.name}: a picture without a text")
        for key in ("href", "src"):
            address = element.get(key)
            if address is None or re.match(r"(https?|mailto|data):", address):
                continue
            place, _, fragment = address.partition("#")
            other = path.parent / urllib.parse.unquote(place) if place else path
            check(other.is_file(), f"{path.name}: {key} {address} leads nowhere")
            if fragment and not place:
                check(urllib.parse.unquote(fragment) in ids, f"{path.name}: {address} leads nowhere")
            elif fragment:
                check(f'id="{urllib.parse.unquote(fragment)}"' in other.read_text(), f"{path.name}: {address} leads nowhere")


def requests(driver):
    """The addresses that were asked for since the last look, without those that the page's own policy kept from being sent."""
    asked = {}
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        parameters = message["params"]
        if message["method"] == "Network.requestWillBeSent":
            asked[parameters["requestId"]] = parameters["request"]["url"]
        if message["method"] == "Network.loadingFailed" and parameters.get("blockedReason") == "csp":
            asked.pop(parameters["requestId"], None)
    return list(asked.values())


def size(driver, width):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    )


def look(driver, path, title, local=False):
    """A page in the browser, wide and narrow: it asks for nothing, all is in the page, and only our script runs."""
    requests(driver)
    for width in (1280, 400):
        size(driver, width)
        driver.get(path.as_uri())
        driver.execute_script("document.querySelectorAll('iframe').forEach(f => f.contentDocument?.querySelectorAll('#link').forEach(a => a.click()))")
        wide = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        check(wide[0] <= wide[1], f"{path.name}: {wide[0]} wide at {width}")
        for figure in driver.execute_script("return [...document.images].map(i => [i.alt, i.complete && i.naturalWidth])"):
            check(figure[1] or "hacked" in figure[0], f"{path.name}: a picture is not shown: {figure[0][:60]}")
        broken = driver.execute_script(
            "return [...document.querySelectorAll('td.num')].filter(c => c.getClientRects().length && c.clientHeight > 3 * parseFloat(getComputedStyle(c).fontSize)"
            " && [...c.parentElement.children].every(o => o.classList.contains('num'))).length"
        )
        check(broken == 0, f"{path.name}: {broken} numbers are broken in two at {width}")
        screenshot(driver, DESK / f"{path.name}.{width}.png")
    try:
        driver.switch_to.alert
        check(False, f"{path.name}: an alert is open")
    except NoAlertPresentException:
        pass
    check(driver.title == title, f"{path.name}: its title is {driver.title!r} instead of {title!r}")
    folder = path.parent.as_uri() if local else path.as_uri()
    asked = [url for url in requests(driver) if not url.startswith((folder, "data:", "about:"))]
    check(not asked, f"{path.name}: it asked for {asked[:3]}")
    mistakes = [entry for entry in driver.get_log("browser") if "script-src" not in entry["message"] or "hostile" not in path.name]
    if not local and "hostile" not in path.name:
        check(not mistakes, f"{path.name}: the console says {mistakes[:3]}")


def title_of(notebook):
    for each in json.loads(notebook.read_text())["cells"]:
        source = "".join(each["source"])
        if each["cell_type"] == "markdown" and source.startswith("# "):
            return source.splitlines()[0][2:].replace("*", "").replace("`", "").strip()
    return notebook.stem


def check_slides(driver, path):
    """The keys of slides: forward through all of them, fragments included, and back."""
    size(driver, 1280)
    driver.get(path.as_uri() + "#")
    press = "dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))"
    press = "document.body." + press
    place = "return [document.querySelectorAll('.slide.current').length, location.hash, document.querySelectorAll('.slide').length]"
    seen, steps = set(), 0
    while True:
        shown, here, count = driver.execute_script(place)
        check(shown == 1, f"{path.name}: {shown} slides are shown at once")
        cut = driver.execute_script("const s = document.querySelector('.slide.current'); return s.scrollWidth > s.clientWidth + 1")
        check(not cut, f"{path.name}: {here} is wider than the screen")
        seen.add(here)
        steps += 1
        if here == f"#slide-{count}" or steps > 1000:
            break
        driver.execute_script(press, "ArrowRight")
    check(len(seen) == count > 3, f"{path.name}: {len(seen)} of {count} slides were seen")
    driver.execute_script(press, "Home")
    check(driver.execute_script(place)[1] == "#slide-1", f"{path.name}: Home")
    driver.execute_script(press, "n")
    check(driver.execute_script("return !document.querySelector('#notes').hidden"), f"{path.name}: notes")
    say(f"ok: {path.name}: {count} slides")


def main():
    shutil.rmtree(DESK, ignore_errors=True)
    DESK.mkdir(parents=True)
    subprocess.run(["cargo", "build", "--quiet", "--package", "radio"], cwd=ROOT, check=True)
    hostile = DESK / "hostile.ipynb"
    hostile_notebook(hostile)
    begun = time.monotonic()
    for form in ("html", "slides", "markdown"):
        export(*NOTEBOOKS, hostile, "--to", form, "--output", DESK / form)
    export(NOTEBOOKS[0], "--to", "pdf", "--output", DESK / "one.pdf")
    check((DESK / "one.pdf").read_bytes().startswith(b"%PDF-"), "the PDF is one")
    export(ROOT / "notebooks", hostile, "--to", "book", "--output", DESK / "book")
    say(f"exported in {time.monotonic() - begun:.1f} s")
    titles = {notebook.stem: title_of(notebook) for notebook in NOTEBOOKS}
    titles["hostile"] = "alert(7) {#a onclick=alert(8)}"
    with contextlib.ExitStack() as started:
        driver = browser(started.enter_context(tempfile.TemporaryDirectory()), performance=True)
        started.callback(driver.quit)
        for stem, title in titles.items():
            for path in (DESK / "html" / f"{stem}.html", DESK / "slides" / f"{stem}.slides.html"):
                check_markup(path)
                look(driver, path, title)
            markdown = (DESK / "markdown" / f"{stem}.md").read_text()
            for address in re.findall(r"\]\(([^)]*_files/[^)]*)\)", markdown):
                check((DESK / "markdown" / urllib.parse.unquote(address)).is_file(), f"{stem}.md: {address} leads nowhere")
            say(f"ok: {stem}: {title}")
        for stem in ("01_collaborative_filtering", "03_neural_network"):
            check_slides(driver, DESK / "slides" / f"{stem}.slides.html")
        site = DESK / "book" / "book"
        check(site.is_dir(), "the book's site is there; `cargo install mdbook` makes it possible")
        pages = [path for path in sorted(site.glob("*.html")) if path.name not in ("404.html", "toc.html", "print.html")]
        check(len(pages) > len(NOTEBOOKS), f"each notebook has its page: {pages}")
        for path in pages:
            check_markup(path, is_ours=False)
            look(driver, path, driver_title(path), local=True)
            text = path.read_text()
            check("/root:" not in text and "<script>alert" not in text, f"{path.name}: hostile text got through")
        say(f"ok: the book: {len(pages)} pages")


def driver_title(path):
    found = re.search(r"<title>(.*?)</title>", path.read_text(), re.S)
    return re.sub(r"\s+", " ", html5lib.parse(found.group(0), namespaceHTMLElements=False).find(".//title").text).strip()


if __name__ == "__main__":
    main()
