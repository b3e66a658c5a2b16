//! A mask as it lies in memory: the few bytes under a span are looked at when they are needed.

use super::Verdict;
use crate::arch::{Isa, Job};
use crate::boundary::Boundary;
use crate::error::{Error, Result};
use crate::image::Lattice;
use crate::window::Rect;

/// Bytes that are looked at together.
const LANES: usize = 32;

/// Most bytes that are looked at for a span as a whole; where more lie under it, its pixels are far apart.
const MANY: usize = 16 << 10;

/// One plane of a mask, 0 being invalid, with how it goes on past the edge of the image.
#[derive(Debug)]
pub(crate) struct MaskPlane<'t> {
    pub(crate) mask: &'t Lattice<'t>,
    pub(crate) plane: usize,
    /// Tells it from the other planes and masks of a task.
    pub(crate) id: usize,
    /// Past the edge, validity is that of the samples that are repeated there; where there are none, taps are
    /// valid, being zeros or none that a pixel could have.
    pub(crate) rule: Boundary,
    /// Rows and columns of the image.
    pub(crate) shape: (i64, i64),
    /// First and last tap of a cell.
    pub(crate) reach: (i32, i32),
}

/// How far around a span bytes are looked at for the spans to come.
const GROWTH: i64 = 12;

/// A few samples, by row and column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Few {
    places: [(i32, i32); Self::MOST],
    count: usize,
}

impl Few {
    const MOST: usize = 4;

    #[inline(always)]
    pub(super) fn list(&self) -> &[(i32, i32)] {
        &self.places[..self.count]
    }

    /// Adds a sample if there is room.
    #[inline(always)]
    fn add(&mut self, place: (i32, i32)) -> Option<()> {
        *self.places.get_mut(self.count)? = place;
        self.count += 1;
        Some(())
    }

    /// Adds the invalid samples of a line that begins at (row, col).
    #[cold]
    #[inline(never)]
    fn list_line(&mut self, line: &[u8], (row, col): (i32, i32)) -> Option<()> {
        (col..)
            .zip(line)
            .filter(|(_, byte)| **byte == 0)
            .try_for_each(|(col, _)| self.add((row, col)))
    }

    /// Those in a region.
    #[inline(always)]
    fn within(&self, region: &Rect) -> Self {
        let mut some = Self::default();
        for &(row, col) in self.list().iter().filter(|place| region.contains(place.0, place.1)) {
            let _ = some.add((row, col));
        }
        some
    }
}

/// What a thread has seen of masks: the spans of the next row lie near those of this one.
#[derive(Debug)]
pub(crate) struct Known([Seen; Self::SLOTS]);

/// The invalid samples of a region of a plane.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// That of the plane.
    id: usize,
    region: Rect,
    /// `None`: more than a few.
    invalid: Option<Few>,
}

impl Known {
    /// More than a tile has spans in a row; a power of two.
    const SLOTS: usize = 32;

    pub(crate) const NOTHING: Self =
        Self([Seen { id: 0, region: Rect::NOWHERE, invalid: None }; Self::SLOTS]);
}

/// Rows of bytes, at least [`LANES`] each.
#[derive(Clone, Copy)]
struct Lines<'t> {
    start: &'t [u8],
    stride: usize,
    rows: usize,
    cols: usize,
}

impl<'t> Lines<'t> {
    /// The bytes of one row.
    #[inline(always)]
    fn row(&self, row: usize) -> &'t [u8] {
        &self.start[row * self.stride..][..self.cols]
    }
}

/// The smallest and, bit by bit, the union of bytes, of which there are [`LANES`] or more.
#[inline(always)]
fn look(line: &[u8], least: &mut [u8; LANES], any: &mut [u8; LANES]) {
    let (chunks, rest) = line.as_chunks::<LANES>();
    // The last chunk overlaps the one before.
    let last = line.last_chunk::<LANES>().filter(|_| !rest.is_empty());
    for chunk in chunks.iter().chain(last) {
        for k in 0..LANES {
            least[k] = least[k].min(chunk[k]);
            any[k] |= chunk[k];
        }
    }
}

/// Whether no byte is 0.
#[inline(always)]
fn none_is_zero(bytes: &[u8; LANES]) -> bool {
    bytes.iter().fold(true, |all, &byte| all & (byte != 0))
}

impl MaskPlane<'_> {
    /// Cells known to have valid taps only, for the span of number `slot` in its row.
    #[inline]
    pub(super) fn clear_cells(&self, slot: usize, known: &Known) -> Rect {
        let seen = &known.0[(slot + self.id) % Known::SLOTS];
        if seen.id != self.id || seen.invalid.is_none_or(|few| few.count > 0) {
            return Rect::NOWHERE;
        }
        let cells = |taps: (i32, i32)| (taps.0 - self.reach.0, taps.1 - self.reach.1);
        Rect { rows: cells(seen.region.rows), cols: cells(seen.region.cols) }
    }

    /// Judges the span of number `slot` in its row, whose cells lie in `cells`, both ends included.
    #[inline]
    pub(super) fn judge(&self, cells: &Rect, slot: usize, known: &mut Known, isa: Isa) -> Verdict {
        let taps = |cells: (i32, i32)| (cells.0 + self.reach.0, cells.1 + self.reach.1);
        let taps = Rect { rows: taps(cells.rows), cols: taps(cells.cols) };
        let seen = &mut known.0[(slot + self.id) % Known::SLOTS];
        if seen.id != self.id || !seen.region.holds(&taps) {
            let Some((region, lines)) = self.under(&taps, GROWTH) else { return Verdict::Mixed };
            let invalid = isa.run(Find { lines: &lines, at: (region.rows.0, region.cols.0) });
            *seen = Seen { id: self.id, region, invalid };
        }
        if let Some(invalid) = seen.invalid {
            let few = invalid.within(&taps);
            return if few.count == 0 { Verdict::Clear } else { Verdict::Few(few) };
        }
        let under = self.under(&taps, 0);
        under.map_or(Verdict::Mixed, |(_, lines)| isa.run(Judge { lines: &lines }))
    }

    /// Whether all taps from (row, col) to (row, col), both inclusive, are valid.
    pub(super) fn all_valid(&self, rows: (i64, i64), cols: (i64, i64)) -> Result<bool> {
        if let Some((block, at)) = self.mask.block_around(rows, cols) {
            let layout = &block.layout;
            let tap = |row: i64, col: i64| {
                let offset = layout.offset(self.plane, (row - at.0, col - at.1), 1);
                // SAFETY: `block_around` found the block that holds the taps; masks are bytes, by `Task::check`.
                unsafe { *block.start.offset(offset) }
            };
            return Ok((rows.0..=rows.1).all(|row| (cols.0..=cols.1).all(|col| tap(row, col) != 0)));
        }
        for row in rows.0..=rows.1 {
            for col in cols.0..=cols.1 {
                if !self.is_valid(row, col)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn is_valid(&self, row: i64, col: i64) -> Result<bool> {
        let index = |i: i64, size: i64| self.rule.source_index(i, size);
        let (Some(row), Some(col)) = (index(row, self.shape.0), index(col, self.shape.1)) else {
            return Ok(true);
        };
        if self.mask.block_around((row, row), (col, col)).is_none() {
            return Err(Error::Uncovered { row, col });
        }
        self.all_valid((row, row), (col, col))
    }

    /// The bytes of a region around taps, if they lie in one block, side by side, and are not many.
    fn under(&self, taps: &Rect, growth: i64) -> Option<(Rect, Lines<'_>)> {
        let wide = |ends: (i32, i32)| (i64::from(ends.0), i64::from(ends.1));
        let (rows, cols) = (wide(taps.rows), wide(taps.cols));
        let (index, held) = self.mask.index_around(rows, cols)?;
        let layout = &self.mask.block(index).layout;
        let stride = usize::try_from(layout.row_stride).ok()?;
        if layout.col_stride != 1 || stride < layout.shape.1 || layout.shape.1 < LANES {
            return None;
        }
        let rows = ((rows.0 - growth).max(held.row0), (rows.1 + growth).min(held.row1 - 1));
        let cols = ((cols.0 - growth).max(held.col0), (cols.1 + growth).min(held.col1 - 1));
        // At least as wide as a chunk.
        let cols = (cols.0.min(held.col1 - LANES as i64), cols.1);
        let cols = (cols.0, cols.1.max(cols.0 + LANES as i64 - 1));
        let (height, width) = ((rows.1 + 1 - rows.0) as usize, (cols.1 + 1 - cols.0) as usize);
        if height * width > MANY {
            return None;
        }
        let at = (rows.0 - held.row0, cols.0 - held.col0);
        let offset = layout.offset(self.plane, at, width);
        // SAFETY: the region lies in the block, whose rows have `stride` bytes or more from one to the next.
        let start = unsafe {
            let start = self.mask.block(index).start.offset(offset);
            std::slice::from_raw_parts(start, (height - 1) * stride + width)
        };
        let narrow = |ends: (i64, i64)| (ends.0 as i32, ends.1 as i32);
        let region = Rect { rows: narrow(rows), cols: narrow(cols) };
        Some((region, Lines { start, stride, rows: height, cols: width }))
    }
}

/// Lists the invalid samples of a region from (row, col) `at` on, if they are few.
struct Find<'t> {
    lines: &'t Lines<'t>,
    at: (i32, i32),
}

impl Job for Find<'_> {
    type Output = Option<Few>;

    #[inline(always)]
    fn run(self) -> Option<Few> {
        let mut few = Few::default();
        for row in 0..self.lines.rows {
            let (mut least, mut any) = ([u8::MAX; LANES], [0; LANES]);
            let line = self.lines.row(row);
            look(line, &mut least, &mut any);
            if !none_is_zero(&least) {
                few.list_line(line, (self.at.0 + row as i32, self.at.1))?;
            }
        }
        Some(few)
    }
}

struct Judge<'t> {
    lines: &'t Lines<'t>,
}

impl Job for Judge<'_> {
    type Output = Verdict;

    #[inline(always)]
    fn run(self) -> Verdict {
        let (mut least, mut any) = ([u8::MAX; LANES], [0_u8; LANES]);
        for row in 0..self.lines.rows {
            look(self.lines.row(row), &mut least, &mut any);
        }
        if none_is_zero(&least) {
            Verdict::Clear
        } else if any.iter().fold(0, |any, &byte| any | byte) == 0 {
            Verdict::Covered
        } else {
            Verdict::Mixed
        }
    }
}
