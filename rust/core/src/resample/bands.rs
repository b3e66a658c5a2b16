//! What happens to every band of a span once its geometry is known.

use std::marker::PhantomData;
use std::ops::Range;

use super::gather::{Careful, Fast, Image, Pick, pick_careful};
use super::home::Home;
use super::patch::Patch;
use super::quads::{self, Quads};
use super::span::{Room, Span, Usable};
use super::store::{Output, Results, Store};
use super::sweep::Bands;
use crate::SPAN;
use crate::arch::Isa;
use crate::error::Result;
use crate::image::{Array, Lattice};
use crate::sample::{Real, Sample};
use crate::validity::Veil;

/// What covers taps of single bands.
pub(super) struct Veils<'t> {
    /// Taps that are not valid: a veil for each band, or none when all bands share theirs.
    pub(super) masks: &'t [Veil<'t>],
    /// Taps whose value is not a number, for the bands that are swept.
    pub(super) poison: &'t [Option<Veil<'t>>],
}

/// Bands that are computed: samples of type `T`, arithmetic in `C`, any output type.
pub(super) struct Interpolated<'t, 'a, T, C> {
    pub(super) source: Image<'t, 'a>,
    pub(super) output: &'t dyn Store<C>,
    pub(super) isa: Isa,
    /// The planes of the output that the planes of the source are resampled to.
    pub(super) planes: Range<usize>,
    pub(super) veils: Veils<'t>,
    pub(super) sample: PhantomData<fn() -> T>,
}

impl<T: Sample<C>, C: Real, const N: usize> Bands<C, N> for Interpolated<'_, '_, T, C> {
    fn source(&self) -> &Lattice<'_> {
        self.source.lattice
    }

    fn have_veils(&self) -> bool {
        !self.veils.masks.is_empty() || self.veils.poison.iter().any(Option::is_some)
    }

    fn resample(&self, span: &Span<C, N>, room: &mut Room<C>) -> Result<()> {
        let Room { values, ok, known } = room;
        for plane in self.planes.clone() {
            let part = plane - self.planes.start;
            let usable =
                span.usable_under(self.veils.masks.get(plane), self.isa, (&mut *known, &mut *ok))?;
            if matches!(usable, Usable::None) {
                self.output.fill(plane, span.at, span.len);
                continue;
            }
            let done = span.home().is_some_and(|home| {
                let block = self.source.lattice.block(home.block);
                self.gather((block, part), home, span, &usable, values)
            });
            let done = done || self.gather_across(part, span, &usable, values);
            if !done {
                let to = (usable.marks(), &mut *values);
                self.isa.run(Careful::<T, C, N>::new(self.source, part, span, to))?;
            }
            let mut nan = T::CAN_BE_NAN && !done;
            if let Some(Some(poison)) = self.veils.poison.get(part) {
                let mut ok = [0; SPAN];
                let clean = span.usable_under(Some(poison), self.isa, (&mut *known, &mut ok))?;
                for (value, &clean) in values.iter_mut().zip(clean.marks()) {
                    *value = if clean == 0 { C::from_f64(f64::NAN) } else { *value };
                }
                nan = true;
            }
            let results = Results { values, usable, nan };
            self.output.store(plane, span.at, span.len, results)?;
        }
        Ok(())
    }
}

impl<T: Sample<C>, C: Real> Interpolated<'_, '_, T, C> {
    /// Gathers a span whose taps all lie in one block; returns false where the careful loop has to decide.
    fn gather<const N: usize>(
        &self,
        (block, plane): (&Array<'_>, usize),
        home: &Home,
        span: &Span<C, N>,
        usable: &Usable<'_>,
        values: &mut [C; SPAN],
    ) -> bool {
        let sample = PhantomData::<T>;
        if quads::pays(N)
            && self.isa.has_wide_registers()
            && self.isa.run(Quads { block, plane, home, span, values, sample })
        {
            return true;
        }
        self.isa.run(Fast { block, plane, home, span, usable, values, sample })
    }

    /// Gathers a span at a seam between blocks from a copy of the samples around it; returns false where that is
    /// not possible, or the careful loop has to decide.
    fn gather_across<const N: usize>(
        &self,
        plane: usize,
        span: &Span<C, N>,
        usable: &Usable<'_>,
        values: &mut [C; SPAN],
    ) -> bool {
        let Some(cells) = span.seam() else { return false };
        let Some(patch) = Patch::<T>::copied(self.source.lattice, plane, cells, (span.first, N))
        else {
            return false;
        };
        let home = Home { block: 0, cells: *cells, corner: (0, 0) };
        self.gather((&patch.view(), 0), &home, span, usable, values)
    }
}

/// Bands whose nearest samples are copied bit by bit; `T` only says how wide they are.
pub(super) struct Copied<'t, 'a, T> {
    pub(super) source: Image<'t, 'a>,
    pub(super) output: Output<'t, T>,
    pub(super) isa: Isa,
    pub(super) masks: &'t [Veil<'t>],
}

impl<T: Copy + Default + Send + Sync + 'static> Bands<f32, 1> for Copied<'_, '_, T> {
    fn source(&self) -> &Lattice<'_> {
        self.source.lattice
    }

    fn have_veils(&self) -> bool {
        !self.masks.is_empty()
    }

    fn resample(&self, span: &Span<f32, 1>, room: &mut Room<f32>) -> Result<()> {
        let Room { ok, known, .. } = room;
        for plane in 0..self.output.planes() {
            let usable =
                span.usable_under(self.masks.get(plane), self.isa, (&mut *known, &mut *ok))?;
            if matches!(usable, Usable::None) {
                self.output.fill(plane, span.at, span.len);
                continue;
            }
            let fill = self.output.fill_value(plane);
            self.output.write_with(plane, span.at, span.len, |samples| {
                let Some(home) = span.home() else {
                    samples.fill(fill);
                    return pick_careful(self.source, plane, span, usable.marks(), samples);
                };
                let block = self.source.lattice.block(home.block);
                self.isa.run(Pick { block, plane, home, span, values: samples });
                if let Usable::Some(ok) = usable {
                    for (sample, &ok) in samples.iter_mut().zip(ok) {
                        *sample = if ok == 0 { fill } else { *sample };
                    }
                }
                Ok(())
            })?;
            self.output.write_valid(plane, span.at, &usable.marks()[..span.len]);
        }
        Ok(())
    }
}
