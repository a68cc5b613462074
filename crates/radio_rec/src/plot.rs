//! Figures: scatter plots, bars, heat maps and curves, as SVG and PNG.
//!
//! A [`Figure`] is a value. In a notebook, a cell that ends in one shows it; [`Figure::save`] writes it to a file. Colours
//! and marker shapes stay apart for colour-blind eyes, texts are large enough for a projector, and the ground is white also
//! under a dark theme. The same figure gives the same bytes on every run, and no font need be installed.
//!
//! ```
//! use radio_rec::plot::Figure;
//!
//! let figure = Figure::bars(["misfits", "robbie williams"], [0.5, 0.408])?
//!     .title("Most similar to u2")
//!     .x_label("cosine similarity");
//! assert!(figure.to_svg()?.starts_with("<svg"));
//! # Ok::<(), radio_rec::Error>(())
//! ```

use std::borrow::Borrow;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::ArrayRef2;

use crate::display::Bundle;
use crate::{Error, Result};

mod axes;
mod bars;
mod curves;
mod heatmap;
mod paint;
mod palette;
mod scatter;
mod scene;

use bars::Bars;
use curves::Curves;
use heatmap::Heatmap;
use scatter::Scatter;
use scene::Scene;

/// A chart with its title and labels.
///
/// Names, titles and labels are drawn on one line, and cut with an ellipsis where they are too long. PNG figures are drawn in
/// DejaVu Sans, which comes with the crate, in Latin, Greek and Cyrillic letters; other signs are boxes there, while an SVG
/// shows what the viewer's fonts have.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    chart: Chart,
    labels: Labels,
    size: Option<(u32, u32)>,
    alt: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Chart {
    Scatter(Scatter),
    Bars(Bars),
    Heatmap(Heatmap),
    Curves(Curves),
}

/// What a chart is told besides its data.
#[derive(Debug, Clone, Default, PartialEq)]
struct Labels {
    title: String,
    x: String,
    y: String,
    log_x: bool,
    log_y: bool,
    first_iteration: usize,
}

impl Figure {
    /// Points at (`x`, `y`), each with the colour and the marker of its class. `labels` holds the class of each point, an
    /// index into `class_names`, which make the legend.
    ///
    /// A row of an array serves as `x`: `Figure::scatter(x.row(0), x.row(1), &labels, ["inner", "outer"])`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x`, `y` and `labels` differ in length; [`Error::InvalidParameter`] if a number is not finite or a
    /// label has no name; [`Error::Plot`] if there are no points or no names, or more than 100,000 points or 40 names.
    pub fn scatter(
        x: impl IntoIterator<Item: Borrow<f64>>,
        y: impl IntoIterator<Item: Borrow<f64>>,
        labels: impl IntoIterator<Item: Borrow<usize>>,
        class_names: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        let labels = labels.into_iter().map(|class| *class.borrow()).collect();
        let chart = Scatter::new(numbers(x), numbers(y), labels, names(class_names))?;
        Ok(Self::of(Chart::Scatter(chart)))
    }

    /// A horizontal bar for each of `values`, from the top down, with its label in front and its value at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as values; [`Error::InvalidParameter`] if a value is not finite;
    /// [`Error::Plot`] if there are none, or more than 100.
    pub fn bars(
        labels: impl IntoIterator<Item: AsRef<str>>,
        values: impl IntoIterator<Item: Borrow<f64>>,
    ) -> Result<Self> {
        Ok(Self::of(Chart::Bars(Bars::new(
            names(labels),
            numbers(values),
        )?)))
    }

    /// A cell for each number of `matrix` (rows x columns, the first row at the top), in colours from violet for the
    /// smallest to yellow for the largest, with a colour bar. Where there is room, the numbers stand in the cells.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as rows or columns; [`Error::InvalidParameter`] if a number is not
    /// finite; [`Error::Plot`] if the matrix is empty or larger than 500 x 500.
    pub fn heatmap(
        matrix: &ArrayRef2<f64>,
        row_labels: impl IntoIterator<Item: AsRef<str>>,
        column_labels: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        let chart = Heatmap::new(matrix.to_owned(), names(row_labels), names(column_labels))?;
        Ok(Self::of(Chart::Heatmap(chart)))
    }

    /// A line for each named series of numbers, against the iteration they were taken at: 0, 1, 2 and so on (see
    /// [`Figure::first_iteration`]). The series may differ in length.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if a number is not finite; [`Error::Plot`] if there is no series or more than 40, or one
    /// of them is empty or has more than 100,000 numbers.
    pub fn curves<N: AsRef<str>, V: IntoIterator<Item: Borrow<f64>>>(
        series: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let series = series
            .into_iter()
            .map(|(name, values)| (scene::clean(name.as_ref()), numbers(values)))
            .collect();
        Ok(Self::of(Chart::Curves(Curves::new(series)?)))
    }

    fn of(chart: Chart) -> Self {
        Self {
            chart,
            labels: Labels::default(),
            size: None,
            alt: None,
        }
    }

    /// The title above the chart.
    pub fn title(mut self, title: impl AsRef<str>) -> Self {
        self.labels.title = scene::clean(title.as_ref());
        self
    }

    /// What the x axis shows.
    pub fn x_label(mut self, label: impl AsRef<str>) -> Self {
        self.labels.x = scene::clean(label.as_ref());
        self
    }

    /// What the y axis shows.
    pub fn y_label(mut self, label: impl AsRef<str>) -> Self {
        self.labels.y = scene::clean(label.as_ref());
        self
    }

    /// A logarithmic x axis, for a scatter plot or curves. All x must then be positive, so curves must not begin at
    /// iteration 0.
    pub fn log_x(mut self) -> Self {
        self.labels.log_x = true;
        self
    }

    /// A logarithmic y axis, for a scatter plot or curves. All y must then be positive.
    pub fn log_y(mut self) -> Self {
        self.labels.log_y = true;
        self
    }

    /// The iteration of the first number of each curve; 0 by default.
    pub fn first_iteration(mut self, iteration: usize) -> Self {
        self.labels.first_iteration = iteration;
        self
    }

    /// The size in pixels, each side from 150 to 4000; a PNG has twice as many dots each way. By default 640 x 480, 640 x
    /// 560 for a heat map, and as high as they need for bars.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// A sentence for those who cannot see the figure, instead of the one made from the data.
    pub fn alt(mut self, description: impl AsRef<str>) -> Self {
        self.alt = Some(scene::clean(description.as_ref()));
        self
    }

    /// The figure as an SVG document.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] if a logarithmic axis meets a number that is not positive, or the labels leave no room for the data;
    /// [`Error::InvalidParameter`] if a side is not from 150 to 4000 pixels long.
    pub fn to_svg(&self) -> Result<String> {
        paint::svg(&self.scene()?, &self.labels.title, &self.description())
    }

    /// The figure as a PNG file, at two dots a pixel.
    ///
    /// # Errors
    ///
    /// As [`Figure::to_svg`].
    pub fn to_png(&self) -> Result<Vec<u8>> {
        paint::png(&self.scene()?)
    }

    /// Writes the figure to a file, an SVG or a PNG by the ending of its name. The file is written beside and then renamed,
    /// so that there is never half a file.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if the name ends in neither; [`Error::Io`] if the file cannot be written; and those of
    /// [`Figure::to_svg`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_to(path.as_ref())
    }

    /// Shows the figure in a notebook, as text, SVG and PNG in one bundle. A figure that cannot be drawn says why.
    pub fn evcxr_display(&self) {
        self.bundle().print();
    }

    fn bundle(&self) -> Bundle {
        match self.to_svg().and_then(|svg| Ok((svg, self.to_png()?))) {
            Ok((svg, png)) => Bundle::new().text(self.as_text()).svg(svg).png(&png),
            Err(error) => Bundle::new().text(error.to_string()),
        }
    }

    fn save_to(&self, path: &Path) -> Result<()> {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let bytes = match ending.to_ascii_lowercase().as_str() {
            "svg" => self.to_svg()?.into_bytes(),
            "png" => self.to_png()?,
            _ => {
                return Err(Error::InvalidParameter {
                    name: "path",
                    value: path.display().to_string(),
                    expected: "a name that ends in .svg or .png".into(),
                });
            }
        };
        write_whole(path, &bytes)
    }

    fn size_or_default(&self) -> (u32, u32) {
        self.size.unwrap_or(match &self.chart {
            Chart::Bars(bars) => bars.default_size(),
            Chart::Heatmap(heatmap) => heatmap.default_size(),
            Chart::Scatter(_) | Chart::Curves(_) => (640, 480),
        })
    }

    fn scene(&self) -> Result<Scene> {
        let (width, height) = self.size_or_default();
        for (name, side) in [("width", width), ("height", height)] {
            if !(150..=4000).contains(&side) {
                return Err(Error::InvalidParameter {
                    name,
                    value: side.to_string(),
                    expected: "from 150 to 4000 pixels".into(),
                });
            }
        }
        let mut scene = Scene::new((width, height));
        match &self.chart {
            Chart::Scatter(chart) => chart.draw(&self.labels, &mut scene),
            Chart::Bars(chart) => chart.draw(&self.labels, &mut scene),
            Chart::Heatmap(chart) => chart.draw(&self.labels, &mut scene),
            Chart::Curves(chart) => chart.draw(&self.labels, &mut scene),
        }?;
        Ok(scene)
    }

    /// The sentence for those who cannot see the figure.
    fn description(&self) -> String {
        self.alt.clone().unwrap_or_else(|| match &self.chart {
            Chart::Scatter(chart) => chart.describe(),
            Chart::Bars(chart) => chart.describe(),
            Chart::Heatmap(chart) => chart.describe(),
            Chart::Curves(chart) => chart.describe(),
        })
    }

    /// The figure in a terminal: title, axes, size and description, a line each.
    fn as_text(&self) -> String {
        let Labels { title, x, y, .. } = &self.labels;
        let (width, height) = self.size_or_default();
        let mut lines = vec![if title.is_empty() {
            "Figure".to_owned()
        } else {
            format!("Figure: {title}")
        }];
        for (axis, label) in [("x", x), ("y", y)] {
            if !label.is_empty() {
                lines.push(format!("{axis}: {label}"));
            }
        }
        lines.push(format!("{width} x {height} pixels"));
        lines.push(self.description());
        lines.join("\n")
    }
}

fn numbers(values: impl IntoIterator<Item: Borrow<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| *value.borrow()).collect()
}

fn names(names: impl IntoIterator<Item: AsRef<str>>) -> Vec<String> {
    names
        .into_iter()
        .map(|name| scene::clean(name.as_ref()))
        .collect()
}

/// Writes to a file beside `path` and renames that.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    // The process number keeps two programs apart that save to the same name.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part: PathBuf = path.with_file_name(name);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What has been written is of no use; if it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&part);
    }
    written.map_err(io(path))
}

/// That there is at least one of `what`, and at most `most`.
fn at_most(what: &str, count: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Error::Plot {
        message: format!("it has {count} {what}; from 1 to {most} can be shown"),
    })
}

fn same_length(what: &str, length: usize, other: &str, expected: usize) -> Result<()> {
    if length == expected {
        return Ok(());
    }
    Err(Error::Shape {
        what: what.into(),
        expected: format!("length {expected}, as {other}"),
        found: format!("length {length}"),
    })
}

fn finite(name: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::InvalidParameter {
            name,
            value: format!("{} at position {index}", values[index]),
            expected: "finite numbers".into(),
        }),
    }
}

fn linear_only(chart: &str, labels: &Labels) -> Result<()> {
    if !(labels.log_x || labels.log_y) {
        return Ok(());
    }
    Err(Error::Plot {
        message: format!("{chart} cannot have logarithmic axes; scatter plots and curves can"),
    })
}

/// The first `most` of `parts`, and how many more there are.
fn shortened(parts: &[String], most: usize) -> String {
    let shown = parts[..parts.len().min(most)].join(", ");
    match parts.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

#[cfg(test)]
mod tests;
