//! What a unit of a network says to each point of a plane.

use ndarray::{Array2, ArrayRef2};

use super::axes::{Axis, Canvas};
use super::chart::{Key, Labels, Plane};
use super::check::{answers, at_most, in_the_plane};
use super::field::{COLUMNS, Contour, ROWS, draw_lines, paint, places};
use super::palette::{INK, diverging};
use super::scene::Scene;
use crate::display::format_float;
use crate::{Error, Result};

/// How many colours there are on each side of 0.
const STEPS: i32 = 8;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Surface {
    x: Axis,
    y: Axis,
    contours: Vec<Contour>,
    low: f64,
    high: f64,
    /// The number that has the last colour, on either side of 0.
    most: f64,
}

impl Surface {
    /// A surface for each row that `activations` returns, all in the same colours, over the plane around `points`.
    pub(super) fn of_units(
        points: &ArrayRef2<f64>,
        activations: impl FnOnce(&Array2<f64>) -> Result<Array2<f64>>,
    ) -> Result<Vec<Self>> {
        in_the_plane(points)?;
        at_most("points", points.ncols(), 100_000)?;
        let x = Axis::over("x", points.row(0).iter().copied(), false)?;
        let y = Axis::over("y", points.row(1).iter().copied(), false)?;
        let asked = places(&x, &y);
        let numbers = activations(&asked)?;
        answers(&numbers, &asked)?;
        at_most("units", numbers.nrows(), super::grid::MOST_PANELS)?;
        let most = numbers.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        let most = if most == 0.0 { 1.0 } else { most };
        if !(2.0 * most).is_finite() {
            return Err(Error::Plot {
                message: format!("the activations lie too far apart: {most:e}"),
            });
        }
        let units = numbers.rows().into_iter().map(|row| {
            // The middle of the colours between step k and k + 1.
            let color = |k: i32| {
                let share = (f64::from(k) + 0.5) / f64::from(STEPS);
                diverging(((share + 1.0) * 127.5).round() as u8)
            };
            let shares =
                Array2::from_shape_fn((ROWS, COLUMNS), |(j, i)| row[j * COLUMNS + i] / most);
            let contours = (1 - STEPS..STEPS).map(|k| {
                let level = f64::from(k) / f64::from(STEPS);
                Contour::of(shares.view(), level, color(k - 1), color(k))
            });
            Self {
                x: x.clone(),
                y: y.clone(),
                contours: contours.collect(),
                low: row.iter().copied().fold(f64::INFINITY, f64::min),
                high: row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                most,
            }
        });
        Ok(units.collect())
    }
}

impl Plane for Surface {
    fn axes(&self, _: &Labels) -> Result<(Axis, Axis)> {
        Ok((self.x.clone(), self.y.clone()))
    }

    fn key(&self) -> Key {
        Key::Colors(self.most)
    }

    fn draw_data(&self, _: &Labels, scene: &mut Scene, canvas: &Canvas) {
        paint(scene, canvas, &self.contours);
        let zero = &self.contours[STEPS as usize - 1];
        draw_lines(scene, canvas, &zero.rings, 2.0, INK);
    }

    fn describe(&self) -> String {
        format!(
            "activations from {} to {}",
            format_float(self.low, 4),
            format_float(self.high, 4)
        )
    }
}
