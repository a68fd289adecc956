//! What may happen. An operation is plain data, small numbers only: it can be written down, shrunk and done again. What an amount comes
//! to is found out when it is done, from the state at that moment.

use serde::{Deserialize, Serialize};

use crate::cast::LISTED;

/// A user and one of their accounts.
pub type Who = (usize, u32);

/// Who sends a message that not everybody may send.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Whoever may at that moment.
    Rightful,
    /// This one, who mostly may not.
    Person(usize),
}

/// When a grant ends, from now.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With this block.
    Block,
    /// In so many blocks.
    Blocks(u64),
    /// In so many seconds.
    Seconds(u64),
}

/// One step of a history. Numbers name users, persons, denoms and pairs by their place in the cast. `cents` are hundredths of the quote unit
/// at the first price, `permille` is a share of what is there.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are those of the messages, named alike")]
pub enum Op {
    // The pool, by anyone.
    Deposit {
        sender: usize,
        who: Who,
        denom: usize,
        cents: u64,
        crumbs: u8,
    },
    Withdraw {
        who: Who,
        denom: usize,
        permille: u32,
        to: Option<usize>,
    },
    Borrow {
        who: Who,
        denom: usize,
        permille: u32,
        to: Option<usize>,
    },
    Repay {
        sender: usize,
        who: Who,
        denom: usize,
        permille: u32,
    },
    Enable {
        who: Who,
        denom: usize,
        enable: bool,
    },
    /// An operation on an account by somebody else on its owner's behalf; by an operator of that account's, where `nth` names one of those
    /// that there are.
    OnBehalf {
        by: usize,
        nth: Option<usize>,
        act: Box<Op>,
    },
    /// `scopes` has a bit for each of [`plimsoll_schema::pool::Scope::ALL`].
    SetOperator {
        who: Who,
        operator: usize,
        scopes: u8,
        end: Option<End>,
    },
    RevokeAll {
        user: usize,
    },
    /// So many thousandths of the shares, to another account.
    TransferShares {
        who: Who,
        denom: usize,
        permille: u32,
        to: Who,
    },
    Liquidate {
        sender: usize,
        who: Who,
        collateral: usize,
        debt: usize,
        permille: u32,
        shares: bool,
    },
    LiquidateWorst {
        sender: usize,
        permille: u32,
        shares: bool,
        least: Option<u32>,
        to: Option<usize>,
    },
    WriteOff {
        sender: usize,
        who: Who,
    },
    WriteOffWorst {
        sender: usize,
    },
    SetOff {
        sender: usize,
        who: Who,
        denom: usize,
    },
    /// A deposit of so much of what brings an account that is above its max LTV back within it.
    Rescue {
        sender: usize,
        permille: u32,
    },
    /// A batch on an account above its max LTV: so much of its largest debt is repaid, and so much of what that is worth is withdrawn.
    Improve {
        repaid: u32,
        withdrawn: u32,
    },
    Batch {
        user: usize,
        acts: Vec<Op>,
        more: bool,
    },
    Flash {
        loans: Vec<(usize, u32)>,
        middle: Vec<Op>,
        order: Repayment,
    },
    /// Many items with one purse: so much of what they want together.
    LiquidateBatch {
        sender: usize,
        items: Vec<Item>,
        purse: u32,
        shares: bool,
        allow_shares: bool,
        to: Option<usize>,
        min_success: Option<u32>,
    },
    /// Many items, by the contract: in its callback all that is tried, and then what is brought.
    LiquidateCalled {
        items: Vec<Item>,
        to: Option<usize>,
        min_success: Option<u32>,
        middle: Vec<Op>,
        bring: Vec<Bring>,
    },
    /// A batch on the contract's own accounts with a callback, and a purse of so much of what it takes.
    BatchCalled {
        acts: Vec<Op>,
        purse: u32,
        middle: Vec<Op>,
        bring: Vec<Bring>,
    },
    RepayBatch {
        sender: usize,
        id: u64,
        denom: usize,
        cents: u64,
    },
    FinishBatch {
        sender: usize,
        id: u64,
    },
    AssertFlashLoanRepaid {
        sender: usize,
        id: u64,
    },
    RepayFlashLoan {
        sender: usize,
        id: u64,
        denom: usize,
        cents: u64,
    },
    Cover {
        sender: usize,
        denom: usize,
        cents: u64,
        #[serde(default)]
        suppliers: bool,
    },
    // The pool, by its roles.
    InitAsset {
        by: By,
        denom: usize,
        odd: u8,
    },
    UpdateAsset {
        by: By,
        denom: usize,
        change: Change,
    },
    Pause {
        by: By,
        denom: Option<usize>,
        deposit: bool,
        borrow: bool,
        flash_loan: bool,
    },
    Unpause {
        by: By,
        denom: usize,
    },
    UpdateConfig {
        by: By,
        target_percent: u64,
        dust_cents: u64,
        min_debt_cents: u64,
        delay_hours: u64,
        halt_minutes: u64,
    },
    UpdateOracle {
        by: By,
    },
    UpdateRoles {
        by: By,
        risk_manager: Option<usize>,
        guardian: Option<usize>,
    },
    UpdateOwner {
        oracle: bool,
        by: By,
        step: Handover,
    },
    RequestReserves {
        by: By,
        denom: usize,
        permille: u32,
        to: usize,
    },
    CancelReserves {
        by: By,
        denom: usize,
    },
    WithdrawReserves {
        by: By,
        denom: usize,
    },
    // The oracle in force.
    SetSource {
        by: By,
        denom: usize,
        feeders: u8,
        quorum: u8,
        guards: u8,
        /// The average price on the denom's pair, in place of votes.
        pair: bool,
    },
    ApplySource {
        by: By,
        denom: usize,
    },
    CancelSource {
        by: By,
        denom: usize,
    },
    SetFallback {
        by: By,
        denom: usize,
        feeders: u8,
        guards: u8,
        /// The average price on the denom's pair, in place of votes.
        pair: bool,
        minutes: u64,
    },
    ApplyFallback {
        by: By,
        denom: usize,
    },
    RemoveFallback {
        by: By,
        denom: usize,
    },
    UpdateGuardian {
        by: By,
        guardian: Option<usize>,
    },
    /// Works where a live source is in force.
    Publish {
        sender: usize,
        denom: usize,
        also: Option<usize>,
    },
    /// A vote for so many percent of the settled price, observed so many seconds ago.
    Feed {
        sender: usize,
        denom: usize,
        percent: u32,
        ago: u64,
    },
    /// All feeders vote for one price, again and again, a step's time apart.
    Move {
        denom: usize,
        percent: u32,
        rounds: u32,
    },
    /// The same of what the nth account with debt owes most of, the least healthy first that are at 1 or above.
    Slump {
        nth: u32,
        percent: u32,
        rounds: u32,
    },
    /// All feeders vote for all prices as they are, but of one whose feeders stay silent.
    Refresh {
        but: Option<usize>,
    },
    // Pairs.
    Provide {
        user: usize,
        pair: usize,
        cents: u64,
        skew_percent: u32,
        tolerance_percent: Option<u64>,
        least: Option<u32>,
    },
    WithdrawLiquidity {
        user: usize,
        pair: usize,
        permille: u32,
        least: Option<u32>,
    },
    Swap {
        user: usize,
        pair: usize,
        first: bool,
        permille: u32,
        spread_percent: Option<u64>,
        to: Option<usize>,
    },
    /// A swap that brings a pair to the oracle's price.
    Arbitrage {
        user: usize,
        pair: usize,
    },
    // The liquidator.
    LiquidateMany {
        sender: usize,
        items: u32,
        permille: u32,
        min_success: u32,
        spoilt: bool,
        profit: bool,
    },
    Callback {
        sender: usize,
        id: u64,
    },
    // The timelock.
    /// The owner hands pool and oracles to the timelock.
    Enthrone,
    /// Announces what the owner may do.
    Queue {
        by: By,
        call: Box<Op>,
    },
    Apply {
        by: By,
        nth: u64,
    },
    Veto {
        by: By,
        nth: u64,
    },
    CancelQueued {
        by: By,
        nth: u64,
    },
    /// By the timelock itself, so by a queued call.
    UpdateDelay {
        sender: usize,
        hours: u64,
    },
    UpdateTimelockRoles {
        sender: usize,
        guardian: Option<usize>,
    },
    AcceptOwnership {
        sender: usize,
        oracle: bool,
    },
    // The chain.
    Donate {
        sender: usize,
        to: Gift,
        denom: usize,
        cents: u64,
    },
    /// Time passes; with `fresh` all feeders vote again.
    Advance {
        seconds: u32,
        fresh: bool,
    },
}

/// In which order the loans of a nest are repaid.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Repayment {
    OuterFirst,
    InnerFirst,
    OuterTwice,
    NotTheInner,
}

/// An item of a batch of liquidations: on the nth of the accounts that it can be about, counted around.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which of them.
    pub nth: u32,
    /// The most that is repaid, as a share of what is owed.
    pub permille: u32,
    /// What it is about.
    pub aim: Aim,
}

/// What an item of a batch of liquidations is about, and why it may fail.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// The largest debt and the largest deposit of an account below 1.
    Unhealthy,
    /// The same, with all that is left.
    AllThatIsLeft,
    /// The same, wanting so many thousandths of what the pool says that it yields.
    AtLeast(u32),
    /// An account at 1 or above.
    Healthy,
    /// A debt that the account doesn't have.
    NoDebt,
    /// A deposit that the account doesn't have.
    NoDeposit,
    /// A debt in a token that nobody knows.
    Unlisted,
    /// The deposit pays a debt in its own denom.
    SameDenom,
    /// A name that is no address.
    Nobody,
    /// An account of the sender's own.
    Own,
    /// At most nothing is repaid.
    Nothing,
    /// What is left of the account with the least collateral is written off.
    WriteOff,
    /// A healthy account is to be written off.
    WriteOffHealthy,
}

/// What a callback brings, or tries to.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Bring {
    /// All that is due.
    Due,
    /// A base unit less of one denom.
    Less,
    /// A base unit more.
    More,
    /// One denom is missing.
    Missing,
    /// Another denom in place of one.
    Other,
    /// What is due, for a batch of this number.
    For(u64),
}

/// A step of handing a contract over.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "as the messages")]
pub enum Handover {
    Propose(usize),
    ProposeTimelock,
    Accept,
    Cancel,
}

/// Where coins are sent that nobody asked for.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "contracts")]
pub enum Gift {
    Pool,
    Pair(usize),
}

/// What changes of an asset.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "as the message's fields")]
pub enum Change {
    MaxLoanToValue {
        percent: u64,
    },
    Threshold {
        percent: u64,
        days: Option<u64>,
    },
    Bonus {
        min: u64,
        max: u64,
        full_at: u64,
    },
    ProtocolFee {
        percent: u64,
    },
    ReserveFactor {
        percent: u64,
    },
    ReserveFloor {
        percent: u64,
    },
    FlashLoanFee {
        bps: u64,
    },
    /// In permille of what is there.
    SupplyCap {
        permille: u32,
    },
    BorrowCap {
        permille: u32,
    },
    SaleCost {
        bps: u64,
    },
    MaxBorrowUtilization {
        percent: u64,
    },
    Rates {
        base: u64,
        slope_1: u64,
        slope_2: u64,
        optimal: u64,
    },
    /// A borrow weight, in percent.
    BorrowWeight {
        percent: u64,
        days: Option<u64>,
    },
    /// Whether an asset is isolated, and the ceiling of each denom in thousandths of what its suppliers have; 0 for none.
    Isolate {
        ceilings: Option<[u32; LISTED]>,
    },
    Silo {
        on: bool,
    },
    /// An adaptive model: `steepness` in tenths, `speed` a year, rates in tenths of a percent.
    Curve {
        target: u64,
        steepness: u64,
        speed: u64,
        initial: u64,
        max: u64,
    },
    /// An outflow limit, none at a share of 0; the floor in permille of what is there.
    Outflow {
        percent: u64,
        hours: u64,
        permille: u32,
        count: u32,
    },
}

impl Op {
    /// What is tried while the contract is lent to or called back: nothing of what is no such thing.
    pub fn middle(&self) -> &[Self] {
        match self {
            Self::Flash { middle, .. } | Self::LiquidateCalled { middle, .. } | Self::BatchCalled { middle, .. } => {
                middle
            }
            _ => &[],
        }
    }

    /// What is done, by whomever: what an operator does is what the owner would.
    pub fn deed(&self) -> &Self {
        match self {
            Self::OnBehalf { act, .. } => act,
            op => op,
        }
    }

    /// Whose account one of the actions of a batch is about; nobody's of another operation.
    pub fn account(&self) -> Option<Who> {
        self.clone().account_mut().copied()
    }

    /// The same, to be changed.
    pub fn account_mut(&mut self) -> Option<&mut Who> {
        match self {
            Self::Deposit { who, .. }
            | Self::Withdraw { who, .. }
            | Self::Borrow { who, .. }
            | Self::Repay { who, .. }
            | Self::Enable { who, .. }
            | Self::TransferShares { who, .. } => Some(who),
            _ => None,
        }
    }

    /// The contract and the message by which it is counted.
    #[allow(clippy::too_many_lines, reason = "an arm an operation")]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deposit { .. } | Self::Rescue { .. } => "pool.deposit",
            Self::Withdraw { .. } => "pool.withdraw",
            Self::Borrow { .. } => "pool.borrow",
            Self::Repay { .. } => "pool.repay",
            Self::Enable { .. } => "pool.update_asset_collateral_status",
            Self::OnBehalf { act, .. } => act.name(),
            Self::SetOperator { .. } => "pool.set_operator",
            Self::RevokeAll { .. } => "pool.revoke_all",
            Self::TransferShares { .. } => "pool.transfer_shares",
            Self::Liquidate { .. } | Self::LiquidateWorst { .. } => "pool.liquidate",
            Self::WriteOff { .. } | Self::WriteOffWorst { .. } => "pool.write_off",
            Self::SetOff { .. } => "pool.set_off",
            Self::Batch { .. } | Self::Improve { .. } => "pool.batch",
            Self::BatchCalled { .. } => "pool.batch",
            Self::LiquidateBatch { .. } | Self::LiquidateCalled { .. } => "pool.liquidate_batch",
            Self::RepayBatch { .. } => "pool.repay_batch",
            Self::FinishBatch { .. } => "pool.finish_batch",
            Self::Flash { .. } => "pool.flash_loan",
            Self::AssertFlashLoanRepaid { .. } => "pool.assert_flash_loan_repaid",
            Self::RepayFlashLoan { .. } => "pool.repay_flash_loan",
            Self::Cover { .. } => "pool.cover",
            Self::InitAsset { .. } => "pool.init_asset",
            Self::UpdateAsset { .. } => "pool.update_asset",
            Self::Pause { .. } => "pool.pause",
            Self::Unpause { .. } => "pool.unpause",
            Self::UpdateConfig { .. } => "pool.update_config",
            Self::UpdateOracle { .. } => "pool.update_oracle",
            Self::UpdateRoles { .. } => "pool.update_roles",
            Self::UpdateOwner { oracle: false, .. } => "pool.update_owner",
            Self::RequestReserves { .. } => "pool.request_reserves",
            Self::CancelReserves { .. } => "pool.cancel_reserves",
            Self::WithdrawReserves { .. } => "pool.withdraw_reserves",
            Self::SetSource { .. } => "oracle.set_source",
            Self::ApplySource { .. } => "oracle.apply_source",
            Self::CancelSource { .. } => "oracle.cancel_source",
            Self::SetFallback { .. } => "oracle.set_fallback",
            Self::ApplyFallback { .. } => "oracle.apply_fallback",
            Self::RemoveFallback { .. } => "oracle.remove_fallback",
            Self::UpdateGuardian { .. } => "oracle.update_guardian",
            Self::Publish { .. } => "oracle.publish",
            Self::Feed { .. } | Self::Move { .. } | Self::Slump { .. } | Self::Refresh { .. } => "oracle.feed",
            Self::UpdateOwner { .. } => "oracle.update_owner",
            Self::Provide { .. } => "pair.provide_liquidity",
            Self::WithdrawLiquidity { .. } => "pair.withdraw_liquidity",
            Self::Swap { .. } | Self::Arbitrage { .. } => "pair.swap",
            Self::LiquidateMany { .. } => "liquidator.liquidate",
            Self::Callback { .. } => "liquidator.batch_callback",
            Self::Queue { .. } => "timelock.queue",
            Self::Apply { .. } => "timelock.apply",
            Self::Veto { .. } => "timelock.veto",
            Self::CancelQueued { .. } => "timelock.cancel",
            Self::UpdateDelay { .. } => "timelock.update_delay",
            Self::UpdateTimelockRoles { .. } => "timelock.update_roles",
            Self::AcceptOwnership { .. } | Self::Enthrone => "timelock.accept_ownership",
            Self::Donate { .. } => "bank.send",
            Self::Advance { .. } => "time",
        }
    }
}
