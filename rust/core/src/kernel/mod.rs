//! Interpolation kernels: which taps a position needs and how much each weighs.
//!
//! A new kernel is one file and one line of the registry in [`with_kernel`](crate::kernel::with_kernel).

mod bspline;
mod cubic;
mod linear;
mod nearest;

pub use bspline::{BSpline3, BSpline5, BSpline7, BSpline9, BSpline11};
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
    /// Samples past each edge that a trusted boundary adds to the valid ones.
    const MARGIN: i64;
    /// Taps on each side of the nearest pixel that a safe window must hold.
    const HALF: i64;
    /// Poles of the prefilter, by decreasing modulus; none: taps are the samples themselves.
    const POLES: &'static [f64] = &[];
    /// Factor by which the public spline kernel, and its unscaled coefficients, differ: `n!`.
    const GAIN: f64 = 1.0;
    /// Whether the cell is the nearest pixel (ties go up) instead of the one at or before.
    const ROUNDS: bool = false;

    /// Weights of the taps for a fraction in `[0, 1)`.
    fn weights<C: Real>(frac: C) -> [C; N];
}

/// What the planner must know of a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// First tap, counted from the cell of the position.
    pub first: i32,
    /// Last tap, counted from the cell of the position.
    pub last: i32,
    /// Whether the cell of a position is its nearest pixel, not the one at or before.
    pub rounds: bool,
    /// Samples past each edge that a trusted boundary adds to the valid ones.
    pub margin: i64,
    /// Taps on each side of the nearest pixel that a safe window must hold.
    pub half: i64,
    /// Poles of the prefilter; none for kernels on the samples themselves.
    pub poles: &'static [f64],
    /// `n!` for a spline of degree n, else 1.
    pub gain: f64,
}

/// Support of a kernel value: lets `with_kernel!` infer the number of taps.
pub(crate) fn support<K: Kernel<N>, const N: usize>(_: K) -> Support {
    Support {
        first: K::FIRST,
        last: K::FIRST + N as i32 - 1,
        rounds: K::ROUNDS,
        margin: K::MARGIN,
        half: K::HALF,
        poles: K::POLES,
        gain: K::GAIN,
    }
}

macro_rules! registry {
    (samples: $($local:ident),+; coefficients: $($spline:ident),+) => {
        /// A kernel chosen at run time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each is documented at its type")]
        pub enum KernelKind { $($local,)+ $($spline),+ }

        impl KernelKind {
            /// Every kernel.
            pub const ALL: &'static [Self] = &[$(Self::$local,)+ $(Self::$spline),+];

            /// Name of the kernel, as users give it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$local => $local::NAME,)+ $(Self::$spline => $spline::NAME),+ }
            }

            /// Taps of the kernel around a position.
            #[must_use]
            pub fn support(self) -> Support {
                match self { $(Self::$local => support($local),)+ $(Self::$spline => support($spline)),+ }
            }
        }

        /// Runs `$body` with `$k` bound to the type of `$kind`, a kernel on the samples themselves, and
        /// `$other` for one on spline coefficients.
        macro_rules! with_kernel {
            ($kind:expr, |$k:ident| $body:expr, else $other:expr) => {
                match $kind {
                    $($crate::kernel::KernelKind::$local => {
                        let $k = $crate::kernel::$local;
                        $body
                    })+
                    $($crate::kernel::KernelKind::$spline => $other,)+
                }
            };
        }
        pub(crate) use with_kernel;

        /// Runs `$body` with `$k` bound to the type of `$kind`, whichever it is.
        macro_rules! with_any_kernel {
            ($kind:expr, |$k:ident| $body:expr) => {
                match $kind {
                    $($crate::kernel::KernelKind::$local => {
                        let $k = $crate::kernel::$local;
                        $body
                    })+
                    $($crate::kernel::KernelKind::$spline => {
                        let $k = $crate::kernel::$spline;
                        $body
                    })+
                }
            };
        }
        pub(crate) use with_any_kernel;
    };
}

// The only list of kernels: a new one is one file and one name here.
registry!(
    samples: Nearest, Linear, Cubic;
    coefficients: BSpline3, BSpline5, BSpline7, BSpline9, BSpline11
);

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
                with_any_kernel!(kind, |k| sums_to_one(k, frac));
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
        let support = |kind: &KernelKind| (kind.support().first, kind.support().last);
        let supports: Vec<_> = KernelKind::ALL.iter().map(support).collect();
        assert_eq!(supports[..3], [(0, 0), (0, 1), (-1, 2)]);
        assert_eq!(supports[3..], [(-1, 2), (-2, 3), (-3, 4), (-4, 5), (-5, 6)]);
    }
}
