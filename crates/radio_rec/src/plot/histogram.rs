//! How often numbers lie in which range: bars that touch.

use super::axes::{Axis, Canvas};
use super::check::{at_most, finite};
use super::plane::{Key, Labels, Plane};
use super::scene::Scene;
use crate::Result;
use crate::display::format_float;

pub(super) const MOST_BINS: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Histogram {
    /// Sorted.
    values: Vec<f64>,
}

/// Ranges of equal width, and how many numbers lie in each. A number at an edge belongs to the bin on its right, the
/// largest to the last.
#[derive(Debug, PartialEq)]
struct Bins {
    low: f64,
    width: f64,
    counts: Vec<usize>,
}

impl Bins {
    fn edge(&self, k: usize) -> f64 {
        self.low + self.width * k as f64
    }
}

impl Histogram {
    pub(super) fn new(mut values: Vec<f64>) -> Result<Self> {
        at_most("values", values.len(), 10_000_000)?;
        finite("values", &values)?;
        values.sort_by(f64::total_cmp);
        // That the numbers do not lie further apart than a number can say.
        Axis::between("x", values[0], values[values.len() - 1])?;
        Ok(Self { values })
    }

    fn low(&self) -> f64 {
        self.values[0]
    }

    fn high(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// As many bins as wanted, from the smallest number to the largest; else as the numbers ask for.
    fn bins(&self, wanted: Option<usize>) -> Bins {
        let (low, high) = (self.low(), self.high());
        let range = high - low;
        if range == 0.0 {
            // A bin around the only number, as wide as 1 where that is more than a rounding.
            let width = (low.abs() * 1e-3).max(1.0);
            return self.counted(low - width / 2.0, width, 1);
        }
        if let Some(bins) = wanted {
            return self.counted(low, range / bins as f64, bins);
        }
        let wish = self.automatic_width();
        let whole = self.values.iter().all(|value| value.fract() == 0.0);
        if whole && range < 1e15 {
            // Each bar stands over the middle of the whole numbers that it counts, and all count equally many.
            let width = wish.round().max(1.0);
            let bins = ((range + 1.0) / width).ceil().min(MOST_BINS as f64) as usize;
            let width = ((range + 1.0) / bins as f64).ceil();
            return self.counted(low - 0.5, width, bins);
        }
        let bins = (range / wish).ceil().clamp(1.0, MOST_BINS as f64) as usize;
        self.counted(low, range / bins as f64, bins)
    }

    /// How wide bins are to be: the smaller width of two rules, that of D. Freedman and P. Diaconis, "On the histogram
    /// as a density estimator" (1981), twice the range of the middle half over the cube root of how many numbers there
    /// are, and that of H. A. Sturges, "The choice of a class interval" (1926), one bin and one for each doubling of
    /// the numbers; but there are not more bins than twice the square root of how many numbers there are. It is numpy's
    /// rule `auto`.
    fn automatic_width(&self) -> f64 {
        let (range, count) = (self.high() - self.low(), self.values.len() as f64);
        let sturges = range / (count.log2() + 1.0);
        let middle_half = self.quantile(0.75) - self.quantile(0.25);
        let freedman_diaconis = 2.0 * middle_half / count.cbrt();
        freedman_diaconis
            .max(range / count.sqrt() / 2.0)
            .min(sturges)
    }

    /// The number below which this share of all lies, between two of them by a straight line.
    fn quantile(&self, share: f64) -> f64 {
        let position = share * (self.values.len() - 1) as f64;
        let below = position as usize;
        let above = (below + 1).min(self.values.len() - 1);
        let (low, high) = (self.values[below], self.values[above]);
        low + (high - low) * (position - below as f64)
    }

    fn counted(&self, low: f64, width: f64, count: usize) -> Bins {
        let mut bins = Bins {
            low,
            width,
            counts: vec![0; count],
        };
        let mut begin = 0;
        for k in 0..count {
            // The last bin takes all that is left, whatever its edge is rounded to.
            let end = match k + 1 == count {
                true => self.values.len(),
                false => self
                    .values
                    .partition_point(|&value| value < bins.edge(k + 1)),
            };
            bins.counts[k] = end - begin;
            begin = end;
        }
        bins
    }
}

impl Plane for Histogram {
    fn axes(&self, labels: &Labels) -> Result<(Axis, Axis)> {
        let bins = self.bins(labels.bins);
        let (low, high) = (bins.low, bins.edge(bins.counts.len()));
        let room = (high - low) * 0.02;
        let most = bins.counts.iter().copied().max().unwrap_or(0);
        Ok((
            Axis::between("x", low - room, high + room)?,
            Axis::between("y", 0.0, most as f64 * 1.05)?.of_counts(),
        ))
    }

    fn key(&self) -> Key {
        Key::None
    }

    fn draw_data(&self, labels: &Labels, scene: &mut Scene, canvas: &Canvas) {
        let bins = self.bins(labels.bins);
        let color = scene.palette.series(0).0;
        let x_of = |k: usize| canvas.at(bins.edge(k), 0.0).0;
        // A line of the ground between two bars, where there is room for it.
        let gap = if x_of(1) - x_of(0) > 6.0 { 1.0 } else { 0.0 };
        for (k, &count) in bins.counts.iter().enumerate() {
            let (left, right) = (x_of(k), x_of(k + 1));
            let top = canvas.at(0.0, count as f64).1;
            let bottom = canvas.frame.bottom - 0.75;
            if top < bottom {
                scene.rect(left, top, right - left - gap, bottom - top, color);
            }
        }
    }

    fn describe(&self) -> String {
        let number = |value| format_float(value, 4);
        format!(
            "Histogram of {} values from {} to {}; the middle half lies between {} and {}",
            self.values.len(),
            number(self.low()),
            number(self.high()),
            number(self.quantile(0.25)),
            number(self.quantile(0.75))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(values: &[f64], wanted: Option<usize>) -> Bins {
        Histogram::new(values.to_vec()).unwrap().bins(wanted)
    }

    #[test]
    fn whole_numbers_are_counted_alone_where_there_are_few() {
        let dice = bins(&[1.0, 6.0, 2.0, 2.0, 4.0, 6.0, 6.0], None);
        assert!(
            dice.edge(0) == 0.5 && dice.width == 2.0 || dice.width == 1.0,
            "{dice:?}"
        );
        let many: Vec<f64> = (0..600).map(|k| f64::from(k % 6 + 1)).collect();
        let dice = bins(&many, None);
        assert_eq!((dice.low, dice.width), (0.5, 1.0));
        assert_eq!(dice.counts, [100; 6]);
        // Years, decades of them.
        let years: Vec<f64> = (1900..2000).map(f64::from).collect();
        let decades = bins(&years, None);
        assert!(decades.width.fract() == 0.0 && decades.low == 1899.5);
        assert_eq!(decades.counts.iter().sum::<usize>(), 100);
    }

    /// The golden values are numpy's: `scripts/golden/histogram.py` made them.
    #[test]
    fn bins_of_fractions_are_those_of_numpy() {
        let golden = include_str!("../../tests/golden/histogram.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let cases = golden["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let list = |name: &str| -> Vec<f64> {
                let list = case[name].as_array().unwrap().iter();
                list.map(|number| number.as_f64().unwrap()).collect()
            };
            let counts = |bins: &Bins| -> Vec<f64> {
                bins.counts.iter().map(|&count| count as f64).collect()
            };
            let values = list("values");
            let automatic = bins(&values, None);
            assert_eq!(counts(&automatic), list("counts"));
            for (k, edge) in list("edges").into_iter().enumerate() {
                assert!(
                    (automatic.edge(k) - edge).abs() < 1e-12 * edge.abs().max(1.0),
                    "{edge}"
                );
            }
            assert_eq!(counts(&bins(&values, Some(10))), list("ten"));
        }
    }

    #[test]
    fn a_number_at_an_edge_belongs_to_the_right_and_the_largest_to_the_last() {
        let two = bins(&[0.0, 1.0, 2.0], Some(2));
        assert_eq!(two.counts, [1, 2]);
        let alone = bins(&[7.0, 7.0], None);
        assert_eq!((alone.low, alone.width, alone.counts), (6.5, 1.0, vec![2]));
        assert_eq!(bins(&[1e300, 1e300], Some(5)).counts, [2]);
    }
}
