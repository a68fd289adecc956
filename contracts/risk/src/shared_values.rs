//! One value for each record on which both sides of an account hang.

use crate::units::{Price, Ratio};

/// One value for each record on which lines of both sides of an account hang, by denom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedValues(Vec<SharedValue>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct SharedValue {
    denom: String,
    value: Price,
    remaining: Ratio,
}

impl SharedValues {
    /// The value that was chosen for this record.
    pub fn of(&self, denom: &str) -> Option<Price> {
        self.find(denom).map(|shared| shared.value)
    }

    /// The share that still counts of the deposits that hang on this record, if a value was chosen for it.
    pub fn remaining(&self, denom: &str) -> Option<Ratio> {
        self.find(denom).map(|shared| shared.remaining)
    }

    /// Chooses a value.
    pub fn choose(&mut self, denom: &str, value: Price, remaining: Ratio) {
        self.0.push(SharedValue { denom: denom.to_owned(), value, remaining });
    }

    fn find(&self, denom: &str) -> Option<&SharedValue> {
        self.0.iter().find(|shared| shared.denom == denom)
    }
}
