//! Splines: the coefficients that a task needs, then the sweep over them.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Task;
use super::bands::{Interpolated, Veils};
use super::gather::Image;
use super::span::Frame;
use super::store::Store;
use super::sweep::sweep;
use super::veils::summary;
use crate::arch::Job;
use crate::buffer::unfilled;
use crate::error::Result;
use crate::image::{Array, Lattice, Layout};
use crate::kernel::with_any_kernel;
use crate::prefilter::{Extent, prefilter};
use crate::sample::{DType, Sample};
use crate::validity::Veil;
use crate::window::Window;

/// Bytes of coefficients that are held at once: planes are taken in groups of this size, at least one.
const GROUP: usize = 256 << 20;

/// Resamples samples of type `T` through the spline of the task.
pub(super) fn run<T: Sample<f64>>(
    task: &Task<'_>,
    frame: &Frame<'_>,
    masks: &[Veil<'_>],
    output: &dyn Store<f64>,
) -> Result<()> {
    // Without a tap there is nothing to filter; the sweep fills the window.
    let nowhere = Window { row0: 0, row1: 0, col0: 0, col1: 0 };
    let window = frame.taps.unwrap_or(nowhere);
    let bytes = (window.rows() * window.cols() * size_of::<f64>()).max(1);
    let group = (GROUP / bytes).max(1);
    let planes = output.planes();
    for first in (0..planes).step_by(group) {
        let part = first..planes.min(first + group);
        let size = window.rows() * window.cols();
        let mut poison = Vec::new();
        let mut coefficients = unfilled(size * part.len());
        if frame.taps.is_some() {
            for (plane, values) in part.clone().zip(coefficients.chunks_exact_mut(size)) {
                poison.push(filter_plane::<T>(task, window, plane, values)?);
            }
        }
        let layout = Layout {
            planes: part.clone().map(|plane| ((plane - first) * size).cast_signed()).collect(),
            shape: (window.rows(), window.cols()),
            row_stride: window.cols().cast_signed(),
            col_stride: 1,
        };
        // SAFETY: the vector holds a plane of the window's size for each one of the group, filled in, and lives on.
        let block = unsafe { Array::from_raw(coefficients.as_ptr().cast(), DType::F64, layout) };
        let lattice = Lattice::new(
            vec![(window.row0, window.row1)],
            vec![(window.col0, window.col1)],
            vec![block],
        )?;
        let bands: Interpolated<'_, '_, f64, f64> = Interpolated {
            source: Image { lattice: &lattice, edge: None },
            output,
            isa: task.isa,
            planes: part,
            veils: Veils { masks, poison: &poison },
            sample: PhantomData,
        };
        with_any_kernel!(task.kernel, |kernel| sweep(kernel, task, frame, &bands))?;
    }
    Ok(())
}

/// Fills in the coefficients of one plane; returns a veil over the taps that a sample that is not finite
/// reaches, if there is one.
fn filter_plane<T: Sample<f64>>(
    task: &Task<'_>,
    window: Window,
    plane: usize,
    values: &mut [MaybeUninit<f64>],
) -> Result<Option<Veil<'static>>> {
    let support = task.kernel.support();
    let extent = Extent {
        shape: task.source_shape,
        boundary: task.boundary,
        reach: support.margin,
        epsilon: task.spline.epsilon,
    };
    let poisoned = AtomicBool::new(false);
    let load = |row: i64, col: i64, out: &mut [f64]| {
        task.source.read_row(plane, (row, col), out, T::widen)?;
        if T::CAN_BE_NAN && !task.isa.run(AllFinite(out)) {
            poisoned.store(true, Ordering::Relaxed);
            for x in out {
                *x = if x.is_finite() { *x } else { 0.0 };
            }
        }
        Ok(())
    };
    prefilter(&extent, support.poles, window, (task.isa, task.threads), &load, values)?;
    if !poisoned.into_inner() {
        return Ok(None);
    }
    let masks = [(task.mask.as_ref(), 0), (task.bands.as_ref(), plane)];
    let poison = summary(task, window, |at, out| {
        task.source.read_row(plane, at, out, |x: T| u8::from(x.widen().is_finite()))?;
        // What a mask covers counts as masked only.
        let mut covered = vec![0; out.len()];
        for (mask, plane) in masks {
            let Some(mask) = mask.filter(|mask| plane < mask.planes()) else { continue };
            mask.read_row(plane, at, &mut covered, |byte: u8| u8::from(byte == 0))?;
            for (clean, covered) in out.iter_mut().zip(&covered) {
                *clean |= covered;
            }
        }
        Ok(())
    })?;
    Ok(Some(Veil::Spread(poison)))
}

/// Tells whether every value is finite, without a branch for each.
struct AllFinite<'t>(&'t [f64]);

impl Job for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        // Finite times 0 is 0, anything else is NaN.
        let mut sums = [0.0; 16];
        let (chunks, rest) = self.0.as_chunks::<16>();
        for chunk in chunks {
            for k in 0..chunk.len() {
                sums[k] += chunk[k] * 0.0;
            }
        }
        for x in rest {
            sums[0] += x * 0.0;
        }
        sums.iter().fold(0.0, |all, sum| all + sum) == 0.0
    }
}
