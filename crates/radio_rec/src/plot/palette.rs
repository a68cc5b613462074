//! Colours and marker shapes that hold up on a projector and for colour-blind eyes.

/// Red, green and blue, each from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

pub(super) const WHITE: Rgb = Rgb(255, 255, 255);
const BLACK: Rgb = Rgb(0, 0, 0);
/// Text.
pub(super) const INK: Rgb = Rgb(0x22, 0x22, 0x22);
/// The lines along the axes.
pub(super) const AXIS: Rgb = Rgb(0x55, 0x55, 0x55);
/// The grid behind the data.
pub(super) const GRID: Rgb = Rgb(0xDD, 0xDD, 0xDD);

/// The lines that lead from data to a name.
pub(super) const LEADING: Rgb = Rgb(0xAA, 0xAA, 0xAA);

/// The palette of M. Okabe and K. Ito, "Color Universal Design" (2008), whose colours stay apart under the common kinds of
/// colour blindness; without its yellow, which white swallows, and with its grey instead of black, which is for text.
const SERIES: [Rgb; 7] = [
    Rgb(0x00, 0x72, 0xB2),
    Rgb(0xD5, 0x5E, 0x00),
    Rgb(0x00, 0x9E, 0x73),
    Rgb(0xCC, 0x79, 0xA7),
    Rgb(0xE6, 0x9F, 0x00),
    Rgb(0x56, 0xB4, 0xE9),
    Rgb(0x77, 0x77, 0x77),
];

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

/// The colour and the shape of series number `index`. There are 42 pairs; then they come again.
pub(super) fn series(index: usize) -> (Rgb, Shape) {
    (SERIES[index % SERIES.len()], SHAPES[index % SHAPES.len()])
}

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

/// The colour of `level` out of 0 to 255, from dark violet over green to yellow: brighter is more, also in grey.
pub(super) fn viridis(level: u8) -> Rgb {
    between(&VIRIDIS, f64::from(level) / 255.0)
}

/// From dark blue over white to dark orange, by the blue and the orange of [`SERIES`].
const DIVERGING: [Rgb; 5] = [
    Rgb(0x00, 0x49, 0x78),
    SERIES[0],
    WHITE,
    SERIES[1],
    Rgb(0x96, 0x3E, 0x00),
];

/// The colour of `level` out of 0 to 255: blue below the middle, orange above, and the darker the further from it.
pub(super) fn diverging(level: u8) -> Rgb {
    between(&DIVERGING, f64::from(level) / 255.0)
}

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
pub(super) const COLORS: usize = SERIES.len();

/// The ground under points of series number `index`: `strength` of its colour, the rest white.
pub(super) fn tint(index: usize, strength: f64) -> Rgb {
    mix(WHITE, series(index).0, strength)
}

/// White or black, whichever is easier to read on `background`. Its contrast is at least 4.58, whatever the colour, where WCAG
/// asks 4.5 of text; with ink instead of black it would be 3.99.
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

    #[test]
    fn viridis_gets_brighter_all_the_way() {
        let brightness = |level| luminance(viridis(level));
        assert_eq!((viridis(0), viridis(255)), (VIRIDIS[0], VIRIDIS[9]));
        for level in 5..=255 {
            assert!(brightness(level) > brightness(level - 5));
        }
    }

    #[test]
    fn diverging_colours_get_darker_from_the_middle_on() {
        let brightness = |level| luminance(diverging(level));
        assert_eq!((diverging(0), diverging(255)), (DIVERGING[0], DIVERGING[4]));
        for level in 5..=127 {
            assert!(brightness(level) > brightness(level - 5));
            assert!(brightness(255 - level) > brightness(255 - level + 5));
        }
        // Equally far from the middle, equally dark, as far as two hues can be.
        for level in 0..=127 {
            let apart = brightness(level) - brightness(255 - level);
            assert!(apart.abs() < 0.08, "level {level}: {apart}");
        }
    }

    #[test]
    fn the_contrast_is_that_of_wcag() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 1e-12);
        // The two greys around the limit, as https://webaim.org/resources/contrastchecker/ gives them.
        assert!((contrast(Rgb(0x76, 0x76, 0x76), WHITE) - 4.54).abs() < 0.005);
        assert!((contrast(Rgb(0x77, 0x77, 0x77), WHITE) - 4.48).abs() < 0.005);
    }

    #[test]
    fn text_is_legible_on_white_and_on_every_colour_of_a_heat_map() {
        assert!(contrast(INK, WHITE) > 4.5);
        for level in 0..=255 {
            for ground in [viridis(level), diverging(level)] {
                assert!(contrast(text_on(ground), ground) > 4.58, "level {level}");
            }
        }
    }

    #[test]
    fn no_two_of_the_first_42_series_look_the_same() {
        for a in 0..42 {
            assert!((0..a).all(|b| series(a) != series(b)));
        }
    }
}
