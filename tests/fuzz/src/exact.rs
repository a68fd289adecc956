//! Fractions of large numbers, for comparing. A value is kept in steps of 2⁻⁹⁶; every product is taken whole before it is divided, so each term is
//! off by less than one step, a hundred billionth of the least that any token's base unit is worth.

use std::iter::Sum;
use std::ops::{Add, Mul, Sub};

use num_bigint::BigInt;

/// A number in steps of 2⁻⁹⁶.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(BigInt);

/// A ratio, a price or an index of one.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// The product of some numbers over the product of others, rounded down to a step.
pub fn over(above: &[u128], below: &[u128]) -> Exact {
    let product = |numbers: &[u128]| numbers.iter().fold(BigInt::from(1), |product, n| product * n);
    Exact((product(above) << 96u32) / product(below))
}

/// A whole number.
pub fn whole(n: u128) -> Exact {
    over(&[n], &[1])
}

impl Exact {
    /// So much of another, rounded toward zero; none of nothing.
    pub fn over(&self, other: &Self) -> Option<Self> {
        (other.0 != BigInt::ZERO).then(|| Self((&self.0 << 96u32) / &other.0))
    }

    /// Rounded toward zero.
    pub fn to_whole(&self) -> BigInt {
        &self.0 / (BigInt::from(1) << 96u32)
    }
}

impl Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Exact {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul for &Exact {
    type Output = Exact;

    fn mul(self, other: Self) -> Exact {
        Exact((&self.0 * &other.0) >> 96u32)
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
