//! Images, grids and tasks that own their memory.

use gridr_dask_core::arch::Isa;
use gridr_dask_core::grid::Grid;
use gridr_dask_core::image::{Array, ArrayMut, Lattice, Layout};
use gridr_dask_core::kernel::KernelKind;
use gridr_dask_core::resample::{Spline, Task, run};
use gridr_dask_core::{Boundary, DType, Error, Window};

/// Kernels on the samples themselves.
pub(crate) const LOCAL: [&str; 3] = ["nearest", "linear", "cubic"];

pub(crate) const KERNELS: [&str; 8] =
    ["nearest", "linear", "cubic", "bspline3", "bspline5", "bspline7", "bspline9", "bspline11"];

pub(crate) const DTYPES: [DType; 11] = [
    DType::Bool,
    DType::U8,
    DType::I8,
    DType::U16,
    DType::I16,
    DType::U32,
    DType::I32,
    DType::U64,
    DType::I64,
    DType::F32,
    DType::F64,
];

/// Deterministic noise.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// An image that owns its samples, packed.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) dtype: DType,
    pub(crate) shape: [usize; 3],
    /// Samples side by side, in memory that is aligned for every type.
    room: Vec<u64>,
}

impl Image {
    pub(crate) fn new(dtype: DType, shape: [usize; 3]) -> Self {
        let bytes = shape.iter().product::<usize>() * dtype.size();
        Self { dtype, shape, room: vec![0; bytes.div_ceil(8)] }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        let count = self.shape.iter().product::<usize>() * self.dtype.size();
        // SAFETY: `room` holds at least as many bytes, and every byte is a `u8`.
        unsafe { std::slice::from_raw_parts(self.room.as_ptr().cast(), count) }
    }

    pub(crate) fn set(&mut self, index: usize, sample: &[u8]) {
        let size = self.dtype.size();
        assert!(sample.len() == size && index < self.shape.iter().product());
        // SAFETY: the sample of this index lies within `room`.
        unsafe {
            let start = self.room.as_mut_ptr().cast::<u8>().add(index * size);
            start.copy_from_nonoverlapping(sample.as_ptr(), size);
        }
    }

    /// Integers of any bits; floats with NaN, infinities and zeros of both signs, six of `out_of` samples.
    pub(crate) fn noise(dtype: DType, shape: [usize; 3], out_of: usize, noise: &mut Noise) -> Self {
        let mut image = Self::new(dtype, shape);
        for i in 0..shape.iter().product() {
            let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e-320];
            let float = match noise.below(out_of) {
                k if k < special.len() => special[k],
                _ => noise.unit() * 200.0 - 100.0,
            };
            let bits = noise.bits().to_ne_bytes();
            match dtype {
                DType::Bool => image.set(i, &[bits[0] & 1]),
                DType::F32 => image.set(i, &(float as f32).to_ne_bytes()),
                DType::F64 => image.set(i, &float.to_ne_bytes()),
                _ => image.set(i, &bits[..dtype.size()]),
            }
        }
        image
    }

    /// A mask with one invalid sample out of `out_of`.
    fn mask(shape: [usize; 3], out_of: usize, noise: &mut Noise) -> Self {
        let mut mask = Self::new(DType::Bool, shape);
        for i in 0..shape.iter().product() {
            mask.set(i, &[u8::from(noise.below(out_of) > 0)]);
        }
        mask
    }

    /// Its samples on a lattice of the spans `rows` x `cols`.
    fn blocks(&self, rows: &Spans, cols: &Spans) -> Vec<Self> {
        rows.iter().flat_map(|&row| cols.iter().map(move |&col| self.cut(row, col))).collect()
    }

    /// A copy of rows `[r0, r1)` and columns `[c0, c1)`.
    pub(crate) fn cut(&self, (r0, r1): (i64, i64), (c0, c1): (i64, i64)) -> Self {
        let [planes, rows, cols] = self.shape;
        let shape = [planes, (r1 - r0) as usize, (c1 - c0) as usize];
        let (mut part, size) = (Self::new(self.dtype, shape), self.dtype.size());
        for i in 0..shape.iter().product() {
            let (p, r, c) = (i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]);
            let from = (p * rows + r + r0 as usize) * cols + c + c0 as usize;
            part.set(i, &self.bytes()[from * size..][..size]);
        }
        part
    }

    pub(crate) fn layout(&self) -> Layout {
        let [_, rows, cols] = self.shape.map(usize::cast_signed);
        Layout::new("image", &self.shape, &[rows * cols, cols, 1]).unwrap()
    }

    pub(crate) fn view(&self) -> Array<'_> {
        // SAFETY: the layout reaches the samples of `room` and no others; the view borrows it.
        unsafe { Array::from_raw(self.room.as_ptr().cast(), self.dtype, self.layout()) }
    }

    pub(crate) fn view_mut(&mut self) -> ArrayMut<'_> {
        let layout = self.layout();
        // SAFETY: as in `view`; the view borrows the room for itself.
        unsafe { ArrayMut::from_raw(self.room.as_mut_ptr().cast(), self.dtype, layout) }
    }
}

/// An image that goes on past its edge, its validity, a grid, and what is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) source: Image,
    pub(crate) rows: Image,
    pub(crate) cols: Image,
    pub(crate) spacing: (i64, i64),
    pub(crate) target: Window,
    pub(crate) origin: (i64, i64),
    pub(crate) shift: (f64, f64),
    pub(crate) kernel: KernelKind,
    pub(crate) spline: Spline,
    pub(crate) boundary: Boundary,
    pub(crate) trusted: bool,
    pub(crate) mask: Option<Image>,
    pub(crate) bands: Option<Image>,
    pub(crate) safe: Option<Window>,
    pub(crate) out: DType,
}

pub(crate) type Cuts = (Vec<i64>, Vec<i64>);
pub(crate) type Spans = Vec<(i64, i64)>;

/// Samples and validity, as bytes.
pub(crate) type Outcome = Result<(Vec<u8>, Vec<u8>), Error>;

impl Scene {
    pub(crate) fn new(
        kernel: &str,
        dtype: DType,
        out: DType,
        spacing: (i64, i64),
        seed: u64,
    ) -> Self {
        let noise = &mut Noise(seed);
        let kernel = KernelKind::from_name(kernel).unwrap();
        let is_spline = !kernel.support().poles.is_empty();
        // Now and then an image of several pieces of the prefilter.
        let size = if is_spline && noise.below(4) == 0 {
            [100 + noise.below(60), 200 + noise.below(90)]
        } else {
            [1 + noise.below(24), 1 + noise.below(90)]
        };
        // In a spline, one sample covers many pixels.
        let rare = if is_spline { 100 } else { 1 };
        let nodes = if spacing == (1, 1) {
            [1 + noise.below(12), 1 + noise.below(150)]
        } else {
            [2 + noise.below(4), 2 + noise.below(12)]
        };
        let origin = [(0, 0), (5, -7), (-100_000, 100_000)][noise.below(3)];
        let mut scene = Self {
            source: Image::noise(dtype, [2, size[0], size[1]], 40 * rare, noise),
            rows: Image::new(DType::F64, [1, nodes[0], nodes[1]]),
            cols: Image::new(DType::F64, [1, nodes[0], nodes[1]]),
            spacing,
            target: Window {
                row0: 0,
                row1: (nodes[0] as i64 - 1) * spacing.0 + 1,
                col0: 0,
                col1: (nodes[1] as i64 - 1) * spacing.1 + 1,
            },
            origin,
            shift: [(0.0, 0.0), (0.25, -3.0)][noise.below(2)],
            kernel,
            spline: Spline {
                epsilon: [1e-2, 1e-6, 1e-12][noise.below(3)],
                influence: [0, 3, 10][noise.below(3)],
                influence_ceil: 11,
                prefiltered: false,
            },
            boundary: Boundary::ALL[noise.below(Boundary::ALL.len())].1,
            trusted: noise.below(4) > 0,
            mask: None,
            bands: None,
            safe: None,
            out,
        };
        if noise.below(2) == 0 {
            scene.mask = Some(Image::mask([1, size[0], size[1]], 20 * rare, noise));
        }
        if noise.below(3) == 0 {
            scene.bands = Some(Image::mask([2, size[0], size[1]], 40 * rare, noise));
        }
        if noise.below(3) == 0 {
            let (row0, col0) = (noise.below(size[0]) as i64, noise.below(size[1]) as i64);
            scene.safe = Some(Window { row0, row1: row0 + 9, col0, col1: col0 + 30 });
        }
        // Smooth grids keep spans in one block; rough ones make them cross all edges.
        let rough = [0.0, 0.5, 20.0][noise.below(3)];
        for i in 0..nodes[0] * nodes[1] {
            let along = [i / nodes[1], i % nodes[1]];
            for (axis, origin) in [origin.0, origin.1].into_iter().enumerate() {
                let share = along[axis] as f64 / nodes[axis] as f64;
                let jitter = rough * (noise.unit() - 0.5);
                let x = share * (size[axis] as f64 + 2.0) - 1.0 + jitter + origin as f64;
                let x = match noise.below(30) {
                    0 => f64::NAN,
                    1 => 1e300,
                    2..7 => x.round(),
                    7 => x.round() + 0.5 - 4e-13,
                    _ => x,
                };
                let nodes = if axis == 0 { &mut scene.rows } else { &mut scene.cols };
                nodes.set(i, &x.to_ne_bytes());
            }
        }
        scene
    }

    /// The scene of an image that ends at its edge and is valid everywhere.
    pub(crate) fn plain(self) -> Self {
        let (origin, shift) = ((0, 0), (0.0, 0.0));
        let (mask, bands, safe) = (None, None, None);
        Self { origin, shift, boundary: Boundary::None, mask, bands, safe, ..self }
    }

    pub(crate) fn shape(&self) -> (i64, i64) {
        (self.source.shape[1] as i64, self.source.shape[2] as i64)
    }

    /// Resamples `target` from the source cut into blocks.
    pub(crate) fn run(&self, target: Window, cuts: &Cuts, how: (Isa, usize)) -> Outcome {
        let (rows, cols) = (spans(&cuts.0, self.shape().0), spans(&cuts.1, self.shape().1));
        self.run_on(target, rows, cols, how)
    }

    /// Resamples `target` from the blocks at `rows` x `cols`; masks have blocks of their own.
    pub(crate) fn run_on(
        &self,
        target: Window,
        rows: Spans,
        cols: Spans,
        how: (Isa, usize),
    ) -> Outcome {
        let blocks = self.source.blocks(&rows, &cols);
        let (height, width) = self.shape();
        let thirds = (spans(&[height / 3], height), spans(&[width / 3, width / 2], width));
        let [mask, bands] = [&self.mask, &self.bands]
            .map(|mask| mask.as_ref().map(|mask| mask.blocks(&thirds.0, &thirds.1)));
        let shape = [self.source.shape[0], target.rows(), target.cols()];
        let (mut out, mut valid) = (Image::new(self.out, shape), Image::new(DType::Bool, shape));
        let mut fill = Image::new(self.out, [shape[0], 1, 1]);
        for plane in 0..shape[0] {
            fill.set(plane, &[1; 8][..self.out.size()]);
        }
        let task = Task {
            source: lattice(&blocks, &(rows, cols))?,
            source_shape: self.shape(),
            source_origin: self.origin,
            grid: Grid::new(self.rows.view(), self.cols.view(), (0, 0), self.spacing)?,
            target,
            shift: self.shift,
            kernel: self.kernel,
            spline: self.spline,
            boundary: self.boundary,
            trusted: self.trusted,
            mask: mask.as_ref().map(|blocks| lattice(blocks, &thirds)).transpose()?,
            bands: bands.as_ref().map(|blocks| lattice(blocks, &thirds)).transpose()?,
            safe: self.safe,
            out: out.view_mut(),
            valid: Some(valid.view_mut()),
            fill: fill.view(),
            threads: how.1,
            isa: how.0,
        };
        run(&task)?;
        drop(task);
        Ok((out.bytes().to_vec(), valid.bytes().to_vec()))
    }

    /// The whole target from a source of one block, on the plainest instruction set.
    pub(crate) fn whole(&self) -> Outcome {
        self.run(self.target, &(vec![], vec![]), (Isa::Portable, 1))
    }
}

fn lattice<'a>(blocks: &'a [Image], spans: &(Spans, Spans)) -> Result<Lattice<'a>, Error> {
    Lattice::new(spans.0.clone(), spans.1.clone(), blocks.iter().map(Image::view).collect())
}

/// Half-open spans between cuts, which may stand anywhere.
pub(crate) fn spans(cuts: &[i64], size: i64) -> Spans {
    let mut edges: Vec<_> = cuts.iter().map(|cut| cut.rem_euclid(size.max(1))).collect();
    edges.extend([0, size]);
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
}
