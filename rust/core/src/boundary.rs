//! What stands past the edge of an image.

use crate::error::{Error, Result};

/// How samples continue past the edge; the names are those of `numpy.pad`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Boundary {
    /// Nothing: the image ends. A spline sees zeros.
    None,
    /// Zeros.
    Constant,
    /// The sample at the edge, again and again.
    Edge,
    /// Mirrored at the centre of the sample at the edge, which is not repeated.
    Reflect,
    /// Mirrored at the outer border of the sample at the edge, which is repeated.
    Symmetric,
    /// The image again.
    Wrap,
}

impl Boundary {
    /// Every rule, with the name that users give it.
    pub const ALL: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("constant", Self::Constant),
        ("edge", Self::Edge),
        ("reflect", Self::Reflect),
        ("symmetric", Self::Symmetric),
        ("wrap", Self::Wrap),
    ];

    /// The rule called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownBoundary`] with the names that exist.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule).ok_or_else(|| {
            Error::UnknownBoundary {
                name: name.to_owned(),
                known: Self::ALL.map(|(known, _)| known).join(", "),
            }
        })
    }

    /// Index of the sample that stands at `i` of an axis of `size` samples; `None` stands for 0.
    #[must_use]
    #[inline]
    pub fn source_index(self, i: i64, size: i64) -> Option<i64> {
        if (0..size).contains(&i) {
            return Some(i);
        }
        if size <= 0 {
            return None;
        }
        match self {
            Self::None | Self::Constant => None,
            Self::Edge => Some(i.clamp(0, size - 1)),
            Self::Reflect if size == 1 => Some(0),
            Self::Reflect => {
                let period = 2 * (size - 1);
                let i = i.rem_euclid(period);
                Some(i.min(period - i))
            }
            Self::Symmetric => {
                let i = i.rem_euclid(2 * size);
                Some(i.min(2 * size - 1 - i))
            }
            Self::Wrap => Some(i.rem_euclid(size)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continues_as_numpy_pads() {
        // numpy.pad([0, 1, 2, 3], (6, 9), mode)
        let cases = [
            (Boundary::Edge, "0000000123333333333"),
            (Boundary::Reflect, "0123210123210123210"),
            (Boundary::Symmetric, "2332100123321001233"),
            (Boundary::Wrap, "2301230123012301230"),
        ];
        for (rule, want) in cases {
            let got: String = (-6..13)
                .map(|i| rule.source_index(i, 4).map_or('-', |i| char::from(b'0' + i as u8)))
                .collect();
            assert_eq!(got, want, "{rule:?}");
        }
        assert_eq!(Boundary::Constant.source_index(-1, 4), None);
        assert_eq!(Boundary::Reflect.source_index(-5, 1), Some(0));
    }
}
