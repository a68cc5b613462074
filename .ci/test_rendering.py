"""Each thing that sanitisers remove, and each form that is missing, is found by rendering.py."""

import base64
import unittest

from rendering import problems

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").decode()
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="8"><rect width="9" height="8" fill="#fff"/>{}</svg>'


def of_html(text):
    return list(problems({"text/plain": "x", "text/html": text}))


def of_svg(text):
    return list(problems({"text/plain": "x", "image/svg+xml": text, "image/png": PNG}))


class Rendering(unittest.TestCase):
    def test_what_all_show_is_let_through(self):
        table = '<table>\n<caption>c</caption><tr><th scope="col">a &amp; b<br></th></tr></table>'
        self.assertEqual(of_html(table), [])
        self.assertEqual(of_svg(SVG.format("<text>&lt;</text>")), [])

    def test_a_form_that_is_missing(self):
        self.assertEqual(list(problems({"text/html": "<b>x</b>"})), ["there is no text form"])
        self.assertEqual(list(problems({"text/plain": " \n"})), ["there is no text form"])
        found = list(problems({"text/plain": "x", "image/svg+xml": SVG.format("")}))
        self.assertTrue(found[0].startswith("a drawing without a picture"), found)
        self.assertEqual(list(problems({"text/plain": "x", "text/latex": "x"})), ["text/latex is not shown everywhere"])

    def test_html_that_is_removed(self):
        for text in (
            "<script>1</script>", "<style>b {}</style>", '<b style="color: red">x</b>', '<b class="x">x</b>',
            '<b onclick="f()">x</b>', '<a href="javascript:f()">x</a>', "<svg></svg>", '<img src="x.png">', "<!-- x -->",
            "<input>", "<b>x", "x</b>",
        ):  # fmt: skip
            self.assertTrue(of_html(text), text)

    def test_a_drawing_that_is_changed_or_cannot_be_read(self):
        for inside in (
            "<script/>", "<style/>", "<foreignObject/>", '<g onload="f()"/>', '<g style="x"/>', '<image href="x.png"/>', "<b>",
        ):  # fmt: skip
            self.assertTrue(of_svg(SVG.format(inside)), inside)
        self.assertTrue(of_svg(SVG.format("").replace(' width="9" height="8"><', "><")))
        self.assertTrue(of_svg(SVG.format("").replace('rect width="9"', 'rect width="5"')))
        self.assertTrue(of_svg("<svg/>"))

    def test_a_picture_that_is_none(self):
        for text in ("?", base64.b64encode(b"GIF89a").decode()):
            self.assertTrue(list(problems({"text/plain": "x", "image/png": text})), text)


if __name__ == "__main__":
    unittest.main()
