//! A span of target pixels, and all that its bands share: cells, class, weights.

use std::marker::PhantomData;

use super::Task;
use super::home::Home;
use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::error::Result;
use crate::grid::{Cells, Extent, Locate, Mesh};
use crate::image::Lattice;
use crate::kernel::Kernel;
use crate::sample::Real;
use crate::validity::{Known, Strike, Veil, Verdict};
use crate::window::{Rect, Window};

/// What the positions of a task are held against.
#[derive(Debug)]
pub(super) struct Frame<'t> {
    /// Position of source pixel (0, 0).
    pub(super) origin: (i32, i32),
    /// Taps that may be valid.
    pub(super) domain: Rect,
    /// Those of them that the positions can need; `None`: no pixel is valid.
    pub(super) taps: Option<Window>,
    /// Taps that are not valid, in all bands.
    pub(super) mask: Option<Veil<'t>>,
    /// Nearest pixels that are accepted whatever a mask says.
    pub(super) safe: Option<Rect>,
    /// Factor of the result.
    pub(super) gain: f64,
}

/// What a thread writes to while it has a span, lest it is made anew for each one.
#[repr(C, align(64))]
pub(super) struct Room<C> {
    /// Sums of one band.
    pub(super) values: [C; SPAN],
    /// Marks of the pixels that are valid in one band.
    pub(super) ok: [u8; SPAN],
    /// What has been seen of masks.
    pub(super) known: Known,
}

impl<C: Real> Room<C> {
    pub(super) const EMPTY: Self =
        Self { values: [C::ZERO; SPAN], ok: [0; SPAN], known: Known::NOTHING };
}

/// How the pixels of a span stand to the domain of valid taps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Every tap of every pixel is in it.
    Inside,
    /// No pixel is valid.
    Outside,
    /// To be decided pixel by pixel: see `Span::ok`.
    Mixed,
}

/// The pixels of a span that have a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Usable<'t> {
    /// All of them.
    All,
    /// Those marked by 1, of those in the span.
    Some(&'t [u8; SPAN]),
    /// None.
    None,
}

impl Usable<'_> {
    /// 1 for each pixel that has a value.
    #[inline(always)]
    pub(super) fn marks(&self) -> &[u8; SPAN] {
        match self {
            Self::All => &[1; SPAN],
            Self::Some(ok) => ok,
            Self::None => &[0; SPAN],
        }
    }
}

/// Rows of weight 0 on both sides of those of the taps: four neighbours may lie this many rows apart and be summed
/// together.
pub(super) const SPREAD: usize = 3;

/// Up to [`SPAN`] pixels of one target row, and all that their bands share.
pub(super) struct Span<C, const N: usize> {
    /// First pixel, counted from that of the target window.
    pub(super) at: (usize, usize),
    pub(super) len: usize,
    /// Its number in its row of spans.
    slot: usize,
    pub(super) class: Class,
    /// Where the last span lay that had a home.
    home: Home,
    /// Whether this one lies there, too.
    at_home: bool,
    /// Smallest and largest cells, where they are asked for.
    extent: Rect,
    /// Whether every needed tap of every pixel is valid, as far as all bands share it.
    clear: bool,
    /// 1 where every needed tap is valid; of no meaning in a span that is clear or outside.
    ok: [u8; SPAN],
    mesh: Mesh,
    pub(super) rows: Cells<C>,
    pub(super) cols: Cells<C>,
    pub(super) weights: Weights<C, N>,
    /// First tap of a cell.
    pub(super) first: i32,
    /// Taps of a position whose fraction is 0.
    pub(super) exact: (usize, usize),
}

/// Weights of the taps along both axes, tap by tap. Rows past the taps weigh 0; `quads` counts all of them from the
/// start on, so they stand side by side in this order.
#[repr(C, align(64))]
pub(super) struct Weights<C, const N: usize> {
    above: [[C; SPAN]; SPREAD],
    pub(super) rows: [[C; SPAN]; N],
    below: [[C; SPAN]; SPREAD],
    pub(super) cols: [[C; SPAN]; N],
}

impl<C, const N: usize> Weights<C, N> {
    /// Rows of weights, those past the taps included.
    pub(super) const ROWS: usize = SPREAD + N + SPREAD;
}

impl<C: Real, const N: usize> Span<C, N> {
    pub(super) fn new<K: Kernel<N>>() -> Self {
        Self {
            at: (0, 0),
            len: 0,
            slot: 0,
            class: Class::Outside,
            home: Home::NOWHERE,
            at_home: false,
            extent: Rect::NOWHERE,
            clear: false,
            ok: [0; SPAN],
            mesh: Mesh::EMPTY,
            rows: Cells::EMPTY,
            cols: Cells::EMPTY,
            weights: Weights {
                above: [[C::ZERO; SPAN]; SPREAD],
                rows: [[C::ZERO; SPAN]; N],
                below: [[C::ZERO; SPAN]; SPREAD],
                cols: [[C::ZERO; SPAN]; N],
            },
            first: K::FIRST,
            exact: K::EXACT,
        }
    }

    /// Cells, class and weights of the span at `at`, which is to be gathered from `blocks`, by bands
    /// that may have veils of their own, which judge each span by its extent.
    pub(super) fn locate<K: Kernel<N>>(
        &mut self,
        task: &Task<'_>,
        frame: &Frame<'_>,
        (blocks, have_veils): (&Lattice<'_>, bool),
        known: &mut Known,
        (slot, at, len): (usize, (usize, usize), usize),
    ) -> Result<()> {
        (self.slot, self.at, self.len) = (slot, at, len);
        let isa = task.isa;
        // Cells of which nothing else has to be known.
        let plain = match &frame.mask {
            None => self.home.cells,
            Some(veil) => self.home.cells.and(&veil.clear_cells(slot, known)),
        };
        let is_plain = Locate {
            grid: &task.grid,
            mesh: &mut self.mesh,
            at: (task.target.row0 + at.0 as i64, task.target.col0 + at.1 as i64),
            len,
            origin: &frame.origin,
            shift: task.shift,
            rounds: K::ROUNDS,
            region: &plain,
            rows: &mut self.rows,
            cols: &mut self.cols,
        }
        .run(isa);
        if !is_plain || have_veils {
            self.extent = isa.run(Extent { rows: &self.rows, cols: &self.cols });
        }
        if is_plain {
            (self.class, self.clear, self.at_home) = (Class::Inside, true, true);
        } else {
            self.classify(frame, blocks);
            self.judge(isa, frame, known)?;
        }
        if self.class != Class::Outside && N > 1 {
            isa.run(Weigh::<K, C, N> { span: self, gain: frame.gain, kernel: PhantomData });
        }
        Ok(())
    }

    /// Class and home of the span.
    fn classify(&mut self, frame: &Frame<'_>, blocks: &Lattice<'_>) {
        let taps = (self.first, self.first + N as i32 - 1);
        let (domain, Rect { rows, cols }) = (&frame.domain, self.extent);
        let inside = |cells: (i32, i32), domain: (i32, i32)| {
            cells.0 + taps.0 >= domain.0 && cells.1 + taps.1 <= domain.1
        };
        // The pixel of a cell is one of its taps.
        let outside =
            |cells: (i32, i32), domain: (i32, i32)| cells.1 < domain.0 || cells.0 > domain.1;
        self.class = if inside(rows, domain.rows) && inside(cols, domain.cols) {
            Class::Inside
        } else if outside(rows, domain.rows) || outside(cols, domain.cols) {
            Class::Outside
        } else {
            Class::Mixed
        };
        self.at_home = self.home.cells.holds(&self.extent);
        if self.class == Class::Inside
            && !self.at_home
            && let Some(home) = Home::new(blocks, domain, &self.extent, taps)
        {
            (self.home, self.at_home) = (home, true);
        }
    }

    /// Which pixels of a classified span are valid in every band.
    fn judge(&mut self, isa: Isa, frame: &Frame<'_>, known: &mut Known) -> Result<()> {
        self.clear = self.class == Class::Inside;
        if self.class == Class::Mixed {
            isa.run(Judge { span: self, domain: &frame.domain });
        }
        if let Some(veil) = frame.mask.as_ref().filter(|_| self.class != Class::Outside) {
            let verdict = veil.judge(&self.extent, self.slot, known, isa);
            match verdict {
                Verdict::Clear => {}
                Verdict::Covered if frame.safe.is_none() => self.class = Class::Outside,
                _ => {
                    let mut ok = *self.usable().marks();
                    isa.run(self.strike(veil, verdict, frame.safe, &mut ok))?;
                    (self.ok, self.clear) = (ok, false);
                }
            }
        }
        Ok(())
    }

    /// Where the whole span can be gathered without a test for each pixel.
    pub(super) fn home(&self) -> Option<&Home> {
        self.at_home.then_some(&self.home)
    }

    /// The cells of a span all of whose taps are valid, but which lie in several blocks.
    pub(super) fn seam(&self) -> Option<&Rect> {
        (self.class == Class::Inside && !self.at_home).then_some(&self.extent)
    }

    /// The pixels that are valid as far as all bands share it.
    #[inline]
    pub(super) fn usable(&self) -> Usable<'_> {
        match self.class {
            Class::Outside => Usable::None,
            _ if self.clear => Usable::All,
            _ => Usable::Some(&self.ok),
        }
    }

    /// Those of them that are valid in a band with a veil of its own; `ok` is room for the answer.
    #[inline]
    pub(super) fn usable_under<'t>(
        &'t self,
        veil: Option<&Veil<'_>>,
        isa: Isa,
        (known, ok): (&mut Known, &'t mut [u8; SPAN]),
    ) -> Result<Usable<'t>> {
        let shared = self.usable();
        let Some(veil) = veil.filter(|_| self.class != Class::Outside) else { return Ok(shared) };
        // A safe window answers for the mask that all bands share, not for the values of samples.
        let verdict = veil.judge(&self.extent, self.slot, known, isa);
        Ok(match verdict {
            Verdict::Clear => shared,
            Verdict::Covered => Usable::None,
            Verdict::Few(_) | Verdict::Mixed => {
                *ok = *shared.marks();
                isa.run(self.strike(veil, verdict, None, ok))?;
                Usable::Some(ok)
            }
        })
    }

    /// The job that strikes out pixels with a tap under `veil`.
    pub(super) fn strike<'t>(
        &'t self,
        veil: &'t Veil<'t>,
        verdict: Verdict,
        safe: Option<Rect>,
        ok: &'t mut [u8; SPAN],
    ) -> Strike<'t, C> {
        Strike {
            veil,
            rows: &self.rows,
            cols: &self.cols,
            few: if let Verdict::Few(few) = verdict { Some(few) } else { None },
            first: self.first,
            taps: N,
            exact: self.exact,
            len: self.len,
            trusted: safe,
            ok,
        }
    }
}

/// Decides for each pixel whether all the taps that it needs are in the domain of valid ones.
struct Judge<'t, C, const N: usize> {
    span: &'t mut Span<C, N>,
    domain: &'t Rect,
}

impl<C: Real, const N: usize> Job for Judge<'_, C, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { span, domain } = self;
        for k in 0..SPAN {
            let mut ok = true;
            for (cells, domain) in [(&span.rows, domain.rows), (&span.cols, domain.cols)] {
                let (from, to) = if cells.frac[k] == C::ZERO { span.exact } else { (0, N) };
                let first = cells.index[k] + span.first;
                ok &= first + from as i32 >= domain.0 && first + (to as i32) - 1 <= domain.1;
            }
            span.ok[k] = u8::from(ok);
        }
    }
}

/// Computes the weights of every tap of a span.
struct Weigh<'t, K, C, const N: usize> {
    span: &'t mut Span<C, N>,
    gain: f64,
    kernel: PhantomData<K>,
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
                let w = K::weights(cells.frac[k]);
                for tap in 0..N {
                    weights[tap][k] = w[tap];
                }
            }
        }
        if self.gain != 1.0 {
            for w in span.weights.rows.as_flattened_mut() {
                *w = *w * C::from_f64(self.gain);
            }
        }
    }
}
