//! The colours of numbers with a sign: from blue for negative ones over white to orange for positive ones.

use ndarray::ArrayRef2;

use super::axes::Axis;
use super::palette::Tone;
use crate::Result;

/// The range of the activations of all units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ColorScale {
    pub low: f64,
    pub high: f64,
}

impl ColorScale {
    /// From the lowest to the highest number, but as far as 0 at least.
    pub(super) fn over(numbers: &ArrayRef2<f64>) -> Self {
        let low = numbers.iter().copied().fold(0.0, f64::min);
        let high = numbers.iter().copied().fold(0.0, f64::max);
        Self {
            low,
            high: if low == high { 1.0 } else { high },
        }
    }

    /// The number that has the last colour, on either side of 0.
    pub(super) fn most(&self) -> f64 {
        self.high.max(-self.low)
    }

    pub(super) fn axis(&self) -> Result<Axis> {
        Axis::between("activation", self.low, self.high)
    }

    /// The colour of a level out of 0 to 255 from the low end to the high one.
    pub(super) fn tone(&self, level: u8) -> Tone {
        let share = f64::from(level) / 255.0;
        tone((self.low * (1.0 - share) + self.high * share) / self.most())
    }
}

/// The colour of a share from -1 to 1.
pub(super) fn tone(share: f64) -> Tone {
    Tone::Diverging(((share + 1.0) * 127.5).round() as u8)
}
