//! What charts between an x and a y axis have in common: their settings, and how their frame and key are drawn.

use super::axes::{
    Axis, Canvas, MARGIN, draw_axes, draw_color_bar, draw_legend, draw_title, width_of_color_bar,
};
use super::ends;
use super::scale::ColorScale;
use super::scene::Scene;
use crate::{Error, Result};

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

/// A setting that only some kinds of chart have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Setting {
    LogAxes,
    Diverging,
    Bins,
    Columns,
    PointLabels,
}

impl Labels {
    /// That no setting was given but those that a chart of this kind has.
    pub(super) fn check(&self, kind: &str, has: &[Setting]) -> Result<()> {
        let is_log = self.log_x || self.log_y;
        let has_point_labels = !self.point_labels.is_empty();
        let told = [
            (
                Setting::LogAxes,
                is_log,
                "logarithmic axes; scatter plots, curves and lines can",
            ),
            (
                Setting::Diverging,
                self.diverging,
                "diverging colours; a heat map can",
            ),
            (Setting::Bins, self.bins.is_some(), "bins; a histogram can"),
            (
                Setting::Columns,
                self.columns.is_some(),
                "columns of panels; a grid can",
            ),
            (
                Setting::PointLabels,
                has_point_labels,
                "labels at its points; lines and scatter plots can",
            ),
        ];
        match told
            .iter()
            .find(|(setting, is_told, _)| *is_told && !has.contains(setting))
        {
            None => Ok(()),
            Some((_, _, what)) => Err(Error::Plot {
                message: format!("{kind} cannot have {what}"),
            }),
        }
    }
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

/// Draws a chart with its title, axes and key. Without `with_key`, the data are told apart by something outside of it.
pub(super) fn draw(
    chart: &dyn Plane,
    labels: &Labels,
    scene: &mut Scene,
    with_key: bool,
) -> Result<()> {
    let (x, y) = Axis::in_one_form(chart.axes(labels)?);
    let mut top = draw_title(scene, &labels.title);
    let key = match chart.key() {
        _ if !with_key => Key::None,
        Key::Ends(ends) if !ends::names_fit(ends.len(), scene.height) => Key::Ends(ends).of_panel(),
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
            Key::Ends(ends) => ends::width_of_names(ends, scene.width) - MARGIN,
            Key::Colors(colors) => width_of_color_bar(&colors.axis()?.ticks(5)) - 2.0 * MARGIN,
        })
    }

    /// Draws what belongs on the right of the frame.
    pub(super) fn draw_beside(&self, scene: &mut Scene, canvas: &Canvas) -> Result<()> {
        match self {
            Key::None | Key::Markers(_) | Key::Lines(_) => {}
            Key::Ends(ends) => ends::draw_names(scene, canvas, ends),
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
