//! Resampling of rasters through coordinate grids.
//!
//! ```text
//! Task ── resample::run ── tiles ── spans of 128 target pixels
//!                                     │ grid       nodes -> positions -> cells and fractions
//!                                     │ kernel     fractions -> weights of all taps
//!                                     │ resample   classify, gather taps, store samples
//!                                     └ arch       each phase compiled for several instruction sets
//! image: strided blocks in a lattice, read where they lie      sample: pixel types, widen and narrow
//! ```
//!
//! A result depends on the position, the image and the parameters only: never on the window, the
//! block, the span, the thread or the instruction set.

pub mod arch;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod boundary;
mod buffer;
mod error;
pub mod grid;
pub mod image;
pub mod kernel;
pub mod prefilter;
pub mod resample;
mod sample;
mod threads;
mod validity;
mod window;

pub use boundary::Boundary;
pub use error::{Error, Result};
pub use sample::DType;
pub use window::Window;

/// Target pixels that the engine handles at once: the arrays of a span stay in the L1 cache.
pub const SPAN: usize = 128;

/// Largest source size and origin, in pixels: cell indices and their offsets then fit in `i32`.
pub const MAX_SIZE: i64 = 1 << 28;
