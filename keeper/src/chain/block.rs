//! A block, as far as the keeper needs one.

/// By how many blocks a node may seem to go back: behind one address there may be several, one ahead of another.
pub const REWIND_MAX: u64 = 20;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which chain.
    pub chain_id: String,
    /// Its height.
    pub height: u64,
    /// Its time, in seconds.
    pub time: u64,
}
