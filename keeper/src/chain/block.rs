//! A block, as far as the keeper needs one.

/// By how many blocks a node may seem to go back: behind one address there may be several, one ahead of another.
pub const REWIND_MAX: u64 = 20;
/// How many blocks beyond a transaction's timeout to wait before it counts as never included: a node indexes a block a
/// little later than it reports its height.
pub const INDEX_LAG_BLOCKS: u64 = 2;

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
