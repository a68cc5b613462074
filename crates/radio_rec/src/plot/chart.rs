//! The kinds of chart.

use super::bars::Bars;
use super::curves::Curves;
use super::heatmap::Heatmap;
use super::histogram::{Histogram, MOST_BINS};
use super::lines::Lines;
use super::plane::{self, Labels, Plane, Setting};
use super::regions::Regions;
use super::scatter::Scatter;
use super::scene::Scene;
use super::surface::Surface;
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
            Chart::Bars(_) | Chart::Heatmap(_) => None,
        }
    }

    pub(super) fn default_size(&self) -> (u32, u32) {
        match self {
            Chart::Bars(chart) => chart.default_size(),
            Chart::Heatmap(_) | Chart::Regions(_) | Chart::Surface(_) => (640, 560),
            Chart::Scatter(_) | Chart::Histogram(_) | Chart::Curves(_) | Chart::Lines(_) => {
                (640, 480)
            }
        }
    }

    /// Draws the chart into an empty scene. Without `with_key`, the data are told apart by something outside of it.
    pub(super) fn draw(&self, labels: &Labels, scene: &mut Scene, with_key: bool) -> Result<()> {
        self.check(labels)?;
        match self {
            Chart::Bars(chart) => chart.draw(labels, scene),
            Chart::Heatmap(chart) => chart.draw(labels, scene),
            Chart::Histogram(chart) => plane::draw(chart, labels, scene, with_key),
            Chart::Scatter(chart) => plane::draw(chart, labels, scene, with_key),
            Chart::Curves(chart) => plane::draw(chart, labels, scene, with_key),
            Chart::Lines(chart) => plane::draw(chart, labels, scene, with_key),
            Chart::Regions(chart) => plane::draw(chart, labels, scene, with_key),
            Chart::Surface(chart) => plane::draw(chart, labels, scene, with_key),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Chart::Bars(chart) => chart.describe(),
            Chart::Heatmap(chart) => chart.describe(),
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
        let has: &[Setting] = match self {
            Chart::Scatter(_) | Chart::Lines(_) => &[Setting::LogAxes, Setting::PointLabels],
            Chart::Curves(_) => &[Setting::LogAxes],
            Chart::Heatmap(_) => &[Setting::Diverging],
            Chart::Histogram(_) => &[Setting::Bins],
            Chart::Bars(_) | Chart::Regions(_) | Chart::Surface(_) => &[],
        };
        labels.check(self.kind(), has)?;
        match (self, labels.bins) {
            (Chart::Lines(chart), _) => chart.check(labels),
            (Chart::Scatter(chart), _) => chart.check(labels),
            (_, Some(bins)) if !(1..=MOST_BINS).contains(&bins) => {
                let range = format!("from 1 to {MOST_BINS}");
                Err(Error::invalid("bins", bins, range))
            }
            _ => Ok(()),
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
        }
    }
}
