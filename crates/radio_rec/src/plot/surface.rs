//! The activation of a unit of a network at each point of a plane.

use ndarray::{Array2, ArrayRef2};

use super::axes::{Axis, Canvas};
use super::check::{MOST_PANELS, answers, at_most, in_the_plane};
use super::field::{COLUMNS, Contour, ROWS, draw_lines, paint, places};
use super::figure::Predict;
use super::palette::Tone;
use super::plane::{Key, Labels, Plane};
use super::scale::{ColorScale, tone};
use super::scene::Scene;
use crate::Result;
use crate::display::format_float;

/// How many colours there are on each side of the white at 0.
const STEPS: i32 = 10;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Surface {
    x: Axis,
    y: Axis,
    contours: Vec<Contour>,
    zero: Option<Contour>,
    low: f64,
    high: f64,
    scale: ColorScale,
}

impl Surface {
    /// A surface for each row that `activations` returns, all in the same colours, over the plane around `points`.
    pub(super) fn of_units(points: &ArrayRef2<f64>, activations: Predict<'_>) -> Result<Vec<Self>> {
        in_the_plane(points)?;
        at_most("points", points.ncols(), 100_000)?;
        let x = Axis::over("x", points.row(0).iter().copied(), false)?;
        let y = Axis::over("y", points.row(1).iter().copied(), false)?;
        let asked = places(&x, &y);
        let numbers = activations(&asked)?;
        answers(&numbers, &asked)?;
        at_most("units", numbers.nrows(), MOST_PANELS)?;
        let scale = ColorScale::over(&numbers);
        scale.axis()?;
        let most = scale.most();
        let units = numbers.rows().into_iter().map(|row| {
            let shares =
                Array2::from_shape_fn((ROWS, COLUMNS), |(j, i)| row[j * COLUMNS + i] / most);
            let tone = |step: i32| tone(f64::from(step) / f64::from(STEPS));
            // Half way from one colour to the next.
            let contours = (-STEPS..STEPS).map(|step| {
                let level = (f64::from(step) + 0.5) / f64::from(STEPS);
                Contour::of(shares.view(), level, tone(step), tone(step + 1))
            });
            let low = row.iter().copied().fold(f64::INFINITY, f64::min);
            let high = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // A unit that never changes its sign has no place where it does.
            let zero = (low < 0.0 && high > 0.0)
                .then(|| Contour::of(shares.view(), 0.0, Tone::Ink, Tone::Ink));
            Self {
                x: x.clone(),
                y: y.clone(),
                contours: contours.collect(),
                zero,
                low,
                high,
                scale,
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
        Key::Colors(self.scale)
    }

    fn draw_data(&self, _: &Labels, scene: &mut Scene, canvas: &Canvas) {
        paint(scene, canvas, &self.contours);
        // Where a unit says 0, the plane has the colour of what is around it.
        let corners = [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0)].map(|corner| canvas.at_share(corner));
        scene.line(corners.to_vec(), 1.0, scene.palette.axis);
        if let Some(zero) = &self.zero {
            draw_lines(scene, canvas, &zero.rings, 2.0, Tone::Ink);
        }
    }

    fn describe(&self) -> String {
        format!(
            "activations from {} to {}",
            format_float(self.low, 4),
            format_float(self.high, 4)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn units(activation: impl Fn(f64) -> f64) -> Vec<Surface> {
        let points = array![[-1.0, 1.0], [0.0, 1.0]];
        Surface::of_units(&points, &mut |points| {
            let row = points.row(0).mapv(&activation);
            Ok(ndarray::stack![ndarray::Axis(0), row, &row * -0.5])
        })
        .unwrap()
    }

    #[test]
    fn the_colours_are_the_same_for_all_units_and_white_at_0() {
        let units = units(|x| 3.0 * x);
        let [first, second] = &units[..] else {
            panic!("two units")
        };
        assert_eq!(first.scale, second.scale);
        assert_eq!((first.low, first.high), (-first.high, -2.0 * second.low));
        // The white band lies around the middle, and the second unit, which says half as much, has half of the colours.
        let middle = STEPS as usize;
        let white = first.contours[middle].below;
        assert_eq!(white, first.contours[middle - 1].above);
        assert_eq!(white, tone(0.0));
        let band = first.contours[middle - 1].area() - first.contours[middle].area();
        assert!((band - 1.0 / 20.0).abs() < 1e-6, "{band}");
        let shown = |unit: &Surface| {
            let areas = unit.contours.iter().map(Contour::area);
            areas.filter(|area| (0.001..0.999).contains(area)).count()
        };
        assert_eq!((shown(first), shown(second)), (20, 10));
        assert!((first.zero.as_ref().unwrap().area() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_unit_that_does_not_change_its_sign_has_no_line_for_it() {
        let points = array![[-1.0, 1.0], [0.0, 1.0]];
        let mut relu =
            |points: &Array2<f64>| Ok(points.slice(ndarray::s![..1, ..]).mapv(|x| x.max(0.0)));
        let units = Surface::of_units(&points, &mut relu).unwrap();
        assert!(units[0].zero.is_none());
        // Nor does the colour bar show numbers that no unit says.
        assert_eq!(units[0].scale.low, 0.0);
        assert_eq!(units[0].scale.tone(0), tone(0.0));
        assert_eq!(units[0].scale.tone(255), tone(1.0));
        let nothing = Surface::of_units(&points, &mut |points| Ok(points * 0.0)).unwrap();
        assert_eq!(
            nothing[0].scale,
            ColorScale {
                low: 0.0,
                high: 1.0
            }
        );
    }
}
