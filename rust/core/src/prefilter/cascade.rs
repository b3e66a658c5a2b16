//! The recursion: all poles in one causal sweep, then all in one anticausal sweep.

/// The last output of each pole, for `L` lines at once.
pub(super) type States<const K: usize, const L: usize> = [[f64; L]; K];

/// One sample of each line through the cascade: the output of a pole is the input of the next.
#[inline(always)]
pub(super) fn step<const K: usize, const L: usize>(
    sample: &[f64; L],
    states: &mut States<K, L>,
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

/// The same on the way back, whose outputs are multiplied by the gain.
#[inline(always)]
pub(super) fn step_back<const K: usize, const L: usize>(
    sample: &[f64; L],
    states: &mut States<K, L>,
    poles: &[f64; K],
    gain: f64,
) -> [f64; L] {
    let mut value = step(sample, states, poles);
    for v in &mut value {
        *v *= gain;
    }
    value
}
