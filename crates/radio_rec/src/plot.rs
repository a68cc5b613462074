//! Figures: histograms, scatter plots, bars, heat maps, curves and lines, a network's activations over a plane, and
//! grids of them, as SVG and PNG.
//!
//! A [`Figure`] is a value. In a notebook, a cell that ends in one shows it; [`Figure::save`] writes it to a file.
//! Colours and marker shapes stay apart for colour-blind eyes, texts are large enough for a projector, and the ground
//! is white unless a [`Theme`] says otherwise. The same figure gives the same bytes on every run, and no font need be
//! installed.
//!
//! ```
//! use radio_rec::plot::Figure;
//!
//! let ages = [31, 25, 28, 40, 33, 25];
//! assert!(Figure::histogram(&ages)?.to_svg()?.starts_with("<svg"));
//!
//! let figure = Figure::bars(["misfits", "robbie williams"], [0.5, 0.408])?
//!     .title("Most similar to u2")
//!     .x_label("cosine similarity");
//! assert!(figure.to_svg()?.starts_with("<svg"));
//! # Ok::<(), radio_rec::Error>(())
//! ```

mod axes;
mod bars;
mod chart;
mod check;
mod content;
mod curves;
mod ends;
mod field;
mod figure;
mod grid;
mod heatmap;
mod histogram;
mod lines;
mod look;
mod number;
mod output;
mod paint;
mod palette;
mod plane;
mod regions;
mod scale;
mod scatter;
mod scene;
mod surface;

pub use figure::Figure;
pub use number::Number;
pub use palette::Theme;

#[cfg(test)]
mod tests;
