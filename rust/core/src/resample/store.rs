//! Results of a span into the output: narrowed, filled where nothing is valid, and their validity.

use super::span::Usable;
use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::error::Result;
use crate::image::{Array, ArrayMut};
use crate::sample::{Real, Sample};

/// Takes the sums of a span, whatever the output's type.
pub(super) trait Store<C>: Sync {
    /// Number of planes of the output.
    fn planes(&self) -> usize;
    /// Marks a span of one plane as invalid.
    fn fill(&self, plane: usize, at: (usize, usize), len: usize);
    /// Writes one plane of a span.
    fn store(
        &self,
        plane: usize,
        at: (usize, usize),
        len: usize,
        results: Results<'_, C>,
    ) -> Result<()>;
}

/// The sums of one plane of a span.
pub(super) struct Results<'t, C> {
    pub(super) values: &'t [C; SPAN],
    pub(super) usable: Usable<'t>,
    /// Whether a sum may be NaN, which an integer output cannot hold.
    pub(super) nan: bool,
}

/// An output of samples `O`, with its validity.
pub(super) struct Output<'t, O> {
    out: &'t ArrayMut<'t>,
    valid: Option<&'t ArrayMut<'t>>,
    fill: Vec<O>,
    isa: Isa,
}

impl<'t, O: Copy> Output<'t, O> {
    /// An output that writes the sample that `fill` holds for a plane where nothing is valid.
    pub(super) fn new(
        out: &'t ArrayMut<'t>,
        valid: Option<&'t ArrayMut<'t>>,
        fill: &Array<'_>,
        isa: Isa,
    ) -> Self {
        let sample = |&offset: &isize| {
            // SAFETY: `Task::check` saw that `fill` has a sample of the output's type for each plane.
            unsafe { *fill.start.cast::<O>().offset(offset) }
        };
        Self { out, valid, fill: fill.layout.planes.iter().map(sample).collect(), isa }
    }

    /// What a plane holds where nothing is valid.
    pub(super) fn fill_value(&self, plane: usize) -> O {
        self.fill[plane]
    }

    pub(super) fn planes(&self) -> usize {
        self.out.layout.planes.len()
    }

    /// Lets `make` write the samples of one plane of a span: in place where the output lies side by side.
    ///
    /// `make` finds samples of any value and writes the first `len` of them at least.
    pub(super) fn write_with(
        &self,
        plane: usize,
        at: (usize, usize),
        len: usize,
        make: impl FnOnce(&mut [O; SPAN]) -> Result<()>,
    ) -> Result<()> {
        let layout = &self.out.layout;
        if len == SPAN && layout.col_stride == 1 {
            let first = layout.offset(plane, (at.0 as i64, at.1 as i64), SPAN);
            // SAFETY: `Task::check` saw that the output has the shape of the target window, in which
            // every span lies; `O` is its type, by `dispatch`. No other thread has this tile.
            make(unsafe { &mut *self.out.start.cast::<O>().offset(first).cast::<[O; SPAN]>() })
        } else {
            let mut samples = [self.fill[plane]; SPAN];
            make(&mut samples)?;
            write(self.out, plane, at, &samples[..len]);
            Ok(())
        }
    }

    /// Writes the validity of one plane; a plane shared by all bands is that of band 0.
    pub(super) fn write_valid(&self, plane: usize, at: (usize, usize), ok: &[u8]) {
        if let Some(valid) = self.valid.filter(|valid| plane < valid.layout.planes.len()) {
            write(valid, plane, at, ok);
        }
    }

    /// Marks a span of one plane as invalid.
    pub(super) fn fill(&self, plane: usize, at: (usize, usize), len: usize) {
        write(self.out, plane, at, &[self.fill[plane]; SPAN][..len]);
        self.write_valid(plane, at, &[0; SPAN][..len]);
    }
}

/// Writes samples side by side into a row of a plane.
fn write<T: Copy>(out: &ArrayMut<'_>, plane: usize, (row, col): (usize, usize), samples: &[T]) {
    let layout = &out.layout;
    let first = layout.offset(plane, (row as i64, col as i64), samples.len());
    // SAFETY: `Task::check` saw that the output has the shape of the target window, in which every
    // span lies; `T` is its type, by `dispatch`.
    unsafe {
        let start = out.start.cast::<T>().offset(first);
        if layout.col_stride == 1 {
            start.copy_from_nonoverlapping(samples.as_ptr(), samples.len());
        } else {
            for (k, &sample) in samples.iter().enumerate() {
                *start.offset(k as isize * layout.col_stride) = sample;
            }
        }
    }
}

impl<C: Real, O: Sample<C>> Store<C> for Output<'_, O> {
    fn planes(&self) -> usize {
        self.planes()
    }

    fn fill(&self, plane: usize, at: (usize, usize), len: usize) {
        self.fill(plane, at, len);
    }

    fn store(
        &self,
        plane: usize,
        at: (usize, usize),
        len: usize,
        results: Results<'_, C>,
    ) -> Result<()> {
        let Results { values, mut usable, nan } = results;
        let mut numbers = [0; SPAN];
        if nan && !O::CAN_BE_NAN {
            for ((number, value), &ok) in numbers.iter_mut().zip(values).zip(usable.marks()) {
                *number = ok & u8::from(!value.is_nan());
            }
            usable = Usable::Some(&numbers);
        }
        let fill = self.fill[plane];
        self.write_with(plane, at, len, |samples| {
            self.isa.run(Narrow { values, usable, fill, samples });
            Ok(())
        })?;
        self.write_valid(plane, at, &usable.marks()[..len]);
        Ok(())
    }
}

/// Narrows the valid sums of a span and fills the other samples.
struct Narrow<'t, C, O> {
    values: &'t [C; SPAN],
    usable: Usable<'t>,
    fill: O,
    samples: &'t mut [O; SPAN],
}

impl<C: Real, O: Sample<C>> Job for Narrow<'_, C, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if let Usable::All = self.usable {
            for k in 0..SPAN {
                self.samples[k] = O::narrow(self.values[k]);
            }
            return;
        }
        let ok = self.usable.marks();
        for k in 0..SPAN {
            let sample = O::narrow(self.values[k]);
            self.samples[k] = if ok[k] == 0 { self.fill } else { sample };
        }
    }
}
