//! How a figure looks whatever its chart, and what it is written as: SVG, PNG, a file, a notebook's output.

use std::ffi::OsStr;
use std::path::Path;

use super::chart::Chart;
use super::content::Content;
use super::figure::Figure;
use super::paint;
use super::palette::Theme;
use super::plane::Labels;
use super::scene::{self, Scene};
use crate::display::Bundle;
use crate::whole_file::write_whole;
use crate::{Error, Result};

/// The most dots of a PNG.
const MOST_DOTS: u64 = 64_000_000;

impl Figure {
    /// The size in pixels, each side from 150 to 4000; a PNG has twice as many dots each way, or as many times as
    /// [`Figure::dots_per_pixel`] says. By default 640 x 480, 640 x
    /// 560 for a heat map or decision regions, and as high as they need for bars; a grid grows with its panels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.look.size = Some((width, height));
        self
    }

    /// A sentence for those who cannot see the figure, instead of the one made from the data.
    pub fn alt(mut self, description: impl AsRef<str>) -> Self {
        self.look.alt = Some(scene::clean(description.as_ref()));
        self
    }

    /// Colours for what the figure is to be looked at on: a white ground by default, a dark one, or paper.
    ///
    /// ```
    /// use radio_rec::plot::{Figure, Theme};
    ///
    /// let figure = Figure::line([0.69, 0.42, 0.31])?;
    /// let slide = figure.clone().theme(Theme::Dark).font_scale(1.5);
    /// let paper = figure.theme(Theme::Print).dots_per_pixel(4);
    /// assert!(slide.to_svg()? != paper.to_svg()?);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn theme(mut self, theme: Theme) -> Self {
        self.look.theme = theme;
        self
    }

    /// Texts, lines and markers this many times as large, from 0.5 to 4, in a figure of the same size (but bars get
    /// higher, so that all have room): 1.5 can be read from the last row of a large hall.
    pub fn font_scale(mut self, scale: f64) -> Self {
        self.look.font_scale = scale;
        self
    }

    /// How many dots of a PNG there are for each pixel each way, from 1 to 8; 2 by default. A figure of 640 pixels at 4
    /// has 300 dots an inch where it is 21 cm wide on paper.
    pub fn dots_per_pixel(mut self, dots: u32) -> Self {
        self.look.dots_per_pixel = dots;
        self
    }

    /// The figure as an SVG document.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] if a logarithmic axis meets a number that is not positive, the chart cannot do what it was told
    /// to, or the labels leave no room for the data; [`Error::InvalidParameter`] if a side is not from 150 to 4000
    /// pixels long, or the scale of the fonts is not from 0.5 to 4; [`Error::Shape`] if there are more labels of points
    /// than points.
    pub fn to_svg(&self) -> Result<String> {
        paint::svg(
            &self.scene()?,
            self.size_or_default(),
            &self.labels.title,
            &self.description(),
        )
    }

    /// The figure as a PNG file, at two dots a pixel or as many as it was told. Edges are smoothed, unless it has more
    /// than 16 million dots.
    ///
    /// # Errors
    ///
    /// As [`Figure::to_svg`]; [`Error::InvalidParameter`] if there are not from 1 to 8 dots a pixel, or more than 64
    /// million in all.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let (width, height) = self.size_or_default();
        let dots = self.look.dots_per_pixel;
        let in_all = u64::from(width) * u64::from(height) * u64::from(dots).pow(2);
        if !(1..=8).contains(&dots) || in_all > MOST_DOTS {
            return Err(Error::invalid(
                "dots_per_pixel",
                dots,
                format!(
                    "from 1 to 8, and at most {} for a figure of {width} x {height} pixels",
                    ((MOST_DOTS as f64 / f64::from(width) / f64::from(height)).sqrt() as u32)
                        .min(8)
                ),
            ));
        }
        paint::png(&self.scene()?, (width, height), dots)
    }

    /// Writes the figure to a file, an SVG or a PNG by the ending of its name. The file is written beside and then
    /// renamed, so that there is never half a file.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if the name ends in neither; [`Error::Io`] if the file cannot be written; and those
    /// of [`Figure::to_svg`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_to(path.as_ref())
    }

    /// Shows the figure in a notebook, as text, SVG and PNG in one bundle. A figure that cannot be drawn says why.
    pub fn evcxr_display(&self) {
        self.bundle().print();
    }

    pub(super) fn bundle(&self) -> Bundle {
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
                return Err(Error::invalid(
                    "path",
                    path.display(),
                    "a name that ends in .svg or .png",
                ));
            }
        };
        write_whole(path, &[&bytes])
    }

    fn size_or_default(&self) -> (u32, u32) {
        self.look.size.unwrap_or_else(|| {
            let (width, height) = self.content.default_size(&self.labels);
            match &self.content {
                Content::Chart(Chart::Bars(_)) if self.look.has_font_scale() => {
                    let height = f64::from(height) * self.look.font_scale;
                    (width, (height as u32).clamp(150, 4000))
                }
                _ => (width, height),
            }
        })
    }

    pub(super) fn scene(&self) -> Result<Scene> {
        let (width, height) = self.size_or_default();
        for (name, side) in [("width", width), ("height", height)] {
            if !(150..=4000).contains(&side) {
                return Err(Error::invalid(name, side, "from 150 to 4000 pixels"));
            }
        }
        if !self.look.has_font_scale() {
            return Err(Error::invalid(
                "font_scale",
                self.look.font_scale,
                "from 0.5 to 4",
            ));
        }
        // All is drawn on a smaller picture, which is then made larger.
        let size = [width, height].map(|side| f64::from(side) / self.look.font_scale);
        let mut scene = Scene::new((size[0], size[1]), self.look.theme.palette());
        self.content.draw(&self.labels, &mut scene)?;
        Ok(scene)
    }

    /// The sentence for those who cannot see the figure.
    fn description(&self) -> String {
        self.look
            .alt
            .clone()
            .unwrap_or_else(|| self.content.describe())
    }

    /// The figure in a terminal: title, axes, size and description, a line each.
    pub(super) fn as_text(&self) -> String {
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
