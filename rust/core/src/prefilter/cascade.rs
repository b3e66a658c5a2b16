//! The recursion: all poles in one causal sweep, then all in one anticausal sweep.

/// Filters strip `s` of each group of `L` lines at once, sample by sample, in place, from a zero state at both ends.
///
/// `lines[i][s][l]` is sample `i` of line `l` of the strip. The gain is applied with the last sweep.
#[inline(always)]
pub(super) fn filter<const K: usize, const L: usize, const S: usize>(
    lines: &mut [[[f64; L]; S]],
    s: usize,
    poles: &[f64; K],
    gain: f64,
) {
    let mut states = [[0.0; L]; K];
    for sample in lines.iter_mut() {
        sample[s] = step(&sample[s], &mut states, poles);
    }
    states = [[0.0; L]; K];
    for sample in lines.iter_mut().rev() {
        let mut value = step(&sample[s], &mut states, poles);
        for v in &mut value {
            *v *= gain;
        }
        sample[s] = value;
    }
}

/// One sample through the cascade: the output of a pole is the input of the next.
#[inline(always)]
fn step<const K: usize, const L: usize>(
    sample: &[f64; L],
    states: &mut [[f64; L]; K],
    poles: &[f64; K],
) -> [f64; L] {
    let mut value = *sample;
    for k in 0..K {
        for l in 0..L {
            value[l] = states[k][l].mul_add(poles[k], value[l]);
            states[k][l] = value[l];
        }
    }
    value
}
