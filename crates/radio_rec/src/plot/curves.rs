//! Series of numbers against the iteration they were taken at.

use super::axes::{Axis, Canvas};
use super::check::at_most;
use super::plane::{Key, Labels, Plane, shortened};
use super::scene::Scene;
use crate::display::format_float;
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curves {
    series: Vec<(String, Vec<f64>)>,
}

impl Curves {
    pub(super) fn new(series: Vec<(String, Vec<f64>)>) -> Result<Self> {
        at_most("series", series.len(), 40)?;
        for (name, values) in &series {
            at_most(
                &match name.as_str() {
                    "" => "values".to_owned(),
                    name => format!("values of the series `{name}`"),
                },
                values.len(),
                100_000,
            )?;
            if let Some((index, value)) = values.iter().enumerate().find(|(_, v)| !v.is_finite()) {
                return Err(Error::invalid(
                    "series",
                    match name.as_str() {
                        "" => format!("{value} at position {index}"),
                        name => format!("{value} at position {index} of `{name}`"),
                    },
                    "finite numbers",
                ));
            }
        }
        Ok(Self { series })
    }
}

impl Plane for Curves {
    fn axes(&self, labels: &Labels) -> Result<(Axis, Axis)> {
        let first = labels.first_iteration as f64;
        let longest = self
            .series
            .iter()
            .map(|(_, values)| values.len())
            .max()
            .unwrap_or(1);
        let last = first + (longest - 1) as f64;
        if labels.log_x && labels.first_iteration == 0 {
            return Err(Error::Plot {
                message: "a logarithmic x axis has no place for iteration 0; leave that value out and say \
                          `first_iteration(1)`"
                    .into(),
            });
        }
        let all = self
            .series
            .iter()
            .flat_map(|(_, values)| values.iter().copied());
        Ok((
            Axis::over("x", [first, last].into_iter(), labels.log_x)?,
            Axis::over("y", all, labels.log_y)?,
        ))
    }

    fn key(&self) -> Key {
        match self.series.len() {
            1 => Key::None,
            _ => Key::Lines(self.series.iter().map(|(name, _)| name.clone()).collect()),
        }
    }

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas) {
        let first = labels.first_iteration as f64;
        for (index, (_, values)) in self.series.iter().enumerate() {
            let look = scene.palette.series(index);
            let points: Vec<(f64, f64)> = values
                .iter()
                .enumerate()
                .map(|(k, &value)| canvas.at(first + k as f64, value))
                .collect();
            for &point in &markers(&points, index) {
                scene.marker(point, 6.0, look);
            }
            if points.len() > 1 {
                scene.line(thinned(points), 3.0, look.0);
            }
        }
    }

    fn describe(&self) -> String {
        if let [(name, values)] = &self.series[..]
            && name.is_empty()
        {
            return format!(
                "Line chart of {} numbers, from {} to {}",
                values.len(),
                format_float(values[0], 4),
                format_float(values[values.len() - 1], 4)
            );
        }
        let ends: Vec<String> = self
            .series
            .iter()
            .map(|(name, values)| {
                format!(
                    "{name} from {} to {}",
                    format_float(values[0], 4),
                    format_float(values[values.len() - 1], 4)
                )
            })
            .collect();
        format!(
            "Line chart of {} series: {}",
            ends.len(),
            shortened(&ends, 12)
        )
    }
}

/// Some of a curve's points, at least 60 pixels apart: a curve can then be told by its shape as well as by its colour.
/// Where curves lie on each other, those of curve number `index` are not at the same places as the others'.
fn markers(points: &[(f64, f64)], index: usize) -> Vec<(f64, f64)> {
    let mut next = points[0].0 + 15.0 * (index % 4) as f64;
    let mut chosen = Vec::new();
    for &(x, y) in points {
        if x >= next {
            chosen.push((x, y));
            next = x + 60.0;
        }
    }
    chosen
}

/// The line without the points that lie less than half a pixel from the one before, up to the last: no eye sees them.
pub(super) fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = points.len() - 1;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (k, (x, y)) in points.into_iter().enumerate() {
        let near = kept
            .last()
            .is_some_and(|&(px, py)| (x - px).hypot(y - py) < 0.5);
        if !near || k == last {
            kept.push((x, y));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_of_a_dense_line_is_kept() {
        let dense = |n: u32| (0..n).map(|k| (f64::from(k) / 10.0, 1.0)).collect();
        // 0.0 and 0.5 are kept for being far enough, 0.8 for being the last.
        assert_eq!(thinned(dense(9)), [(0.0, 1.0), (0.5, 1.0), (0.8, 1.0)]);
        assert_eq!(thinned(dense(1)), [(0.0, 1.0)]);
        assert_eq!(thinned(dense(6)), [(0.0, 1.0), (0.5, 1.0)]);
    }
}
