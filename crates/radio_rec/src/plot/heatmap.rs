//! A matrix as coloured cells.

use ndarray::Array2;

use super::axes::{
    Axis, Frame, GAP, LABEL_EM, MARGIN, TICK_EM, Tick, draw_color_bar, draw_color_steps,
    draw_title, draw_x_label, draw_y_label, width_of_color_bar, width_of_label,
};
use super::check::{at_most, finite_matrix, same_length};
use super::palette::{Palette, Rgb, Tone, text_on};
use super::plane::Labels;
use super::scene::{Anchor, CAP_HEIGHT, Scene, ellipsize, widest};
use crate::Result;
use crate::display::format_float;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heatmap {
    matrix: Array2<f64>,
    rows: Vec<String>,
    columns: Vec<String>,
}

/// A colour bar of whole numbers has a block for each, up to this many.
const MOST_STEPS: usize = 8;

/// From numbers to colours.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    /// Whether the colours leave the ground from 0 on in two directions.
    signed: bool,
    palette: &'static Palette,
}

impl Scale {
    fn level(&self, value: f64) -> u8 {
        ((value - self.low) / (self.high - self.low) * 255.0).round() as u8
    }

    fn color(&self, value: f64) -> Rgb {
        self.color_of_level(self.level(value))
    }

    fn color_of_level(&self, level: u8) -> Rgb {
        match self.signed {
            true => self.palette.tone(Tone::Diverging(level)),
            false => self.palette.sequential(level),
        }
    }
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
        finite_matrix("matrix", &matrix)?;
        Ok(Self {
            matrix,
            rows,
            columns,
        })
    }

    /// The smallest and the largest number.
    fn range(&self) -> (f64, f64) {
        let low = self.matrix.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .matrix
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }

    /// From the smallest to the largest number; of `signed` ones, as far below 0 as above.
    fn scale(&self, signed: bool, palette: &'static Palette) -> Scale {
        let (low, high) = self.range();
        let (low, high) = if signed {
            let most = low.abs().max(high.abs());
            let most = if most == 0.0 { 1.0 } else { most };
            (-most, most)
        } else if low < high {
            (low, high)
        } else {
            // One value alone: a bar around it.
            (low - 0.5, high + 0.5)
        };
        Scale {
            low,
            high,
            signed,
            palette,
        }
    }

    /// The numbers of a matrix of few whole numbers, such as 0 and 1, each with its colour: there is nothing between
    /// them.
    fn steps(&self, scale: Scale) -> Option<Vec<Tick>> {
        let whole = self.matrix.iter().all(|value| value.fract() == 0.0);
        let few = (1.0..MOST_STEPS as f64).contains(&(scale.high - scale.low));
        (whole && few && scale.low.fract() == 0.0).then(|| {
            let numbers = scale.low as i64..=scale.high as i64;
            numbers
                .map(|number| (number as f64, number.to_string()))
                .collect()
        })
    }

    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        let colors = self.scale(labels.diverging, scene.palette);
        let scale = Axis::between("cell", colors.low, colors.high)?;
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
        let steps = self.steps(colors);
        let scale_ticks = steps.clone().unwrap_or_else(|| scale.ticks(5));
        let left = names_end + GAP;
        let right = scene.width - width_of_color_bar(&scale_ticks);
        // Names of columns lie flat if they fit, and stand upright otherwise.
        let column_width = (right - left) / n_columns as f64;
        let longest = widest(self.columns.iter().map(String::as_str), TICK_EM);
        let flat = longest + GAP <= column_width;
        let names_height = if longest == 0.0 {
            0.0
        } else if flat {
            TICK_EM + GAP
        } else {
            longest.min(scene.height * 0.3) + GAP
        };
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
                let level = colors.level(self.matrix[(row, column)]);
                let mut end = column + 1;
                // Equal neighbours are one rectangle: most of a similarity matrix is 0.
                while end < n_columns && colors.level(self.matrix[(row, end)]) == level {
                    end += 1;
                }
                let x = column_edge(column);
                scene.rect(
                    x,
                    y,
                    column_edge(end) - x,
                    height,
                    colors.color_of_level(level),
                );
                column = end;
            }
        }
        self.draw_values(scene, colors, column_edge, row_edge);

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
                scene.push_text(&name, at, TICK_EM, Anchor::End, true, scene.palette.ink);
            }
        }
        draw_x_label(scene, &frame, &labels.x);
        draw_y_label(scene, &frame, &labels.y);

        match steps {
            Some(steps) => draw_color_steps(scene, &frame, &steps, |value| colors.color(value)),
            None => draw_color_bar(scene, &frame, (&scale, &scale_ticks), |level| {
                colors.color_of_level(level)
            }),
        }
        Ok(())
    }

    /// The values in their cells, where there is room for all of them.
    fn draw_values(
        &self,
        scene: &mut Scene,
        colors: Scale,
        column_edge: impl Fn(usize) -> f64,
        row_edge: impl Fn(usize) -> f64,
    ) {
        let em = TICK_EM * 0.875;
        let (n_rows, n_columns) = self.matrix.dim();
        if n_rows.max(n_columns) > 20 {
            return;
        }
        let largest = colors.low.abs().max(colors.high.abs());
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
            let color = text_on(colors.color(self.matrix[(row, column)]));
            scene.push_text(text, (x, y), em, Anchor::Middle, false, color);
        }
    }

    pub(super) fn describe(&self) -> String {
        let (rows, columns) = self.matrix.dim();
        let (low, high) = self.range();
        format!(
            "Heat map of {rows} x {columns} values from {} to {}",
            format_float(low, 4),
            format_float(high, 4)
        )
    }
}

/// Which of `count` names are written along `length` pixels where each needs `room`: all, or every second, fifth and so
/// on.
fn spaced(count: usize, length: f64, room: f64) -> impl Iterator<Item = usize> {
    let every = (room * count as f64 / length).ceil().max(1.0) as usize;
    (0..count).step_by(every)
}
