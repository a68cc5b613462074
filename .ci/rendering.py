"""What GitHub, VS Code and JupyterLab make of an output: nothing that they would remove, and a form for everybody."""

import base64
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

SVG = "{http://www.w3.org/2000/svg}"

# What GitHub's sanitiser leaves of HTML, by the list of github.com/gjtorikian/html-pipeline (sanitization_filter.rb), which was
# GitHub's own; without what an output has no use for. Neither `style` nor `class` is in it.
ELEMENTS = set(
    """h1 h2 h3 h4 h5 h6 br b i strong em a pre code tt div ins del sup sub p ol ul li table thead tbody tfoot tr td th caption
    blockquote dl dt dd kbd q samp var hr ruby rt rp s strike summary details figure figcaption abbr bdo cite dfn mark small span
    time wbr""".split()
)
ATTRIBUTES = set("abbr align alt aria-label border colspan dir headers height lang open rowspan scope start title valign width".split())
VOID = {"br", "hr", "wbr"}


class Html(HTMLParser):
    """Collects what is wrong with a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong = [], []
        self.feed(text)
        self.close()
        self.wrong += [f"<{name}> is not closed" for name in self.open]

    def handle_starttag(self, name, attributes):
        if name not in ELEMENTS:
            self.wrong.append(f"<{name}> is removed by sanitisers")
        for key, value in attributes:
            is_link = name == "a" and key == "href" and (value or "").startswith(("https://", "http://", "#"))
            if key not in ATTRIBUTES and not is_link:
                self.wrong.append(f'<{name} {key}="{value}"> is removed by sanitisers')
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        if not self.open or self.open.pop() != name:
            self.wrong.append(f"</{name}> closes nothing")

    def handle_comment(self, text):
        self.wrong.append("a comment is removed by sanitisers")


def html(text):
    yield from Html(text).wrong


def svg(text):
    try:
        root = xml.fromstring(text)
    except xml.ParseError as error:
        yield f"is not XML: {error}"
        return
    if root.tag != f"{SVG}svg":
        yield f"is not an <svg> in its namespace, but {root.tag}"
    if not (root.get("width") and root.get("height")):
        yield "has no width or no height: as an image it would be as large as its place"
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        if name in ("script", "style", "foreignObject"):
            yield f"<{name}> is removed by sanitisers"
        for key, value in element.attrib.items():
            key = key.rpartition("}")[2]
            if key.startswith("on") or key in ("style", "class"):
                yield f'<{name} {key}="{value}"> is removed by sanitisers'
            if key in ("href", "src") and not value.startswith(("#", "data:")):
                yield f'<{name} {key}="{value}"> is not loaded within an image'
    ground = root.find(f"{SVG}rect")
    size = (root.get("viewBox") or f"0 0 {root.get('width')} {root.get('height')}").split()[2:]
    if ground is None or [ground.get("width"), ground.get("height")] != size:
        yield "has no ground of its own: a first <rect> over all of it"


def png(text):
    try:
        found = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        yield f"is not Base64: {error}"
        return
    if not found.startswith(b"\x89PNG\r\n\x1a\n") or found[12:16] != b"IHDR":
        yield "is no PNG file"


# The types that all three show, with what must be so.
FORMS = {"text/plain": lambda text: (), "text/html": html, "image/svg+xml": svg, "image/png": png}


def problems(data):
    """What is wrong with the forms {MIME type: text} of one output."""
    if not data.get("text/plain", "").strip():
        yield "there is no text form"
    if "image/svg+xml" in data and "image/png" not in data:
        yield "a drawing without a picture (image/png): who does not trust the notebook sees neither"
    for mime, text in data.items():
        if mime not in FORMS:
            yield f"{mime} is not shown everywhere"
        else:
            yield from (f"{mime}: {problem}" for problem in FORMS[mime](text))
