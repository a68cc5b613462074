//! exp, tanh and the logarithm in a form that the compiler vectorises, on the widest vectors the processor has.
//!
//! The functions have no branches and call nothing, so that a loop over a slice of numbers becomes a loop over vectors
//! of them. [`vectorised`] compiles such loops for AVX-512, for AVX2 with FMA, and for any processor, and picks one at
//! run time. All give the same bits: each operation is one that IEEE 754 defines to the last bit (a fused
//! multiplication is written as [`f64::mul_add`]), and the code fixes the order of every sum. Without FMA in hardware
//! (x86 before 2013) they are slow.
//!
//! The largest errors, in units in the last place (ulp) of the exact result. `tests/golden/vector.json` has points that
//! are dense in the whole range, with results of mpmath; `scripts/golden/vector.py` makes it, and finds the
//! polynomials.
//!
//! | function | for x | error |
//! |---|---|---|
//! | [`exp`] | at most 0 | below 1 ulp; 0 from x = -708.75 downwards |
//! | [`tanh`] | any | below 1.5 ulp |
//! | [`sigmoid`] | any | below 2 ulp; 0 from x = -708.75 downwards |
//! | [`ln_1p`] | from 0 to 2^1000 | below 1 ulp |
//!
//! A NaN stays one.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E};

/// Adding it to a number below 2^51 rounds that to a whole one n, and n + 1023 then stands in the last bits:
/// 1.5 * 2^52 + 1023.
const ROUND: f64 = 6_755_399_441_056_767.0;
/// The first 32 bits of ln 2, so that multiples by whole numbers are exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// ln 2 - `LN_2_HIGH`.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The bits of a 1: to add a whole number n in the place of the exponent gives 2^n.
const ONE: u64 = 1.0_f64.to_bits();
/// How many bits of the number come after the exponent.
const MANTISSA: u32 = f64::MANTISSA_DIGITS - 1;

/// (exp(r) - 1 - r) / r^2 as a polynomial in r, from the constant upwards: for |r| <= 0.34658, off by 1.4e-18 at most.
const EXP: [f64; 11] = [
    0.5,
    0.1666666666666667,
    0.041666666666666685,
    0.00833333333332614,
    0.0013888888888874396,
    0.00019841269874805036,
    2.4801587347348904e-05,
    2.7557255420157585e-06,
    2.7557252901060807e-07,
    2.5105208652664154e-08,
    2.0921593801524085e-09,
];

/// (exp(2 r) - 1 - 2 r) / (2 r^2) as a polynomial in r, for |r| <= 0.17329: the same with other powers of 2.
const HALF_EXP: [f64; 11] = {
    let (mut scaled, mut power, mut at) = (EXP, 2.0, 0);
    while at < scaled.len() {
        scaled[at] *= power;
        power *= 2.0;
        at += 1;
    }
    scaled
};

/// (ln((1 + s) / (1 - s)) - 2 s) / s^3 as a polynomial in s^2, from the constant upwards: for |s| <= 0.17158, off by
/// 3.1e-16 at most, which is a hundredth of an ulp of the logarithm.
const LN_SERIES: [f64; 7] = [
    0.666666666666667,
    0.39999999999898445,
    0.28571428626399675,
    0.22222211072781622,
    0.18182893222402544,
    0.15331596853871116,
    0.14617873844793286,
];

/// c0 + c1 x + c2 x^2 + c3 x^3, with x^2: Estrin's scheme, in which most operations need not wait for each other.
#[inline(always)]
fn cubic(c: [f64; 4], x: f64, x2: f64) -> f64 {
    c[3].mul_add(x, c[2]).mul_add(x2, c[1].mul_add(x, c[0]))
}

/// 2^n, where n + 1023 stands in the last bits. A 2^-1023 comes out as 0.
#[inline(always)]
fn exponent(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits() << MANTISSA)
}

/// c0 + c1 x + ... + c10 x^10, with x^2.
#[inline(always)]
fn series(c: &[f64; 11], x: f64, x2: f64) -> f64 {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10] = *c;
    let x4 = x2 * x2;
    let upper = c10.mul_add(x2, c9.mul_add(x, c8));
    let upper = upper.mul_add(x4, cubic([c4, c5, c6, c7], x, x2));
    upper.mul_add(x4, cubic([c0, c1, c2, c3], x, x2))
}

/// exp(x) for x <= 0.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Written so that a NaN is not smaller.
    let x = if x < -709.0 { -709.0 } else { x };
    let shifted = x.mul_add(LOG2_E, ROUND);
    let (n, power) = (shifted - ROUND, exponent(shifted));
    // x = n ln 2 + r, |r| <= ln 2 / 2
    let r = (-n).mul_add(LN_2_LOW, (-n).mul_add(LN_2_HIGH, x));
    let r2 = r * r;
    power.mul_add(r2.mul_add(series(&EXP, r, r2), r), power)
}

/// tanh(x) = h / (h + 1) with h = (exp(2 x) - 1) / 2.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    // tanh(22) is 1 to the last bit. Written so that a NaN is not larger.
    let size = x.abs();
    let size = if size > 22.0 { 22.0 } else { size };
    let shifted = size.mul_add(2.0 * LOG2_E, ROUND);
    let (n, power) = (shifted - ROUND, exponent(shifted));
    // 2 x = n ln 2 + 2 r. The digits of ln 2 that are missing would count only where the tanh is 1.
    let r = (-n).mul_add(0.5 * LN_2, size);
    let r2 = r * r;
    let half = r2.mul_add(series(&HALF_EXP, r, r2), r);
    let h = power.mul_add(half, power.mul_add(0.5, -0.5));
    (h / (h + 1.0)).copysign(x)
}

/// 1 / (1 + exp(-x)) and exp(-|x|).
#[inline(always)]
pub fn sigmoid_and_exp(x: f64) -> (f64, f64) {
    let e = exp(-x.abs());
    let larger = 1.0 / (1.0 + e);
    (if x < 0.0 { e * larger } else { larger }, e)
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    sigmoid_and_exp(x).0
}

/// ln(1 + x) for x from 0 to 2^1000.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    let lost = if x < 1.0 {
        x - (u - 1.0)
    } else {
        1.0 - (u - x)
    };
    // u + lost = 2^k (1 + f), with 1 + f from the square root of 1/2 to that of 2.
    let k = u.to_bits().wrapping_sub(FRAC_1_SQRT_2.to_bits()) >> MANTISSA;
    let power = f64::from_bits(ONE.wrapping_sub(k << MANTISSA));
    let f = lost.mul_add(power, u.mul_add(power, -1.0));
    let k = f64::from_bits(k | TWO_TO_52.to_bits()) - TWO_TO_52;
    // With s = f / (2 + f) it is (1 + s) / (1 - s), whose logarithm is 2 s + ...; 2 s is written as f - s f, as f is
    // exact.
    let s = f / (2.0 + f);
    let half_square = 0.5 * f * f;
    let z = s * s;
    let (z2, z4) = (z * z, (z * z) * (z * z));
    let [c0, c1, c2, c3, c4, c5, c6] = LN_SERIES;
    let upper = c6.mul_add(z2, c5.mul_add(z, c4));
    let series = z * upper.mul_add(z4, cubic([c0, c1, c2, c3], z, z2));
    let small = s.mul_add(half_square + series, k * LN_2_LOW);
    k.mul_add(LN_2_HIGH, f - (half_square - small))
}

/// Whole numbers below it stand in the last bits of their sum with it.
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;

/// 1 for an infinity or a NaN, otherwise 0: to be collected with `|`.
#[inline(always)]
pub fn is_infinite(x: f64) -> u64 {
    u64::from(!x.is_finite())
}

/// How wide the vectors of this processor are.
#[derive(Clone, Copy, Debug)]
pub struct Processor(Vectors);

#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) enum Vectors {
    Avx512,
    Avx2,
    Any,
}

impl Processor {
    /// This one.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if avx2 && avx512 {
                return Self(Vectors::Avx512);
            }
            if avx2 {
                return Self(Vectors::Avx2);
            }
        }
        Self(Vectors::Any)
    }

    /// What to compile for.
    pub(super) fn vectors(self) -> Vectors {
        self.0
    }

    /// This one, and those whose instructions it has.
    #[cfg(test)]
    pub fn all() -> Vec<Self> {
        match Self::detect().0 {
            Vectors::Avx512 => vec![
                Self(Vectors::Avx512),
                Self(Vectors::Avx2),
                Self(Vectors::Any),
            ],
            Vectors::Avx2 => vec![Self(Vectors::Avx2), Self(Vectors::Any)],
            Vectors::Any => vec![Self(Vectors::Any)],
        }
    }
}

/// Compiles functions once for each kind of processor. Each is given another argument in front, the [`Processor`] that
/// it runs on. What they call must be `#[inline(always)]`.
macro_rules! vectorised {
    ($($(#[$doc:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$doc])*
        $visible fn $name(processor: $crate::nn::vector::Processor, $($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn any($($argument: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            fn avx512($($argument: $type),*) $(-> $result)? {
                any($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) $(-> $result)? {
                any($($argument),*)
            }
            match processor.vectors() {
                // SAFETY: a `Processor` knows only of what was detected.
                #[cfg(target_arch = "x86_64")]
                $crate::nn::vector::Vectors::Avx512 => unsafe { avx512($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::nn::vector::Vectors::Avx2 => unsafe { avx2($($argument),*) },
                _ => any($($argument),*),
            }
        }
    )*};
}
pub(super) use vectorised;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    vectorised! {
        fn exp_of_all(x: &[f64], y: &mut [f64]) {
            for (x, y) in x.iter().zip(y) {
                *y = exp(*x);
            }
        }

        fn tanh_of_all(x: &[f64], y: &mut [f64]) {
            for (x, y) in x.iter().zip(y) {
                *y = tanh(*x);
            }
        }

        fn sigmoid_of_all(x: &[f64], y: &mut [f64]) {
            for (x, y) in x.iter().zip(y) {
                *y = sigmoid(*x);
            }
        }

        fn ln_1p_of_all(x: &[f64], y: &mut [f64]) {
            for (x, y) in x.iter().zip(y) {
                *y = ln_1p(*x);
            }
        }
    }

    type OfAll = fn(Processor, &[f64], &mut [f64]);

    /// Of each function, the error in ulp that the module promises, its standard version, and the range that is sampled
    /// densely.
    type Claim = (&'static str, OfAll, f64, fn(f64) -> f64, [f64; 2]);
    const CLAIMS: [Claim; 4] = [
        ("exp", exp_of_all, 1.0, f64::exp, [-708.0, 0.0]),
        ("tanh", tanh_of_all, 1.5, f64::tanh, [-23.0, 23.0]),
        (
            "sigmoid",
            sigmoid_of_all,
            2.0,
            super::super::sigmoid,
            [-40.0, 40.0],
        ),
        ("ln_1p", ln_1p_of_all, 1.0, f64::ln_1p, [0.0, 20.0]),
    ];

    /// With the instructions of every processor that this one has; all must give the same bits.
    fn results(name: &str, of_all: OfAll, x: &[f64]) -> Vec<f64> {
        let on = |processor| {
            let mut y = vec![0.0; x.len()];
            of_all(processor, x, &mut y);
            y
        };
        let first = on(Processor::detect());
        for processor in Processor::all() {
            for ((a, b), x) in first.iter().zip(on(processor)).zip(x) {
                assert_eq!(a.to_bits(), b.to_bits(), "{name}({x}) on {processor:?}");
            }
        }
        first
    }

    fn ulp(number: f64) -> f64 {
        f64::from_bits(number.abs().to_bits() + 1) - number.abs()
    }

    #[derive(serde::Deserialize)]
    struct Points {
        x: Vec<f64>,
        bits: Vec<u64>,
        rest: Vec<f64>,
    }

    #[test]
    fn errors_in_ulp_are_as_promised() {
        #[derive(serde::Deserialize)]
        struct Golden {
            #[serde(flatten)]
            functions: HashMap<String, serde_json::Value>,
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/vector.json");
        let text = std::fs::read_to_string(file).unwrap();
        let mut golden: Golden = serde_json::from_str(&text).unwrap();
        for (name, of_all, promised, ..) in CLAIMS {
            let points = golden.functions.remove(name).unwrap();
            let Points { x, bits, rest } = serde_json::from_value(points).unwrap();
            assert!(x.len() > 600);
            let mut largest: f64 = 0.0;
            for ((y, bits), rest) in results(name, of_all, &x).iter().zip(bits).zip(rest) {
                let nearest = f64::from_bits(bits);
                largest = largest.max(((y - nearest) / ulp(nearest) - rest / 1000.0).abs());
            }
            assert!(largest < promised, "{name}: {largest} ulp");
            // Half an ulp is what rounding alone takes: the measure is not blind.
            assert!(largest > 0.4, "{name}: {largest} ulp");
        }
    }

    #[test]
    fn nothing_is_far_from_the_standard_functions_in_between() {
        for (name, of_all, promised, standard, [low, high]) in CLAIMS {
            let count = 100_000;
            let at = |k: i32| low + (high - low) * (f64::from(k) + 0.37) / f64::from(count);
            let x: Vec<f64> = (0..count).map(at).collect();
            for (&x, y) in x.iter().zip(results(name, of_all, &x)) {
                let error = (y - standard(x)).abs() / ulp(standard(x));
                // The standard functions, too, are off by an ulp or two.
                assert!(error <= promised + 2.0, "{name}({x}) is {y}: {error} ulp");
            }
        }
    }

    #[test]
    fn limits_and_strange_numbers_are_what_they_must_be() {
        let infinity = f64::INFINITY;
        assert_eq!([exp(0.0), exp(-708.75), exp(-infinity)], [1.0, 0.0, 0.0]);
        assert_eq!([tanh(25.0), tanh(-infinity), tanh(0.0)], [1.0, -1.0, 0.0]);
        assert!(tanh(-0.0).is_sign_negative());
        assert_eq!(tanh(-1e-300), -1e-300);
        assert_eq!(
            [sigmoid(0.0), sigmoid(infinity), sigmoid(-infinity)],
            [0.5, 1.0, 0.0]
        );
        assert_eq!([ln_1p(0.0), ln_1p(1e-300), ln_1p(1.0)], [0.0, 1e-300, LN_2]);
        for f in [exp, tanh, sigmoid, ln_1p] {
            assert!(f(f64::NAN).is_nan());
        }
        for x in [0.1, 1.0, 5.0] {
            assert_eq!(tanh(-x), -tanh(x));
        }
        let marks = [0.0, f64::MAX, infinity, -infinity, f64::NAN].map(is_infinite);
        assert_eq!(marks, [0, 0, 1, 1, 1]);
    }
}
