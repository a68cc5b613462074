//! A picture as a list of marks in pixels, before any file format.
//!
//! The charts draw into a [`Scene`]; `paint` then sends its marks to the SVG and to the bitmap backend. So both formats
//! show the same, no chart knows a backend, and a test can look at where the labels lie.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::palette::{Palette, Rgb, Shape};

/// From the baseline to the top of a capital letter of DejaVu Sans, in em.
pub(super) const CAP_HEIGHT: f64 = 1493.0 / 2048.0;

/// The height of a line of DejaVu Sans, from ascent to descent, in em: the unit in which ab_glyph counts its sizes.
const LINE_HEIGHT: f64 = (1901.0 + 483.0) / 2048.0;

/// DejaVu Sans, with which texts are measured, and drawn in a PNG. plotters' own choice of fonts depends on the
/// features that the rest of a program asks of it, and on the fonts that are installed.
pub(super) static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../fonts/DejaVuSans-subset.ttf"))
        .expect("the font in this crate is a font")
});

/// Which end of a text lies at its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One thing to draw. Lengths are in pixels; x runs to the right and y downwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Rect {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        color: Rgb,
    },
    /// A filled convex polygon.
    Polygon {
        corners: Vec<(f64, f64)>,
        color: Rgb,
    },
    /// A filled polygon of any shape that does not cross itself.
    Area {
        corners: Vec<(f64, f64)>,
        color: Rgb,
    },
    Circle {
        center: (f64, f64),
        radius: f64,
        color: Rgb,
    },
    Line {
        points: Vec<(f64, f64)>,
        width: f64,
        color: Rgb,
    },
    Text(Text),
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub text: String,
    /// A point of its baseline.
    pub x: f64,
    pub y: f64,
    /// The font size.
    pub em: f64,
    pub anchor: Anchor,
    /// Whether it runs upwards instead of to the right.
    pub upright: bool,
    pub color: Rgb,
}

impl Text {
    /// Left, top, right and bottom of its letters, from the baseline to the top of a capital.
    pub(super) fn bounds(&self) -> (f64, f64, f64, f64) {
        let width = text_width(&self.text, self.em);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let rise = CAP_HEIGHT * self.em;
        if self.upright {
            let bottom = self.y + before;
            (self.x - rise, bottom - width, self.x, bottom)
        } else {
            let left = self.x - before;
            (left, self.y - rise, left + width, self.y)
        }
    }
}

/// The picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub palette: &'static Palette,
    pub marks: Vec<Mark>,
}

impl Scene {
    pub(super) fn new((width, height): (f64, f64), palette: &'static Palette) -> Self {
        Self {
            width,
            height,
            palette,
            marks: Vec::new(),
        }
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, color: Rgb) {
        self.marks.push(Mark::Rect {
            x,
            y,
            width,
            height,
            color,
        });
    }

    pub(super) fn marker(&mut self, center: (f64, f64), radius: f64, (color, shape): (Rgb, Shape)) {
        self.marks.push(match shape.corners(center, radius) {
            Some(corners) => Mark::Polygon { corners, color },
            None => Mark::Circle {
                center,
                radius,
                color,
            },
        });
    }

    pub(super) fn area(&mut self, corners: Vec<(f64, f64)>, color: Rgb) {
        self.marks.push(Mark::Area { corners, color });
    }

    /// Lays another picture into this one, with its upper left corner at (`dx`, `dy`).
    pub(super) fn place(&mut self, picture: Scene, (dx, dy): (f64, f64)) {
        let moved = |(x, y): (f64, f64)| (x + dx, y + dy);
        self.marks.extend(picture.marks.into_iter().map(|mut mark| {
            match &mut mark {
                Mark::Rect { x, y, .. } => (*x, *y) = moved((*x, *y)),
                Mark::Polygon {
                    corners: points, ..
                }
                | Mark::Area {
                    corners: points, ..
                }
                | Mark::Line { points, .. } => {
                    for point in points {
                        *point = moved(*point);
                    }
                }
                Mark::Circle { center, .. } => *center = moved(*center),
                Mark::Text(text) => (text.x, text.y) = moved((text.x, text.y)),
            }
            mark
        }));
    }

    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, width: f64, color: Rgb) {
        self.marks.push(Mark::Line {
            points,
            width,
            color,
        });
    }

    /// Text in ink from left to right, whose baseline goes through (`x`, `y`).
    pub(super) fn text(&mut self, text: &str, (x, y): (f64, f64), em: f64, anchor: Anchor) {
        self.push_text(text, (x, y), em, anchor, false, self.palette.ink);
    }

    pub(super) fn push_text(
        &mut self,
        text: &str,
        (x, y): (f64, f64),
        em: f64,
        anchor: Anchor,
        upright: bool,
        color: Rgb,
    ) {
        self.marks.push(Mark::Text(Text {
            text: text.to_owned(),
            x,
            y,
            em,
            anchor,
            upright,
            color,
        }));
    }
}

/// How long `text` is at the font size `em`.
pub(super) fn text_width(text: &str, em: f64) -> f64 {
    glyphs(text, em).1
}

/// The glyphs of `text` at the font size `em` along a baseline that starts at (0, 0), and their length.
pub(super) fn glyphs(text: &str, em: f64) -> (Vec<Glyph>, f64) {
    let scale = PxScale::from((em * LINE_HEIGHT) as f32);
    let font = FONT.as_scaled(scale);
    let mut pen = 0.0;
    let mut glyphs: Vec<Glyph> = Vec::new();
    for c in text.chars() {
        let id = font.glyph_id(c);
        if let Some(before) = glyphs.last() {
            pen += font.kern(before.id, id);
        }
        glyphs.push(id.with_scale_and_position(scale, point(pen, 0.0)));
        pen += font.h_advance(id);
    }
    (glyphs, pen.into())
}

/// The length of the longest of `texts`.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, em: f64) -> f64 {
    texts
        .into_iter()
        .map(|text| text_width(text, em))
        .fold(0.0, f64::max)
}

/// `text`, or as much of its beginning as fits into `width`, and an ellipsis.
pub(super) fn ellipsize(text: &str, em: f64, width: f64) -> String {
    // In a figure without room, `width` is negative.
    if text.is_empty() || text_width(text, em) <= width {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
    let short = |end: usize| format!("{}…", text[..end].trim_end());
    // The longest beginning that fits, by bisection: the width grows with the length.
    let fitting = ends.partition_point(|&end| text_width(&short(end), em) <= width);
    short(ends[fitting.saturating_sub(1)])
}

/// A name or a heading as it can be drawn on one line and be written into XML: each run of control characters and line
/// breaks becomes one space, and code points that are no characters are left out.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            if !clean.ends_with(' ') {
                clean.push(' ');
            }
        } else if !matches!(c, '\u{FFFE}' | '\u{FFFF}') {
            clean.push(c);
        }
    }
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_is_there_and_has_the_letters_of_the_artists() {
        assert!(text_width("m", 100.0) > text_width("i", 100.0));
        assert!((text_width("mm", 100.0) - 2.0 * text_width("m", 100.0)).abs() < 1.0);
        let missing = text_width("\u{4E00}", 100.0);
        for c in "äöüßéñøłşŻαβπЖя–—…’“×·√≤≥→".chars() {
            assert_ne!(
                text_width(&c.to_string(), 100.0),
                missing,
                "no glyph for {c}"
            );
        }
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!(ellipsize("u2", 16.0, 100.0), "u2");
        let short = ellipsize("bob marley & the wailers", 16.0, 100.0);
        assert!(
            short.starts_with("bob marl") && short.ends_with('…'),
            "{short}"
        );
        assert!(text_width(&short, 16.0) <= 100.0);
        assert_eq!(ellipsize("bob marley", 16.0, 0.0), "…");
        assert_eq!(ellipsize("", 16.0, 0.0), "");
        assert_eq!(ellipsize("", 16.0, -1.0), "");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(clean(" a\u{0}\u{1B}\r\n\tb\u{FFFF}c\u{7F}"), "a bc");
    }
}
