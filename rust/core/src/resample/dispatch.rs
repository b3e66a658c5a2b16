//! From run-time values to types: the only place where sample types and kernels are listed together.
//!
//! What is compiled: 15 pairs of (sample, arithmetic) x tap counts x unit or any column stride
//! x instruction sets for the gather; positions, weights and stores do not multiply with them.

use std::marker::PhantomData;

use super::bands::{Copied, Interpolated, Veils};
use super::footprint::footprint;
use super::gather::Image;
use super::span::Frame;
use super::store::{Output, Store};
use super::sweep::sweep;
use super::veils::of_mask;
use super::{Task, spline};
use crate::MAX_SIZE;
use crate::boundary::Boundary;
use crate::error::{Error, Result};
use crate::kernel::{KernelKind, Nearest, Support, with_any_kernel, with_kernel};
use crate::sample::{Bool, DType, Real, Sample};
use crate::validity::Veil;
use crate::window::Rect;

/// Picks the types of `task` and sweeps it.
pub(super) fn run(task: &Task<'_>) -> Result<()> {
    let out = task.out.dtype;
    // Without a block, the window sees no source: any type of the output will do.
    let src = task.source.dtype().unwrap_or(out);
    let support = task.kernel.support();
    let frame = frame(task, &support)?;
    let bands = task.bands.iter().flat_map(|bands| (0..bands.planes()).map(move |p| (bands, p)));
    let masks: Vec<_> = bands
        .filter_map(|(bands, p)| of_mask(task, bands, (p, false), frame.taps).transpose())
        .collect::<Result<_>>()?;
    if task.kernel == KernelKind::Nearest && src == out {
        return match out.size() {
            1 => copy::<u8>(task, &frame, &masks),
            2 => copy::<u16>(task, &frame, &masks),
            4 => copy::<u32>(task, &frame, &masks),
            _ => copy::<u64>(task, &frame, &masks),
        };
    }
    let prefilters = !support.poles.is_empty();
    if prefilters && task.spline.prefiltered && src != DType::F64 {
        return Err(Error::Types { src, out });
    }
    // Arithmetic in f32 where neither side needs more.
    if !src.needs_f64() && !out.needs_f64() && !prefilters {
        let output: &dyn Store<f32> = match out {
            DType::Bool => &output::<Bool>(task),
            DType::U8 => &output::<u8>(task),
            DType::I8 => &output::<i8>(task),
            DType::U16 => &output::<u16>(task),
            DType::I16 => &output::<i16>(task),
            DType::F32 => &output::<f32>(task),
            _ => return Err(Error::Types { src, out }),
        };
        match src {
            DType::Bool => interpolate::<Bool, f32>(task, &frame, &masks, output),
            DType::U8 => interpolate::<u8, f32>(task, &frame, &masks, output),
            DType::I8 => interpolate::<i8, f32>(task, &frame, &masks, output),
            DType::U16 => interpolate::<u16, f32>(task, &frame, &masks, output),
            DType::I16 => interpolate::<i16, f32>(task, &frame, &masks, output),
            DType::F32 => interpolate::<f32, f32>(task, &frame, &masks, output),
            _ => Err(Error::Types { src, out }),
        }
    } else {
        let output: &dyn Store<f64> = match out {
            DType::Bool => &output::<Bool>(task),
            DType::U8 => &output::<u8>(task),
            DType::I8 => &output::<i8>(task),
            DType::U16 => &output::<u16>(task),
            DType::I16 => &output::<i16>(task),
            DType::U32 => &output::<u32>(task),
            DType::I32 => &output::<i32>(task),
            DType::U64 => &output::<u64>(task),
            DType::I64 => &output::<i64>(task),
            DType::F32 => &output::<f32>(task),
            DType::F64 => &output::<f64>(task),
        };
        match src {
            DType::Bool => smooth::<Bool>(task, &frame, &masks, output),
            DType::U8 => smooth::<u8>(task, &frame, &masks, output),
            DType::I8 => smooth::<i8>(task, &frame, &masks, output),
            DType::U16 => smooth::<u16>(task, &frame, &masks, output),
            DType::I16 => smooth::<i16>(task, &frame, &masks, output),
            DType::U32 => smooth::<u32>(task, &frame, &masks, output),
            DType::I32 => smooth::<i32>(task, &frame, &masks, output),
            DType::U64 => smooth::<u64>(task, &frame, &masks, output),
            DType::I64 => smooth::<i64>(task, &frame, &masks, output),
            DType::F32 => smooth::<f32>(task, &frame, &masks, output),
            DType::F64 => smooth::<f64>(task, &frame, &masks, output),
        }
    }
}

/// Domain, taps and shared mask of a task.
fn frame<'t>(task: &'t Task<'_>, support: &Support) -> Result<Frame<'t>> {
    let spline = !support.poles.is_empty() && !task.spline.prefiltered;
    let trusted = task.trusted && task.boundary != Boundary::None;
    // How far valid taps reach past the edge; negative where its influence covers taps inside.
    let past = if trusted {
        support.margin
    } else if spline {
        -i64::from(task.spline.influence)
    } else {
        0
    };
    let past = if task.spline.prefiltered && !support.poles.is_empty() { 0 } else { past };
    let domain = Rect::around(task.source_shape, past);
    let taps = if spline { footprint(task, &domain)? } else { None };
    let shared = task.mask.as_ref().filter(|mask| mask.planes() > 0);
    let mask = shared.map(|mask| of_mask(task, mask, (0, true), taps)).transpose()?.flatten();
    // The window that a pixel's taps must lie in, brought to the pixel itself.
    let safe = task.safe.filter(|_| support.half > 0).map(|safe| {
        let inset = support.half + if spline { i64::from(task.spline.influence_ceil) } else { 0 };
        let clip = |x: i64| x.clamp(-MAX_SIZE, MAX_SIZE) as i32;
        Rect {
            rows: (
                clip(safe.row0.saturating_add(inset)),
                clip(safe.row1.saturating_sub(1 + inset)),
            ),
            cols: (
                clip(safe.col0.saturating_add(inset)),
                clip(safe.col1.saturating_sub(1 + inset)),
            ),
        }
    });
    let gain = if task.spline.prefiltered { support.gain * support.gain } else { 1.0 };
    // `Task::check` keeps origins within `MAX_SIZE`.
    let origin = (task.source_origin.0 as i32, task.source_origin.1 as i32);
    Ok(Frame { origin, domain, taps, mask, safe, gain })
}

fn output<'t, O: Copy>(task: &'t Task<'_>) -> Output<'t, O> {
    Output::new(&task.out, task.valid.as_ref(), &task.fill, task.isa)
}

fn image<'t, 'a>(task: &'t Task<'a>) -> Image<'t, 'a> {
    Image { lattice: &task.source, edge: Some((task.boundary, task.source_shape)) }
}

fn copy<T: Copy + Default + Send + Sync + 'static>(
    task: &Task<'_>,
    frame: &Frame<'_>,
    masks: &[Veil<'_>],
) -> Result<()> {
    let bands = Copied { source: image(task), output: output::<T>(task), isa: task.isa, masks };
    sweep(Nearest, task, frame, &bands)
}

/// Kernels on the samples themselves.
fn interpolate<T: Sample<C>, C: Real>(
    task: &Task<'_>,
    frame: &Frame<'_>,
    masks: &[Veil<'_>],
    output: &dyn Store<C>,
) -> Result<()> {
    let bands = bands::<T, C>(task, masks, output);
    // Splines compute in f64: `run` never sends them here.
    with_kernel!(task.kernel, |kernel| sweep(kernel, task, frame, &bands), else Ok(()))
}

/// Any kernel, in f64.
fn smooth<T: Sample<f64>>(
    task: &Task<'_>,
    frame: &Frame<'_>,
    masks: &[Veil<'_>],
    output: &dyn Store<f64>,
) -> Result<()> {
    // Only a spline's source can hold coefficients.
    if !task.spline.prefiltered || task.kernel.support().poles.is_empty() {
        let spline = || spline::run::<T>(task, frame, masks, output);
        let bands = bands::<T, f64>(task, masks, output);
        return with_kernel!(task.kernel, |kernel| sweep(kernel, task, frame, &bands), else spline());
    }
    // Given coefficients are f64: `run` refused others.
    let bands = bands::<f64, f64>(task, masks, output);
    with_any_kernel!(task.kernel, |kernel| sweep(kernel, task, frame, &bands))
}

fn bands<'t, 'a, T, C>(
    task: &'t Task<'a>,
    masks: &'t [Veil<'t>],
    output: &'t dyn Store<C>,
) -> Interpolated<'t, 'a, T, C> {
    Interpolated {
        source: image(task),
        output,
        isa: task.isa,
        planes: 0..task.out.layout.planes.len(),
        veils: Veils { masks, poison: &[] },
        sample: PhantomData,
    }
}
