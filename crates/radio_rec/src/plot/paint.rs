//! From a [`Scene`] to SVG and to PNG, by the backends of plotters.

use std::collections::HashMap;
use std::fmt::Write as _;

use ab_glyph::Font as _;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::palette::Rgb;
use super::scene::{Anchor, FONT, Mark, Scene, Text, glyphs};
use crate::{Error, Result};

/// plotters draws at whole numbers only, so an SVG is drawn ten times as large as its view: tenths of a pixel.
const SVG_SCALE: f64 = 10.0;
/// Each dot of a PNG is the mean of 2 x 2 dots drawn, for smooth edges.
const OVERSAMPLING: u32 = 2;
/// The most dots of a PNG that is drawn so: it takes 200 MB.
const MOST_SMOOTHED: u64 = 16_000_000;

/// The fonts of an SVG in order of preference, as CSS lists them: that of the PNG, or what the viewer has.
const FONT_FAMILY: &str = "DejaVu Sans, sans-serif";

/// What the two backends do differently.
struct Surface {
    /// Dots for a pixel of the scene.
    scale: f64,
    /// Whether the backend takes lines and texts as a whole. The bitmap backend turns a path into one polygon, which
    /// breaks where the path crosses itself or turns back, and sets letters apart by whole dots: there, lines are drawn
    /// piece by piece and texts glyph by glyph.
    vector: bool,
}

/// The SVG document of `scene`, of this size in pixels, with `title` and `description` for screen readers.
pub(super) fn svg(
    scene: &Scene,
    (width, height): (u32, u32),
    title: &str,
    description: &str,
) -> Result<String> {
    let mut body = String::new();
    let size = (
        (scene.width * SVG_SCALE).round() as u32,
        (scene.height * SVG_SCALE).round() as u32,
    );
    let surface = Surface {
        scale: SVG_SCALE,
        vector: true,
    };
    paint(
        scene,
        &surface,
        &mut SVGBackend::with_string(&mut body, size),
    )?;

    // The first line is the <svg> of the enlarged drawing: put the view around it.
    let marks = body.split_once('\n').map_or("", |(_, marks)| marks);
    // What is so by default need not be said of thousands of markers. No text can contain these: its quotes are
    // escaped.
    let marks = marks
        .replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" stroke-width=\"1\"", "")
        .replace(" \"/>", "\"/>");
    let mut document = String::with_capacity(marks.len() + 500);
    let _ = write!(
        document,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" \
         role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{marks}",
        size.0,
        size.1,
        escape(title),
        escape(description),
    );
    Ok(document)
}

/// The PNG file of `scene`, of this size in pixels, with `dots_per_pixel` dots each way.
pub(super) fn png(
    scene: &Scene,
    (width, height): (u32, u32),
    dots_per_pixel: u32,
) -> Result<Vec<u8>> {
    let pixels = u64::from(width) * u64::from(height) * u64::from(dots_per_pixel).pow(2);
    let oversampling = if pixels <= MOST_SMOOTHED {
        OVERSAMPLING
    } else {
        1
    };
    let scale = dots_per_pixel * oversampling;
    let (width, height) = (width * scale, height * scale);
    let Rgb(r, g, b) = scene.palette.ground;
    let mut dots = [r, g, b].repeat(width as usize * height as usize);
    let surface = Surface {
        scale: f64::from(width) / scene.width,
        vector: false,
    };
    let mut backend: BitMapBackend =
        BitMapBackend::with_buffer_and_format(&mut dots, (width, height)).map_err(failed)?;
    paint(scene, &surface, &mut backend)?;
    drop(backend);
    if oversampling > 1 {
        dots = shrink(&dots, width as usize);
    }
    encode(&dots, width / oversampling, height / oversampling).map_err(failed)
}

/// Draws the marks one after the other.
fn paint<B: DrawingBackend>(scene: &Scene, surface: &Surface, backend: &mut B) -> Result<()> {
    // A ground of the figure's own, also where that of a page would shine through.
    let corner = surface.dot((scene.width, scene.height));
    backend
        .draw_rect((0, 0), corner, &color(scene.palette.ground), true)
        .map_err(failed)?;
    for mark in &scene.marks {
        match mark {
            Mark::Rect {
                x,
                y,
                width,
                height,
                color: c,
            } => {
                let (from, to) = (surface.dot((*x, *y)), surface.dot((x + width, y + height)));
                backend
                    .draw_rect(from, to, &color(*c), true)
                    .map_err(failed)
            }
            Mark::Polygon { corners, color: c } => backend
                .fill_polygon(corners.iter().map(|&p| surface.dot(p)), &color(*c))
                .map_err(failed),
            Mark::Area { corners, color: c } if surface.vector => backend
                .fill_polygon(corners.iter().map(|&p| surface.dot(p)), &color(*c))
                .map_err(failed),
            Mark::Area { corners, color: c } => paint_area(corners, *c, surface, backend),
            Mark::Circle {
                center,
                radius,
                color: c,
            } => {
                let radius = (radius * surface.scale).round() as u32;
                backend
                    .draw_circle(surface.dot(*center), radius, &color(*c), true)
                    .map_err(failed)
            }
            Mark::Line {
                points,
                width,
                color: c,
            } => paint_line(points, *width, *c, surface, backend),
            Mark::Text(text) if surface.vector => paint_text(text, surface, backend),
            Mark::Text(text) => paint_glyphs(text, surface, backend),
        }?;
    }
    backend.present().map_err(failed)
}

/// Fills a polygon row by row: the bitmap backend's own way is for convex ones.
fn paint_area<B: DrawingBackend>(
    corners: &[(f64, f64)],
    c: Rgb,
    surface: &Surface,
    backend: &mut B,
) -> Result<()> {
    // Where each side crosses the middle of a row of dots.
    let mut crossings: Vec<(i32, f64)> = Vec::new();
    let dots: Vec<(f64, f64)> = corners
        .iter()
        .map(|&(x, y)| (x * surface.scale, y * surface.scale))
        .collect();
    for (&from, &to) in dots.iter().zip(dots.iter().cycle().skip(1)) {
        let (upper, lower) = if from.1 <= to.1 {
            (from, to)
        } else {
            (to, from)
        };
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let rows = (upper.1 - 0.5).ceil() as i32..(lower.1 - 0.5).ceil() as i32;
        crossings.extend(rows.map(|row| (row, upper.0 + (f64::from(row) + 0.5 - upper.1) * slope)));
    }
    crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // A row is crossed an even number of times: inside is from the first to the second, and so on.
    for pair in crossings.chunks_exact(2) {
        let row = pair[0].0;
        let (first, end) = (
            (pair[0].1 - 0.5).ceil() as i32,
            (pair[1].1 - 0.5).ceil() as i32,
        );
        backend
            .draw_rect((first, row), (end, row + 1), &color(c), true)
            .map_err(failed)?;
    }
    Ok(())
}

fn paint_line<B: DrawingBackend>(
    points: &[(f64, f64)],
    width: f64,
    c: Rgb,
    surface: &Surface,
    backend: &mut B,
) -> Result<()> {
    let width = (width * surface.scale).round() as u32;
    let style = ShapeStyle {
        color: color(c).to_rgba(),
        filled: false,
        stroke_width: width,
    };
    let dots: Vec<(i32, i32)> = points.iter().map(|&p| surface.dot(p)).collect();
    if surface.vector {
        return backend.draw_path(dots, &style).map_err(failed);
    }
    for piece in dots.windows(2) {
        backend
            .draw_path(piece.iter().copied(), &style)
            .map_err(failed)?;
        // A round joint to the next piece.
        backend
            .draw_circle(piece[1], width / 2, &color(c), true)
            .map_err(failed)?;
    }
    Ok(())
}

fn paint_text<B: DrawingBackend>(text: &Text, surface: &Surface, backend: &mut B) -> Result<()> {
    // The SVG backend divides its font sizes by 1.24, and puts the baseline 0.76 em below what it calls the top.
    const FONT_SIZE: f64 = 1.24;
    const BASELINE: f64 = 0.76;
    let horizontal = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let rise = BASELINE * text.em;
    let (top, transform) = if text.upright {
        ((text.x - rise, text.y), FontTransform::Rotate270)
    } else {
        ((text.x, text.y - rise), FontTransform::None)
    };
    let font = (FONT_FAMILY, text.em * FONT_SIZE * surface.scale).into_font();
    let ink = color(text.color);
    let style = TextStyle::from(font.transform(transform))
        .color(&ink)
        .pos(Pos::new(horizontal, VPos::Top));
    backend
        .draw_text(&text.text, &style, surface.dot(top))
        .map_err(failed)
}

fn paint_glyphs<B: DrawingBackend>(text: &Text, surface: &Surface, backend: &mut B) -> Result<()> {
    let (glyphs, width) = glyphs(&text.text, text.em * surface.scale);
    let start = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -width / 2.0,
        Anchor::End => -width,
    };
    let (x0, y0) = surface.dot((text.x, text.y));
    let ink = color(text.color);
    let mut painted = Ok(());
    for mut glyph in glyphs {
        glyph.position.x += start as f32;
        let Some(outline) = FONT.outline_glyph(glyph) else {
            continue; // a space
        };
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, coverage| {
            let (x, y) = (corner.x as i32 + x as i32, corner.y as i32 + y as i32);
            let dot = if text.upright {
                (x0 + y, y0 - x)
            } else {
                (x0 + x, y0 + y)
            };
            if painted.is_ok() {
                painted = backend.draw_pixel(dot, ink.mix(coverage.into()).to_backend_color());
            }
        });
    }
    painted.map_err(failed)
}

impl Surface {
    fn dot(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }
}

fn color(Rgb(r, g, b): Rgb) -> RGBColor {
    RGBColor(r, g, b)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Plot {
        message: error.to_string(),
    }
}

/// Text as it may stand in an XML element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Half as many dots each way: each is the mean of four. `width` is that of `dots`, which is even, as is the height.
fn shrink(dots: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let mut small = vec![0; dots.len() / 4];
    let rows = dots
        .chunks_exact(2 * row)
        .zip(small.chunks_exact_mut(row / 2));
    for (two_rows, small_row) in rows {
        let (upper, lower) = two_rows.split_at(row);
        let pairs = upper.chunks_exact(6).zip(lower.chunks_exact(6));
        for ((up, low), mean) in pairs.zip(small_row.chunks_exact_mut(3)) {
            for channel in 0..3 {
                let sum = u16::from(up[channel])
                    + u16::from(up[channel + 3])
                    + u16::from(low[channel])
                    + u16::from(low[channel + 3]);
                mean[channel] = (sum / 4) as u8;
            }
        }
    }
    small
}

/// A PNG with a palette, a byte a dot: a figure has few colours.
fn encode(
    dots: &[u8],
    width: u32,
    height: u32,
) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let (palette, indices) = index_colors(dots);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::Balanced);
    // Differences of palette numbers mean nothing.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&indices)?;
    writer.finish()?;
    Ok(file)
}

/// At most 256 colours, three bytes each, and for each dot the number of its colour.
///
/// The commonest colours are kept; a rarer one, which comes from a smoothed edge, becomes the nearest of them.
fn index_colors(dots: &[u8]) -> (Vec<u8>, Vec<u8>) {
    // Most dots have the colour of the dot before: count and translate run by run.
    let runs = || {
        dots.as_chunks::<3>()
            .0
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len()))
    };
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for (color, length) in runs() {
        *counts.entry(color).or_default() += length;
    }
    let mut by_count: Vec<([u8; 3], usize)> = counts.into_iter().collect();
    // Equally common colours by their value: a hash map has no order of its own.
    by_count.sort_unstable_by_key(|&(color, count)| (std::cmp::Reverse(count), color));

    let palette: Vec<[u8; 3]> = by_count.iter().take(256).map(|&(color, _)| color).collect();
    let distance = |a: [u8; 3], b: [u8; 3]| -> i32 {
        a.iter()
            .zip(b)
            .map(|(&a, b)| (i32::from(a) - i32::from(b)).pow(2))
            .sum()
    };
    let nearest = |color| (0..palette.len()).min_by_key(|&i| distance(palette[i], color));
    let numbers: HashMap<[u8; 3], u8> = by_count
        .iter()
        .map(|&(color, _)| (color, nearest(color).unwrap_or(0) as u8))
        .collect();
    let mut indices = Vec::with_capacity(dots.len() / 3);
    for (color, length) in runs() {
        indices.resize(indices.len() + length, numbers[&color]);
    }
    (palette.concat(), indices)
}
