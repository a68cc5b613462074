//! Points in a plane, marked by class.

use super::axes::{Axis, Canvas};
use super::chart::{Key, Labels, Plane};
use super::check::{at_most, finite, same_length};
use super::palette::series;
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
    pub(super) fn new(
        x: Vec<f64>,
        y: Vec<f64>,
        classes: Vec<usize>,
        names: Vec<String>,
    ) -> Result<Self> {
        at_most("points", x.len(), 100_000)?;
        at_most("classes", names.len(), 40)?;
        same_length("y", y.len(), "x", x.len())?;
        same_length("labels", classes.len(), "x", x.len())?;
        finite("x", &x)?;
        finite("y", &y)?;
        if let Some((row, class)) = classes.iter().enumerate().find(|&(_, &c)| c >= names.len()) {
            return Err(Error::InvalidParameter {
                name: "labels",
                value: format!("{class} at position {row}"),
                expected: format!("less than {}, the number of class names", names.len()),
            });
        }
        Ok(Self {
            x,
            y,
            classes,
            names,
        })
    }

    /// Draws about `most` points at most, small ones: of each class every second, every third and so on.
    pub(super) fn draw_some(&self, scene: &mut Scene, canvas: &Canvas, most: usize) {
        self.draw_every(self.x.len().div_ceil(most), 2.8, scene, canvas);
    }

    fn draw_every(&self, step: usize, radius: f64, scene: &mut Scene, canvas: &Canvas) {
        let mut seen = vec![0_usize; self.names.len()];
        // In the order of the data, so that no class lies on top of the others.
        for ((&x, &y), &class) in self.x.iter().zip(&self.y).zip(&self.classes) {
            if seen[class].is_multiple_of(step) {
                scene.marker(canvas.at(x, y), radius, series(class));
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
            1 => Key::None,
            _ => Key::Markers(self.names.clone()),
        }
    }

    fn draw_data(&self, _: &Labels, scene: &mut Scene, canvas: &Canvas) {
        let radius = match self.x.len() {
            0..=100 => 5.0,
            101..=500 => 4.0,
            501..=5000 => 2.8,
            _ => 1.8,
        };
        self.draw_every(1, radius, scene, canvas);
    }

    fn describe(&self) -> String {
        format!("Scatter plot of {} points: {}", self.x.len(), self.counts())
    }
}
