//! Sixteen numbers at once: by the processor's widest registers where it has them, and one by one elsewhere.
//!
//! Both give the same bits: a product and a sum are rounded once, and sums have one order. So what is learned does not depend on
//! the processor; one of before 2013, without FMA, only takes longer.

/// How many numbers.
pub(super) const LANES: usize = 16;

/// Numbers that are computed with together.
///
/// Their sum is taken by halves: always in the same order, whatever the width of the registers.
pub(super) trait Lanes: Copy {
    /// All of them 0.
    fn zero() -> Self;

    /// All of them `value`.
    fn all(value: f32) -> Self;

    fn read(from: &[f32; LANES]) -> Self;

    fn write(self, to: &mut [f32; LANES]);

    /// `self · b + c`, rounded once.
    fn times_plus(self, b: Self, c: Self) -> Self;

    fn sum(self) -> f32;
}

/// For any processor; the compiler makes of it what it can.
impl Lanes for [f32; LANES] {
    #[inline(always)]
    fn zero() -> Self {
        [0.0; LANES]
    }

    #[inline(always)]
    fn all(value: f32) -> Self {
        [value; LANES]
    }

    #[inline(always)]
    fn read(from: &[f32; LANES]) -> Self {
        *from
    }

    #[inline(always)]
    fn write(self, to: &mut [f32; LANES]) {
        *to = self;
    }

    #[inline(always)]
    fn times_plus(self, b: Self, c: Self) -> Self {
        std::array::from_fn(|lane| self[lane].mul_add(b[lane], c[lane]))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let eight: [f32; 8] = std::array::from_fn(|lane| self[lane] + self[lane + 8]);
        let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
        (four[0] + four[2]) + (four[1] + four[3])
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::*;

    use super::{LANES, Lanes};

    /// Two registers of AVX2, with FMA.
    ///
    /// # Safety
    ///
    /// Every method may only be called where the processor has both, and is only fast where it is inlined into a function
    /// that is compiled for both.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Fused(__m256, __m256);

    impl Lanes for Fused {
        #[inline(always)]
        fn zero() -> Self {
            Self::all(0.0)
        }

        #[inline(always)]
        fn all(value: f32) -> Self {
            // SAFETY: see Fused.
            unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
        }

        #[inline(always)]
        fn read(from: &[f32; LANES]) -> Self {
            // SAFETY: see Fused; both halves are in the array.
            unsafe {
                Self(
                    _mm256_loadu_ps(from.as_ptr()),
                    _mm256_loadu_ps(from.as_ptr().add(8)),
                )
            }
        }

        #[inline(always)]
        fn write(self, to: &mut [f32; LANES]) {
            // SAFETY: see Fused; both halves are in the array.
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), self.0);
                _mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
            }
        }

        #[inline(always)]
        fn times_plus(self, b: Self, c: Self) -> Self {
            // SAFETY: see Fused.
            unsafe {
                Self(
                    _mm256_fmadd_ps(self.0, b.0, c.0),
                    _mm256_fmadd_ps(self.1, b.1, c.1),
                )
            }
        }

        #[inline(always)]
        fn sum(self) -> f32 {
            // SAFETY: see Fused.
            unsafe {
                let eight = _mm256_add_ps(self.0, self.1);
                let four = _mm_add_ps(
                    _mm256_castps256_ps128(eight),
                    _mm256_extractf128_ps::<1>(eight),
                );
                let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn wide_registers_compute_the_same() {
        use super::x86::Fused;

        if !(std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma"))
        {
            eprintln!("skipped: this processor has no AVX2 or no FMA");
            return;
        }
        let numbers =
            |seed: u32| std::array::from_fn(|lane| ((lane as u32 + seed) as f32 * 0.7).sin());
        let (a, b, c): ([f32; LANES], [f32; LANES], [f32; LANES]) =
            (numbers(1), numbers(40), numbers(90));
        let (mut wide, mut narrow) = ([0.0; LANES], [0.0; LANES]);
        let fused = Fused::read(&a).times_plus(Fused::read(&b), Fused::read(&c));
        fused.write(&mut wide);
        a.times_plus(b, c).write(&mut narrow);
        assert_eq!(wide, narrow);
        assert_eq!(Fused::read(&a).sum(), a.sum());
        assert_eq!(fused.sum(), wide.sum());
        assert_eq!(Fused::all(0.1).sum(), <[f32; LANES]>::all(0.1).sum());
        assert_eq!(Fused::zero().sum(), <[f32; LANES]>::zero().sum());
    }
}
