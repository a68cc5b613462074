"""Looks at the notebooks in JupyterLab, in Chromium, with this project's kernel and JupyterLab of `.venv` (scripts/setup-jupyter).
Nobody chooses the kernel: the notebooks name it.

Notebooks 01 and 03 and the cells of notebooks/SHOW_YOUR_OWN_TYPE.md are executed there; git says whether a notebook that was executed and
saved has changed. All are looked at under a light and a dark theme. Copies are used: nothing is written but target/ci-jupyterlab/ and the
screenshots in target/screenshots/. The assignment is opened and saved. With --all, all notebooks are executed, also the exercises.

Ends non-zero with a sentence at the first thing that is not as it should be. However it ends, what it had started ends too.
"""

import ctypes
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from selenium.common.exceptions import WebDriverException

from chromium import browser, screenshot

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAB = ROOT / ".venv/bin/jupyter"
DESK = ROOT / "target/ci-jupyterlab"
SCREENSHOTS = ROOT / "target/screenshots"
PAGE = "SHOW_YOUR_OWN_TYPE"
# Beside notebook 03, which is executed first.
EXECUTED = ["01_collaborative_filtering"]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# The contrast that WCAG 2.1 asks of text, success criterion 1.4.3.
CONTRAST = 4.5
PATIENCE = 120
# On the first run the kernel compiles the libraries.
PATIENCE_FOR_CELLS = 900

# Each of these ends the test, and with it all that it started; also where who started it had them ignored.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Of what stands in the browser's console, only errors count, and of these not:
CONSOLE = [
    # A notebook that is opened counts as changed as soon as the kernel has told its version, so JupyterLab wants to ask
    # before the page is left. Chromium says that it does not let it, as nobody had clicked there.
    r"Blocked attempt to show a 'beforeunload' confirmation panel",
]


class Failed(Exception):
    pass


def say(text):
    print("jupyterlab:", text, flush=True)


def check(holds, what):
    if not holds:
        raise Failed(f"failed: {what}")
    say(f"ok: {what}")


def wait_for(what, condition, patience=PATIENCE):
    until = time.monotonic() + patience
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > until:
            raise Failed(f"waited {patience} s in vain for {what}")
        time.sleep(0.1)


# -------------------------------------------------------------------------------------------------------- processes


def adopt_orphans():
    """Makes what our processes leave behind our own, so that it can be seen and ended. Linux only."""
    pr_set_child_subreaper = 36
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def descendants():
    """The processes below this one that are not waiting to be reaped: {number: command line}."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            parents[int(folder.name)] = int(parent)
    found, above = {}, [os.getpid()]
    while above:
        parent = above.pop()
        for number in [n for n, p in parents.items() if p == parent]:
            above.append(number)
            try:
                command = (pathlib.Path("/proc") / str(number) / "cmdline").read_bytes()
            except OSError:
                continue
            found[number] = command.replace(b"\0", b" ").decode(errors="replace").strip()[:150]
    return found


def end_what_is_left():
    """Ends what should have ended by itself; returns what that was."""
    until = time.monotonic() + 10
    while (left := descendants()) and time.monotonic() < until:
        time.sleep(0.1)
    for number in left:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass
    # The adopted, whom nobody else waits for.
    try:
        while os.waitpid(-1, 0 if left else os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    return list(left.values())


# ------------------------------------------------------------------------------------------------------- JupyterLab


def blocks_of_page():
    """The Rust blocks of the page, each with the forms that stand below it: [(source, {MIME type: text})]."""
    page = (ROOT / f"notebooks/{PAGE}.md").read_text()
    mimes = {"text": "text/plain", "html": "text/html", "svg": "image/svg+xml"}
    blocks = []
    for language, text in re.findall(r"^```(\w+)\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL):
        if language == "rust":
            blocks.append((text, {}))
        else:
            blocks[-1][1][mimes[language]] = text
    return blocks


def notebook_of_page():
    cells = [
        {"cell_type": "code", "id": f"block-{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, (source, _) in enumerate(blocks_of_page())
    ]
    kernel = {"display_name": "Rust", "language": "rust", "name": "rust"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def git(*arguments):
    """What git says in the folder of the copies, which is a repository of its own."""
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, cwd=DESK, check=True, capture_output=True, text=True).stdout


def prepare():
    """Copies of the notebooks in a folder from which their relative paths lead to the same places."""
    shutil.rmtree(DESK, ignore_errors=True)
    (DESK / "notebooks").mkdir(parents=True)
    for folder in ("crates", "data"):
        (DESK / folder).symlink_to(ROOT / folder)
    for notebook in (ROOT / "notebooks").rglob("*.ipynb"):
        copy = DESK / notebook.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(notebook, copy)
    shutil.copy(ROOT / "notebooks/assignment/radio_songs.csv", DESK / "notebooks/assignment")
    git("init", "--quiet")
    git("add", "notebooks")
    (DESK / f"notebooks/{PAGE}.ipynb").write_text(json.dumps(notebook_of_page()))
    settings = {
        # All cells are on the page, not only those that can be seen.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        path = DESK / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


class Lab:
    """JupyterLab over the copies, on a port that the system chooses, with settings of nobody."""

    def __init__(self):
        self.token = secrets.token_hex(24)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            environment[f"JUPYTER_{name}"] = str(DESK / name.lower())
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(DESK / "settings")
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(DESK / "workspaces")
        environment["JUPYTER_TOKEN"] = self.token
        command = [
            LAB, "lab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
            f"--ServerApp.root_dir={DESK / 'notebooks'}", "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]  # fmt: skip
        if os.geteuid() == 0:
            command.append("--allow-root")
        with open(DESK / "lab.log", "w") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self):
        port = wait_for("JupyterLab to start", self.port)
        self.url = f"http://127.0.0.1:{port}"
        say(self.url)

    def port(self):
        if self.process.poll() is not None:
            raise Failed(f"JupyterLab ended with exit code {self.process.returncode}; see {DESK / 'lab.log'}")
        for path in (DESK / "runtime_dir").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())["port"]
            except (OSError, ValueError):
                pass
        return None

    def request(self, method, path):
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def end_kernels(self):
        for kernel in json.loads(self.request("GET", "/api/kernels")):
            self.request("DELETE", f"/api/kernels/{kernel['id']}")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# ---------------------------------------------------------------------------------------------------------- the page


class Page:
    """A notebook that is open in JupyterLab."""

    def __init__(self, driver, lab, name):
        self.driver, self.name = driver, name
        self.path = DESK / f"notebooks/{name}.ipynb"
        self.cells = json.loads(self.path.read_text())["cells"]
        driver.get(f"{lab.url}/lab/tree/{name}.ipynb?reset&token={lab.token}")
        count = "return document.querySelectorAll('.jp-Notebook .jp-Cell').length"
        wait_for(f"{name} to open", lambda: self.script(count) == len(self.cells))
        kernel = """const kernel = jupyterapp.shell.currentWidget.sessionContext.session?.kernel;
                    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'"""
        wait_for(f"the kernel of {name}", lambda: self.script(kernel))
        self.nothing_is_asked()
        info = """const done = arguments[0];
                  jupyterapp.shell.currentWidget.sessionContext.session.kernel.info.then(info => done(info.implementation), done)"""
        implementation = driver.execute_async_script(info)
        if implementation != "radio-kernel":
            raise Failed(f"failed: {name} opens with {implementation}")

    def script(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def command(self, command, arguments=None):
        """What a click on an entry of a menu does."""
        self.driver.execute_async_script(
            """const [command, values, done] = arguments;
               jupyterapp.commands.execute(command, values).then(() => done(), done);""",
            command, arguments or {},
        )  # fmt: skip

    def nothing_is_asked(self):
        dialog = self.script("return document.querySelector('.jp-Dialog')?.innerText ?? null")
        if dialog:
            raise Failed(f"{self.name}: JupyterLab asks: {dialog}")

    def prompts(self):
        return self.script(
            """return [...document.querySelectorAll('.jp-Notebook .jp-Cell')].map(cell =>
                cell.querySelector('.jp-InputPrompt')?.innerText.trim() ?? '')"""
        )

    def run_all(self):
        """Clears all outputs, runs all cells, waits for the last one, saves; returns the cells as saved."""
        self.command("editmenu:clear-all")
        check(self.script("return document.querySelectorAll('.jp-OutputArea-child').length") == 0, f"{self.name}: cleared")
        self.script("jupyterapp.commands.execute('runmenu:run-all')")
        code = [n for n, cell in enumerate(self.cells) if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        began = time.monotonic()

        def ended():
            self.nothing_is_asked()
            prompts = self.prompts()
            return all(re.fullmatch(r"\[\d+\]:", prompts[n]) for n in code)

        wait_for(f"the last cell of {self.name} to end", ended, PATIENCE_FOR_CELLS)
        say(f"{self.name}: {len(code)} cells ran in {time.monotonic() - began:.1f} s")
        bad = self.script(
            """return [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')]
                .filter(o => /error|stderr/.test(o.dataset.mimeType ?? '')).map(o => o.innerText)"""
        )
        check(not bad, f"{self.name}: no error output and nothing on stderr: {bad}")
        self.command("docmanager:save")
        return json.loads(self.path.read_text())["cells"]

    def theme(self, name):
        self.command("apputils:change-theme", {"theme": name})
        wait_for(f"the theme {name}", lambda: self.script("return document.body.dataset.jpThemeName") == name)
        # Its style sheet is loaded after that.
        light = "return getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
        wait_for("its colours", lambda: self.script(light) in (["white", "#fff"] if name.endswith("Light") else ["#111111", "#111"]))

    def show(self, selector, number=0, block="start"):
        script = "document.querySelectorAll(arguments[0])[arguments[1]].scrollIntoView({block: arguments[2]})"
        self.script(script, selector, number, block)
        time.sleep(0.5)

    def texts(self):
        """[contrast, text, colour, ground, element] of each piece of text in the outputs, the worst first."""
        return self.script(CONTRASTS)

    def pictures(self):
        found = self.driver.execute_async_script(PICTURES)
        if isinstance(found, str):
            raise Failed(f"failed: {self.name}: a picture cannot be shown: {found}")
        return found

    def screenshot(self, name):
        screenshot(self.driver, SCREENSHOTS / f"{name}.png")


# Colours are read from a canvas, whatever syntax they are given in. Contrast as WCAG 2.1 defines it.
CONTRASTS = """
const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const known = new Map();
const rgba = css => {
    if (!known.has(css)) {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = css;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        known.set(css, [r, g, b, a / 255]);
    }
    return known.get(css);
};
const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => a * c + (1 - a) * below[i]);
const ground = element => {
    const layers = [];
    let all = [255, 255, 255];
    for (let e = element; e; e = e.parentElement) {
        const color = rgba(getComputedStyle(e).backgroundColor);
        if (color[3] === 1) { all = color.slice(0, 3); break; }
        if (color[3] > 0) layers.push(color);
    }
    for (const layer of layers.reverse()) all = over(layer, all);
    return all;
};
const luminance = color => {
    const [r, g, b] = color.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = [];
for (const output of document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')) {
    const walk = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || !element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        const below = ground(element);
        let color = rgba(element.closest('svg') ? style.fill : style.color);
        let opacity = 1;
        for (let e = element; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
        color = over([...color.slice(0, 3), color[3] * opacity], below);
        const [light, dark] = [luminance(color), luminance(below)].sort((a, b) => b - a);
        found.push([(light + 0.05) / (dark + 0.05), node.data.trim().slice(0, 40), color.map(Math.round).join(' '),
                    below.map(Math.round).join(' '), element.tagName.toLowerCase()]);
    }
}
return found.sort((a, b) => a[0] - b[0]);
"""

# Of each picture in the outputs: its cell, its type, its size on the page, the share of its dots through which the page
# shines, and its colours with the number of their dots.
PICTURES = """
const done = arguments[0];
const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
const pictures = [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output img')];
Promise.all(pictures.map(async image => {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    const colors = {};
    let clear = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 255) clear += 1;
        else {
            const color = `${data[i]} ${data[i + 1]} ${data[i + 2]}`;
            colors[color] = (colors[color] ?? 0) + 1;
        }
    }
    const place = image.getBoundingClientRect();
    return {
        cell: cells.indexOf(image.closest('.jp-Cell')), type: image.closest('.jp-OutputArea-output').dataset.mimeType,
        width: place.width, height: place.height, clear: clear / (data.length / 4), colors,
    };
})).then(done, error => done(String(error)));
"""


def told(cells):
    """What the code cells show, without how it is cut into pieces: text of the streams, and the forms of the values."""
    shown = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        text = lambda value: "".join(value) if isinstance(value, list) else value  # noqa: E731
        streams = "".join(text(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream")
        values = [{k: text(v).rstrip("\n") for k, v in o["data"].items()} for o in cell["outputs"] if "data" in o]
        shown.append((cell["id"], streams.rstrip("\n"), values))
    return shown


def execute(driver, lab):
    """Notebook 03 is executed, and shows its figure."""
    page = Page(driver, lab, "03_neural_network")
    page.theme(THEMES["light"])
    committed = told(page.cells)
    after = told(page.run_all())
    for was, now in zip(committed, after, strict=True):
        if was != now:
            raise Failed(f"failed: {page.name}, cell {was[0]}: committed is\n{str(was)[:600]}\nthe kernel gives\n{str(now)[:600]}")
    check(True, f"{page.name}: the outputs are those that are committed")
    is_unchanged(page)

    cell = next(n for n, cell in enumerate(page.cells) if "Figure::scatter" in "".join(cell["source"]))
    pictures = page.pictures()
    scatter = [n for n, picture in enumerate(pictures) if picture["cell"] == cell]
    check(len(scatter) == 1, f"{page.name}: the scatter plot is in its cell, which is number {cell}")
    picture = pictures[scatter[0]]
    check(picture["width"] >= 500 and picture["height"] >= 400, f"it is {picture['width']} x {picture['height']} large")
    # Its two classes, in the first two colours of the palette.
    dots = [picture["colors"].get(color, 0) for color in ("0 114 178", "213 94 0")]
    check(min(dots) > 1000, f"its two classes have {dots} dots")
    selector = ".jp-Notebook .jp-OutputArea-output img"
    page.show(selector, scatter[0], "center")
    seen = page.script(
        """const image = document.querySelectorAll(arguments[0])[arguments[1]], place = image.getBoundingClientRect();
           return document.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2) === image""",
        selector, scatter[0],
    )  # fmt: skip
    check(seen, "it is in sight, and nothing covers it")
    page.screenshot("jupyterlab_03_scatter")
    return page


def is_unchanged(page):
    """What was opened, executed and saved is what is committed, to the byte."""
    changed = git("diff", "--unified=1", "--", page.path)
    check(not changed, f"{page.name}: git sees no change after it was saved: {changed[:2000]}")


def shows_what_it_says(cells):
    """The cells of the page show what stands below them there."""
    for (source, expected), (_, streams, values) in zip(blocks_of_page(), told(cells), strict=True):
        found = {mime: text for value in values for mime, text in value.items() if mime in expected}
        if found != expected or streams:
            raise Failed(f"failed: {PAGE}: this cell shows {values} {streams}, not {expected}:\n{source}")
    check(True, f"{PAGE}: its {len(cells)} cells show what the page says")


def look(page):
    """All text and all pictures in the outputs are legible under both themes."""
    for short, theme in THEMES.items():
        page.theme(theme)
        texts = page.texts()
        check(texts and texts[0][0] >= CONTRAST, f"{page.name}, {short}: {len(texts)} texts, the palest: {texts[:1]}")
        pictures = page.pictures()
        for picture in pictures:
            if picture["width"] < 100 or picture["clear"] > 0:
                size = f"is {picture['width']} x {picture['height']} large, and {100 * picture['clear']:.1f} % of it are transparent"
                raise Failed(f"failed: {page.name}, {short}: the picture of cell {picture['cell']} {size}")
        types = ", ".join(sorted({picture["type"] for picture in pictures}))
        check(True, f"{page.name}, {short}: {len(pictures)} pictures ({types}) on a ground of their own")
        for kind, selector in [("table", ".jp-RenderedHTMLCommon table"), ("figure", ".jp-OutputArea-output img")]:
            if page.script("return document.querySelectorAll(arguments[0]).length", f".jp-Notebook .jp-OutputArea {selector}"):
                page.show(f".jp-Notebook .jp-OutputArea {selector}")
                page.screenshot(f"jupyterlab_{page.name}_{kind}_{short}")
    page.theme(THEMES["light"])


def console(driver, name):
    errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    ours = [message for message in errors if not any(re.search(pattern, message) for pattern in CONSOLE)]
    check(not ours, f"{name}: no error in the console: {ours}")


def test(driver, lab, executes_all):
    driver.set_script_timeout(PATIENCE)
    page = execute(driver, lab)
    look(page)
    console(driver, page.name)
    # Those that are opened as they are committed: JupyterLab does not trust them, and cleans their HTML.
    for name in sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) + [PAGE]:
        driver.get("about:blank")
        lab.end_kernels()
        if name == page.name:
            shutil.copy(ROOT / f"notebooks/{name}.ipynb", DESK / "notebooks")
        opened = Page(driver, lab, name)
        if name == PAGE:
            shows_what_it_says(opened.run_all())
        look(opened)
        if name in EXECUTED or executes_all and name not in (page.name, PAGE):
            opened.run_all()
            is_unchanged(opened)
        console(driver, name)
    # The assignment, and the exercises.
    further = sorted((DESK / "notebooks").glob("*/*.ipynb"))
    for path in further if executes_all else further[:1]:
        driver.get("about:blank")
        lab.end_kernels()
        opened = Page(driver, lab, f"{path.parent.name}/{path.stem}")
        if executes_all:
            opened.run_all()
        else:
            opened.command("docmanager:save")
        is_unchanged(opened)
    driver.get("about:blank")
    lab.end_kernels()


def main():
    if not LAB.exists() or not (ROOT / ".venv/share/jupyter/kernels/rust/kernel.json").exists():
        sys.exit("jupyterlab: there is no JupyterLab with the Rust kernel in .venv; run scripts/setup-jupyter first")
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            sys.exit(f"jupyterlab: there is no {program}; on Debian, apt-get install chromium chromium-driver")
    for number in ENDINGS:
        signal.signal(number, signal.default_int_handler)
    adopt_orphans()
    prepare()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    problem = lab = driver = None
    left = []
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            try:
                lab = Lab()
                lab.wait()
                driver = browser(profile)
                test(driver, lab, "--all" in sys.argv[1:])
            except Failed:
                if driver is not None:
                    screenshot(driver, SCREENSHOTS / "jupyterlab_failed.png")
                raise
            finally:
                for number in ENDINGS:
                    signal.signal(number, signal.SIG_IGN)
                if driver is not None:
                    driver.quit()
                if lab is not None:
                    lab.end()
                left = end_what_is_left()
    except KeyboardInterrupt:
        problem = "interrupted"
    except Failed as failed:
        problem = str(failed)
    except (WebDriverException, OSError) as error:
        problem = f"failed: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    if problem is None and left:
        problem = f"failed: these were still running after the end: {left}"
    if problem is not None:
        sys.exit(f"jupyterlab: {problem}")
    say("ok: nothing that was started is still running")


if __name__ == "__main__":
    main()
