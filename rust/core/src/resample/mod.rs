//! A resampling task: one window of the target from the blocks of the source that it needs.

mod bands;
mod dispatch;
mod footprint;
mod gather;
mod home;
mod patch;
mod quads;
mod span;
mod spline;
mod store;
mod sweep;
mod veils;

use crate::MAX_SIZE;
use crate::arch::Isa;
use crate::boundary::Boundary;
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::image::{Array, ArrayMut, Lattice};
use crate::kernel::KernelKind;
use crate::sample::DType;
use crate::window::Window;

/// Everything that the pixels of one target window depend on.
#[derive(Debug)]
pub struct Task<'a> {
    /// The blocks of the source, in its own frame.
    pub source: Lattice<'a>,
    /// Rows and columns of the whole source: its edge decides validity, not that of the blocks.
    pub source_shape: (i64, i64),
    /// Position of source pixel (0, 0) in the frame that the grid refers to.
    pub source_origin: (i64, i64),
    /// Nodes around the target window.
    pub grid: Grid<'a>,
    /// The target window, in the frame of the whole grid.
    pub target: Window,
    /// Added to the positions of the grid before anything else.
    pub shift: (f64, f64),
    /// The interpolation.
    pub kernel: KernelKind,
    /// What a spline needs besides.
    pub spline: Spline,
    /// How the source continues past its edge.
    pub boundary: Boundary,
    /// Whether what stands past the edge is valid, as far as the kernel's margin.
    pub trusted: bool,
    /// Validity of the source for all planes, on blocks of its own: 0 is invalid.
    pub mask: Option<Lattice<'a>>,
    /// Validity of the samples plane by plane, on blocks of its own: 0 is invalid.
    pub bands: Option<Lattice<'a>>,
    /// A part of the source that is valid whatever the mask says: it is not looked at.
    pub safe: Option<Window>,
    /// Output of the shape (planes, target rows, target cols).
    pub out: ArrayMut<'a>,
    /// Validity of the output, boolean, with one plane for all or one for each plane of `out`.
    pub valid: Option<ArrayMut<'a>>,
    /// One sample for each plane of `out`, of its type, written where nothing is valid.
    pub fill: Array<'a>,
    /// Threads that share the tiles.
    pub threads: usize,
    /// The instruction set.
    pub isa: Isa,
}

/// How a spline treats its samples. Other kernels don't look at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spline {
    /// Largest error of the prefilter, relative to the largest sample.
    pub epsilon: f64,
    /// Taps this near to an invalid sample, in Manhattan distance, are invalid.
    pub influence: u32,
    /// How much a safe window shrinks on each side: the same radius, rounded up.
    pub influence_ceil: u32,
    /// The source already holds coefficients, those of the public prefilter.
    pub prefiltered: bool,
}

impl Spline {
    /// Widest influence of an invalid sample: beyond it no sample of an image is left anyway.
    pub const MAX_INFLUENCE: u32 = 1 << 20;
}

/// Fills `out` and `valid`.
///
/// # Errors
/// [`Error`] when the parts of the task do not fit together, or a block is missing.
pub fn run(task: &Task<'_>) -> Result<()> {
    task.check()?;
    dispatch::run(task)
}

impl Task<'_> {
    /// Every precondition of the sweep, once.
    fn check(&self) -> Result<()> {
        let (height, width) = self.source_shape;
        for value in [height, width] {
            in_range("source size", value, 0..=MAX_SIZE, "0 to 2**28 pixels")?;
        }
        for value in [self.source_origin.0, self.source_origin.1] {
            in_range("source_origin", value, -MAX_SIZE..=MAX_SIZE, "-2**28 to 2**28 pixels")?;
        }
        for value in [self.target.row0, self.target.col0, self.target.row1, self.target.col1] {
            in_range("target window", value, 0..=1 << 40, "0 to 2**40 pixels")?;
        }
        for (what, blocks) in [
            ("source blocks", Some(&self.source)),
            ("mask blocks", self.mask.as_ref()),
            ("blocks of the bands' validity", self.bands.as_ref()),
        ] {
            if blocks.is_some_and(|blocks| !blocks.is_inside(self.source_shape)) {
                return Err(Error::Shape {
                    what,
                    expected: format!("inside of a source of {height} x {width}"),
                    found: "blocks beyond".to_owned(),
                });
            }
        }
        self.check_spline()?;
        let shape = (self.target.rows(), self.target.cols());
        if self.out.layout.shape != shape {
            return Err(Error::Shape {
                what: "output",
                expected: format!("{shape:?}"),
                found: format!("{:?}", self.out.layout.shape),
            });
        }
        let planes = self.out.layout.planes.len();
        if self.source.dtype().is_some() && self.source.planes() != planes {
            return Err(Error::Shape {
                what: "output planes",
                expected: format!("{} as the source", self.source.planes()),
                found: format!("{planes}"),
            });
        }
        for (what, mask, expected) in
            [("mask", &self.mask, 1), ("validity of the bands", &self.bands, planes)]
        {
            let Some(mask) = mask else { continue };
            let bytes = mask.dtype().is_none_or(|d| matches!(d, DType::Bool | DType::U8));
            if !bytes || ![0, expected].contains(&mask.planes()) {
                return Err(Error::Shape {
                    what,
                    expected: format!("{expected} planes of bytes"),
                    found: format!("{} planes of {:?}", mask.planes(), mask.dtype()),
                });
            }
        }
        let fill = &self.fill;
        if fill.layout.planes.len() != planes
            || fill.layout.shape != (1, 1)
            || fill.dtype != self.out.dtype
        {
            return Err(Error::Shape {
                what: "fill values",
                expected: format!("one {:?} for each of {planes} planes", self.out.dtype),
                found: format!(
                    "{} planes of {:?}, {:?}",
                    fill.layout.planes.len(),
                    fill.layout.shape,
                    fill.dtype
                ),
            });
        }
        if let Some(valid) = &self.valid {
            let of_all = valid.layout.planes.len() == 1 || valid.layout.planes.len() == planes;
            if valid.layout.shape != shape || !of_all || valid.dtype != DType::Bool {
                return Err(Error::Shape {
                    what: "validity",
                    expected: format!("1 or {planes} boolean planes of {shape:?}"),
                    found: format!(
                        "{} planes of {:?}, {:?}",
                        valid.layout.planes.len(),
                        valid.layout.shape,
                        valid.dtype
                    ),
                });
            }
        }
        self.grid.check_covers(&self.target)
    }
}

impl Task<'_> {
    fn check_spline(&self) -> Result<()> {
        let Spline { epsilon, influence, .. } = self.spline;
        let is_spline = !self.kernel.support().poles.is_empty();
        if is_spline && !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(Error::Epsilon { value: epsilon });
        }
        let limit = i64::from(Spline::MAX_INFLUENCE);
        in_range("mask influence", i64::from(influence), 0..=limit, "0 to 2**20 pixels")
    }
}

fn in_range(
    what: &'static str,
    value: i64,
    range: std::ops::RangeInclusive<i64>,
    expected: &'static str,
) -> Result<()> {
    if range.contains(&value) { Ok(()) } else { Err(Error::Range { what, value, expected }) }
}
