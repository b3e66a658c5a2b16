//! Laws of the engine, without Python: bits do not depend on blocks, windows, threads or the CPU.

#![allow(clippy::unwrap_used, reason = "a test may stop at what must not happen")]

mod scene;

use gridr_dask_core::arch::Isa;
use gridr_dask_core::{DType, Error, Window};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use scene::{Cuts, DTYPES, Image, KERNELS, LOCAL, Scene};

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
    let some = || prop::collection::vec(0_i64..290, 0..6);
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
    fn a_missing_block_is_reported_or_makes_no_difference(scene in scenes(), at in 0_i64..160) {
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

/// The image without what a sum of products cannot keep: odd NaN, -0.0, more than 53 bits.
///
/// NaN and infinities stay: a neighbour must not read them, whatever its weight for them.
fn kept_by_arithmetic(image: &Image) -> Image {
    let (mut kept, size) = (image.clone(), image.dtype.size());
    for (i, sample) in image.bytes().chunks_exact(size).enumerate() {
        match image.dtype {
            DType::F32 => {
                let x = f32::from_ne_bytes(sample.try_into().unwrap());
                kept.set(i, &if x.is_nan() { f32::NAN } else { x + 0.0 }.to_ne_bytes());
            }
            DType::F64 => {
                let x = f64::from_ne_bytes(sample.try_into().unwrap());
                kept.set(i, &if x.is_nan() { f64::NAN } else { x + 0.0 }.to_ne_bytes());
            }
            DType::U64 | DType::I64 => {
                let x = u64::from_ne_bytes(sample.try_into().unwrap());
                kept.set(i, &(x >> 12).to_ne_bytes());
            }
            _ => {}
        }
    }
    kept
}

#[test]
fn the_identity_returns_every_type_bit_by_bit() {
    for (kernel, dtype) in LOCAL.iter().flat_map(|kernel| DTYPES.map(|dtype| (kernel, dtype))) {
        let mut scene = Scene::new(kernel, dtype, dtype, (1, 1), 7).plain();
        let shape = scene.source.shape;
        if *kernel != "nearest" {
            scene.source = kept_by_arithmetic(&scene.source);
        }
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
