//! Named values as horizontal bars, so that long names can be read.

use super::axes::{
    Axis, Frame, GAP, MARGIN, TICK_EM, draw_title, draw_x_axis, draw_y_label, height_below,
    width_of_label,
};
use super::check::{at_most, finite, same_length};
use super::plane::{Labels, shortened};
use super::scene::{Anchor, CAP_HEIGHT, Scene, ellipsize, widest};
use crate::Result;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    names: Vec<String>,
    values: Vec<f64>,
}

impl Bars {
    pub(super) fn new(names: Vec<String>, values: Vec<f64>) -> Result<Self> {
        at_most("bars", names.len(), 100)?;
        same_length("values", values.len(), "labels", names.len())?;
        finite("values", &values)?;
        Ok(Self { names, values })
    }

    /// As high as its bars need.
    pub(super) fn default_size(&self) -> (u32, u32) {
        (640, 130 + 32 * self.names.len() as u32)
    }

    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        let top = draw_title(scene, &labels.title);
        let bottom = scene.height - height_below(&labels.x);
        let row = (bottom - top) / self.names.len() as f64;
        let em = TICK_EM.min(row * 0.9);
        let edge = width_of_label(&labels.y);
        let room = (scene.width - edge) * 0.45;
        let names: Vec<String> = self.names.iter().map(|n| ellipsize(n, em, room)).collect();
        let written: Vec<String> = self.written();
        let value_width = widest(written.iter().map(String::as_str), em) + 2.0 * GAP;
        let names_end = edge + widest(names.iter().map(String::as_str), em);

        let low = self.values.iter().copied().fold(0.0, f64::min);
        let high = self.values.iter().copied().fold(0.0, f64::max);
        let high = if low == high { 1.0 } else { high };
        // The values are written past the bars' ends: to the right of positive ones, to the left of negative ones.
        let frame = Frame {
            left: names_end + GAP * 2.0 + if low < 0.0 { value_width } else { 0.0 },
            top,
            right: scene.width - MARGIN - if high > 0.0 { value_width } else { 0.0 },
            bottom,
        };
        frame.check()?;
        let x = Axis::between("bar", low, high)?;
        draw_x_axis(scene, &frame, &x, &labels.x);

        let zero = frame.left + x.share(0.0) * frame.width();
        for (index, (&value, written)) in self.values.iter().zip(&written).enumerate() {
            let middle = top + (index as f64 + 0.5) * row;
            let baseline = middle + CAP_HEIGHT * em / 2.0;
            let end = frame.left + x.share(value) * frame.width();
            let thickness = row * 0.7;
            let (left, length) = (zero.min(end), (end - zero).abs());
            scene.rect(
                left,
                middle - thickness / 2.0,
                length,
                thickness,
                scene.palette.series(0).0,
            );
            scene.text(&names[index], (names_end, baseline), em, Anchor::End);
            if value < 0.0 {
                scene.text(written, (end - GAP, baseline), em, Anchor::End);
            } else {
                scene.text(written, (end + GAP, baseline), em, Anchor::Start);
            }
        }
        scene.rect(zero - 0.75, top, 1.5, frame.height(), scene.palette.axis);
        draw_y_label(scene, &frame, &labels.y);
        Ok(())
    }

    /// The values in writing, all in the same manner.
    fn written(&self) -> Vec<String> {
        let largest = self.values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let whole = self.values.iter().all(|v| v.fract() == 0.0);
        self.values
            .iter()
            .map(|v| match (whole, largest) {
                (true, ..1e9) => format!("{v:.0}"),
                (false, 0.01..1e6) => format!("{v:.3}"),
                _ => format!("{v:.2e}"),
            })
            .collect()
    }

    pub(super) fn describe(&self) -> String {
        let bars: Vec<String> = self
            .names
            .iter()
            .zip(self.written())
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        format!(
            "Bar chart of {} values: {}",
            bars.len(),
            shortened(&bars, 12)
        )
    }
}
