//! How many warm-up samples a piece needs for an error below epsilon.

/// Number of warm-up samples on each side of a piece, for the poles of a spline.
///
/// Let `h` be the impulse response of the causal cascade, `A` the sum of its moduli and `T(m)` that of its
/// terms after the `m`-th, and `g = product of (1 - z)^2` the gain. Starting `m` samples before a piece
/// instead of at minus infinity changes a causal value by at most `T(m) |x|`, hence a coefficient by at most
/// `g A T(m) |x|`; stopping the anticausal sweep `m` samples after the piece by `g T(m) A |x|`. One axis
/// errs by `e = 2 g A T(m)`, relative to the largest sample. The exact filter of an axis amplifies by at most
/// `L = g A^2`, so both axes err by at most `2 L e + e^2`; and a spline is a convex combination of its
/// coefficients. The result is the smallest `m` with `2 L e + e^2 <= epsilon`.
#[must_use]
pub fn warm_up(poles: &[f64], epsilon: f64) -> i64 {
    if poles.is_empty() {
        return 0;
    }
    let response = impulse_response(poles);
    let gain: f64 = poles.iter().map(|z| (1.0 - z) * (1.0 - z)).product();
    let total: f64 = response.iter().sum();
    let amplification = gain * total * total;
    // Summed from the smallest term up, so that a tail keeps its digits; `tail` starts past the last one.
    let mut tail = 0.0;
    for (m, term) in response.iter().enumerate().rev() {
        let error = 2.0 * gain * total * (tail + term);
        if 2.0 * amplification * error + error * error > epsilon {
            return m as i64;
        }
        tail += term;
    }
    0
}

/// Moduli of the causal cascade's impulse response, until they vanish in double precision.
///
/// All poles are negative: the signs alternate, and the moduli are the response for `|z|`.
fn impulse_response(poles: &[f64]) -> Vec<f64> {
    let mut states = vec![0.0; poles.len()];
    let mut response = Vec::new();
    let mut input = 1.0;
    loop {
        let mut value = input;
        for (state, z) in states.iter_mut().zip(poles) {
            *state = *state * z.abs() + value;
            value = *state;
        }
        input = 0.0;
        if value < 1e-20 {
            return response;
        }
        response.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelKind;

    #[test]
    fn grows_with_the_order_and_the_precision() {
        let lengths = |epsilon: f64| -> Vec<i64> {
            KernelKind::ALL[3..].iter().map(|k| warm_up(k.support().poles, epsilon)).collect()
        };
        assert_eq!(lengths(1e-6), [13, 22, 33, 46, 60]);
        assert!(lengths(1e-12).iter().zip(lengths(1e-6)).all(|(fine, coarse)| *fine > coarse));
        assert_eq!(warm_up(&[], 1e-6), 0);
    }
}
