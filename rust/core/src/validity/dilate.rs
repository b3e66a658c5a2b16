//! The influence of invalid samples on the spline coefficients around them.

/// Marks as not valid every tap within Manhattan distance `radius` of one that is not.
///
/// A two-pass city-block distance: `O(taps)`, whatever the radius.
pub(crate) fn spread(taps: &mut [u8], cols: usize, radius: u32) {
    if radius == 0 || cols == 0 || taps.iter().all(|&tap| tap != 0) {
        return;
    }
    let far = radius.saturating_add(1);
    let mut distance: Vec<u32> = taps.iter().map(|&tap| if tap == 0 { 0 } else { far }).collect();
    let rows = taps.len() / cols;
    for row in 0..rows {
        relax_from(&mut distance, row, row.checked_sub(1), cols);
        let line = &mut distance[row * cols..(row + 1) * cols];
        for col in 1..cols {
            line[col] = line[col].min(line[col - 1] + 1);
        }
    }
    for row in (0..rows).rev() {
        relax_from(&mut distance, row, Some(row + 1).filter(|&below| below < rows), cols);
        let line = &mut distance[row * cols..(row + 1) * cols];
        for col in (0..cols - 1).rev() {
            line[col] = line[col].min(line[col + 1] + 1);
        }
    }
    for (tap, d) in taps.iter_mut().zip(distance) {
        *tap = u8::from(d > radius);
    }
}

/// Lowers the distances of a row to one more than those of its neighbour.
fn relax_from(distance: &mut [u32], row: usize, neighbour: Option<usize>, cols: usize) {
    let Some(neighbour) = neighbour else { return };
    let (low, high) = distance.split_at_mut(row.max(neighbour) * cols);
    let (line, other) = if row > neighbour {
        (&mut high[..cols], &low[neighbour * cols..])
    } else {
        (&mut low[row * cols..], &high[..cols])
    };
    for (d, &n) in line.iter_mut().zip(other.iter()) {
        *d = (*d).min(n + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::spread;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_manhattan_ball(
            taps in prop::collection::vec(prop::bool::weighted(0.97), 23 * 31), radius in 0..9_u32,
        ) {
            let mut got: Vec<u8> = taps.iter().map(|&tap| u8::from(tap)).collect();
            spread(&mut got, 31, radius);
            for (at, &tap) in got.iter().enumerate() {
                let near = taps.iter().enumerate().any(|(other, &valid)| {
                    let rows = (at / 31).abs_diff(other / 31);
                    let cols = (at % 31).abs_diff(other % 31);
                    !valid && rows + cols <= radius as usize
                });
                prop_assert_eq!(tap == 0, near);
            }
        }
    }
}
