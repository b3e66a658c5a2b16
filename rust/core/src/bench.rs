//! Single phases of the engine on made-up data, for `benches/`: nothing else may call them.

use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::boundary::Boundary;
use crate::grid::{Cells, Grid, Locate, Mesh};
use crate::image::{Array, Layout};
use crate::kernel::{Kernel, KernelKind, with_any_kernel};
use crate::prefilter::{Extent, prefilter};
use crate::sample::{DType, Real, Sample};
use crate::window::{Rect, Window};

/// Rows and columns of the target, and of the plane that is filtered.
const SIDE: usize = 256;

/// Something to repeat, which handles `pixels` pixels each time.
#[expect(missing_debug_implementations, reason = "a closure has nothing to show")]
pub struct Phase {
    /// What it does to which types.
    pub name: String,
    /// How many pixels it does it to.
    pub pixels: usize,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

impl Phase {
    fn new(name: String, run: impl FnMut() + 'static) -> Self {
        Self { name, pixels: SIDE * SIDE, run: Box::new(run) }
    }
}

/// Every phase, on an instruction set.
#[must_use]
pub fn phases(isa: Isa) -> Vec<Phase> {
    let mut phases = vec![
        positions::<f64, f64>("positions f64", isa, 1, false),
        positions::<f64, f32>("positions f64, nearest", isa, 1, true),
        positions::<f32, f32>("positions f32", isa, 1, false),
        positions::<f64, f64>("positions f64, grid (10,10)", isa, 10, false),
        positions::<f64, f32>("positions f64, nearest, grid (10,10)", isa, 10, true),
    ];
    for &kind in &KernelKind::ALL[1..] {
        with_any_kernel!(kind, |kernel| phases.push(weights(kernel, isa)));
    }
    phases.extend(KernelKind::ALL.iter().filter_map(|kind| coefficients(*kind, isa)));
    phases
}

/// Cells and fractions of all pixels, from a grid of type `T` with a node every `spacing` pixels.
fn positions<T: Sample<f64> + 'static, C: Real + 'static>(
    name: &str,
    isa: Isa,
    spacing: usize,
    rounds: bool,
) -> Phase {
    let size = (SIDE - 1).div_ceil(spacing) + 1;
    // Turned by some degrees, shrunk: no position is special.
    let node = |i: usize, down: f64, right: f64| {
        let (row, col) = ((i / size * spacing) as f64, (i % size * spacing) as f64);
        T::narrow(100.3 + down * row + right * col)
    };
    let rows: Vec<T> = (0..size * size).map(|i| node(i, 0.68, -0.13)).collect();
    let cols: Vec<T> = (0..size * size).map(|i| node(i, 0.13, 0.68)).collect();
    Phase::new(name.to_owned(), move || {
        let steps = (spacing as i64, spacing as i64);
        let Ok(grid) = Grid::new(view(&rows, size), view(&cols, size), (0, 0), steps) else {
            return;
        };
        let (mut down, mut right) = (Cells::<C>::EMPTY, Cells::<C>::EMPTY);
        let mut mesh = Mesh::EMPTY;
        // Spans one below the other, as the sweep takes them where nodes are shared.
        for col in (0..SIDE).step_by(SPAN) {
            for row in 0..SIDE {
                let inside = Locate {
                    grid: &grid,
                    mesh: &mut mesh,
                    at: (row as i64, col as i64),
                    len: SPAN,
                    origin: &(0, 0),
                    shift: (0.0, 0.0),
                    rounds,
                    region: &Rect::NOWHERE,
                    rows: &mut down,
                    cols: &mut right,
                }
                .run(isa);
                black_box((inside, &down.index, &right.index));
            }
        }
    })
}

/// A square of samples as the engine sees it.
fn view<T>(samples: &[T], size: usize) -> Array<'_> {
    let dtype = if size_of::<T>() == 4 { DType::F32 } else { DType::F64 };
    let layout = Layout {
        planes: vec![0],
        shape: (size, size),
        row_stride: size.cast_signed(),
        col_stride: 1,
    };
    assert_eq!(samples.len(), size * size);
    // SAFETY: the layout reaches the samples of the slice, floats of this size, which the view borrows.
    unsafe { Array::from_raw(samples.as_ptr().cast(), dtype, layout) }
}

/// Weights of all taps along both axes.
fn weights<K: Kernel<N>, const N: usize>(_: K, isa: Isa) -> Phase {
    let fractions: [f64; SPAN] = std::array::from_fn(|k| (k as f64 * 0.618) % 1.0);
    Phase::new(format!("weights f64, {}", K::NAME), move || {
        let mut taps = [[0.0; SPAN]; N];
        for _ in (0..2 * SIDE * SIDE).step_by(SPAN) {
            isa.run(Weigh::<K, N> { kernel: PhantomData, fractions: &fractions, taps: &mut taps });
            black_box(&taps);
        }
    })
}

/// As the sweep computes them, tap by tap.
struct Weigh<'t, K, const N: usize> {
    kernel: PhantomData<K>,
    fractions: &'t [f64; SPAN],
    taps: &'t mut [[f64; SPAN]; N],
}

impl<K: Kernel<N>, const N: usize> Job for Weigh<'_, K, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for k in 0..SPAN {
            let weights = K::weights(self.fractions[k]);
            for tap in 0..N {
                self.taps[tap][k] = weights[tap];
            }
        }
    }
}

/// Coefficients of a plane, on one thread; none for kernels on the samples themselves.
fn coefficients(kind: KernelKind, isa: Isa) -> Option<Phase> {
    let support = kind.support();
    if support.poles.is_empty() {
        return None;
    }
    let side = SIDE as i64;
    let extent = Extent {
        shape: (side, side),
        boundary: Boundary::Reflect,
        reach: support.margin,
        epsilon: 1e-6,
    };
    let window = Window { row0: 0, row1: side, col0: 0, col1: side };
    let samples: Vec<f64> = (0..SIDE * SIDE).map(|i| (i * 7919 % 10_007) as f64).collect();
    let mut values = vec![MaybeUninit::new(0.0); SIDE * SIDE];
    Some(Phase::new(format!("prefilter f64, {}", kind.name()), move || {
        let load = |row: i64, col: i64, out: &mut [f64]| {
            let first = row as usize * SIDE + col as usize;
            out.copy_from_slice(&samples[first..first + out.len()]);
            Ok(())
        };
        let done = prefilter(&extent, support.poles, window, (isa, 1), &load, &mut values);
        assert!(done.is_ok());
        black_box(&values);
    }))
}
