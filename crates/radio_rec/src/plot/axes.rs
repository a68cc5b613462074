//! Axes: which numbers stand along them, and where.

use super::palette::Rgb;
use super::scene::{Anchor, CAP_HEIGHT, Scene, text_width, widest};
use crate::{Error, Result};

/// The font sizes, in pixels: to be read from the last row.
pub(super) const TITLE_EM: f64 = 21.0;
pub(super) const LABEL_EM: f64 = 18.0;
pub(super) const TICK_EM: f64 = 16.0;
/// From the edge of the picture to whatever is next to it.
pub(super) const MARGIN: f64 = 12.0;
/// The length of the little line at a number.
const TICK: f64 = 6.0;
/// The exponents of ten from and below which a logarithmic axis writes numbers with all their zeros.
const FEW_ZEROS: (f64, f64) = (-4.0, 6.0);
/// Between things that belong together.
pub(super) const GAP: f64 = 6.0;

/// The rectangle in which the data lie, in pixels of the scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// That there is room left for the data.
    pub(super) fn check(&self) -> Result<()> {
        if self.width() >= 40.0 && self.height() >= 40.0 {
            return Ok(());
        }
        Err(Error::Plot {
            message:
                "the labels leave no room for the data; give it a larger `size` or shorter labels"
                    .into(),
        })
    }
}

/// A frame and what its sides stand for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Canvas {
    pub frame: Frame,
    pub x: Axis,
    pub y: Axis,
}

impl Canvas {
    /// Where the point (`x`, `y`) lies in the scene.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        self.at_share((self.x.share(x), self.y.share(y)))
    }

    /// The same for shares of the width and of the height, from the lower left corner.
    pub(super) fn at_share(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let frame = self.frame;
        (
            frame.left + x * frame.width(),
            frame.bottom - y * frame.height(),
        )
    }
}

/// A range of numbers along one side of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Whether powers of ten are written as such: 1e-4, not 0.0001.
    powers: bool,
    /// Whether there is nothing between two whole numbers.
    whole: bool,
}

/// A number that stands at an axis, and how it is written.
pub(super) type Tick = (f64, String);

impl Axis {
    /// An axis over all `values`, which are finite and at least one, with a little room at both ends.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] if the axis is logarithmic and a value is not positive, or the values lie further apart than a
    /// number can say. `name` is "x" or "y".
    pub(super) fn over(
        name: &str,
        values: impl Iterator<Item = f64>,
        logarithmic: bool,
    ) -> Result<Self> {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        if logarithmic && low <= 0.0 {
            return Err(Error::Plot {
                message: format!(
                    "a logarithmic {name} axis has no place for {low}; all values must be positive"
                ),
            });
        }
        let (low, high) = if logarithmic {
            (low.log10(), high.log10())
        } else {
            (low, high)
        };
        // More is left of one value alone than of the sum of rounding errors of two.
        let least = if logarithmic {
            1e-6
        } else {
            (low.abs().max(high.abs()) * 1e-12).max(1e-300)
        };
        let room = if high - low > least {
            (high - low) * 0.04
        } else if logarithmic {
            0.5
        } else if low == 0.0 {
            1.0
        } else {
            low.abs() * 0.1
        };
        Self {
            low: low - room,
            high: high + room,
            logarithmic,
            powers: logarithmic && !(low >= FEW_ZEROS.0 && high < FEW_ZEROS.1),
            whole: false,
        }
        .checked(name)
    }

    /// A linear axis from `low` to `high` and no further.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] if the two lie further apart than a number can say.
    pub(super) fn between(name: &str, low: f64, high: f64) -> Result<Self> {
        Self {
            low,
            high,
            logarithmic: false,
            powers: false,
            whole: false,
        }
        .checked(name)
    }

    /// The same axis, of counts: no fractions stand along it.
    pub(super) fn of_counts(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }

    /// Two axes of one chart, whose numbers are written in one form: if powers of ten are written as such along one,
    /// they are along the other.
    pub(super) fn in_one_form((x, y): (Self, Self)) -> (Self, Self) {
        let powers = x.powers || y.powers;
        let with = |axis: Self| Self {
            powers: powers && axis.logarithmic,
            ..axis
        };
        (with(x), with(y))
    }

    fn checked(self, name: &str) -> Result<Self> {
        if (self.high - self.low).is_finite() {
            return Ok(self);
        }
        Err(Error::Plot {
            message: format!(
                "the {name} values lie too far apart: {:e} to {:e}",
                self.low, self.high
            ),
        })
    }

    /// Where `value` lies, from 0 (the low end) to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.log10()
        } else {
            value
        };
        (value - self.low) / (self.high - self.low)
    }

    /// The value that lies at `share` of a linear axis.
    pub(super) fn value(&self, share: f64) -> f64 {
        self.low + share * (self.high - self.low)
    }

    /// About `count` round numbers along the axis.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.logarithmic {
            if let Some(ticks) = self.decades(count) {
                return ticks;
            }
            // Less than a decade: round numbers as on a linear axis, at their logarithmic places.
            return linear_ticks(10f64.powf(self.low), 10f64.powf(self.high), count);
        }
        let ticks = linear_ticks(self.low, self.high, count);
        match self.whole && count > 1 && ticks.iter().any(|(value, _)| value.fract() != 0.0) {
            true => self.ticks(count - 1),
            false => ticks,
        }
    }

    /// As many round numbers as can be read along a side that is `length` pixels high.
    pub(super) fn ticks_up(&self, length: f64) -> Vec<Tick> {
        self.ticks((length / 50.0).clamp(2.0, 10.0) as usize)
    }

    /// The largest number of ticks up to `count` whose labels do not touch along `length` pixels.
    pub(super) fn ticks_along(&self, length: f64, count: usize) -> Vec<Tick> {
        let fits = |ticks: &Vec<Tick>| {
            ticks.windows(2).all(|pair| {
                let apart = (self.share(pair[1].0) - self.share(pair[0].0)) * length;
                let widths = text_width(&pair[0].1, TICK_EM) + text_width(&pair[1].1, TICK_EM);
                apart >= widths / 2.0 + TICK_EM * 0.75
            })
        };
        (1..=count)
            .rev()
            .map(|count| self.ticks(count))
            .find(fits)
            .unwrap_or_default()
    }

    /// Powers of ten, and their doubles and halves where there are few; `None` if there are fewer than two in all.
    fn decades(&self, count: usize) -> Option<Vec<Tick>> {
        let powers = self.low.floor() as i32..=self.high.ceil() as i32;
        let decades = self.high - self.low;
        let (factors, every): (&[f64], i32) = if decades * 3.0 <= count as f64 {
            (&[1.0, 2.0, 5.0], 1)
        } else {
            (&[1.0], ((decades / count as f64).ceil() as i32).max(1))
        };
        let ticks: Vec<Tick> = powers
            .filter(|power| power % every == 0)
            .flat_map(|power| factors.iter().map(move |&factor| (power, factor)))
            .map(|(power, factor)| {
                let label = if self.powers {
                    format!("{factor}e{power}")
                } else {
                    format!(
                        "{:.*}",
                        (-power).max(0) as usize,
                        factor * 10f64.powi(power)
                    )
                };
                (factor * 10f64.powi(power), label)
            })
            .filter(|&(value, _)| (0.0..=1.0).contains(&self.share(value)))
            .collect();
        (ticks.len() >= 2).then_some(ticks)
    }
}

/// Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, about `count` of them.
fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let rough = (high - low) / count.max(1) as f64;
    let power = rough.log10().floor();
    let unit = 10f64.powf(power);
    // The comparison allows for the rounding of the division.
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * unit >= rough * 0.999);
    let step = factor.unwrap_or(10.0) * unit;
    // A tick at the very end of the range counts, whatever the divisions round.
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    // For a range as wide as numbers go, the step can be none.
    let is_step = step > 0.0 && step.is_finite();
    if !(is_step && first.is_finite() && last.is_finite()) || last - first > 1000.0 {
        return Vec::new();
    }
    let values: Vec<f64> = (0..=(last - first) as i64)
        .map(|k| (first + k as f64) * step)
        .collect();
    let largest = values
        .iter()
        .fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let digits = step.log10().floor() + 1e-9;
    values
        .into_iter()
        .map(|value| {
            // Not -0.
            let value = if value.abs() < step / 2.0 { 0.0 } else { value };
            let label = if largest >= 1e6 || step < 1e-8 {
                if value == 0.0 {
                    return (value, "0".to_owned());
                }
                let mantissa = (value.abs().log10().floor() - digits.floor()).max(0.0);
                format!("{value:.*e}", mantissa as usize)
            } else {
                format!("{value:.*}", (-digits.floor()).max(0.0) as usize)
            };
            (value, label)
        })
        .collect()
}

/// Writes the title over the picture, smaller or cut where it is too long, and returns the y below it.
pub(super) fn draw_title(scene: &mut Scene, title: &str) -> f64 {
    if title.is_empty() {
        return MARGIN;
    }
    let room = scene.width - 2.0 * MARGIN;
    let em = (TITLE_EM * room / text_width(title, TITLE_EM)).clamp(TITLE_EM * 0.7, TITLE_EM);
    let title = super::scene::ellipsize(title, em, room);
    let baseline = MARGIN + CAP_HEIGHT * TITLE_EM;
    scene.text(&title, (scene.width / 2.0, baseline), em, Anchor::Middle);
    baseline + GAP * 2.0
}

/// How high the numbers below a frame and the label below them are.
pub(super) fn height_below(label: &str) -> f64 {
    let label = if label.is_empty() {
        0.0
    } else {
        LABEL_EM + GAP * 1.5
    };
    TICK + TICK_EM + label + MARGIN
}

/// How wide the numbers left of a frame are, with their ticks.
pub(super) fn width_of_numbers(ticks: &[Tick]) -> f64 {
    widest(ticks.iter().map(|(_, label)| label.as_str()), TICK_EM) + TICK + GAP
}

/// How wide the label left of a frame is, from the picture's edge.
pub(super) fn width_of_label(label: &str) -> f64 {
    if label.is_empty() {
        MARGIN
    } else {
        MARGIN + LABEL_EM + GAP
    }
}

/// Lays a frame for two axes into what is left of the scene below `top` and left of the last `right` pixels, draws the
/// grid, the numbers and the labels.
///
/// # Errors
///
/// [`Error::Plot`] if there is no room for the data.
pub(super) fn draw_axes(
    scene: &mut Scene,
    (top, right): (f64, f64),
    (x, x_label): (&Axis, &str),
    (y, y_label): (&Axis, &str),
) -> Result<Frame> {
    let bottom = scene.height - height_below(x_label);
    let y_ticks = y.ticks_up(bottom - top);
    let frame = Frame {
        left: width_of_label(y_label) + width_of_numbers(&y_ticks),
        // Half a number may reach over the corners.
        top: top + TICK_EM * 0.5,
        right: scene.width - MARGIN * 2.0 - right,
        bottom,
    };
    frame.check()?;
    draw_x_axis(scene, &frame, x, x_label);
    draw_y_ticks(scene, &frame, y, &y_ticks, true);
    draw_y_label(scene, &frame, y_label);
    Ok(frame)
}

/// The numbers below `frame`, its grid lines upwards, and the label.
pub(super) fn draw_x_axis(scene: &mut Scene, frame: &Frame, x: &Axis, label: &str) {
    draw_x_ticks(scene, frame, x, true);
    draw_x_label(scene, frame, label);
}

/// The grid lines upwards, and if wanted the `numbers` below them.
pub(super) fn draw_x_ticks(scene: &mut Scene, frame: &Frame, x: &Axis, numbers: bool) {
    for (value, label) in x.ticks_along(frame.width(), 8) {
        let at = frame.left + x.share(value) * frame.width();
        scene.rect(at - 0.5, frame.top, 1.0, frame.height(), scene.palette.grid);
        if numbers {
            scene.rect(at - 0.5, frame.bottom, 1.0, TICK, scene.palette.axis);
            // The last number may be long: it stays inside the picture.
            let half = text_width(&label, TICK_EM) / 2.0;
            let center = at.min(scene.width - 2.0 - half).max(2.0 + half);
            scene.text(
                &label,
                (center, frame.bottom + TICK + TICK_EM),
                TICK_EM,
                Anchor::Middle,
            );
        }
    }
    scene.rect(
        frame.left,
        frame.bottom - 0.75,
        frame.width(),
        1.5,
        scene.palette.axis,
    );
}

/// The grid lines to the right at `ticks`, and if wanted the `numbers` left of them.
pub(super) fn draw_y_ticks(
    scene: &mut Scene,
    frame: &Frame,
    y: &Axis,
    ticks: &[Tick],
    numbers: bool,
) {
    for (value, label) in ticks {
        let at = frame.bottom - y.share(*value) * frame.height();
        scene.rect(frame.left, at - 0.5, frame.width(), 1.0, scene.palette.grid);
        if numbers {
            scene.rect(frame.left - TICK, at - 0.5, TICK, 1.0, scene.palette.axis);
            let baseline = at + CAP_HEIGHT * TICK_EM / 2.0;
            scene.text(
                label,
                (frame.left - TICK - GAP, baseline),
                TICK_EM,
                Anchor::End,
            );
        }
    }
    scene.rect(
        frame.left - 0.75,
        frame.top,
        1.5,
        frame.height() + 0.75,
        scene.palette.axis,
    );
}

/// The label at the foot of the picture, below the middle of `frame`.
pub(super) fn draw_x_label(scene: &mut Scene, frame: &Frame, label: &str) {
    let baseline = scene.height - MARGIN - LABEL_EM * 0.2;
    let label = super::scene::ellipsize(label, LABEL_EM, scene.width - 2.0 * MARGIN);
    let half = text_width(&label, LABEL_EM) / 2.0;
    let middle = (frame.left + frame.right) / 2.0;
    let center = middle.min(scene.width - MARGIN - half).max(MARGIN + half);
    scene.text(&label, (center, baseline), LABEL_EM, Anchor::Middle);
}

/// The label at the left edge of the picture, beside the middle of `frame`.
pub(super) fn draw_y_label(scene: &mut Scene, frame: &Frame, label: &str) {
    let label = super::scene::ellipsize(label, LABEL_EM, scene.height - 2.0 * MARGIN);
    let half = text_width(&label, LABEL_EM) / 2.0;
    let middle = (frame.top + frame.bottom) / 2.0;
    let center = middle.min(scene.height - MARGIN - half).max(MARGIN + half);
    let at = (MARGIN + LABEL_EM * 0.8, center);
    scene.push_text(
        &label,
        at,
        LABEL_EM,
        Anchor::Middle,
        true,
        scene.palette.ink,
    );
}

/// Writes `names` with their markers in rows below `top`, and returns the y below them. `with_line` also shows a piece
/// of the series' line.
pub(super) fn draw_legend(scene: &mut Scene, top: f64, names: &[String], with_line: bool) -> f64 {
    const BETWEEN: f64 = 20.0;
    let symbol = if with_line { 30.0 } else { 14.0 };
    let room = scene.width - 2.0 * MARGIN;
    let names: Vec<String> = names
        .iter()
        .map(|name| super::scene::ellipsize(name, TICK_EM, room - symbol - GAP))
        .collect();
    let widths: Vec<f64> = names
        .iter()
        .map(|name| symbol + GAP + text_width(name, TICK_EM))
        .collect();
    let mut y = top;
    let mut next = 0;
    while next < names.len() {
        // As many as fit into the row, at least one.
        let mut width = widths[next];
        let mut end = next + 1;
        while end < names.len() && width + BETWEEN + widths[end] <= room {
            width += BETWEEN + widths[end];
            end += 1;
        }
        y += TICK_EM;
        let mut x = (scene.width - width) / 2.0;
        for index in next..end {
            let middle = y - CAP_HEIGHT * TICK_EM / 2.0;
            let look = scene.palette.series(index);
            if with_line {
                scene.line(vec![(x, middle), (x + symbol, middle)], 3.0, look.0);
            }
            scene.marker((x + symbol / 2.0, middle), 6.0, look);
            scene.text(&names[index], (x + symbol + GAP, y), TICK_EM, Anchor::Start);
            x += widths[index] + BETWEEN;
        }
        y += GAP;
        next = end;
    }
    y
}

/// A colour bar's thickness.
const BAR: f64 = 18.0;

/// How wide a colour bar with these numbers is, from the frame on its left to the picture's edge.
pub(super) fn width_of_color_bar(ticks: &[Tick]) -> f64 {
    let numbers = widest(ticks.iter().map(|(_, label)| label.as_str()), TICK_EM);
    MARGIN + numbers + GAP + BAR + 2.0 * MARGIN
}

/// Draws a colour bar on the right of `frame`, from the high end down, with the numbers of `scale`. `color` is the
/// colour of each level out of 0 to 255.
pub(super) fn draw_color_bar(
    scene: &mut Scene,
    frame: &Frame,
    (scale, ticks): (&Axis, &[Tick]),
    color: impl Fn(u8) -> Rgb,
) {
    let bar = frame.right + 2.0 * MARGIN;
    let steps = 64;
    let step_edge = |k: usize| (frame.top + frame.height() * k as f64 / steps as f64).round();
    for step in 0..steps {
        let level = 255 - (step * 255 / (steps - 1)) as u8;
        let y = step_edge(step);
        scene.rect(bar, y, BAR, step_edge(step + 1) - y, color(level));
    }
    for (value, label) in ticks {
        let y = frame.bottom - scale.share(*value) * frame.height();
        scene.rect(bar + BAR, y - 0.5, GAP * 0.7, 1.0, scene.palette.axis);
        let baseline = (y + CAP_HEIGHT * TICK_EM / 2.0).max(frame.top + CAP_HEIGHT * TICK_EM * 0.5);
        scene.text(label, (bar + BAR + GAP, baseline), TICK_EM, Anchor::Start);
    }
}

/// Draws a colour bar of few numbers on the right of `frame`: a block for each, the highest at the top.
pub(super) fn draw_color_steps(
    scene: &mut Scene,
    frame: &Frame,
    steps: &[Tick],
    color: impl Fn(f64) -> Rgb,
) {
    let bar = frame.right + 2.0 * MARGIN;
    let edge = |k: usize| (frame.bottom - frame.height() * k as f64 / steps.len() as f64).round();
    for (k, (value, label)) in steps.iter().enumerate() {
        let (top, bottom) = (edge(k + 1), edge(k));
        scene.rect(bar, top, BAR, bottom - top, color(*value));
        let baseline = (top + bottom) / 2.0 + CAP_HEIGHT * TICK_EM / 2.0;
        scene.text(label, (bar + BAR + GAP, baseline), TICK_EM, Anchor::Start);
    }
}

#[cfg(test)]
mod tests;
