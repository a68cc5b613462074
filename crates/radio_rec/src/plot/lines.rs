//! Lines through points of a plane, with a marker at each.

use super::axes::{Axis, Canvas, Frame};
use super::check::at_most;
use super::curves::thinned;
use super::ends::RADIUS;
use super::plane::{Key, Labels, Plane, shortened};
use super::scene::{Anchor, CAP_HEIGHT, Mark, Scene, Text};
use crate::display::format_float;
use crate::{Error, Result};

/// So many lines can have their names at their ends; more have a legend.
const NAMES_AT_ENDS: usize = 12;
/// The font size of the labels at points.
const POINT_EM: f64 = 15.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines {
    series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Lines {
    pub(super) fn new(series: Vec<(String, Vec<(f64, f64)>)>) -> Result<Self> {
        at_most("lines", series.len(), 40)?;
        for (name, points) in &series {
            at_most(
                &format!("points on the line `{name}`"),
                points.len(),
                100_000,
            )?;
            let finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
            if let Some(index) = points.iter().position(|point| !finite(point)) {
                return Err(Error::invalid(
                    "series",
                    format!("{:?} at position {index} of `{name}`", points[index]),
                    "finite numbers",
                ));
            }
        }
        Ok(Self { series })
    }

    /// That there is not a label more than points.
    pub(super) fn check(&self, labels: &Labels) -> Result<()> {
        let lengths = self.series.iter().map(|(_, points)| points.len());
        check_point_labels(labels, lengths.max().unwrap_or(0), "as the longest line")
    }
}

impl Plane for Lines {
    fn axes(&self, labels: &Labels) -> Result<(Axis, Axis)> {
        let all = || self.series.iter().flat_map(|(_, points)| points);
        Ok((
            Axis::over("x", all().map(|point| point.0), labels.log_x)?,
            Axis::over("y", all().map(|point| point.1), labels.log_y)?,
        ))
    }

    fn key(&self) -> Key {
        match self.series.len() {
            1 => Key::None,
            2..=NAMES_AT_ENDS => Key::Ends(
                self.series
                    .iter()
                    .map(|(name, points)| (name.clone(), points[points.len() - 1]))
                    .collect(),
            ),
            _ => Key::Lines(self.series.iter().map(|(name, _)| name.clone()).collect()),
        }
    }

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas) {
        let drawn: Vec<Vec<(f64, f64)>> = self
            .series
            .iter()
            .map(|(_, points)| points.iter().map(|&(x, y)| canvas.at(x, y)).collect())
            .collect();
        for (index, points) in drawn.iter().enumerate() {
            if points.len() > 1 {
                scene.line(thinned(points.clone()), 3.0, scene.palette.series(index).0);
            }
        }
        for (index, points) in drawn.iter().enumerate() {
            // Of points that lie on each other, one marker is enough, and of a great many, some.
            let apart = if points.len() <= 30 {
                RADIUS * 1.5
            } else {
                RADIUS * 8.0
            };
            let mut last: Option<(f64, f64)> = None;
            for &(x, y) in points {
                if last.is_none_or(|last| (x - last.0).hypot(y - last.1) >= apart) {
                    scene.marker((x, y), RADIUS, scene.palette.series(index));
                    last = Some((x, y));
                }
            }
        }
        // The points of one number, one of each line, and what must not be covered: the lines, as points not far apart.
        if labels.point_labels.is_empty() {
            return;
        }
        let points_of = |number: usize| {
            drawn
                .iter()
                .filter_map(|l| l.get(number).copied())
                .collect()
        };
        let taken = drawn.iter().flat_map(|line| closely(line)).collect();
        draw_point_labels(scene, canvas.frame, &labels.point_labels, points_of, taken);
    }

    fn describe(&self) -> String {
        let number = |value| format_float(value, 4);
        let ends: Vec<String> = self
            .series
            .iter()
            .map(|(name, points)| {
                let (first, last) = (points[0], points[points.len() - 1]);
                format!(
                    "{name} from ({}, {}) to ({}, {})",
                    number(first.0),
                    number(first.1),
                    number(last.0),
                    number(last.1)
                )
            })
            .collect();
        let lines = if ends.len() == 1 { "line" } else { "lines" };
        format!("Chart of {} {lines}: {}", ends.len(), shortened(&ends, 12))
    }
}

/// That there are not more labels of points than `points`, of which `as_what` says what they are.
pub(super) fn check_point_labels(labels: &Labels, points: usize, as_what: &str) -> Result<()> {
    if labels.point_labels.len() <= points {
        return Ok(());
    }
    Err(Error::Shape {
        what: "point_labels".into(),
        expected: format!("length {points} at most, {as_what}"),
        found: format!("length {}", labels.point_labels.len()),
    })
}

/// Writes each label once, beside the highest of the points that its number has, or else another one: where it covers
/// neither other labels nor what is `taken`. A label without such a place is left out.
pub(super) fn draw_point_labels(
    scene: &mut Scene,
    frame: Frame,
    labels: &[String],
    points_of: impl Fn(usize) -> Vec<(f64, f64)>,
    mut taken: Vec<(f64, f64)>,
) {
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut written: Vec<(f64, f64, f64, f64)> = Vec::new();
    for (number, label) in labels
        .iter()
        .enumerate()
        .filter(|(_, label)| !label.is_empty())
    {
        let mut points: Vec<(f64, f64)> = points_of(number);
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        let places = points.into_iter().flat_map(|(x, y)| {
            let cap = CAP_HEIGHT * POINT_EM;
            let (near, far) = (RADIUS + 2.0, RADIUS + 5.0);
            [
                (x + near, y - near, Anchor::Start),
                (x, y - far, Anchor::Middle),
                (x + far, y + cap / 2.0, Anchor::Start),
                (x + far, y - 1.0, Anchor::Start),
                (x - near, y - near, Anchor::End),
                (x, y + far + cap, Anchor::Middle),
                (x - near, y + near + cap, Anchor::End),
                (x - far, y + cap / 2.0, Anchor::End),
                (x + near, y + near + cap, Anchor::Start),
            ]
        });
        for (x, y, anchor) in places {
            let text = Text {
                text: label.clone(),
                x,
                y,
                em: POINT_EM,
                anchor,
                upright: false,
                color: scene.palette.ink,
            };
            let (left, top, right, bottom) = text.bounds();
            let inside = left >= frame.left + 2.0
                && top >= frame.top
                && right <= frame.right
                && bottom <= frame.bottom - 2.0;
            // The points between the left and the right end, by bisection.
            let first = taken.partition_point(|p| p.0 < left - 3.0);
            let covers = taken[first..]
                .iter()
                .take_while(|p| p.0 <= right + 3.0)
                .any(|p| (top - 3.0..=bottom + 3.0).contains(&p.1));
            let meets = written.iter().any(|&(l, t, r, b)| {
                left <= r + 4.0 && l <= right + 4.0 && top <= b + 3.0 && t <= bottom + 3.0
            });
            if inside && !covers && !meets {
                written.push((left, top, right, bottom));
                scene.marks.push(Mark::Text(text));
                break;
            }
        }
    }
}

/// Points on a line, a few pixels apart.
fn closely(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = vec![line[0]];
    for pair in line.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let steps = ((x1 - x0).hypot(y1 - y0) / 3.0).ceil().max(1.0);
        points.extend((1..=steps as usize).map(|k| {
            let share = k as f64 / steps;
            (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
        }));
    }
    points
}
