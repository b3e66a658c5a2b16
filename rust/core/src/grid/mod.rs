//! Coordinate grids: from nodes to positions, from positions to cells and fractions.

mod bounds;
mod cells;
mod draft;
mod hulls;
mod positions;

pub(crate) use bounds::Bounds;
pub(crate) use cells::{Cells, Extent, Locate, ends};
pub use hulls::hulls;
pub(crate) use positions::Mesh;

use crate::error::{Error, Result};
use crate::image::Array;
use crate::sample::DType;
use crate::window::Window;

/// Largest node spacing, in target pixels: the integer weights then stay exact in `f64`.
pub const MAX_SPACING: i64 = 1 << 24;

/// Part of a grid: source positions at nodes that stand every `spacing` target pixels.
#[derive(Debug, Clone)]
pub struct Grid<'a> {
    rows: Array<'a>,
    cols: Array<'a>,
    nodes: Window,
    spacing: (i64, i64),
}

impl<'a> Grid<'a> {
    /// A grid from the row and the column coordinate of its nodes.
    ///
    /// `first` is the (row, col) index of the first given node in the whole grid, whose node (0, 0)
    /// stands at target pixel (0, 0).
    ///
    /// # Errors
    /// [`Error::Types`], [`Error::Shape`] or [`Error::Range`] when the arrays are not two planes of one
    /// shape in `f32` or `f64`, or the spacing is not in `1..=MAX_SPACING`.
    pub fn new(
        rows: Array<'a>,
        cols: Array<'a>,
        first: (i64, i64),
        spacing: (i64, i64),
    ) -> Result<Self> {
        for coordinate in [&rows, &cols] {
            if !matches!(coordinate.dtype, DType::F32 | DType::F64) {
                return Err(Error::Types { src: coordinate.dtype, out: DType::F64 });
            }
        }
        let shape = rows.layout.shape;
        if cols.layout.shape != shape || rows.layout.planes.len() * cols.layout.planes.len() != 1 {
            return Err(Error::Shape {
                what: "grid columns",
                expected: format!("{shape:?} as the rows"),
                found: format!("{:?}", cols.layout.shape),
            });
        }
        for value in [spacing.0, spacing.1] {
            if !(1..=MAX_SPACING).contains(&value) {
                return Err(Error::Range {
                    what: "grid_resolution",
                    value,
                    expected: "1 to 16777216",
                });
            }
        }
        for value in [first.0, first.1] {
            if !(0..=1 << 40).contains(&value) {
                return Err(Error::Range { what: "first node", value, expected: "0 to 2**40" });
            }
        }
        let nodes = Window {
            row0: first.0,
            row1: first.0 + shape.0 as i64,
            col0: first.1,
            col1: first.1 + shape.1 as i64,
        };
        Ok(Self { rows, cols, nodes, spacing })
    }

    /// Checks that the nodes around every pixel of `target` are here.
    ///
    /// A pixel between two nodes needs both; one on a node needs that one only.
    ///
    /// # Errors
    /// [`Error::Nodes`] when one is missing.
    pub fn check_covers(&self, target: &Window) -> Result<()> {
        if target.rows() == 0 || target.cols() == 0 {
            return Ok(());
        }
        let needed = self.needed(target);
        if self.nodes.contains(&needed) {
            Ok(())
        } else {
            Err(Error::Nodes { target: *target, needed, given: self.nodes })
        }
    }

    /// Whether positions are to be interpolated between nodes.
    pub(crate) fn is_sparse(&self) -> bool {
        self.spacing != (1, 1)
    }

    /// Whether a step along a row of the target goes along a column of the source, judged by the ends of one row.
    pub(crate) fn turns(&self, target: &Window) -> bool {
        if target.rows() == 0 || target.cols() == 0 {
            return false;
        }
        let nodes = self.needed(target);
        let length = |coordinate: &Array<'_>| {
            let at = |col: i64| {
                let node = (nodes.row0 - self.nodes.row0, col - self.nodes.col0);
                let offset = coordinate.layout.offset(0, node, 1);
                // SAFETY: `check_covers` saw that the nodes around the target are given; `new` knows both types.
                unsafe {
                    match coordinate.dtype {
                        DType::F32 => f64::from(*coordinate.start.cast::<f32>().offset(offset)),
                        _ => *coordinate.start.cast::<f64>().offset(offset),
                    }
                }
            };
            (at(nodes.col1 - 1) - at(nodes.col0)).abs()
        };
        length(&self.rows) > length(&self.cols)
    }

    /// The nodes that the pixels of a target window, which is not empty, are interpolated from.
    fn needed(&self, target: &Window) -> Window {
        let (dr, dc) = self.spacing;
        Window {
            row0: target.row0 / dr,
            row1: (target.row1 - 1 + dr - 1) / dr + 1,
            col0: target.col0 / dc,
            col1: (target.col1 - 1 + dc - 1) / dc + 1,
        }
    }

    /// The nodes that stand on pixels of a target window, which is not empty.
    fn inside(&self, target: &Window) -> Window {
        let (dr, dc) = self.spacing;
        Window {
            row0: (target.row0 + dr - 1) / dr,
            row1: (target.row1 - 1) / dr + 1,
            col0: (target.col0 + dc - 1) / dc,
            col1: (target.col1 - 1) / dc + 1,
        }
    }
}
