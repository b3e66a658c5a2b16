//! Laws of the engine, without Python: bits do not depend on blocks, windows, threads or the CPU.

#![allow(clippy::unwrap_used, reason = "a test may stop at what must not happen")]

use gridr_dask_core::arch::Isa;
use gridr_dask_core::grid::Grid;
use gridr_dask_core::image::{Array, ArrayMut, Lattice, Layout};
use gridr_dask_core::kernel::KernelKind;
use gridr_dask_core::resample::{Spline, Task, run};
use gridr_dask_core::{Boundary, DType, Error, Window};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;

const KERNELS: [&str; 3] = ["nearest", "linear", "cubic"];

const DTYPES: [DType; 11] = [
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
struct Noise(u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number in `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// An image that owns its samples, packed.
#[derive(Debug, Clone)]
struct Image {
    dtype: DType,
    shape: [usize; 3],
    /// Samples side by side, in memory that is aligned for every type.
    room: Vec<u64>,
}

impl Image {
    fn new(dtype: DType, shape: [usize; 3]) -> Self {
        let bytes = shape.iter().product::<usize>() * dtype.size();
        Self { dtype, shape, room: vec![0; bytes.div_ceil(8)] }
    }

    fn bytes(&self) -> &[u8] {
        let count = self.shape.iter().product::<usize>() * self.dtype.size();
        // SAFETY: `room` holds at least as many bytes, and every byte is a `u8`.
        unsafe { std::slice::from_raw_parts(self.room.as_ptr().cast(), count) }
    }

    fn set(&mut self, index: usize, sample: &[u8]) {
        let size = self.dtype.size();
        assert!(sample.len() == size && index < self.shape.iter().product());
        // SAFETY: the sample of this index lies within `room`.
        unsafe {
            let start = self.room.as_mut_ptr().cast::<u8>().add(index * size);
            start.copy_from_nonoverlapping(sample.as_ptr(), size);
        }
    }

    /// Integers of any bits; floats with some NaN, infinities and zeros of both signs.
    fn noise(dtype: DType, shape: [usize; 3], noise: &mut Noise) -> Self {
        let mut image = Self::new(dtype, shape);
        for i in 0..shape.iter().product() {
            let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e-320];
            let float = match noise.below(40) {
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

    /// A copy of rows `[r0, r1)` and columns `[c0, c1)`.
    fn cut(&self, (r0, r1): (i64, i64), (c0, c1): (i64, i64)) -> Self {
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

    fn layout(&self) -> Layout {
        let [_, rows, cols] = self.shape.map(usize::cast_signed);
        Layout::new("image", &self.shape, &[rows * cols, cols, 1]).unwrap()
    }

    fn view(&self) -> Array<'_> {
        // SAFETY: the layout reaches the samples of `room` and no others; the view borrows it.
        unsafe { Array::from_raw(self.room.as_ptr().cast(), self.dtype, self.layout()) }
    }

    fn view_mut(&mut self) -> ArrayMut<'_> {
        let layout = self.layout();
        // SAFETY: as in `view`; the view borrows the room for itself.
        unsafe { ArrayMut::from_raw(self.room.as_mut_ptr().cast(), self.dtype, layout) }
    }
}

/// An image, a grid, and what is asked for.
#[derive(Debug, Clone)]
struct Scene {
    source: Image,
    rows: Image,
    cols: Image,
    spacing: (i64, i64),
    target: Window,
    origin: (i64, i64),
    kernel: KernelKind,
    out: DType,
}

type Cuts = (Vec<i64>, Vec<i64>);
type Spans = Vec<(i64, i64)>;

/// Samples and validity, as bytes.
type Outcome = Result<(Vec<u8>, Vec<u8>), Error>;

impl Scene {
    fn new(kernel: &str, dtype: DType, out: DType, spacing: (i64, i64), seed: u64) -> Self {
        let noise = &mut Noise(seed);
        let size = [1 + noise.below(24), 1 + noise.below(90)];
        let nodes = if spacing == (1, 1) {
            [1 + noise.below(12), 1 + noise.below(150)]
        } else {
            [2 + noise.below(4), 2 + noise.below(12)]
        };
        let origin = [(0, 0), (5, -7), (-100_000, 100_000)][noise.below(3)];
        let mut scene = Self {
            source: Image::noise(dtype, [2, size[0], size[1]], noise),
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
            kernel: KernelKind::from_name(kernel).unwrap(),
            out,
        };
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

    fn shape(&self) -> (i64, i64) {
        (self.source.shape[1] as i64, self.source.shape[2] as i64)
    }

    /// Resamples `target` from the source cut into blocks.
    fn run(&self, target: Window, cuts: &Cuts, how: (Isa, usize)) -> Outcome {
        let (rows, cols) = (spans(&cuts.0, self.shape().0), spans(&cuts.1, self.shape().1));
        self.run_on(target, rows, cols, how)
    }

    fn run_on(&self, target: Window, rows: Spans, cols: Spans, how: (Isa, usize)) -> Outcome {
        let blocks: Vec<_> = rows
            .iter()
            .flat_map(|&row| cols.iter().map(move |&col| self.source.cut(row, col)))
            .collect();
        let shape = [self.source.shape[0], target.rows(), target.cols()];
        let (mut out, mut valid) = (Image::new(self.out, shape), Image::new(DType::Bool, shape));
        let mut fill = Image::new(self.out, [shape[0], 1, 1]);
        for plane in 0..shape[0] {
            fill.set(plane, &[1; 8][..self.out.size()]);
        }
        let task = Task {
            source: Lattice::new(rows, cols, blocks.iter().map(Image::view).collect())?,
            source_shape: self.shape(),
            source_origin: self.origin,
            grid: Grid::new(self.rows.view(), self.cols.view(), (0, 0), self.spacing)?,
            target,
            shift: (0.0, 0.0),
            kernel: self.kernel,
            // Not looked at by these kernels.
            spline: Spline { epsilon: 1.0, influence: 0, influence_ceil: 0, prefiltered: false },
            boundary: Boundary::None,
            trusted: false,
            mask: None,
            safe: None,
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
    fn whole(&self) -> Outcome {
        self.run(self.target, &(vec![], vec![]), (Isa::Portable, 1))
    }
}

/// Half-open spans between cuts, which may stand anywhere.
fn spans(cuts: &[i64], size: i64) -> Spans {
    let mut edges: Vec<_> = cuts.iter().map(|cut| cut.rem_euclid(size.max(1))).collect();
    edges.extend([0, size]);
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// The rows of two images joined, one after the other.
fn side_by_side(halves: [&[u8]; 2], rows: usize, widths: [usize; 2], size: usize) -> Vec<u8> {
    let mut joined = vec![];
    for row in 0..rows {
        for (half, width) in halves.into_iter().zip(widths) {
            joined.extend_from_slice(&half[row * width * size..][..width * size]);
        }
    }
    joined
}

fn scenes() -> impl Strategy<Value = Scene> {
    let spacing = select(vec![(1, 1), (2, 3), (10, 10), (1, 5)]);
    (select(&KERNELS), select(&DTYPES), select(&DTYPES), any::<bool>(), spacing, any::<u64>())
        .prop_map(|(kernel, dtype, other, same, spacing, seed)| {
            Scene::new(kernel, dtype, if same { dtype } else { other }, spacing, seed)
        })
}

fn cuts() -> impl Strategy<Value = Cuts> {
    let some = || prop::collection::vec(0_i64..90, 0..6);
    (some(), some())
}

fn config() -> ProptestConfig {
    let file = FileFailurePersistence::WithSource("regressions");
    ProptestConfig { failure_persistence: Some(Box::new(file)), ..ProptestConfig::with_cases(200) }
}

proptest! {
    #![proptest_config(config())]

    /// The fast loop needs all taps of a span in one block; across blocks the careful one runs.
    #[test]
    fn one_block_or_many_give_the_same_bits(scene in scenes(), cuts in cuts()) {
        for isa in Isa::available() {
            prop_assert_eq!(scene.run(scene.target, &cuts, (isa, 1)), scene.whole());
        }
    }

    #[test]
    fn single_pixel_blocks_give_the_same_bits(scene in scenes()) {
        let cuts = ((0..scene.shape().0).collect(), (0..scene.shape().1).collect());
        prop_assert_eq!(scene.run(scene.target, &cuts, (Isa::best(), 1)), scene.whole());
    }

    #[test]
    fn every_instruction_set_and_number_of_threads_gives_the_same_bits(scene in scenes()) {
        for isa in Isa::available() {
            for threads in [1, 2, 3] {
                prop_assert_eq!(
                    scene.run(scene.target, &(vec![], vec![]), (isa, threads)),
                    scene.whole()
                );
            }
        }
    }

    /// Spans start at the window, so that a column cut moves every pixel to another place in its span.
    #[test]
    fn a_target_in_two_windows_has_the_same_bits(scene in scenes(), at in 0_i64..200, cuts in cuts()) {
        let (whole, valid) = scene.whole().unwrap();
        let middle = scene.target.col0 + at % (scene.target.col1 + 1);
        let left = Window { col1: middle, ..scene.target };
        let right = Window { col0: middle, ..scene.target };
        let halves = [left, right].map(|half| scene.run(half, &cuts, (Isa::best(), 1)).unwrap());
        let rows = scene.source.shape[0] * scene.target.rows();
        let widths = [left.cols(), right.cols()];
        let [(a, a_valid), (b, b_valid)] = &halves;
        prop_assert_eq!(side_by_side([a, b], rows, widths, scene.out.size()), whole);
        prop_assert_eq!(side_by_side([a_valid, b_valid], rows, widths, 1), valid);
    }

    #[test]
    fn a_float32_grid_gives_the_bits_of_the_same_grid_in_float64(scene in scenes()) {
        let narrowed = |nodes: &Image, dtype: DType| {
            let mut image = Image::new(dtype, nodes.shape);
            for (i, node) in nodes.bytes().chunks_exact(8).enumerate() {
                let node = f64::from_ne_bytes(node.try_into().unwrap()) as f32;
                match dtype {
                    DType::F32 => image.set(i, &node.to_ne_bytes()),
                    _ => image.set(i, &f64::from(node).to_ne_bytes()),
                }
            }
            image
        };
        let [narrow, wide] = [DType::F32, DType::F64].map(|dtype| Scene {
            rows: narrowed(&scene.rows, dtype),
            cols: narrowed(&scene.cols, dtype),
            ..scene.clone()
        });
        prop_assert_eq!(narrow.whole(), wide.whole());
    }

    /// A sample that was not delivered is an error or was not needed; it is never made up.
    #[test]
    fn a_missing_block_is_reported_or_makes_no_difference(scene in scenes(), at in 0_i64..24) {
        let at = at % scene.shape().0;
        let rows = [(0, at), (at + 1, scene.shape().0)];
        let rows = rows.into_iter().filter(|span| span.0 < span.1).collect();
        let cols = vec![(0, scene.shape().1)];
        match scene.run_on(scene.target, rows, cols, (Isa::best(), 1)) {
            Err(Error::Uncovered { row, .. }) => prop_assert_eq!(row, at),
            outcome => prop_assert_eq!(outcome, scene.whole()),
        }
    }
}

#[test]
fn the_identity_returns_every_type_bit_by_bit() {
    for (kernel, dtype) in KERNELS.iter().flat_map(|kernel| DTYPES.map(|dtype| (kernel, dtype))) {
        let mut scene = Scene::new(kernel, dtype, dtype, (1, 1), 7);
        let shape = scene.source.shape;
        let exact = matches!(dtype, DType::U64 | DType::I64 | DType::F32 | DType::F64);
        if *kernel != "nearest" && exact {
            // Arithmetic keeps neither -0.0 nor all bits of a long integer.
            scene.source = Image::new(dtype, shape);
        }
        scene.origin = (0, 0);
        scene.target = Window { row0: 0, row1: shape[1] as i64, col0: 0, col1: shape[2] as i64 };
        let grid = [1, shape[1], shape[2]];
        (scene.rows, scene.cols) = (Image::new(DType::F64, grid), Image::new(DType::F64, grid));
        for i in 0..shape[1] * shape[2] {
            scene.rows.set(i, &((i / shape[2]) as f64).to_ne_bytes());
            scene.cols.set(i, &((i % shape[2]) as f64).to_ne_bytes());
        }
        let (out, valid) = scene.whole().unwrap();
        assert_eq!(out, scene.source.bytes(), "{kernel} {dtype:?}");
        assert!(valid.iter().all(|&ok| ok == 1));
    }
}
