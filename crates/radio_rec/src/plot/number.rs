//! What can be a number of a figure.

/// A number of any of Rust's types, or a reference to one: what a figure shows is a double.
pub trait Number {
    /// The double next to it.
    fn as_f64(&self) -> f64;
}

macro_rules! numbers {
    ($($kind:ty),+) => {$(
        impl Number for $kind {
            fn as_f64(&self) -> f64 {
                *self as f64
            }
        }
    )+};
}

numbers!(
    f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

impl<N: Number + ?Sized> Number for &N {
    fn as_f64(&self) -> f64 {
        (**self).as_f64()
    }
}
