//! The target in tiles, each tile in spans: positions, class, weights, then every band.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Task;
use super::bands::Bands;
use crate::SPAN;
use crate::arch::{Isa, Job, with_ieee_floats};
use crate::error::{Error, Result};
use crate::grid::{Cells, Locate};
use crate::kernel::Kernel;
use crate::sample::Real;

/// A tile of target pixels, small enough that rotated access to the source stays in cache.
const TILE: (usize, usize) = (64, 32 * SPAN);

/// How the pixels of a span stand to the edge of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Every tap of every pixel is inside.
    Inside,
    /// No pixel is valid.
    Outside,
    /// To be decided pixel by pixel: see `Span::ok`.
    Mixed,
}

/// Up to [`SPAN`] pixels of one target row, and all that their bands share.
pub(super) struct Span<C, const N: usize> {
    /// First pixel, counted from that of the target window.
    pub(super) at: (usize, usize),
    pub(super) len: usize,
    pub(super) class: Class,
    /// 1 where every needed tap is inside of the source.
    pub(super) ok: [u8; SPAN],
    pub(super) rows: Cells,
    pub(super) cols: Cells,
    pub(super) weights: Weights<C, N>,
    /// First tap of a cell.
    pub(super) first: i32,
    /// Taps of a position whose fraction is 0.
    pub(super) exact: (usize, usize),
}

/// Weights of the taps along both axes, tap by tap.
pub(super) struct Weights<C, const N: usize> {
    pub(super) rows: [[C; SPAN]; N],
    pub(super) cols: [[C; SPAN]; N],
}

/// Resamples the whole target window of `task` into `bands`.
pub(super) fn sweep<K: Kernel<N>, C: Real, const N: usize>(
    _: K,
    task: &Task<'_>,
    bands: &dyn Bands<C, N>,
) -> Result<()> {
    let (rows, cols) = (task.target.rows(), task.target.cols());
    let tiles = (rows.div_ceil(TILE.0), cols.div_ceil(TILE.1));
    let (next, failure) = (AtomicUsize::new(0), OnceLock::<Error>::new());
    let work = || {
        with_ieee_floats(|| {
            let mut span = Span::new::<K>();
            loop {
                let tile = next.fetch_add(1, Ordering::Relaxed);
                if tile >= tiles.0 * tiles.1 || failure.get().is_some() {
                    return;
                }
                let at = (tile / tiles.1 * TILE.0, tile % tiles.1 * TILE.1);
                let end = (rows.min(at.0 + TILE.0), cols.min(at.1 + TILE.1));
                for row in at.0..end.0 {
                    for col in (at.1..end.1).step_by(SPAN) {
                        span.locate::<K>(task, (row, col), SPAN.min(end.1 - col));
                        if let Err(error) = bands.resample(&span) {
                            // Another thread's error is as good as this one.
                            let _ = failure.set(error);
                            return;
                        }
                    }
                }
            }
        });
    };
    let helpers = task.threads.min(tiles.0 * tiles.1).saturating_sub(1);
    if helpers == 0 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(work);
            }
            work();
        });
    }
    failure.into_inner().map_or(Ok(()), Err)
}

impl<C: Real, const N: usize> Span<C, N> {
    fn new<K: Kernel<N>>() -> Self {
        Self {
            at: (0, 0),
            len: 0,
            class: Class::Outside,
            ok: [0; SPAN],
            rows: Cells::EMPTY,
            cols: Cells::EMPTY,
            weights: Weights { rows: [[C::ZERO; SPAN]; N], cols: [[C::ZERO; SPAN]; N] },
            first: K::FIRST,
            exact: K::EXACT,
        }
    }

    /// Cells, class and weights of the span at `at`.
    fn locate<K: Kernel<N>>(&mut self, task: &Task<'_>, at: (usize, usize), len: usize) {
        (self.at, self.len) = (at, len);
        let isa = task.isa;
        // `Task::check` keeps sizes and origins within `MAX_SIZE`.
        let size = (task.source_shape.0 as i32, task.source_shape.1 as i32);
        isa.run(Locate {
            grid: &task.grid,
            at: (task.target.row0 + at.0 as i64, task.target.col0 + at.1 as i64),
            len,
            origin: (task.source_origin.0 as i32, task.source_origin.1 as i32),
            rounds: K::ROUNDS,
            rows: &mut self.rows,
            cols: &mut self.cols,
        });
        self.classify(isa, size);
        if self.class != Class::Outside && N > 1 {
            isa.run(Weigh::<K, C, N> { span: self, kernel: std::marker::PhantomData });
        }
    }

    fn classify(&mut self, isa: Isa, (height, width): (i32, i32)) {
        let last = self.first + N as i32 - 1;
        let inside =
            |cells: &Cells, size: i32| cells.min + self.first >= 0 && cells.max + last < size;
        let outside = |cells: &Cells, size: i32| cells.max < 0 || cells.min >= size;
        self.class = if inside(&self.rows, height) && inside(&self.cols, width) {
            Class::Inside
        } else if outside(&self.rows, height) || outside(&self.cols, width) {
            Class::Outside
        } else {
            Class::Mixed
        };
        match self.class {
            Class::Inside => self.ok = [1; SPAN],
            Class::Outside => self.ok = [0; SPAN],
            Class::Mixed => isa.run(Judge { span: self, size: (height, width) }),
        }
    }
}

/// Decides for each pixel whether all the taps that it needs are inside of the source.
struct Judge<'t, C, const N: usize> {
    span: &'t mut Span<C, N>,
    size: (i32, i32),
}

impl<C: Real, const N: usize> Job for Judge<'_, C, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { span, size } = self;
        for k in 0..SPAN {
            let mut ok = true;
            for (cells, size) in [(&span.rows, size.0), (&span.cols, size.1)] {
                let (from, to) = if cells.frac[k] == 0.0 { span.exact } else { (0, N) };
                let first = cells.index[k] + span.first;
                ok &= first + from as i32 >= 0 && first + (to as i32) - 1 < size;
            }
            span.ok[k] = u8::from(ok);
        }
    }
}

/// Computes the weights of every tap of a span.
struct Weigh<'t, K, C, const N: usize> {
    span: &'t mut Span<C, N>,
    kernel: std::marker::PhantomData<K>,
}

impl<K: Kernel<N>, C: Real, const N: usize> Job for Weigh<'_, K, C, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let span = self.span;
        for (cells, weights) in
            [(&span.rows, &mut span.weights.rows), (&span.cols, &mut span.weights.cols)]
        {
            for k in 0..SPAN {
                let w = K::weights(C::from_f64(cells.frac[k]));
                for tap in 0..N {
                    weights[tap][k] = w[tap];
                }
            }
        }
    }
}
