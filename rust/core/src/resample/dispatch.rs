//! From run-time values to types: the only place where sample types and kernels are listed together.
//!
//! What is compiled: 15 pairs of (sample, arithmetic) x tap counts x unit or any column stride
//! x instruction sets for the gather; positions, weights and stores do not multiply with them.

use std::marker::PhantomData;

use super::Task;
use super::bands::{Bands, Copied, Interpolated};
use super::store::{Output, Store};
use super::sweep::sweep;
use crate::error::{Error, Result};
use crate::kernel::{Kernel, KernelKind, Nearest, with_kernel};
use crate::sample::{Bool, DType, Real, Sample};

/// Picks the types of `task` and sweeps it.
pub(super) fn run(task: &Task<'_>) -> Result<()> {
    let out = task.out.dtype;
    // Without a block, the window sees no source: any type of the output will do.
    let src = task.source.dtype().unwrap_or(out);
    if task.kernel == KernelKind::Nearest && src == out {
        return match out.size() {
            1 => copy::<u8>(task),
            2 => copy::<u16>(task),
            4 => copy::<u32>(task),
            _ => copy::<u64>(task),
        };
    }
    // Arithmetic in f32 where neither side needs more.
    if !src.needs_f64() && !out.needs_f64() {
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
            DType::Bool => interpolate::<Bool, f32>(task, output),
            DType::U8 => interpolate::<u8, f32>(task, output),
            DType::I8 => interpolate::<i8, f32>(task, output),
            DType::U16 => interpolate::<u16, f32>(task, output),
            DType::I16 => interpolate::<i16, f32>(task, output),
            DType::F32 => interpolate::<f32, f32>(task, output),
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
            DType::Bool => interpolate::<Bool, f64>(task, output),
            DType::U8 => interpolate::<u8, f64>(task, output),
            DType::I8 => interpolate::<i8, f64>(task, output),
            DType::U16 => interpolate::<u16, f64>(task, output),
            DType::I16 => interpolate::<i16, f64>(task, output),
            DType::U32 => interpolate::<u32, f64>(task, output),
            DType::I32 => interpolate::<i32, f64>(task, output),
            DType::U64 => interpolate::<u64, f64>(task, output),
            DType::I64 => interpolate::<i64, f64>(task, output),
            DType::F32 => interpolate::<f32, f64>(task, output),
            DType::F64 => interpolate::<f64, f64>(task, output),
        }
    }
}

fn output<'t, O: Copy>(task: &'t Task<'_>) -> Output<'t, O> {
    Output::new(&task.out, task.valid.as_ref(), &task.fill, task.isa)
}

fn copy<T: Copy + Send + Sync + 'static>(task: &Task<'_>) -> Result<()> {
    let bands = Copied { source: &task.source, output: output::<T>(task), isa: task.isa };
    sweep(Nearest, task, &bands)
}

fn interpolate<T: Sample<C>, C: Real>(task: &Task<'_>, output: &dyn Store<C>) -> Result<()> {
    let bands: Interpolated<'_, '_, T, C> =
        Interpolated { source: &task.source, output, isa: task.isa, sample: PhantomData };
    with_kernel!(task.kernel, |kernel| start(kernel, task, &bands))
}

/// Lets the compiler infer the number of taps from the kernel.
fn start<K, B, C: Real, const N: usize>(kernel: K, task: &Task<'_>, bands: &B) -> Result<()>
where
    K: Kernel<N>,
    B: Bands<C, N>,
{
    sweep(kernel, task, bands)
}
