//! A resampling task: one window of the target from the blocks of the source that it needs.

mod bands;
mod dispatch;
mod gather;
mod store;
mod sweep;

use crate::MAX_SIZE;
use crate::arch::Isa;
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
    /// The interpolation.
    pub kernel: KernelKind,
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
        let end = self.source.end();
        if end.0 > height || end.1 > width {
            return Err(Error::Shape {
                what: "source blocks",
                expected: format!("inside of a source of {height} x {width}"),
                found: format!("blocks up to {} x {}", end.0, end.1),
            });
        }
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

fn in_range(
    what: &'static str,
    value: i64,
    range: std::ops::RangeInclusive<i64>,
    expected: &'static str,
) -> Result<()> {
    if range.contains(&value) { Ok(()) } else { Err(Error::Range { what, value, expected }) }
}
