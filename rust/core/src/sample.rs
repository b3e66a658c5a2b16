//! Pixel types: how a sample becomes a number and a number a sample.

/// The arithmetic of an interpolation: `f32` or `f64`.
pub trait Real:
    Copy
    + PartialOrd
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Whether the arithmetic is in `f32`.
    const IS_SINGLE: bool;
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The value in `f64`.
    fn to_f64(self) -> f64;
    /// `self * a + b` with one rounding.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Whether the value is not a number.
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }
}

macro_rules! real {
    ($t:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const IS_SINGLE: bool = size_of::<Self>() == 4;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                <$t>::mul_add(self, a, b)
            }
        }
    };
}
real!(f32);
real!(f64);

/// A pixel type that the engine computes with in `C`.
pub(crate) trait Sample<C: Real>: Copy + Send + Sync + 'static {
    /// Whether a value of this type may be not a number.
    const CAN_BE_NAN: bool;
    /// The value as a number.
    fn widen(self) -> C;
    /// The value nearest to `x`: integers round half to even and saturate, NaN is canonical.
    fn narrow(x: C) -> Self;
}

macro_rules! float {
    ($t:ident as $c:ident) => {
        impl Sample<$c> for $t {
            const CAN_BE_NAN: bool = true;
            #[inline(always)]
            fn widen(self) -> $c {
                self as $c
            }
            #[inline(always)]
            fn narrow(x: $c) -> Self {
                if x.is_nan() { <$t>::NAN } else { x as $t }
            }
        }
    };
}
float!(f32 as f32);
float!(f32 as f64);
float!(f64 as f64);

/// Integers of up to 32 bits: both bounds are exact in the arithmetic type.
macro_rules! integer {
    ($t:ident as $c:ident through $wide:ident) => {
        impl Sample<$c> for $t {
            const CAN_BE_NAN: bool = false;
            #[inline(always)]
            fn widen(self) -> $c {
                self as $c
            }
            #[inline(always)]
            fn narrow(x: $c) -> Self {
                // Two compares that send NaN to a bound: `clamp` keeps it, and keeps the loop scalar.
                let x = if x >= $t::MIN as $c { x } else { $t::MIN as $c };
                let x = if x <= $t::MAX as $c { x } else { $t::MAX as $c };
                // SAFETY: the clamp leaves a finite value within the bounds of `$t`, hence of `$wide`.
                unsafe { x.round_ties_even().to_int_unchecked::<$wide>() as $t }
            }
        }
    };
}
integer!(u8 as f32 through i32);
integer!(i8 as f32 through i32);
integer!(u16 as f32 through i32);
integer!(i16 as f32 through i32);
integer!(u8 as f64 through i32);
integer!(i8 as f64 through i32);
integer!(u16 as f64 through i32);
integer!(i16 as f64 through i32);
integer!(i32 as f64 through i32);
integer!(u32 as f64 through i64);

/// 64-bit integers: their bounds are not exact in `f64`, the cast itself saturates.
macro_rules! long_integer {
    ($t:ident) => {
        impl Sample<f64> for $t {
            const CAN_BE_NAN: bool = false;
            #[inline(always)]
            fn widen(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn narrow(x: f64) -> Self {
                x.round_ties_even() as $t
            }
        }
    };
}
long_integer!(i64);
long_integer!(u64);

/// A boolean byte: any byte but 0 reads as 1, and 0 or 1 is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Bool(u8);

macro_rules! boolean {
    ($c:ident) => {
        impl Sample<$c> for Bool {
            const CAN_BE_NAN: bool = false;
            #[inline(always)]
            fn widen(self) -> $c {
                if self.0 == 0 { 0.0 } else { 1.0 }
            }
            #[inline(always)]
            fn narrow(x: $c) -> Self {
                // 0.5 is a tie between 0 and 1 and goes to the even one.
                Self(u8::from(x > 0.5))
            }
        }
    };
}
boolean!(f32);
boolean!(f64);

/// The type of the samples of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the types")]
pub enum DType {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl DType {
    /// Bytes of one sample.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether samples of this type are of type `T`, for the types that a grid has.
    pub(crate) fn is<T: 'static>(self) -> bool {
        let id = std::any::TypeId::of::<T>();
        match self {
            Self::F32 => id == std::any::TypeId::of::<f32>(),
            Self::F64 => id == std::any::TypeId::of::<f64>(),
            _ => false,
        }
    }

    /// Whether this type alone already asks for arithmetic in `f64`.
    #[must_use]
    pub fn needs_f64(self) -> bool {
        matches!(self, Self::U32 | Self::I32 | Self::U64 | Self::I64 | Self::F64)
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn integers_round_half_to_even_and_saturate() {
        let narrow = <u8 as Sample<f32>>::narrow;
        assert_eq!([0.5, 1.5, 2.5, 255.5, -0.5, -7.0, 1e9].map(narrow), [0, 2, 2, 255, 0, 0, 255]);
        let narrow = <i64 as Sample<f64>>::narrow;
        assert_eq!([0.5, -1.5, 1e300].map(narrow), [0, -2, i64::MAX]);
        assert_eq!(<u64 as Sample<f64>>::narrow(-1.0), 0);
        assert_eq!(<u32 as Sample<f64>>::narrow(4e9), 4_000_000_000);
    }

    #[test]
    fn nan_becomes_a_bound_or_the_canonical_nan() {
        assert_eq!(<i16 as Sample<f32>>::narrow(f32::NAN), i16::MIN);
        let odd = f64::from_bits(0xFFF8_0000_0000_0123);
        assert_eq!(<f64 as Sample<f64>>::narrow(odd).to_bits(), f64::NAN.to_bits());
    }
}
