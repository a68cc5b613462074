//! One side's turn, for plays that come a few rows at a time.

use ndarray::Array2;

use super::Als;
use super::kernel::{Factors, Plays, Scratch, Step};
use crate::recommend::Fit;
use crate::{Error, Result};

/// A turn of [`Als`] for the vectors of users, with those of the items as they are; or the other way round.
///
/// It holds all vectors of the other side, and none of the plays: these are given row by row, in any order, by any
/// number of threads. After `iterations` turns of each side, the users' first, the vectors are those of
/// [`fit`](Fit::fit), to the bit.
///
/// ```
/// use ndarray::Array2;
/// use radio_rec::recommend::Als;
///
/// let als = Als { factors: 2, ..Als::default() };
/// let mut numbers = als.initial_factors()?;
/// let mut user: Vec<f32> = numbers.by_ref().take(2).collect();
/// let items = Array2::from_shape_simple_fn((3, 2), || numbers.next().unwrap());
/// let turn = als.half_step(items)?;
/// // The user played the first item, and the third one three times.
/// turn.rows().improve(&mut user, &[0, 2], &[1.0, 3.0])?;
/// # Ok::<(), radio_rec::Error>(())
/// ```
pub struct AlsHalfStep {
    step: Step<Factors>,
}

impl Als {
    /// Where [`fit`](Fit::fit) begins: random numbers, `factors` of them for each user, and then as many for each item.
    /// There is no end to them.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn initial_factors(&self) -> Result<impl Iterator<Item = f32> + use<>> {
        self.check()?;
        Ok(std::iter::repeat_with(self.random()))
    }

    /// The turn of one side, by the vectors of the other: `other` has a row for each user or item and `factors`
    /// columns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, and for another number of columns.
    pub fn half_step(&self, other: Array2<f32>) -> Result<AlsHalfStep> {
        self.check()?;
        if other.ncols() != self.factors {
            return Err(Error::invalid(
                "other",
                format!("an array of {} columns", other.ncols()),
                format!("one of {}, the number of factors", self.factors),
            ));
        }
        let (lambda, alpha) = (self.lambda as f32, self.alpha as f32);
        let step = Step::new(Factors::from_array(other), lambda, alpha);
        Ok(AlsHalfStep { step })
    }

    /// That vectors which were computed are of numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] where one is not finite, because values are so large that single precision does not
    /// hold what is computed from them.
    pub fn check_finite(&self, vectors: &[f32]) -> Result<()> {
        match vectors.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(self.too_large()),
        }
    }
}

impl AlsHalfStep {
    /// What improves row after row, for one thread.
    pub fn rows(&self) -> AlsRows<'_> {
        AlsRows {
            step: &self.step,
            scratch: self.step.scratch(),
        }
    }
}

/// What [`AlsHalfStep`] improves rows with.
pub struct AlsRows<'a> {
    step: &'a Step<Factors>,
    scratch: Scratch,
}

impl AlsRows<'_> {
    /// Improves the vector `x` of a user, of `factors` numbers, who played the items `columns`, ascending, with
    /// `values` above 0; or that of an item. Without plays it becomes 0. Where single precision does not hold what is
    /// computed, something in it is no finite number: see [`Als::check_finite`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a vector of another length, for columns and values of different numbers, and for
    /// a column that the other side does not have.
    pub fn improve(&mut self, x: &mut [f32], columns: &[u32], values: &[f64]) -> Result<()> {
        let (factors, others) = (self.step.other().factors(), self.step.other().rows());
        if x.len() != factors {
            let expected = format!("of {factors}");
            return Err(Error::invalid(
                "x",
                format!("of {} numbers", x.len()),
                expected,
            ));
        }
        if columns.len() != values.len() {
            let (found, expected) = (values.len(), columns.len());
            return Err(Error::invalid(
                "values",
                found,
                format!("{expected}, as many as columns"),
            ));
        }
        if let Some(column) = columns.iter().find(|column| **column as usize >= others) {
            return Err(Error::invalid(
                "columns",
                column,
                format!("below {others}, the number of vectors of the other side"),
            ));
        }
        let plays = Plays { columns, values };
        self.step.improve_unpadded(&mut self.scratch, x, plays);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interactions::Interactions;
    use crate::recommend::AlsModel;

    fn plays() -> Interactions {
        let plays = (0..40).flat_map(|user| {
            let played = (0..9).map(move |i| (user * 7 + i * i) % 23);
            played.map(move |item| (format!("u{user}"), format!("i{item}"), f64::from(item % 4)))
        });
        Interactions::from_triplets(plays).unwrap()
    }

    /// The vectors that `als` begins with.
    fn initial(als: Als, users: usize, items: usize) -> (Array2<f32>, Array2<f32>) {
        let mut numbers = als.initial_factors().unwrap();
        let mut of =
            |rows| Array2::from_shape_simple_fn((rows, als.factors), || numbers.next().unwrap());
        (of(users), of(items))
    }

    #[test]
    fn turns_give_what_fit_gives() {
        let data = plays();
        for factors in [5, 16] {
            let als = Als {
                factors,
                iterations: 3,
                seed: 7,
                ..Als::default()
            };
            let (users, items) = data.shape();
            let (mut users, mut items) = initial(als, users, items);
            for _ in 0..als.iterations {
                let turn = als.half_step(items.clone()).unwrap();
                // In any order.
                for user in data.user_indices().collect::<Vec<_>>().into_iter().rev() {
                    let (columns, values) = data.by_user().row(user.index());
                    let mut x = users.row_mut(user.index());
                    let x = x.as_slice_mut().unwrap();
                    turn.rows().improve(x, columns, values).unwrap();
                }
                let turn = als.half_step(users.clone()).unwrap();
                let mut rows = turn.rows();
                for item in data.item_indices() {
                    let (columns, values) = data.by_item().row(item.index());
                    let mut y = items.row_mut(item.index());
                    rows.improve(y.as_slice_mut().unwrap(), columns, values)
                        .unwrap();
                }
            }
            let expected = als.fit(&data).unwrap();
            assert_eq!(users, expected.user_factors());
            assert_eq!(items, expected.item_factors());
            let model = AlsModel::from_factors(&data, als, users, items).unwrap();
            assert_eq!(model.loss(), expected.loss());
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let als = Als {
            factors: 3,
            ..Als::default()
        };
        let (users, items) = initial(als, 2, 4);
        let message = |error: Error| error.to_string();
        let wrong = Als { factors: 2, ..als }.half_step(items.clone());
        assert_eq!(
            wrong.err().map(message).unwrap(),
            "`other` is an array of 3 columns, but must be one of 2, the number of factors"
        );
        assert!(Als { factors: 0, ..als }.initial_factors().is_err());
        let turn = als.half_step(items.clone()).unwrap();
        let refused = |x: &mut [f32], columns: &[u32], values: &[f64]| {
            let error = turn.rows().improve(x, columns, values).unwrap_err();
            error.to_string()
        };
        let x = &mut [0.0; 3];
        assert_eq!(
            refused(&mut [0.0; 2], &[0], &[1.0]),
            "`x` is of 2 numbers, but must be of 3"
        );
        assert!(refused(x, &[0, 1], &[1.0]).starts_with("`values` is 1, but must be 2"));
        assert!(refused(x, &[4], &[1.0]).starts_with("`columns` is 4, but must be below 4"));
        let data = plays();
        assert!(AlsModel::from_factors(&data, als, users, items).is_err());
        assert!(als.check_finite(&[0.0, f32::NAN]).is_err());
        als.check_finite(&[0.0, 1.0]).unwrap();
    }

    #[test]
    fn nobody_without_plays_has_a_vector() {
        let als = Als {
            factors: 3,
            ..Als::default()
        };
        let (mut users, items) = initial(als, 1, 4);
        let turn = als.half_step(items).unwrap();
        let mut user = users.row_mut(0);
        let user = user.as_slice_mut().unwrap();
        turn.rows().improve(user, &[], &[]).unwrap();
        assert_eq!(user, [0.0; 3]);
    }
}
