//! The kinds of chart, and what they have in common.

use super::axes::{
    Axis, Canvas, MARGIN, draw_axes, draw_color_bar, draw_legend, draw_title, width_of_color_bar,
};
use super::bars::Bars;
use super::curves::Curves;
use super::grid::Grid;
use super::heatmap::Heatmap;
use super::histogram::{Histogram, MOST_BINS};
use super::lines::{self, Lines};
use super::regions::Regions;
use super::scatter::Scatter;
use super::scene::Scene;
use super::surface::{ColorScale, Surface};
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Chart {
    Scatter(Scatter),
    Bars(Bars),
    Heatmap(Heatmap),
    Histogram(Histogram),
    Curves(Curves),
    Lines(Lines),
    Regions(Regions),
    Surface(Surface),
    Grid(Grid),
}

/// What a chart is told besides its data.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Labels {
    pub title: String,
    pub x: String,
    pub y: String,
    pub log_x: bool,
    pub log_y: bool,
    pub first_iteration: usize,
    pub diverging: bool,
    pub point_labels: Vec<String>,
    pub columns: Option<usize>,
    pub bins: Option<usize>,
}

/// A chart between an x and a y axis.
pub(super) trait Plane {
    /// The axes that hold all of the data.
    fn axes(&self, labels: &Labels) -> Result<(Axis, Axis)>;

    /// What says which of the data is which.
    fn key(&self) -> Key;

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas);

    /// A sentence for those who cannot see it.
    fn describe(&self) -> String;
}

/// What says which of the data is which.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    None,
    /// A legend of markers.
    Markers(Vec<String>),
    /// A legend of lines with their markers.
    Lines(Vec<String>),
    /// A name at the last point of each line.
    Ends(Vec<(String, (f64, f64))>),
    /// A colour bar.
    Colors(ColorScale),
}

impl Chart {
    pub(super) fn plane(&self) -> Option<&dyn Plane> {
        match self {
            Chart::Scatter(chart) => Some(chart),
            Chart::Histogram(chart) => Some(chart),
            Chart::Curves(chart) => Some(chart),
            Chart::Lines(chart) => Some(chart),
            Chart::Regions(chart) => Some(chart),
            Chart::Surface(chart) => Some(chart),
            Chart::Bars(_) | Chart::Heatmap(_) | Chart::Grid(_) => None,
        }
    }

    pub(super) fn default_size(&self, labels: &Labels) -> (u32, u32) {
        match self {
            Chart::Bars(chart) => chart.default_size(),
            Chart::Heatmap(_) | Chart::Regions(_) | Chart::Surface(_) => (640, 560),
            Chart::Scatter(_) | Chart::Histogram(_) | Chart::Curves(_) | Chart::Lines(_) => {
                (640, 480)
            }
            Chart::Grid(chart) => chart.default_size(labels),
        }
    }

    /// Draws the chart into an empty scene. Without `with_key`, the data are told apart by something outside of it.
    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene, with_key: bool) -> Result<()> {
        self.check(labels)?;
        match self {
            Chart::Bars(chart) => chart.draw(labels, scene),
            Chart::Heatmap(chart) => chart.draw(labels, scene),
            Chart::Grid(chart) => chart.draw(labels, scene),
            Chart::Histogram(chart) => draw_plane(chart, labels, scene, with_key),
            Chart::Scatter(chart) => draw_plane(chart, labels, scene, with_key),
            Chart::Curves(chart) => draw_plane(chart, labels, scene, with_key),
            Chart::Lines(chart) => draw_plane(chart, labels, scene, with_key),
            Chart::Regions(chart) => draw_plane(chart, labels, scene, with_key),
            Chart::Surface(chart) => draw_plane(chart, labels, scene, with_key),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Chart::Bars(chart) => chart.describe(),
            Chart::Heatmap(chart) => chart.describe(),
            Chart::Grid(chart) => chart.describe(),
            Chart::Histogram(chart) => chart.describe(),
            Chart::Scatter(chart) => chart.describe(),
            Chart::Curves(chart) => chart.describe(),
            Chart::Lines(chart) => chart.describe(),
            Chart::Regions(chart) => chart.describe(),
            Chart::Surface(chart) => chart.describe(),
        }
    }

    /// That the chart can do what it is told to.
    pub(super) fn check(&self, labels: &Labels) -> Result<()> {
        let refused = |message: &str| {
            Err(Error::Plot {
                message: format!("{} {message}", self.kind()),
            })
        };
        let may_be_logarithmic =
            matches!(self, Chart::Scatter(_) | Chart::Curves(_) | Chart::Lines(_));
        if (labels.log_x || labels.log_y) && !may_be_logarithmic {
            return refused("cannot have logarithmic axes; scatter plots, curves and lines can");
        }
        if labels.diverging && !matches!(self, Chart::Heatmap(_)) {
            return refused("cannot have diverging colours; a heat map can");
        }
        match labels.bins {
            Some(_) if !matches!(self, Chart::Histogram(_)) => {
                return refused("cannot have bins; a histogram can");
            }
            Some(bins) if !(1..=MOST_BINS).contains(&bins) => {
                return Err(Error::InvalidParameter {
                    name: "bins",
                    value: bins.to_string(),
                    expected: format!("from 1 to {MOST_BINS}"),
                });
            }
            _ => {}
        }
        match labels.columns {
            Some(_) if !matches!(self, Chart::Grid(_)) => {
                return refused("cannot have columns of panels; a grid can");
            }
            Some(0) => {
                return Err(Error::InvalidParameter {
                    name: "columns",
                    value: "0".into(),
                    expected: "at least 1".into(),
                });
            }
            _ => {}
        }
        match self {
            Chart::Lines(chart) => chart.check(labels),
            Chart::Scatter(chart) => chart.check(labels),
            _ if labels.point_labels.is_empty() => Ok(()),
            _ => refused("cannot have labels at its points; lines and scatter plots can"),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Chart::Scatter(_) => "a scatter plot",
            Chart::Bars(_) => "bars",
            Chart::Heatmap(_) => "a heat map",
            Chart::Histogram(_) => "a histogram",
            Chart::Curves(_) => "curves",
            Chart::Lines(_) => "lines",
            Chart::Regions(_) => "decision regions",
            Chart::Surface(_) => "activations",
            Chart::Grid(_) => "a grid",
        }
    }
}

fn draw_plane(chart: &dyn Plane, labels: &Labels, scene: &mut Scene, with_key: bool) -> Result<()> {
    let (x, y) = Axis::in_one_form(chart.axes(labels)?);
    let mut top = draw_title(scene, &labels.title);
    let key = match chart.key() {
        _ if !with_key => Key::None,
        Key::Ends(ends) if !lines::names_fit(ends.len(), scene.height) => {
            Key::Ends(ends).of_panel()
        }
        key => key,
    };
    top = key.draw_above(scene, top);
    let right = key.width_beside(scene)?;
    let frame = draw_axes(scene, (top, right), (&x, &labels.x), (&y, &labels.y))?;
    let canvas = Canvas { frame, x, y };
    key.draw_beside(scene, &canvas)?;
    chart.draw_data(labels, scene, &canvas);
    Ok(())
}

impl Key {
    /// Writes a legend over the picture, and returns the y below it.
    pub(super) fn draw_above(&self, scene: &mut Scene, top: f64) -> f64 {
        match self {
            Key::Markers(names) => draw_legend(scene, top, names, false),
            Key::Lines(names) => draw_legend(scene, top, names, true),
            Key::None | Key::Ends(_) | Key::Colors(_) => top,
        }
    }

    /// How much room is needed on the right of a frame, besides the margin.
    pub(super) fn width_beside(&self, scene: &Scene) -> Result<f64> {
        Ok(match self {
            Key::None | Key::Markers(_) | Key::Lines(_) => 0.0,
            Key::Ends(ends) => lines::width_of_names(ends, scene.width) - MARGIN,
            Key::Colors(colors) => width_of_color_bar(&colors.axis()?.ticks(5)) - 2.0 * MARGIN,
        })
    }

    /// Draws what belongs on the right of the frame.
    pub(super) fn draw_beside(&self, scene: &mut Scene, canvas: &Canvas) -> Result<()> {
        match self {
            Key::None | Key::Markers(_) | Key::Lines(_) => {}
            Key::Ends(ends) => lines::draw_names(scene, canvas, ends),
            Key::Colors(colors) => {
                let scale = colors.axis()?;
                let ticks = scale.ticks(5);
                let palette = scene.palette;
                draw_color_bar(scene, &canvas.frame, (&scale, &ticks), |level| {
                    palette.tone(colors.tone(level))
                });
            }
        }
        Ok(())
    }

    /// The same as a legend over several panels, whose lines end in several places.
    pub(super) fn of_panel(self) -> Self {
        match self {
            Key::Ends(ends) => Key::Lines(ends.into_iter().map(|(name, _)| name).collect()),
            key => key,
        }
    }
}

/// The first `most` of `parts`, and how many more there are.
pub(super) fn shortened(parts: &[String], most: usize) -> String {
    let shown = parts[..parts.len().min(most)].join(", ");
    match parts.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}
