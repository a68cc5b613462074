//! How a figure looks whatever it shows.

use super::palette::Theme;

/// How a figure looks whatever its chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    pub size: Option<(u32, u32)>,
    pub alt: Option<String>,
    pub theme: Theme,
    pub font_scale: f64,
    pub dots_per_pixel: u32,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            size: None,
            alt: None,
            theme: Theme::default(),
            font_scale: 1.0,
            dots_per_pixel: 2,
        }
    }
}

impl Look {
    pub(super) fn has_font_scale(&self) -> bool {
        (0.5..=4.0).contains(&self.font_scale)
    }
}
