//! Positions between nodes in a fifth of the operations, nearly: they tell the nearest pixel where it is beyond doubt.

use crate::SPAN;

/// Nodes as far from 0 as a source and its origin reach.
const NEAR: f64 = (1 << 29) as f64;

/// More than a drafted position is off, and half-integers attract an exact one (`SNAP_RELATIVE`), in pixels.
///
/// Both positions are rounded 10 times at most, at numbers up to `NEAR`: 20 * 2**-53 * 2**29 is 1.2e-6. Half-integers
/// attract from 2.5e-7 there. The sum is below 2**-19.
const DOUBT: f64 = 1.0 / (1 << 18) as f64;

/// Positions along one row of nodes.
pub(super) struct DraftLine {
    /// Rows and columns.
    positions: [[f64; SPAN]; 2],
    /// Whether all nodes are within [`NEAR`]: what is said of [`DOUBT`] holds for no others.
    pub(super) is_near: bool,
}

impl DraftLine {
    pub(super) const NOTHING: Self = Self { positions: [[0.0; SPAN]; 2], is_near: false };

    /// Interpolates along a row of nodes that stand every `spacing` pixels: rows and columns, of those to the left
    /// and to the right of each pixel, whose distances are given.
    #[inline(always)]
    pub(super) fn draw(
        &mut self,
        nodes: [[&[f64]; 2]; 2],
        [to_left, to_right]: &[[f64; SPAN]; 2],
        spacing: i64,
    ) {
        let scale = 1.0 / spacing as f64;
        let mut is_near = true;
        for (out, [left, right]) in self.positions.iter_mut().zip(nodes) {
            for k in 0..SPAN {
                out[k] = (left[k] * to_right[k] + right[k] * to_left[k]) * scale;
                // False for what is not a number.
                is_near &= left[k].abs() <= NEAR && right[k].abs() <= NEAR;
            }
        }
        self.is_near = is_near;
    }
}

/// Positions of a row of pixels between two rows of nodes.
#[derive(Clone, Copy)]
pub(super) struct Draft<'t> {
    above: (&'t DraftLine, f64),
    below: (&'t DraftLine, f64),
}

impl<'t> Draft<'t> {
    /// A draft between two lines of these weights; `None` if it would be good for nothing.
    #[inline(always)]
    pub(super) fn between(
        above: &'t DraftLine,
        below: &'t DraftLine,
        weights: [f64; 2],
    ) -> Option<Self> {
        let scale = 1.0 / (weights[0] + weights[1]);
        let draft = Self { above: (above, weights[0] * scale), below: (below, weights[1] * scale) };
        (above.is_near && below.is_near).then_some(draft)
    }

    /// The nearest pixel of the row (`axis` 0) or the column (1) of pixel `k`, and whether that is in doubt.
    #[inline(always)]
    pub(super) fn nearest(&self, axis: usize, k: usize) -> (i32, bool) {
        /// Adding it to a number and subtracting it again rounds to an integer, without a call on any CPU.
        const ROUNDS: f64 = (3_i64 << 51) as f64;
        let [above, below] =
            [self.above, self.below].map(|(line, weight)| line.positions[axis][k] * weight);
        let x = above + below;
        let nearest = (x + ROUNDS) - ROUNDS;
        debug_assert!(nearest.abs() < 2.0 * NEAR);
        // SAFETY: `between` saw that both lines are near, which bounds what is interpolated here.
        (unsafe { nearest.to_int_unchecked() }, (x - nearest).abs() > 0.5 - DOUBT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        /// A pixel beyond doubt is the nearest one to the exact position, by the order of operations of `Mesh`.
        #[test]
        fn what_is_beyond_doubt_is_right(
            nodes in prop::array::uniform4(-1_000_000_i64..1_000_000),
            scale in prop::sample::select(vec![0.5, 0.37, 535.0, 1e3]),
            spacing in (1..5000_i64, 1..5000_i64),
            at in (0..5000_i64, 0..5000_i64),
        ) {
            let nodes = nodes.map(|node| node as f64 * scale);
            let (down, right) = (at.0 % spacing.0, at.1 % spacing.1);
            let distances = [[right as f64; SPAN], [(spacing.1 - right) as f64; SPAN]];
            let around = nodes.map(|node| [node; SPAN]);
            let mut lines = [DraftLine::NOTHING, DraftLine::NOTHING];
            for (line, [left, right]) in lines.iter_mut().zip([[0, 1], [2, 3]]) {
                let nodes = [&around[left][..], &around[right][..]];
                line.draw([nodes, nodes], &distances, spacing.1);
            }
            let weights = [(spacing.0 - down) as f64, down as f64];
            let draft = Draft::between(&lines[0], &lines[1], weights);
            let ([left, right], [above, below]) = (distances.map(|all| all[0]), weights);
            let sum = nodes[0] * (right * above)
                + nodes[1] * (left * above)
                + nodes[3] * (left * below)
                + nodes[2] * (right * below);
            let exact = sum / (spacing.0 * spacing.1) as f64;
            prop_assert_eq!(draft.is_some(), nodes.iter().all(|node| node.abs() <= NEAR));
            if let Some(draft) = draft {
                let (nearest, in_doubt) = draft.nearest(1, 7);
                prop_assert!(in_doubt || nearest == (exact + 0.5).floor() as i32, "{} {}", exact, nearest);
                prop_assert!(!in_doubt || (exact - exact.floor() - 0.5).abs() < 2.0 * DOUBT);
            }
        }
    }

    #[test]
    fn nodes_that_are_far_or_not_finite_are_not_near() {
        for node in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e300, -NEAR.next_up()] {
            let (good, bad) = ([1.0; SPAN], [node; SPAN]);
            let mut line = DraftLine::NOTHING;
            line.draw([[&good, &good], [&good, &bad]], &[[1.0; SPAN]; 2], 2);
            assert!(!line.is_near, "{node}");
        }
    }
}
