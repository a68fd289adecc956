//! Who and what is on the stage, by number.

use plimsoll_testing::{
    AETH, ALICE, BOB, FEEDERS, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, RISK_MANAGER, UATOM, UUSD,
};

/// Listed from the start.
pub const LISTED: usize = 4;
/// Known to the oracles from the start, the listed ones among them; the rest is known to nobody.
pub const SOURCED: usize = 7;
/// Every denom: its name, its decimals, its first price in the quote currency's hundredths of hundredths, and what a cent's worth is in
/// base units.
pub const DENOMS: [&str; 8] = [UUSD, UATOM, IBC_TOKEN, AETH, "uosmo", "sat", "speck", "unew"];
/// Decimals of [`DENOMS`].
pub const DECIMALS: [u8; 8] = [6, 6, 6, 18, 6, 8, 0, 12];
/// First prices of [`DENOMS`].
pub const PRICES: [&str; 8] = ["1", "10", "5", "2000", "0.5", "40", "0.000002", "250"];
/// Base units of [`DENOMS`] that are worth a cent at the first price.
pub const CENT: [u128; 8] = [10_000, 1_000, 2_000, 5_000_000_000_000, 20_000, 25_000, 5_000, 40_000_000];

/// Everybody. The first [`USERS`] use the pool; [`BORROWER`] is a contract, the only one that can take flash loans.
pub const PEOPLE: usize = 11;
/// Those with accounts.
pub const USERS: usize = 5;
/// The contract among them.
pub const BORROWER: usize = 4;
/// The names of everybody but the contract, whose place is empty.
pub const NAMES: [&str; PEOPLE] =
    [ALICE, BOB, LENDER, LIQUIDATOR, "", OWNER, RISK_MANAGER, GUARDIAN, FEEDERS[0], FEEDERS[1], "feeder_3"];
/// The place of the owner in [`NAMES`], who is the timelock's admin too.
pub const ADMIN: usize = 5;
/// The place of the guardian in [`NAMES`].
pub const WATCH: usize = 7;
/// The places of the feeders in [`NAMES`].
pub const FEEDER: [usize; 3] = [8, 9, 10];
/// Each user's accounts have the numbers below this.
pub const IDS: u32 = 4;
/// The number of the accounts that are kept small, so that a crash leaves less of them than dust.
pub const POOR: u32 = 3;
/// The tokens of each pair; each leads toward the dollar.
pub const PAIRS: [(usize, usize); 3] = [(1, 0), (2, 1), (3, 0)];

/// What the oracles price by its pair from the start, in the pair's other token: the two are correlated.
pub const LIVE: usize = 2;
/// The pair that prices it.
pub const LIVE_PAIR: usize = 1;

/// Base units worth so many cents at the first price.
pub fn worth(denom: usize, cents: u64) -> u128 {
    u128::from(cents) * CENT[denom]
}

/// So many thousandths.
pub fn share(of: u128, permille: u32) -> u128 {
    let permille = u128::from(permille);
    of / 1_000 * permille + of % 1_000 * permille / 1_000
}
