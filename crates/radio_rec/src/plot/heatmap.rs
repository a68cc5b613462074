//! A matrix as coloured cells.

use ndarray::Array2;

use super::axes::{
    Axis, Frame, GAP, LABEL_EM, MARGIN, TICK_EM, draw_title, draw_x_label, draw_y_label,
    width_of_label,
};
use super::palette::{AXIS, text_on, viridis};
use super::scene::{Anchor, CAP_HEIGHT, Scene, ellipsize, widest};
use super::{Labels, at_most, linear_only, same_length};
use crate::display::format_float;
use crate::{Error, Result};

/// The colour bar's thickness.
const BAR: f64 = 18.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heatmap {
    matrix: Array2<f64>,
    rows: Vec<String>,
    columns: Vec<String>,
    low: f64,
    high: f64,
}

impl Heatmap {
    pub(super) fn new(
        matrix: Array2<f64>,
        rows: Vec<String>,
        columns: Vec<String>,
    ) -> Result<Self> {
        at_most("rows", matrix.nrows(), 500)?;
        at_most("columns", matrix.ncols(), 500)?;
        same_length(
            "row_labels",
            rows.len(),
            "the rows of matrix",
            matrix.nrows(),
        )?;
        same_length(
            "column_labels",
            columns.len(),
            "the columns of matrix",
            matrix.ncols(),
        )?;
        if let Some(((row, column), value)) = matrix.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(Error::InvalidParameter {
                name: "matrix",
                value: format!("{value} in row {row}, column {column}"),
                expected: "finite numbers".into(),
            });
        }
        let low = matrix.iter().copied().fold(f64::INFINITY, f64::min);
        let high = matrix.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // One value alone: a bar around it.
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low - 0.5, high + 0.5)
        };
        Ok(Self {
            matrix,
            rows,
            columns,
            low,
            high,
        })
    }

    pub(super) fn default_size(&self) -> (u32, u32) {
        (640, 560)
    }

    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        linear_only("a heat map", labels)?;
        let scale = Axis::between("cell", self.low, self.high)?;
        let (n_rows, n_columns) = self.matrix.dim();
        let top = draw_title(scene, &labels.title);

        let edge = width_of_label(&labels.y);
        let names_room = scene.width * 0.3;
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|n| ellipsize(n, TICK_EM, names_room))
            .collect();
        let names_end = edge + widest(rows.iter().map(String::as_str), TICK_EM);
        let scale_ticks = scale.ticks(5);
        let scale_width = widest(scale_ticks.iter().map(|(_, t)| t.as_str()), TICK_EM);
        let left = names_end + GAP;
        let right = scene.width - MARGIN - scale_width - GAP - BAR - 2.0 * MARGIN;
        // Names of columns lie flat if they fit, and stand upright otherwise.
        let column_width = (right - left) / n_columns as f64;
        let longest = widest(self.columns.iter().map(String::as_str), TICK_EM);
        let flat = longest + GAP <= column_width;
        let names_height = if flat {
            TICK_EM
        } else {
            longest.min(scene.height * 0.3)
        } + GAP;
        let label_height = if labels.x.is_empty() {
            0.0
        } else {
            LABEL_EM + GAP
        };
        let frame = Frame {
            left: left.round(),
            top: top.round(),
            right: right.round(),
            bottom: (scene.height - MARGIN - label_height - names_height).round(),
        };
        frame.check()?;

        // Cells end at whole pixels, where neighbours meet without a seam.
        let column_edge =
            |k: usize| (frame.left + frame.width() * k as f64 / n_columns as f64).round();
        let row_edge = |k: usize| (frame.top + frame.height() * k as f64 / n_rows as f64).round();
        for row in 0..n_rows {
            let (y, height) = (row_edge(row), row_edge(row + 1) - row_edge(row));
            if height == 0.0 {
                continue;
            }
            let mut column = 0;
            while column < n_columns {
                let level = self.level(self.matrix[(row, column)]);
                let mut end = column + 1;
                // Equal neighbours are one rectangle: most of a similarity matrix is 0.
                while end < n_columns && self.level(self.matrix[(row, end)]) == level {
                    end += 1;
                }
                let x = column_edge(column);
                scene.rect(x, y, column_edge(end) - x, height, viridis(level));
                column = end;
            }
        }
        self.draw_values(scene, column_edge, row_edge);

        for row in spaced(n_rows, frame.height(), TICK_EM * 1.15) {
            let middle = (row_edge(row) + row_edge(row + 1)) / 2.0;
            let baseline = middle + CAP_HEIGHT * TICK_EM / 2.0;
            scene.text(&rows[row], (names_end, baseline), TICK_EM, Anchor::End);
        }
        let room = if flat { longest + GAP } else { TICK_EM * 1.15 };
        for column in spaced(n_columns, frame.width(), room) {
            let middle = (column_edge(column) + column_edge(column + 1)) / 2.0;
            if flat {
                let at = (middle, frame.bottom + GAP + TICK_EM * 0.8);
                scene.text(&self.columns[column], at, TICK_EM, Anchor::Middle);
            } else {
                let name = ellipsize(&self.columns[column], TICK_EM, names_height - GAP);
                let at = (middle + CAP_HEIGHT * TICK_EM / 2.0, frame.bottom + GAP);
                scene.push_text(&name, at, TICK_EM, Anchor::End, true, super::palette::INK);
            }
        }
        draw_x_label(scene, &frame, &labels.x);
        draw_y_label(scene, &frame, &labels.y);

        // The colour bar, from the high end down.
        let bar = frame.right + 2.0 * MARGIN;
        let steps = 64;
        let step_edge = |k: usize| (frame.top + frame.height() * k as f64 / steps as f64).round();
        for step in 0..steps {
            let level = 255 - (step * 255 / (steps - 1)) as u8;
            let y = step_edge(step);
            scene.rect(bar, y, BAR, step_edge(step + 1) - y, viridis(level));
        }
        for (value, label) in &scale_ticks {
            let y = frame.bottom - scale.share(*value) * frame.height();
            scene.rect(bar + BAR, y - 0.5, GAP * 0.7, 1.0, AXIS);
            let baseline =
                (y + CAP_HEIGHT * TICK_EM / 2.0).max(frame.top + CAP_HEIGHT * TICK_EM * 0.5);
            scene.text(label, (bar + BAR + GAP, baseline), TICK_EM, Anchor::Start);
        }
        Ok(())
    }

    /// The values in their cells, where there is room for all of them.
    fn draw_values(
        &self,
        scene: &mut Scene,
        column_edge: impl Fn(usize) -> f64,
        row_edge: impl Fn(usize) -> f64,
    ) {
        let em = TICK_EM * 0.875;
        let (n_rows, n_columns) = self.matrix.dim();
        if n_rows.max(n_columns) > 20 {
            return;
        }
        let largest = self.low.abs().max(self.high.abs());
        let whole = self.matrix.iter().all(|v| v.fract() == 0.0);
        let written = self.matrix.mapv(|v| match (whole, largest) {
            (true, ..1e6) => format!("{v:.0}"),
            (false, 0.1..1e6) => format!("{v:.2}"),
            _ => format!("{v:.1e}"),
        });
        let cell_width = (column_edge(n_columns) - column_edge(0)) / n_columns as f64;
        let cell_height = (row_edge(n_rows) - row_edge(0)) / n_rows as f64;
        if widest(written.iter().map(String::as_str), em) + GAP > cell_width
            || em * 1.2 > cell_height
        {
            return;
        }
        for ((row, column), text) in written.indexed_iter() {
            let x = (column_edge(column) + column_edge(column + 1)) / 2.0;
            let y = (row_edge(row) + row_edge(row + 1)) / 2.0 + CAP_HEIGHT * em / 2.0;
            let color = text_on(viridis(self.level(self.matrix[(row, column)])));
            scene.push_text(text, (x, y), em, Anchor::Middle, false, color);
        }
    }

    fn level(&self, value: f64) -> u8 {
        ((value - self.low) / (self.high - self.low) * 255.0).round() as u8
    }

    pub(super) fn describe(&self) -> String {
        let (rows, columns) = self.matrix.dim();
        format!(
            "Heat map of {rows} x {columns} values from {} to {}",
            format_float(self.low, 4),
            format_float(self.high, 4)
        )
    }
}

/// Which of `count` names are written along `length` pixels where each needs `room`: all, or every second, fifth and so on.
fn spaced(count: usize, length: f64, room: f64) -> impl Iterator<Item = usize> {
    let every = (room * count as f64 / length).ceil().max(1.0) as usize;
    (0..count).step_by(every)
}
