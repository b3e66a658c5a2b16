use super::Kernel;
use crate::sample::Real;

/// The nearest pixel; a position halfway between two takes the one after.
#[derive(Debug, Clone, Copy)]
pub struct Nearest;

impl Kernel<1> for Nearest {
    const NAME: &'static str = "nearest";
    const EXACT: (usize, usize) = (0, 1);
    const MARGIN: i64 = 1;
    const HALF: i64 = 0;
    const ROUNDS: bool = true;

    #[inline(always)]
    fn weights<C: Real>(_: C) -> [C; 1] {
        [C::ONE]
    }
}
