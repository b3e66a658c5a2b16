//! Interpolation kernels: which taps a position needs and how much each weighs.
//!
//! A new kernel is one file and one line of the registry in [`with_kernel`](crate::kernel::with_kernel).

mod cubic;
mod linear;
mod nearest;

pub use cubic::Cubic;
pub use linear::Linear;
pub use nearest::Nearest;

use crate::error::{Error, Result};
use crate::sample::Real;

/// A separable kernel of `N` taps per axis around a position `cell + frac`, `0 <= frac < 1`.
pub trait Kernel<const N: usize>: Copy + Send + Sync + 'static {
    /// Name of the kernel, as users give it.
    const NAME: &'static str;
    /// First tap, counted from the cell.
    const FIRST: i32 = 1 - (N as i32 + 1) / 2;
    /// Taps of a position whose fraction is exactly 0: (first, one past the last), out of `0..N`.
    const EXACT: (usize, usize);
    /// Whether the cell is the nearest pixel (ties go up) instead of the one at or before.
    const ROUNDS: bool = false;

    /// Weights of the taps for a fraction in `[0, 1)`.
    fn weights<C: Real>(frac: C) -> [C; N];
}

/// What the planner must know of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// First tap, counted from the cell of the position.
    pub first: i32,
    /// Last tap, counted from the cell of the position.
    pub last: i32,
    /// Whether the cell of a position is its nearest pixel, not the one at or before.
    pub rounds: bool,
}

/// Support of a kernel value: lets `with_kernel!` infer the number of taps.
pub(crate) fn support<K: Kernel<N>, const N: usize>(_: K) -> Support {
    Support { first: K::FIRST, last: K::FIRST + N as i32 - 1, rounds: K::ROUNDS }
}

macro_rules! registry {
    ($($variant:ident),+) => {
        /// A kernel chosen at run time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each is documented at its type")]
        pub enum KernelKind { $($variant),+ }

        impl KernelKind {
            /// Every kernel.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name of the kernel, as users give it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $variant::NAME),+ }
            }

            /// Taps of the kernel around a position.
            #[must_use]
            pub fn support(self) -> Support {
                match self { $(Self::$variant => support($variant)),+ }
            }
        }

        /// Runs `$body` with `$k` bound to the kernel type of `$kind`.
        macro_rules! with_kernel {
            ($kind:expr, |$k:ident| $body:expr) => {
                match $kind {
                    $($crate::kernel::KernelKind::$variant => {
                        let $k = $crate::kernel::$variant;
                        $body
                    })+
                }
            };
        }
        pub(crate) use with_kernel;
    };
}

// The only list of kernels: a new one is one file and one name here.
registry!(Nearest, Linear, Cubic);

impl KernelKind {
    /// The kernel called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownKernel`] with the names that exist.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
            Error::UnknownKernel {
                name: name.to_owned(),
                known: Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums_to_one<K: Kernel<N>, const N: usize>(_: K, frac: f64) {
        let sum: f64 = K::weights(frac).iter().sum();
        assert!((sum - 1.0).abs() < 1e-15, "{} at {frac}: {sum}", K::NAME);
    }

    proptest! {
        #[test]
        fn weights_sum_to_one(frac in 0.0..1.0) {
            for &kind in KernelKind::ALL {
                with_kernel!(kind, |k| sums_to_one(k, frac));
            }
        }

        /// `sum of w * tap^2 = frac^2`: the cubic kernel reproduces degree 2.
        #[test]
        fn cubic_reproduces_parabolas(frac in 0.0..1.0) {
            let w: [f64; 4] = Cubic::weights(frac);
            let sum: f64 = w.iter().zip([1.0, 0.0, 1.0, 4.0]).map(|(w, x)| w * x).sum();
            prop_assert!((sum - frac * frac).abs() < 1e-15);
        }
    }

    #[test]
    fn supports() {
        let of = |kind: KernelKind| (kind.support().first, kind.support().last);
        assert_eq!(
            KernelKind::ALL.iter().map(|k| of(*k)).collect::<Vec<_>>(),
            [(0, 0), (0, 1), (-1, 2)]
        );
    }
}
