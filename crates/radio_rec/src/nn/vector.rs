//! exp, tanh and the logarithm in a form that the compiler vectorises, on the widest vectors the processor has.
//!
//! The functions have no branches and call nothing, so that a loop over a slice of numbers becomes a loop over vectors of
//! them. [`on_widest_vectors`] compiles such loops for AVX-512, for AVX2 with FMA, and for any processor, and picks one at run
//! time. All give the same bits: each operation is one that IEEE 754 defines to the last bit (a fused multiplication is written
//! as [`f64::mul_add`]), and the code fixes the order of every sum. Without FMA in hardware (x86 before 2013) they are slow.
//!
//! The largest errors, in units in the last place (ulp) of the exact result. `tests/golden/vector.json` has points that are
//! dense in the whole range, with results of mpmath; `scripts/golden/vector.py` makes it, and finds the polynomials.
//!
//! | function | for x | error |
//! |---|---|---|
//! | [`exp`] | at most 0 | below 1 ulp; 0 from x = -708.75 downwards |
//! | [`tanh`] | any | below 2.5 ulp |
//! | [`sigmoid`] | any | below 2.5 ulp; 0 from x = -708.75 downwards |
//! | [`ln_1p`] | from 0 to 2^1000 | below 1 ulp |
//!
//! A NaN stays one.

/// Adding it to a number below 2^51 rounds that to a whole one, which then stands in the last bits: 1.5 * 2^52.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The first 32 bits of ln 2, so that multiples by whole numbers are exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// ln 2 - `LN_2_HIGH`.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The bits of a 1: to add a whole number n in the place of the exponent gives 2^n.
const ONE: u64 = 1.0_f64.to_bits();
/// How many bits are behind the exponent.
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

/// (ln((1 + s) / (1 - s)) - 2 s) / s^3 as a polynomial in s^2, from the constant upwards: for |s| <= 0.17158, off by 3.1e-16
/// at most, which is a hundredth of an ulp of the logarithm.
const LN: [f64; 7] = [
    0.666666666666667,
    0.39999999999898445,
    0.28571428626399675,
    0.22222211072781622,
    0.18182893222402544,
    0.15331596853871116,
    0.14617873844793286,
];

/// Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut sum = coefficients[N - 1];
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}

/// 2^n and exp(r) - 1 with x = n ln 2 + r, |r| <= ln 2 / 2; for |x| <= 709. A 2^-1023 comes out as 0.
#[inline(always)]
fn reduced_exp(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let power = f64::from_bits(shifted.to_bits().wrapping_add(ONE >> MANTISSA) << MANTISSA);
    let r = (-n).mul_add(LN_2_LOW, (-n).mul_add(LN_2_HIGH, x));
    (power, (r * r).mul_add(polynomial(&EXP, r), r))
}

/// exp(x) for x <= 0.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Written so that a NaN is not smaller.
    let x = if x < -709.0 { -709.0 } else { x };
    let (power, rest) = reduced_exp(x);
    power.mul_add(rest, power)
}

/// tanh(x) = (exp(2 x) - 1) / (exp(2 x) + 1).
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let twice = 2.0 * x.abs();
    // tanh(22) is 1 to the last bit.
    let twice = if twice > 44.0 { 44.0 } else { twice };
    let (power, rest) = reduced_exp(twice);
    let exp_m1 = power.mul_add(rest, power - 1.0);
    (exp_m1 / (exp_m1 + 2.0)).copysign(x)
}

/// 1 / (1 + exp(-x)), and exp(-|x|).
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
    let k = u
        .to_bits()
        .wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits())
        >> MANTISSA;
    let power = f64::from_bits(ONE.wrapping_sub(k << MANTISSA));
    let f = lost.mul_add(power, u.mul_add(power, -1.0));
    let k = f64::from_bits(k | TWO_TO_52.to_bits()) - TWO_TO_52;
    // ln(1 + f) = 2 s + ..., where 2 s is written as f - s f so that the larger part is exact.
    let s = f / (2.0 + f);
    let half_square = 0.5 * f * f;
    let z = s * s;
    let series = z * polynomial(&LN, z);
    let small = s.mul_add(half_square + series, k * LN_2_LOW);
    k.mul_add(LN_2_HIGH, f - (half_square - small))
}

/// Whole numbers below it stand in the last bits of their sum with it.
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;

/// 1 for an infinity or a NaN, otherwise 0: to be collected with `|`.
#[inline(always)]
pub fn is_infinite(x: f64) -> u64 {
    u64::from(!(x.abs() <= f64::MAX))
}

/// What is to be compiled for each kind of processor: its `run` and all that it calls must be `#[inline(always)]`.
pub trait Work {
    /// Does it.
    fn run(self);
}

/// Does the work with the widest vectors that this processor has.
pub fn on_widest_vectors(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { on_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: as above.
            return unsafe { on_avx2(work) };
        }
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
fn on_avx512(work: impl Work) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn on_avx2(work: impl Work) {
    work.run();
}
