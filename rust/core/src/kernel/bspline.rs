use super::Kernel;
use crate::sample::Real;

/// Coefficients of `n! b(s)`, ascending in the local variable `u` of each unit interval.
///
/// `u = s` on the first interval and `u = p + 1 - s` on `[p, p + 1]`, so that the last one is `u^n`.
/// From `n! b(s) = sum over k of (-1)^k C(n+1, k) max(0, (n+1)/2 - s - k)^n` (Schoenberg).
type Pieces<const N: usize, const HALF: usize> = [[f64; N]; HALF];

/// Centred pieces: `P(1/2 + h) = even(h^2) + h odd(h^2)`, so that a tap and its mirror share all terms.
///
/// Exact up to the division by `n!`: every term is an integer over a power of two, below `2^53`.
const fn centred<const N: usize, const HALF: usize>(
    pieces: Pieces<N, HALF>,
    factorial: f64,
) -> Pieces<N, HALF> {
    let mut result = [[0.0; N]; HALF];
    let mut p = 0;
    while p < HALF {
        let mut k = 0;
        while k < N {
            // a u^k with u = 1/2 + h: terms a C(k, j) 2^(j - k) h^j.
            let mut term = pieces[p][k];
            let mut j = k;
            loop {
                result[p][j] += term / factorial;
                if j == 0 {
                    break;
                }
                term = term * j as f64 / (k - j + 1) as f64 / 2.0;
                j -= 1;
            }
            k += 1;
        }
        p += 1;
    }
    result
}

/// Weights of all taps: pieces in pairs, the outermost pair as plain powers, which vanish exactly at 0.
#[inline(always)]
fn weights<C: Real, const N: usize, const HALF: usize>(
    pieces: &Pieces<N, HALF>,
    inverse_factorial: f64,
    frac: C,
) -> [C; N] {
    let mut w = [C::ZERO; N];
    let h = frac - C::from_f64(0.5);
    let hh = h * h;
    // Tap 0 is at HALF - 1; taps 1 - q and q, q >= 1, use piece q - 1 at 1 - frac and frac.
    for p in 0..HALF - 1 {
        let (mut even, mut odd) = (C::ZERO, C::ZERO);
        for k in (0..N).rev() {
            let a = C::from_f64(pieces[p][k]);
            if k % 2 == 0 {
                even = even.mul_add(hh, a);
            } else {
                odd = odd.mul_add(hh, a);
            }
        }
        let (at_frac, at_rest) = (odd.mul_add(h, even), odd.mul_add(C::ZERO - h, even));
        if p == 0 {
            // u = s on the first interval: distances frac and 1 - frac.
            (w[HALF - 1], w[HALF]) = (at_frac, at_rest);
        } else {
            (w[HALF - 1 - p], w[HALF + p]) = (at_rest, at_frac);
        }
    }
    let scale = C::from_f64(inverse_factorial);
    (w[0], w[N - 1]) = (power::<C, N>(C::ONE - frac) * scale, power::<C, N>(frac) * scale);
    w
}

/// `u^(N - 1)` by squares.
#[inline(always)]
fn power<C: Real, const N: usize>(u: C) -> C {
    let (mut result, mut square, mut rest) = (C::ONE, u, N - 1);
    while rest > 0 {
        if rest % 2 == 1 {
            result = result * square;
        }
        square = square * square;
        rest /= 2;
    }
    result
}

macro_rules! bspline {
    ($name:ident, $text:literal, $order:literal, $taps:literal, $half:literal, $factorial:literal,
     poles $poles:expr, pieces $pieces:expr) => {
        #[doc = concat!("The cardinal B-spline of degree ", $order, " on prefiltered samples.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Kernel<$taps> for $name {
            const NAME: &'static str = $text;
            const EXACT: (usize, usize) = (0, $taps - 1);
            const MARGIN: i64 = $order / 2;
            const HALF: i64 = $half;
            const POLES: &'static [f64] = &$poles;
            const GAIN: f64 = $factorial;

            #[inline(always)]
            fn weights<C: Real>(frac: C) -> [C; $taps] {
                const PIECES: Pieces<$taps, $half> = centred($pieces, $factorial);
                weights(&PIECES, 1.0 / $factorial, frac)
            }
        }
    };
}

// Poles: the roots of modulus < 1 of the sampled spline, correctly rounded from 27 digits.
bspline!(BSpline3, "bspline3", 3, 4, 2, 6.0,
    poles [-0.267_949_192_431_122_7],
    pieces [[4., 0., -6., 3.], [0., 0., 0., 1.]]);
bspline!(BSpline5, "bspline5", 5, 6, 3, 120.0,
poles [-0.430_575_347_099_973_8, -0.043_096_288_203_264_65],
pieces [
    [66., 0., -60., 0., 30., -10.],
    [1., 5., 10., 10., 5., -5.],
    [0., 0., 0., 0., 0., 1.],
]);
bspline!(BSpline7, "bspline7", 7, 8, 4, 5040.0,
poles [-0.535_280_430_796_438_2, -0.122_554_615_192_326_69, -0.009_148_694_809_608_277],
pieces [
    [2416., 0., -1680., 0., 560., 0., -140., 35.],
    [120., 392., 504., 280., 0., -84., -42., 21.],
    [1., 7., 21., 35., 35., 21., 7., -7.],
    [0., 0., 0., 0., 0., 0., 0., 1.],
]);
bspline!(BSpline9, "bspline9", 9, 10, 5, 362_880.0,
poles [
    -0.607_997_389_168_625_8,
    -0.201_750_520_193_153_23,
    -0.043_222_608_540_481_75,
    -0.002_121_306_903_180_818,
],
pieces [
    [156_190., 0., -88_200., 0., 23_940., 0., -4200., 0., 630., -126.],
    [14_608., 36_414., 34_272., 11_256., -4032., -4284., -672., 504., 252., -84.],
    [502., 2214., 4248., 4536., 2772., 756., -168., -216., -72., 36.],
    [1., 9., 36., 84., 126., 126., 84., 36., 9., -9.],
    [0., 0., 0., 0., 0., 0., 0., 0., 0., 1.],
]);
bspline!(BSpline11, "bspline11", 11, 12, 6, 39_916_800.0,
poles [
    -0.661_266_068_900_734_7,
    -0.272_180_349_294_785_9,
    -0.089_759_599_793_713_31,
    -0.016_669_627_366_234_657,
    -0.000_510_557_534_446_502,
],
pieces [
    [15_724_248., 0., -7_475_160., 0., 1_718_640., 0., -255_024., 0., 27_720., 0., -2772., 462.],
    [
        2_203_488., 4_480_872., 3_273_600., 574_200., -538_560., -299_376., 0., 39_600., 7920.,
        -2640., -1320., 330.,
    ],
    [
        152_637., 515_097., 748_275., 586_575., 236_610., 12_474., -34_650., -14_850., -495.,
        1485., 495., -165.,
    ],
    [2036., 11_132., 27_500., 40_260., 38_280., 24_024., 9240., 1320., -660., -440., -110., 55.],
    [1., 11., 55., 165., 330., 462., 462., 330., 165., 55., 11., -11.],
    [0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 1.],
]);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: `b(s) = sum of (-1)^k C(n+1, k) max(0, (n+1)/2 - |s| - k)^n / n!`.
    fn definition(n: i32, s: f64) -> f64 {
        let (mut sum, mut binomial, mut factorial) = (0.0, 1.0, 1.0);
        for k in 0..=n + 1 {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            let reach = (f64::from(n) + 1.0) / 2.0 - s.abs() - f64::from(k);
            sum += sign * binomial * reach.max(0.0).powi(n);
            binomial *= f64::from(n + 1 - k) / f64::from(k + 1);
            if k > 0 && k <= n {
                factorial *= f64::from(k);
            }
        }
        sum / factorial
    }

    fn agrees<K: Kernel<N>, const N: usize>(frac: f64) {
        let weights: [f64; N] = K::weights(frac);
        for (tap, w) in weights.into_iter().enumerate() {
            let s = frac - f64::from(K::FIRST + tap as i32);
            let want = definition(N as i32 - 1, s);
            // The alternating sum of the definition itself loses digits at high orders.
            assert!((w - want).abs() < 1e-11, "{} at {frac}, tap {tap}: {w} != {want}", K::NAME);
        }
    }

    proptest! {
        #[test]
        fn weights_are_the_definition(frac in 0.0..1.0) {
            agrees::<BSpline3, 4>(frac);
            agrees::<BSpline5, 6>(frac);
            agrees::<BSpline7, 8>(frac);
            agrees::<BSpline9, 10>(frac);
            agrees::<BSpline11, 12>(frac);
        }
    }

    #[test]
    fn the_tap_that_is_not_read_weighs_nothing() {
        assert_eq!(BSpline3::weights(0.0_f64)[3], 0.0);
        assert_eq!(BSpline11::weights(0.0_f64)[11], 0.0);
    }
}
