//! Colours and marker shapes that hold up on a projector and for colour-blind eyes.

/// Red, green and blue, each from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

const WHITE: Rgb = Rgb(255, 255, 255);
const BLACK: Rgb = Rgb(0, 0, 0);

/// What a figure is to be looked at on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Theme {
    /// A white ground, for screens and projectors in a light room.
    #[default]
    Light,
    /// A dark ground, for slides and screens that are dark.
    Dark,
    /// Black and greys on white, for paper and photocopies. Series differ in their brightness and in the shape of their
    /// markers, and more is darker.
    Print,
}

impl Theme {
    pub(super) fn palette(self) -> &'static Palette {
        match self {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
            Theme::Print => &PRINT,
        }
    }
}

/// The colours of a theme.
#[derive(Debug, PartialEq)]
pub(super) struct Palette {
    /// What all lies on.
    pub ground: Rgb,
    /// Text.
    pub ink: Rgb,
    /// The lines along the axes.
    pub axis: Rgb,
    /// The grid behind the data.
    pub grid: Rgb,
    /// The lines that lead from data to a name.
    pub leading: Rgb,
    series: [Rgb; COLORS],
    /// From the smallest number to the largest.
    sequential: [Rgb; 10],
    /// From the negative end over the ground at 0 to the positive end.
    diverging: [Rgb; 5],
}

/// A colour before a theme is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tone {
    Ink,
    /// The colour of series number .0 with this strength, the rest the ground.
    Tint(usize, f64),
    /// A level out of 0 to 255, of which the middle is 0.
    Diverging(u8),
}

/// The palette of M. Okabe and K. Ito, "Color Universal Design" (2008), whose colours stay apart under the common kinds
/// of colour blindness; without its yellow, which white swallows, and with its grey instead of black, which is for
/// text.
const OKABE_ITO: [Rgb; COLORS] = [
    Rgb(0x00, 0x72, 0xB2),
    Rgb(0xD5, 0x5E, 0x00),
    Rgb(0x00, 0x9E, 0x73),
    Rgb(0xCC, 0x79, 0xA7),
    Rgb(0xE6, 0x9F, 0x00),
    Rgb(0x56, 0xB4, 0xE9),
    Rgb(0x77, 0x77, 0x77),
];

const LIGHT: Palette = Palette {
    ground: WHITE,
    ink: Rgb(0x22, 0x22, 0x22),
    axis: Rgb(0x55, 0x55, 0x55),
    grid: Rgb(0xDD, 0xDD, 0xDD),
    leading: Rgb(0xAA, 0xAA, 0xAA),
    series: OKABE_ITO,
    sequential: VIRIDIS,
    diverging: [
        Rgb(0x00, 0x49, 0x78),
        OKABE_ITO[0],
        WHITE,
        OKABE_ITO[1],
        Rgb(0x96, 0x3E, 0x00),
    ],
};

/// JupyterLab's dark ground, and the same hues as on white, brighter.
const DARK_GROUND: Rgb = Rgb(0x11, 0x11, 0x11);

const DARK: Palette = Palette {
    ground: DARK_GROUND,
    ink: Rgb(0xE6, 0xE6, 0xE6),
    axis: Rgb(0xA0, 0xA0, 0xA0),
    grid: Rgb(0x3A, 0x3A, 0x3A),
    leading: Rgb(0x77, 0x77, 0x77),
    series: [
        Rgb(0x3D, 0x9B, 0xDC),
        Rgb(0xF2, 0x7F, 0x2B),
        Rgb(0x2B, 0xC2, 0x96),
        Rgb(0xE0, 0x97, 0xC0),
        Rgb(0xF5, 0xBE, 0x3D),
        Rgb(0x95, 0xD3, 0xF7),
        Rgb(0x9A, 0x9A, 0x9A),
    ],
    sequential: VIRIDIS,
    diverging: [
        Rgb(0x9C, 0xD4, 0xFA),
        Rgb(0x3D, 0x9B, 0xDC),
        DARK_GROUND,
        Rgb(0xF2, 0x7F, 0x2B),
        Rgb(0xFF, 0xC2, 0x94),
    ],
};

const PRINT: Palette = Palette {
    ground: WHITE,
    ink: BLACK,
    axis: BLACK,
    grid: Rgb(0xE6, 0xE6, 0xE6),
    leading: Rgb(0x77, 0x77, 0x77),
    series: [
        Rgb(0x00, 0x00, 0x00),
        Rgb(0x8C, 0x8C, 0x8C),
        Rgb(0x4D, 0x4D, 0x4D),
        Rgb(0x6E, 0x6E, 0x6E),
        Rgb(0x2B, 0x2B, 0x2B),
        Rgb(0x7D, 0x7D, 0x7D),
        Rgb(0x5E, 0x5E, 0x5E),
    ],
    sequential: [
        Rgb(0xFA, 0xFA, 0xFA),
        Rgb(0xE0, 0xE0, 0xE0),
        Rgb(0xC6, 0xC6, 0xC6),
        Rgb(0xAC, 0xAC, 0xAC),
        Rgb(0x92, 0x92, 0x92),
        Rgb(0x78, 0x78, 0x78),
        Rgb(0x5E, 0x5E, 0x5E),
        Rgb(0x44, 0x44, 0x44),
        Rgb(0x2A, 0x2A, 0x2A),
        Rgb(0x10, 0x10, 0x10),
    ],
    // A copy has no hues: what is negative is brighter than 0, and what is positive is darker.
    diverging: [
        WHITE,
        Rgb(0xDC, 0xDC, 0xDC),
        Rgb(0xB4, 0xB4, 0xB4),
        Rgb(0x64, 0x64, 0x64),
        Rgb(0x14, 0x14, 0x14),
    ],
};

impl Palette {
    /// The colour and the shape of series number `index`. There are 42 pairs; then they come again.
    pub(super) fn series(&self, index: usize) -> (Rgb, Shape) {
        (self.series[index % COLORS], SHAPES[index % SHAPES.len()])
    }

    /// The colour of `level` out of 0 to 255: of a light or dark theme, brighter is more, also in grey.
    pub(super) fn sequential(&self, level: u8) -> Rgb {
        between(&self.sequential, f64::from(level) / 255.0)
    }

    pub(super) fn tone(&self, tone: Tone) -> Rgb {
        match tone {
            Tone::Ink => self.ink,
            Tone::Tint(index, strength) => mix(self.ground, self.series(index).0, strength),
            Tone::Diverging(level) => between(&self.diverging, f64::from(level) / 255.0),
        }
    }
}

/// The shape of a marker. All are convex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Triangle,
    Square,
    Diamond,
    TriangleDown,
    Hexagon,
}

const SHAPES: [Shape; 6] = [
    Shape::Circle,
    Shape::Triangle,
    Shape::Square,
    Shape::Diamond,
    Shape::TriangleDown,
    Shape::Hexagon,
];

impl Shape {
    /// The corners of a marker as large to the eye as a circle with radius `r`; `None` for the circle itself.
    pub(super) fn corners(self, (x, y): (f64, f64), r: f64) -> Option<Vec<(f64, f64)>> {
        // (corners, direction of the first in degrees, their distance in radii): about equal areas.
        let (n, first, reach) = match self {
            Shape::Circle => return None,
            Shape::Triangle => (3, -90.0, 1.45),
            Shape::Square => (4, 45.0, 1.25),
            Shape::Diamond => (4, 0.0, 1.3),
            Shape::TriangleDown => (3, 90.0, 1.45),
            Shape::Hexagon => (6, 0.0, 1.12),
        };
        let corner = |k: usize| {
            let angle = (first + 360.0 * k as f64 / n as f64).to_radians();
            (x + reach * r * angle.cos(), y + reach * r * angle.sin())
        };
        Some((0..n).map(corner).collect())
    }
}

/// Ten colours of matplotlib's viridis (N. Smith and S. van der Walt, 2015, CC0), evenly spaced.
const VIRIDIS: [Rgb; 10] = [
    Rgb(0x44, 0x01, 0x54),
    Rgb(0x48, 0x28, 0x78),
    Rgb(0x3E, 0x49, 0x89),
    Rgb(0x31, 0x68, 0x8E),
    Rgb(0x26, 0x82, 0x8E),
    Rgb(0x1F, 0x9E, 0x89),
    Rgb(0x35, 0xB7, 0x79),
    Rgb(0x6E, 0xCE, 0x58),
    Rgb(0xB5, 0xDE, 0x2B),
    Rgb(0xFD, 0xE7, 0x25),
];

/// What lies at `share` of a way through evenly spaced colours.
fn between(colors: &[Rgb], share: f64) -> Rgb {
    let position = share * (colors.len() - 1) as f64;
    let below = (position as usize).min(colors.len() - 2);
    mix(colors[below], colors[below + 1], position - below as f64)
}

/// A colour between two: `share` of the second, the rest of the first.
fn mix(Rgb(r0, g0, b0): Rgb, Rgb(r1, g1, b1): Rgb, share: f64) -> Rgb {
    let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    Rgb(mix(r0, r1), mix(g0, g1), mix(b0, b1))
}

/// The number of series that have a colour to themselves.
pub(super) const COLORS: usize = 7;

/// White or black, whichever is easier to read on `background`. Its contrast is at least 4.58, whatever the colour,
/// where WCAG asks 4.5 of text; with ink instead of black it would be 3.99.
pub(super) fn text_on(background: Rgb) -> Rgb {
    if contrast(WHITE, background) >= contrast(BLACK, background) {
        WHITE
    } else {
        BLACK
    }
}

/// The contrast of two colours, from 1 to 21: WCAG 2.1, "contrast ratio".
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// How bright a colour of sRGB is, from 0 to 1: WCAG 2.1, "relative luminance".
fn luminance(Rgb(r, g, b): Rgb) -> f64 {
    let linear = |channel: u8| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [Theme; 3] = [Theme::Light, Theme::Dark, Theme::Print];

    #[test]
    fn viridis_gets_brighter_all_the_way_and_on_paper_it_gets_darker() {
        for theme in THEMES {
            let palette = theme.palette();
            let sign = if theme == Theme::Print { -1.0 } else { 1.0 };
            let brightness = |level| sign * luminance(palette.sequential(level));
            assert_eq!(palette.sequential(0), palette.sequential[0]);
            assert_eq!(palette.sequential(255), palette.sequential[9]);
            for level in 5..=255 {
                assert!(
                    brightness(level) > brightness(level - 5),
                    "{theme:?} {level}"
                );
            }
        }
    }

    #[test]
    fn diverging_colours_leave_the_ground_from_the_middle_on() {
        for (theme, sign) in [(Theme::Light, 1.0), (Theme::Dark, -1.0)] {
            let palette = theme.palette();
            let brightness = |level| sign * luminance(palette.tone(Tone::Diverging(level)));
            for level in 5..=127 {
                assert!(
                    brightness(level) > brightness(level - 5),
                    "{theme:?} {level}"
                );
                assert!(
                    brightness(255 - level) > brightness(255 - level + 5),
                    "{theme:?} {level}"
                );
            }
            // Equally far from the middle, equally bright, as far as two hues can be.
            for level in 0..=127 {
                let apart = brightness(level) - brightness(255 - level);
                assert!(apart.abs() < 0.08, "{theme:?}, level {level}: {apart}");
            }
        }
        let print = |level| luminance(PRINT.tone(Tone::Diverging(level)));
        assert!((5..=255).all(|level| print(level) < print(level - 5)));
    }

    #[test]
    fn the_contrast_is_that_of_wcag() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 1e-12);
        // The two greys around the limit, as https://webaim.org/resources/contrastchecker/ gives them.
        assert!((contrast(Rgb(0x76, 0x76, 0x76), WHITE) - 4.54).abs() < 0.005);
        assert!((contrast(Rgb(0x77, 0x77, 0x77), WHITE) - 4.48).abs() < 0.005);
    }

    #[test]
    fn text_is_legible_on_every_ground() {
        for theme in THEMES {
            let palette = theme.palette();
            assert!(contrast(palette.ink, palette.ground) > 4.5);
            for level in 0..=255 {
                for ground in [
                    palette.sequential(level),
                    palette.tone(Tone::Diverging(level)),
                ] {
                    assert!(
                        contrast(text_on(ground), ground) > 4.58,
                        "{theme:?}, level {level}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_two_of_the_first_42_series_look_the_same() {
        for theme in THEMES {
            let palette = theme.palette();
            for a in 0..42 {
                assert!((0..a).all(|b| palette.series(a) != palette.series(b)));
            }
        }
    }

    #[test]
    fn series_stand_out_from_a_dark_ground_and_from_paper() {
        // WCAG 2.1 asks 3 of graphics.
        for palette in [&DARK, &PRINT] {
            for index in 0..COLORS {
                let contrast = contrast(palette.series(index).0, palette.ground);
                assert!(contrast > 3.0, "series {index}: {contrast}");
            }
        }
    }
}
