use super::Kernel;
use crate::sample::Real;

/// Cubic convolution with `a = -1/2` (Keys 1981; Catmull-Rom): reproduces polynomials of degree 2.
#[derive(Debug, Clone, Copy)]
pub struct Cubic;

impl Kernel<4> for Cubic {
    const NAME: &'static str = "cubic";
    const EXACT: (usize, usize) = (1, 2);
    const MARGIN: i64 = 2;
    const HALF: i64 = 2;

    // Horner form of the four pieces: the same operations, in the same order, on every machine.
    #[inline(always)]
    fn weights<C: Real>(frac: C) -> [C; 4] {
        let [half, three_halves, two, five_halves] = [0.5, 1.5, 2.0, 2.5].map(C::from_f64);
        let (f, ff) = (frac, frac * frac);
        [
            f.mul_add(C::ZERO - half, C::ONE).mul_add(f, C::ZERO - half) * f,
            f.mul_add(three_halves, C::ZERO - five_halves).mul_add(ff, C::ONE),
            f.mul_add(C::ZERO - three_halves, two).mul_add(f, half) * f,
            f.mul_add(half, C::ZERO - half) * ff,
        ]
    }
}
