//! What a figure shows: a chart, or a grid of charts.

use super::chart::Chart;
use super::grid::Grid;
use super::plane::Labels;
use super::scene::Scene;
use crate::Result;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Chart(Chart),
    Grid(Grid),
}

impl Content {
    pub(super) fn default_size(&self, labels: &Labels) -> (u32, u32) {
        match self {
            Content::Chart(chart) => chart.default_size(),
            Content::Grid(grid) => grid.default_size(labels),
        }
    }

    /// Draws it into an empty scene.
    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene) -> Result<()> {
        match self {
            Content::Chart(chart) => chart.draw(labels, scene, true),
            Content::Grid(grid) => grid.draw(labels, scene),
        }
    }

    /// A sentence for those who cannot see it.
    pub(super) fn describe(&self) -> String {
        match self {
            Content::Chart(chart) => chart.describe(),
            Content::Grid(grid) => grid.describe(),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Content::Chart(chart) => chart.kind(),
            Content::Grid(_) => "a grid",
        }
    }
}
