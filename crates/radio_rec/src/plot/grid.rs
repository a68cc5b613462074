//! Several charts side by side: small multiples.

use super::axes::{
    Axis, Canvas, Frame, GAP, LABEL_EM, MARGIN, TICK_EM, Tick, draw_title, draw_x_label,
    draw_x_ticks, draw_y_label, draw_y_ticks, height_below, width_of_label, width_of_numbers,
};
use super::chart::Chart;
use super::check::{MOST_PANELS, at_most};
use super::plane::{Key, Labels, Setting, shortened};
use super::scene::{Anchor, CAP_HEIGHT, Scene, ellipsize, text_width};
use crate::{Error, Result};

/// The font size of a panel's title.
const PANEL_EM: f64 = 17.0;
/// A panel's title and the gap below it.
const PANEL_TITLE: f64 = PANEL_EM + GAP;
/// Between a panel and the next.
const BETWEEN: f64 = 18.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    panels: Vec<Panel>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel {
    pub chart: Chart,
    pub labels: Labels,
}

impl Grid {
    pub(super) fn new(mut panels: Vec<Panel>) -> Result<Self> {
        at_most("panels", panels.len(), MOST_PANELS)?;
        for panel in &mut panels {
            if let Chart::Regions(chart) = &mut panel.chart {
                chart.in_panel = true;
            }
        }
        Ok(Self { panels })
    }

    /// As many columns as there are panels up to four, or two if they have axes of their own; then rows that are
    /// as long as each other as far as can be.
    fn columns(&self, labels: &Labels) -> usize {
        let most = if self.shared_axes().is_some() { 4 } else { 2 };
        let rows = self.panels.len().div_ceil(most);
        labels
            .columns
            .unwrap_or(self.panels.len().div_ceil(rows))
            .clamp(1, self.panels.len())
    }

    pub(super) fn default_size(&self, labels: &Labels) -> (u32, u32) {
        let columns = self.columns(labels);
        let rows = self.panels.len().div_ceil(columns);
        let (width, height) = if self.shared_axes().is_some() {
            let (width, height) = self.panels[0].chart.default_size();
            // The frame of a chart alone is about 540 pixels wide.
            let frame = match columns {
                1 => 420.0,
                2 => 320.0,
                3 => 270.0,
                _ => 220.0,
            };
            let ratio = f64::from(height - 80) / f64::from(width - 100);
            (
                frame * columns as f64 + 100.0,
                (frame * ratio + PANEL_TITLE + BETWEEN) * rows as f64 + 120.0,
            )
        } else {
            let width = if columns == 1 { 640.0 } else { 480.0 };
            let tallest = |row: &[Panel]| {
                let ratios = row.iter().map(|panel| {
                    let (width, height) = panel.chart.default_size();
                    f64::from(height) / f64::from(width)
                });
                ratios.fold(0.0, f64::max)
            };
            let tallest = tallest(&self.panels);
            (
                width * columns as f64,
                (width * tallest + PANEL_TITLE) * rows as f64 + 60.0,
            )
        };
        ((width as u32).min(4000), (height as u32).min(4000))
    }

    /// The axes, if they are the same for all panels.
    fn shared_axes(&self) -> Option<(Axis, Axis)> {
        let mut axes = self
            .panels
            .iter()
            .map(|panel| panel.chart.plane()?.axes(&panel.labels).ok());
        let first = axes.next()??;
        axes.all(|other| other.as_ref() == Some(&first))
            .then(|| Axis::in_one_form(first))
    }

    /// What says in all panels which of the data is which, if it is the same everywhere.
    fn shared_key(&self) -> Key {
        let mut keys = self.panels.iter().map(|panel| {
            panel
                .chart
                .plane()
                .map_or(Key::None, |plane| plane.key().of_panel())
        });
        let first = keys.next().unwrap_or(Key::None);
        if keys.all(|key| key == first) {
            first
        } else {
            Key::None
        }
    }

    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        labels.check("a grid", &[Setting::Columns])?;
        if labels.columns == Some(0) {
            return Err(Error::invalid("columns", 0, "at least 1"));
        }
        for panel in &self.panels {
            panel.chart.check(&panel.labels)?;
        }
        let top = draw_title(scene, &labels.title);
        let key = self.shared_key();
        let top = key.draw_above(scene, top);
        match self.shared_axes() {
            Some(axes) => self.draw_on_shared_axes(axes, labels, scene, top, &key),
            None => self.draw_apart(labels, scene, top, &key),
        }
    }

    /// The cells of the grid within `area`, row by row, each without its title.
    fn cells(&self, columns: usize, area: Frame, (gap_x, gap_y): (f64, f64)) -> Vec<Frame> {
        let rows = self.panels.len().div_ceil(columns);
        let title = if self.has_titles() { PANEL_TITLE } else { 0.0 };
        let width = (area.width() - gap_x * (columns - 1) as f64) / columns as f64;
        let height = (area.height() - gap_y * (rows - 1) as f64) / rows as f64;
        (0..self.panels.len())
            .map(|k| {
                let left = area.left + (k % columns) as f64 * (width + gap_x);
                let top = area.top + (k / columns) as f64 * (height + gap_y);
                Frame {
                    left,
                    top: top + title,
                    right: left + width,
                    bottom: top + height,
                }
            })
            .collect()
    }

    fn has_titles(&self) -> bool {
        self.panels
            .iter()
            .any(|panel| !panel.labels.title.is_empty())
    }

    fn draw_on_shared_axes(
        &self,
        (x, y): (Axis, Axis),
        labels: &Labels,
        scene: &mut Scene,
        top: f64,
        key: &Key,
    ) -> Result<()> {
        let columns = self.columns(labels);
        let x_label = self.label(&labels.x, |labels| &labels.x);
        let y_label = self.label(&labels.y, |labels| &labels.y);
        // How many numbers fit depends on the height of a panel, and that only on the number of rows.
        let mut area = Frame {
            left: 0.0,
            top: top
                + if self.has_titles() {
                    0.0
                } else {
                    TICK_EM * 0.5
                },
            right: scene.width - 2.0 * MARGIN - key.width_beside(scene)?,
            bottom: scene.height - height_below(x_label),
        };
        let title_or_number = if self.has_titles() {
            BETWEEN * 0.5
        } else {
            BETWEEN
        };
        let height = self.cells(columns, area, (0.0, title_or_number))[0].height();
        let y_ticks = y.ticks_up(height);
        area.left = width_of_label(y_label) + width_of_numbers(&y_ticks);
        let mut cells = self.cells(columns, area, (BETWEEN, title_or_number));
        cells[0].check()?;
        // Numbers may reach over the corners of a panel: those of the next must not begin there.
        let reach = overhang(&x.ticks_along(cells[0].width(), 8), &x, cells[0].width());
        if reach + GAP > BETWEEN {
            cells = self.cells(columns, area, (reach + GAP, title_or_number));
            cells[0].check()?;
        }

        for (k, (panel, &frame)) in self.panels.iter().zip(&cells).enumerate() {
            draw_panel_title(scene, &frame, &panel.labels.title);
            let lowest = k + columns >= self.panels.len();
            draw_x_ticks(scene, &frame, &x, lowest);
            draw_y_ticks(scene, &frame, &y, &y_ticks, k % columns == 0);
            let canvas = Canvas {
                frame,
                x: x.clone(),
                y: y.clone(),
            };
            if let Some(plane) = panel.chart.plane() {
                plane.draw_data(&panel.labels, scene, &canvas);
            }
        }
        let whole = Frame {
            top: cells[0].top,
            ..area
        };
        draw_x_label(scene, &whole, x_label);
        draw_y_label(scene, &whole, y_label);
        key.draw_beside(scene, &Canvas { frame: whole, x, y })
    }

    /// The label of the grid, or else the one that all panels have.
    fn label<'a>(&'a self, own: &'a str, of: impl Fn(&'a Labels) -> &'a str) -> &'a str {
        let first = of(&self.panels[0].labels);
        let same = self.panels.iter().all(|panel| of(&panel.labels) == first);
        if own.is_empty() && same { first } else { own }
    }

    /// Each panel with axes of its own.
    fn draw_apart(&self, labels: &Labels, scene: &mut Scene, top: f64, key: &Key) -> Result<()> {
        let below = if labels.x.is_empty() {
            0.0
        } else {
            LABEL_EM + 2.0 * GAP
        };
        let beside = if labels.y.is_empty() {
            0.0
        } else {
            LABEL_EM + 2.0 * GAP
        };
        let area = Frame {
            left: beside,
            top,
            right: scene.width,
            bottom: scene.height - below,
        };
        for (panel, cell) in
            self.panels
                .iter()
                .zip(self.cells(self.columns(labels), area, (0.0, GAP)))
        {
            cell.check()?;
            // The margin of the picture may be under the title.
            let raised = if self.has_titles() {
                MARGIN * 0.75
            } else {
                0.0
            };
            let size = (cell.width().floor(), (cell.height() + raised).floor());
            let mut picture = Scene::new(size, scene.palette);
            let untitled = Labels {
                title: String::new(),
                ..panel.labels.clone()
            };
            panel
                .chart
                .draw(&untitled, &mut picture, *key == Key::None)?;
            scene.place(picture, (cell.left.round(), (cell.top - raised).round()));
            draw_panel_title(scene, &cell, &panel.labels.title);
        }
        draw_x_label(scene, &area, &labels.x);
        draw_y_label(scene, &area, &labels.y);
        Ok(())
    }

    pub(super) fn describe(&self) -> String {
        let panels: Vec<String> = self
            .panels
            .iter()
            .map(|Panel { chart, labels }| match labels.title.as_str() {
                "" => chart.describe(),
                title => format!("{title}: {}", chart.describe()),
            })
            .collect();
        format!("{} panels. {}", panels.len(), shortened(&panels, 12))
    }
}

/// Above the middle of a panel, smaller or cut where it is too long.
fn draw_panel_title(scene: &mut Scene, frame: &Frame, title: &str) {
    let room = frame.width();
    let em =
        (PANEL_EM * room / text_width(title, PANEL_EM).max(1.0)).clamp(PANEL_EM * 0.8, PANEL_EM);
    let title = ellipsize(title, em, room);
    let middle = (frame.left + frame.right) / 2.0;
    let baseline = frame.top - GAP - (1.0 - CAP_HEIGHT) * PANEL_EM * 0.3;
    scene.text(&title, (middle, baseline), em, Anchor::Middle);
}

/// How far the first and the last number together reach over the ends of an axis.
fn overhang(ticks: &[Tick], axis: &Axis, length: f64) -> f64 {
    let over = |tick: Option<&Tick>, room: &dyn Fn(f64) -> f64| {
        tick.map_or(0.0, |(value, label)| {
            (text_width(label, TICK_EM) / 2.0 - room(axis.share(*value)) * length).max(0.0)
        })
    };
    over(ticks.first(), &|share| share) + over(ticks.last(), &|share| 1.0 - share)
}
