//! Which class a model gives to each point of a plane, with the data on top.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, Axis as Dimension, concatenate, s};

use super::axes::{Axis, Canvas};
use super::check::{answers, in_the_plane};
use super::field::{COLUMNS, Contour, ROWS, draw_lines, paint, places};
use super::figure::Predict;
use super::palette::{COLORS, Tone};
use super::plane::{Key, Labels, Plane};
use super::scatter::Scatter;
use super::scene::Scene;
use crate::{Error, Result};

/// The probabilities of the second of two classes at which the tint changes; the third is the border between them.
const LEVELS: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
/// The class and the strength of the tints below, between and above the levels.
const TINTS: [(usize, f64); 6] = [
    (0, 0.36),
    (0, 0.24),
    (0, 0.12),
    (1, 0.12),
    (1, 0.24),
    (1, 0.36),
];
/// The strength of a class's tint where there are no probabilities.
const FLAT: f64 = 0.27;

/// In a panel of a grid, about this many points are drawn at most: more would cover the border.
const POINTS_IN_A_PANEL: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regions {
    points: Scatter,
    x: Axis,
    y: Axis,
    contours: Vec<Contour>,
    /// Which of the contours are borders between classes.
    borders: Range<usize>,
    /// How many points lie in the region of their class.
    right: usize,
    /// Whether this is one of several panels.
    pub in_panel: bool,
}

impl Regions {
    pub(super) fn new(
        points: &ArrayRef2<f64>,
        classes: Vec<usize>,
        names: Vec<String>,
        predict: Predict<'_>,
    ) -> Result<Self> {
        in_the_plane(points)?;
        let n_classes = names.len();
        if !(2..=COLORS).contains(&n_classes) {
            return Err(Error::Plot {
                message: format!(
                    "it has {n_classes} classes; regions of 2 to {COLORS} can be told apart"
                ),
            });
        }
        let chart = Scatter::new(points.row(0).to_vec(), points.row(1).to_vec())?
            .with_classes(classes, names)?;
        let (x, y) = chart.axes(&Labels::default())?;
        // The points come last: how many are right is known exactly, not from the places around them.
        let asked = concatenate![Dimension(1), places(&x, &y), points.view()];
        let numbers = predict(&asked)?;
        answers(&numbers, &asked)?;

        let (of_places, of_points) = numbers.view().split_at(Dimension(1), COLUMNS * ROWS);
        let right = Answer::of(of_points, n_classes)?
            .classes()
            .zip(chart.classes())
            .filter(|(predicted, class)| predicted == *class)
            .count();
        let (contours, borders) = Answer::of(of_places, n_classes)?.contours(n_classes);
        Ok(Self {
            points: chart,
            x,
            y,
            contours,
            borders,
            right,
            in_panel: false,
        })
    }
}

/// What a model says of points, a column a point.
enum Answer<'a> {
    /// The probability of the second of two classes.
    Probability(ArrayView1<'a, f64>),
    /// The number of the class.
    Class(ArrayView1<'a, f64>),
    /// A row a class, of which the highest number counts.
    Scores(ArrayView2<'a, f64>),
}

impl<'a> Answer<'a> {
    fn of(numbers: ArrayView2<'a, f64>, n_classes: usize) -> Result<Self> {
        if numbers.nrows() == n_classes {
            return Ok(Answer::Scores(numbers));
        }
        if numbers.nrows() != 1 {
            return Err(Error::Shape {
                what: "what the function returned".into(),
                expected: format!("1 row, or {n_classes}, one for each class"),
                found: format!("{} x {}", numbers.nrows(), numbers.ncols()),
            });
        }
        let row = numbers.slice_move(s![0, ..]);
        let fits = |v: f64| match n_classes {
            2 => (0.0..=1.0).contains(&v),
            _ => (0.0..n_classes as f64).contains(&v) && v.fract() == 0.0,
        };
        if let Some(value) = row.iter().find(|&&v| !fits(v)) {
            let expected = match n_classes {
                2 => "a probability from 0 to 1".to_owned(),
                _ => format!("a class from 0 to {}", n_classes - 1),
            };
            return Err(Error::Plot {
                message: format!(
                    "the function returned {value}, but must return {expected} in a single row"
                ),
            });
        }
        Ok(match n_classes {
            2 => Answer::Probability(row),
            _ => Answer::Class(row),
        })
    }

    fn classes(&self) -> impl Iterator<Item = usize> {
        let count = match self {
            Answer::Probability(row) | Answer::Class(row) => row.len(),
            Answer::Scores(scores) => scores.ncols(),
        };
        (0..count).map(|k| match self {
            Answer::Probability(row) => usize::from(row[k] > 0.5),
            Answer::Class(row) => row[k] as usize,
            Answer::Scores(scores) => {
                // The first of equal ones.
                let column = scores.column(k);
                (0..column.len()).fold(0, |best, c| if column[c] > column[best] { c } else { best })
            }
        })
    }

    /// The contours of an answer for [`places`], and which of them are borders between classes.
    fn contours(&self, n_classes: usize) -> (Vec<Contour>, Range<usize>) {
        let over_places = |number: &dyn Fn(usize) -> f64| {
            Array2::from_shape_fn((ROWS, COLUMNS), |(j, i)| number(j * COLUMNS + i))
        };
        if let Answer::Probability(row) = self {
            // Between two places the logit of a model runs straighter than the probability, which jumps where the model
            // is sure.
            let logit = |p: f64| (p / (1.0 - p)).ln().clamp(-40.0, 40.0);
            let values = over_places(&|k| logit(row[k]));
            let contours = LEVELS.iter().zip(TINTS.windows(2)).map(|(&level, tints)| {
                let [below, above] =
                    [tints[0], tints[1]].map(|(class, strength)| Tone::Tint(class, strength));
                Contour::of(values.view(), logit(level), below, above)
            });
            return (contours.collect(), 2..3);
        }
        // A contour for each class but the first: above it is this class or a later one.
        let contours = (1..n_classes).map(|class| {
            let values = match self {
                Answer::Probability(row) | Answer::Class(row) => {
                    over_places(&|k| if row[k] >= class as f64 { 1.0 } else { -1.0 })
                }
                Answer::Scores(scores) => {
                    // Of probabilities, too, the logarithm runs straighter; the order of the classes is the same.
                    let positive = scores.iter().all(|&score| score >= 0.0);
                    let straight = |score: f64| match positive {
                        true => score.max(1e-300).ln(),
                        false => score,
                    };
                    let best = |k: usize, classes: Range<usize>| {
                        let scores = classes.map(|c| straight(scores[(c, k)]));
                        scores.fold(f64::NEG_INFINITY, f64::max)
                    };
                    // Halves, so that the difference of two finite numbers is finite.
                    over_places(&|k| best(k, class..n_classes) / 2.0 - best(k, 0..class) / 2.0)
                }
            };
            let [below, above] = [class - 1, class].map(|class| Tone::Tint(class, FLAT));
            Contour::of(values.view(), 0.0, below, above)
        });
        (contours.collect(), 0..n_classes - 1)
    }
}

impl Plane for Regions {
    fn axes(&self, _: &Labels) -> Result<(Axis, Axis)> {
        Ok((self.x.clone(), self.y.clone()))
    }

    fn key(&self) -> Key {
        self.points.key()
    }

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas) {
        paint(scene, canvas, &self.contours);
        if self.in_panel {
            self.points.draw_some(scene, canvas, POINTS_IN_A_PANEL);
        } else {
            self.points.draw_data(labels, scene, canvas);
        }
        for border in &self.contours[self.borders.clone()] {
            draw_lines(scene, canvas, &border.rings, 2.0, Tone::Ink);
        }
    }

    fn describe(&self) -> String {
        format!(
            "Decision regions; {} of {} points lie in the region of their class: {}",
            self.right,
            self.points.len(),
            self.points.counts()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_kind_of_an_answer_follows_from_its_shape() {
        let classes = |numbers: Array2<f64>, n_classes| -> Vec<usize> {
            Answer::of(numbers.view(), n_classes)
                .unwrap()
                .classes()
                .collect()
        };
        assert_eq!(classes(array![[0.0, 0.5, 0.51, 1.0]], 2), [0, 0, 1, 1]);
        assert_eq!(classes(array![[0.0, 2.0, 1.0]], 3), [0, 2, 1]);
        assert_eq!(
            classes(array![[1.0, -5.0, 3.0], [1.0, -4.0, 2.0]], 2),
            [0, 1, 0]
        );
    }

    /// Scores that no straight line fits, and an area for each class.
    fn scores() -> Array2<f64> {
        Array2::from_shape_fn((3, COLUMNS * ROWS), |(class, k)| {
            let (x, y) = ((k % COLUMNS) as f64 / 127.0, (k / COLUMNS) as f64 / 111.0);
            match class {
                0 => x,
                1 => y,
                _ => 1.0 - x * y,
            }
        })
    }

    #[test]
    fn scores_and_classes_give_the_same_borders_up_to_a_step() {
        let scores = scores();
        let by_scores = Answer::of(scores.view(), 3).unwrap();
        let numbers: Vec<f64> = by_scores.classes().map(|class| class as f64).collect();
        let numbers = Array2::from_shape_vec((1, numbers.len()), numbers).unwrap();
        let by_number = Answer::of(numbers.view(), 3).unwrap();
        assert!(by_scores.classes().eq(by_number.classes()));
        let (smooth, borders) = by_scores.contours(3);
        let (stepped, _) = by_number.contours(3);
        assert_eq!((borders, smooth.len(), stepped.len()), (0..2, 2, 2));
        for (a, b) in smooth.iter().zip(&stepped) {
            assert!(
                (a.area() - b.area()).abs() < 0.01,
                "{} {}",
                a.area(),
                b.area()
            );
            assert!((0.1..0.9).contains(&a.area()));
            assert_eq!((a.below, a.above), (b.below, b.above));
        }
    }

    #[test]
    fn the_border_of_a_steep_model_lies_where_its_probability_is_one_half() {
        // So steep that from one place to the next it goes from 0 to 1.
        let border = 0.4321;
        let sure = Array2::from_shape_fn((1, COLUMNS * ROWS), |(_, k)| {
            let x = (k % COLUMNS) as f64 / 127.0;
            1.0 / (1.0 + (-(x - border) * 1000.0).exp())
        });
        let (contours, borders) = Answer::of(sure.view(), 2).unwrap().contours(2);
        let area = contours[borders.start].area();
        assert!((area - (1.0 - border)).abs() < 1e-6, "{area}");
        assert!(contours.is_sorted_by(|a, b| a.area() > b.area()));
    }
}
