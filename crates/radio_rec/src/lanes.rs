//! Sixteen numbers at once: by the processor's widest registers where it has them, and one by one elsewhere.
//!
//! Both give the same bits: a product and a sum are rounded once, and sums have one order. So what is learned does not
//! depend on the processor; one of before 2013, without FMA, only takes longer.

/// How many numbers.
pub(crate) const LANES: usize = 16;

/// Registers to compute with; that there is a value of such a type proves that the processor has them.
///
/// A sum is taken by halves: always in the same order, whatever the width of the registers.
pub(crate) trait Registers: Copy {
    /// Numbers in registers.
    type Lanes: Copy;

    /// All of them `value`.
    fn all(self, value: f32) -> Self::Lanes;

    fn read(self, from: &[f32; LANES]) -> Self::Lanes;

    fn write(self, lanes: Self::Lanes, to: &mut [f32; LANES]);

    /// `a · b + c`, rounded once.
    fn multiply_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;

    fn sum(self, lanes: Self::Lanes) -> f32;
}

/// Any processor's; the compiler makes of them what it can.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Registers for Portable {
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn all(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    fn read(self, from: &[f32; LANES]) -> [f32; LANES] {
        *from
    }

    #[inline(always)]
    fn write(self, lanes: [f32; LANES], to: &mut [f32; LANES]) {
        *to = lanes;
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }

    #[inline(always)]
    fn sum(self, lanes: [f32; LANES]) -> f32 {
        let eight: [f32; 8] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 8]);
        let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
        (four[0] + four[2]) + (four[1] + four[3])
    }
}

/// The call of a function with the widest [`Registers`] that the processor has as its first argument, and these after
/// it. The function is `#[inline(always)]`, so that it is compiled for them; it ends the one that it is called in.
///
/// Inner loops in it go by index: zipped slices are made by functions that the compiler may leave in another unit of
/// code, which costs more than a short loop itself.
macro_rules! with_widest {
    ($with:path, ($($argument:ident: $Type:ty),* $(,)?) $(-> $Out:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2,fma")]
            fn fused(registers: $crate::lanes::x86::Fused, $($argument: $Type),*) $(-> $Out)? {
                $with(registers, $($argument),*)
            }
            if let Some(registers) = $crate::lanes::x86::Fused::detect() {
                // SAFETY: the processor has the features, as `registers` proves.
                return unsafe { fused(registers, $($argument),*) };
            }
        }
        $with($crate::lanes::Portable, $($argument),*)
    }};
}
pub(crate) use with_widest;

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    use std::arch::x86_64::*;

    use super::{LANES, Registers};

    /// Those of AVX2, with FMA. Only fast where it is inlined into a function that is compiled for both.
    #[derive(Clone, Copy)]
    pub(crate) struct Fused(());

    impl Fused {
        /// `None` where the processor does not have both.
        pub(crate) fn detect() -> Option<Self> {
            (std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma"))
            .then_some(Self(()))
        }
    }

    /// Two registers.
    #[derive(Clone, Copy)]
    pub(crate) struct Pair(__m256, __m256);

    // SAFETY of each block: `self` was made by `Fused::detect`, so the processor has AVX2 and FMA.
    impl Registers for Fused {
        type Lanes = Pair;

        #[inline(always)]
        fn all(self, value: f32) -> Pair {
            // SAFETY: see above.
            unsafe { Pair(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
        }

        #[inline(always)]
        fn read(self, from: &[f32; LANES]) -> Pair {
            // SAFETY: see above; both halves are in the array.
            unsafe {
                Pair(
                    _mm256_loadu_ps(from.as_ptr()),
                    _mm256_loadu_ps(from.as_ptr().add(8)),
                )
            }
        }

        #[inline(always)]
        fn write(self, lanes: Pair, to: &mut [f32; LANES]) {
            // SAFETY: see above; both halves are in the array.
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), lanes.0);
                _mm256_storeu_ps(to.as_mut_ptr().add(8), lanes.1);
            }
        }

        #[inline(always)]
        fn multiply_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
            // SAFETY: see above.
            unsafe {
                Pair(
                    _mm256_fmadd_ps(a.0, b.0, c.0),
                    _mm256_fmadd_ps(a.1, b.1, c.1),
                )
            }
        }

        #[inline(always)]
        fn sum(self, lanes: Pair) -> f32 {
            // SAFETY: see above.
            unsafe {
                let eight = _mm256_add_ps(lanes.0, lanes.1);
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
        let Some(fused) = super::x86::Fused::detect() else {
            eprintln!("skipped: this processor has no AVX2 or no FMA");
            return;
        };
        let numbers =
            |seed: u32| std::array::from_fn(|lane| ((lane as u32 + seed) as f32 * 0.7).sin());
        let (a, b, c) = (numbers(1), numbers(40), numbers(90));
        let (mut wide, mut narrow) = ([0.0; LANES], [0.0; LANES]);
        let sum = fused.multiply_add(fused.read(&a), fused.read(&b), fused.read(&c));
        fused.write(sum, &mut wide);
        Portable.write(Portable.multiply_add(a, b, c), &mut narrow);
        assert_eq!(wide, narrow);
        assert_eq!(fused.sum(fused.read(&a)), Portable.sum(a));
        assert_eq!(fused.sum(sum), Portable.sum(wide));
        assert_eq!(fused.sum(fused.all(0.1)), Portable.sum(Portable.all(0.1)));
    }
}
