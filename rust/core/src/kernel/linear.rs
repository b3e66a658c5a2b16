use super::Kernel;
use crate::sample::Real;

/// Linear interpolation between the two pixels around the position.
#[derive(Debug, Clone, Copy)]
pub struct Linear;

impl Kernel<2> for Linear {
    const NAME: &'static str = "linear";
    const EXACT: (usize, usize) = (0, 1);
    const MARGIN: i64 = 1;
    const HALF: i64 = 1;

    #[inline(always)]
    fn weights<C: Real>(frac: C) -> [C; 2] {
        [C::ONE - frac, frac]
    }
}
