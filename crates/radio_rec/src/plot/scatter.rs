//! Points in a plane, marked by class.

use super::axes::{Axis, Canvas};
use super::check::{at_most, finite, same_length};
use super::lines::{check_point_labels, draw_point_labels};
use super::plane::{Key, Labels, Plane};
use super::scene::Scene;
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scatter {
    x: Vec<f64>,
    y: Vec<f64>,
    classes: Vec<usize>,
    names: Vec<String>,
}

impl Scatter {
    /// Points of one class, which needs no name.
    pub(super) fn new(x: Vec<f64>, y: Vec<f64>) -> Result<Self> {
        at_most("points", x.len(), 100_000)?;
        same_length("y", y.len(), "x", x.len())?;
        finite("x", &x)?;
        finite("y", &y)?;
        Ok(Self {
            classes: vec![0; x.len()],
            names: Vec::new(),
            x,
            y,
        })
    }

    /// The same points in the classes with these names.
    pub(super) fn with_classes(self, classes: Vec<usize>, names: Vec<String>) -> Result<Self> {
        let Self { x, y, .. } = self;
        at_most("classes", names.len(), 40)?;
        same_length("labels", classes.len(), "x", x.len())?;
        if let Some((row, class)) = classes.iter().enumerate().find(|&(_, &c)| c >= names.len()) {
            return Err(Error::invalid(
                "labels",
                format!("{class} at position {row}"),
                format!("less than {}, the number of class names", names.len()),
            ));
        }
        Ok(Self {
            x,
            y,
            classes,
            names,
        })
    }

    /// That there is not a label more than points.
    pub(super) fn check(&self, labels: &Labels) -> Result<()> {
        check_point_labels(labels, self.x.len(), "as there are points")
    }

    /// Draws about `most` points at most, small ones: of each class every second, every third and so on.
    pub(super) fn draw_some(&self, scene: &mut Scene, canvas: &Canvas, most: usize) {
        self.draw_every(self.x.len().div_ceil(most), 2.8, scene, canvas);
    }

    fn draw_every(&self, step: usize, radius: f64, scene: &mut Scene, canvas: &Canvas) {
        let mut seen = vec![0_usize; self.names.len().max(1)];
        // In the order of the data, so that no class lies on top of the others.
        for ((&x, &y), &class) in self.x.iter().zip(&self.y).zip(&self.classes) {
            if seen[class].is_multiple_of(step) {
                scene.marker(canvas.at(x, y), radius, scene.palette.series(class));
            }
            seen[class] += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.x.len()
    }

    pub(super) fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// How many points of each class there are, in words.
    pub(super) fn counts(&self) -> String {
        let counts: Vec<String> = self
            .names
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let count = self.classes.iter().filter(|&&c| c == class).count();
                format!("{name} {count}")
            })
            .collect();
        counts.join(", ")
    }
}

impl Plane for Scatter {
    fn axes(&self, labels: &Labels) -> Result<(Axis, Axis)> {
        Ok((
            Axis::over("x", self.x.iter().copied(), labels.log_x)?,
            Axis::over("y", self.y.iter().copied(), labels.log_y)?,
        ))
    }

    fn key(&self) -> Key {
        // One class needs no telling apart.
        match self.names.len() {
            0 | 1 => Key::None,
            _ => Key::Markers(self.names.clone()),
        }
    }

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas) {
        let radius = match self.x.len() {
            0..=100 => 5.0,
            101..=500 => 4.0,
            501..=5000 => 2.8,
            _ => 1.8,
        };
        self.draw_every(1, radius, scene, canvas);
        if !labels.point_labels.is_empty() {
            let points: Vec<(f64, f64)> = self
                .x
                .iter()
                .zip(&self.y)
                .map(|(&x, &y)| canvas.at(x, y))
                .collect();
            draw_point_labels(
                scene,
                canvas.frame,
                &labels.point_labels,
                |k| vec![points[k]],
                points.clone(),
            );
        }
    }

    fn describe(&self) -> String {
        let points = format!("Scatter plot of {} points", self.x.len());
        match self.names.is_empty() {
            true => points,
            false => format!("{points}: {}", self.counts()),
        }
    }
}
