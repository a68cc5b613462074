//! Points in a plane, marked by class.

use super::axes::{Axis, draw_axes, draw_legend, draw_title};
use super::palette::series;
use super::scene::Scene;
use super::{Labels, at_most, finite, same_length};
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

    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        let x = Axis::over("x", self.x.iter().copied(), labels.log_x)?;
        let y = Axis::over("y", self.y.iter().copied(), labels.log_y)?;
        let mut top = draw_title(scene, &labels.title);
        // One class needs no telling apart.
        if self.names.len() > 1 {
            top = draw_legend(scene, top, &self.names, false);
        }
        let frame = draw_axes(scene, top, (&x, &labels.x), (&y, &labels.y))?;
        let radius = match self.x.len() {
            0..=100 => 5.0,
            101..=500 => 4.0,
            501..=5000 => 2.8,
            _ => 1.8,
        };
        // In the order of the data, so that no class lies on top of the others.
        for ((px, py), &class) in self.x.iter().zip(&self.y).zip(&self.classes) {
            let center = (
                frame.left + x.share(*px) * frame.width(),
                frame.bottom - y.share(*py) * frame.height(),
            );
            scene.marker(center, radius, series(class));
        }
        Ok(())
    }

    pub(super) fn describe(&self) -> String {
        let counts: Vec<String> = self
            .names
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let count = self.classes.iter().filter(|&&c| c == class).count();
                format!("{name} {count}")
            })
            .collect();
        format!(
            "Scatter plot of {} points: {}",
            self.x.len(),
            counts.join(", ")
        )
    }
}
