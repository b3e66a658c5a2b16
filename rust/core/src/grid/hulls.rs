//! Extents of the positions of many target windows at once: what a plan needs of a whole grid.
//!
//! They hold those of `Bounds`, which looks at the positions of one window themselves: so a task is given what it reads.

use std::ops::Range;

use super::Grid;
use crate::error::{Error, Result};
use crate::image::Array;
use crate::sample::{DType, Sample};

/// Smallest and largest row, smallest and largest column of the positions of the pixels of every window
/// `row_ends[i] x col_ends[j]`, up to rounding: four planes of numbers, row by row. `inf, -inf` where there is none.
///
/// The ends are the first and the last pixel of a window, counted from the first node. In a part of a cell, a bilinear
/// map takes its extremes at the corners of the part, and what is interpolated between extremes holds what is
/// interpolated between values: so one axis comes after the other. Nodes that are not finite do not count.
///
/// # Errors
/// [`Error::Shape`] for ends that do not lie between nodes.
pub fn hulls(
    grid: &Grid<'_>,
    row_ends: &[(i64, i64)],
    col_ends: &[(i64, i64)],
) -> Result<Vec<f64>> {
    let (height, width) = grid.rows.layout.shape;
    let down = parts(row_ends, grid.spacing.0, height)?;
    let across = parts(col_ends, grid.spacing.1, width)?;
    // Of each row of nodes: the extremes along it, for every window.
    let plane = height * across.len();
    let mut along = vec![0.0; 4 * plane];
    let [mut rows, mut cols, mut low, mut high] = [(); 4].map(|()| vec![0.0; width]);
    for i in 0..height {
        read(&grid.rows, i, &mut rows);
        read(&grid.cols, i, &mut cols);
        for axis in 0..2 {
            let nodes = if axis == 0 { &rows } else { &cols };
            for k in 0..width {
                let finite = rows[k].is_finite() && cols[k].is_finite();
                low[k] = if finite { nodes[k] } else { f64::INFINITY };
                high[k] = if finite { nodes[k] } else { f64::NEG_INFINITY };
            }
            for (j, part) in across.iter().enumerate() {
                let at = 2 * axis * plane + i * across.len() + j;
                along[at] = part.reduce(&low, least);
                along[at + plane] = part.reduce(&high, most);
            }
        }
    }
    let mut hulls = Vec::with_capacity(4 * down.len() * across.len());
    for (k, extremes) in along.chunks_exact(plane.max(1)).enumerate() {
        for part in &down {
            if k % 2 == 0 {
                part.reduce_rows(extremes, across.len(), least, &mut hulls);
            } else {
                part.reduce_rows(extremes, across.len(), most, &mut hulls);
            }
        }
    }
    Ok(hulls)
}

/// The smaller number; without the care for NaN of `f64::min`, which takes several instructions.
#[inline(always)]
fn least(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The larger number, likewise.
#[inline(always)]
fn most(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// A position between two nodes of an axis.
struct Between {
    index: usize,
    /// Of the next node, which is not read if it is 0.
    weight: f64,
}

impl Between {
    fn of(pixel: i64, step: i64) -> Self {
        Self { index: (pixel / step) as usize, weight: (pixel % step) as f64 / step as f64 }
    }

    #[inline(always)]
    fn take(&self, node: f64, next: f64) -> f64 {
        node * (1.0 - self.weight) + next * self.weight
    }

    /// The value there of some at the nodes.
    #[inline(always)]
    fn at(&self, values: &[f64]) -> f64 {
        let node = values[self.index];
        if self.weight == 0.0 { node } else { self.take(node, values[self.index + 1]) }
    }
}

/// Where a window begins and ends along an axis, and the nodes within it.
struct Part {
    ends: [Between; 2],
    nodes: Range<usize>,
}

impl Part {
    /// The extreme over the part of values at the nodes.
    #[inline(always)]
    fn reduce(&self, values: &[f64], of: impl Fn(f64, f64) -> f64) -> f64 {
        let [first, last] = [&self.ends[0], &self.ends[1]].map(|end| end.at(values));
        values[self.nodes.clone()].iter().fold(of(first, last), |found, &x| of(found, x))
    }

    /// The same for whole rows of such values, each of some length, side by side.
    fn reduce_rows(
        &self,
        rows: &[f64],
        length: usize,
        of: impl Fn(f64, f64) -> f64,
        out: &mut Vec<f64>,
    ) {
        let row = |i: usize| &rows[i * length..(i + 1) * length];
        let [first, last] = &self.ends;
        let start = out.len();
        let next = |end: &Between| row(end.index + usize::from(end.weight != 0.0));
        let pairs = |end: &Between| row(end.index).iter().zip(next(end));
        // Halfway between a node and itself, infinity keeps what it is.
        let take = |end: &Between, (&node, &next): (&f64, &f64)| {
            if end.weight == 0.0 { node } else { end.take(node, next) }
        };
        out.extend(pairs(first).zip(pairs(last)).map(|(a, b)| of(take(first, a), take(last, b))));
        for i in self.nodes.clone() {
            for (found, &x) in out[start..].iter_mut().zip(row(i)) {
                *found = of(*found, x);
            }
        }
    }
}

/// The parts of an axis of `count` nodes that lie between these pixels.
fn parts(ends: &[(i64, i64)], step: i64, count: usize) -> Result<Vec<Part>> {
    let last_node = (count as i64 - 1) * step;
    ends.iter()
        .map(|&(first, last)| {
            if first < 0 || last < first || last_node < last {
                return Err(Error::Shape {
                    what: "windows",
                    expected: format!("ends from 0 to {last_node}, in order"),
                    found: format!("({first}, {last})"),
                });
            }
            let nodes = (first + step - 1) / step..last / step + 1;
            Ok(Part {
                ends: [first, last].map(|pixel| Between::of(pixel, step)),
                nodes: nodes.start as usize..nodes.end as usize,
            })
        })
        .collect()
}

/// Reads a row of nodes.
fn read(nodes: &Array<'_>, row: usize, out: &mut [f64]) {
    match nodes.dtype {
        DType::F32 => read_as::<f32>(nodes, row, out),
        _ => read_as::<f64>(nodes, row, out),
    }
}

fn read_as<T: Sample<f64>>(nodes: &Array<'_>, row: usize, out: &mut [f64]) {
    let first = nodes.layout.offset(0, (row as i64, 0), out.len());
    for (k, x) in out.iter_mut().enumerate() {
        let offset = first + k.cast_signed() * nodes.layout.col_stride;
        // SAFETY: the caller's row is as long as those of the nodes, whose type is `T`: `Grid::new` knows no third.
        *x = unsafe { *nodes.start.cast::<T>().offset(offset) }.widen();
    }
}
