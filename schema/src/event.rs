//! The names in the contracts' events. Every event of a contract says `action` and is of type `wasm`, but for the items
//! of `liquidate_batch`, which follow it, each in an event of its own, of type `wasm-item`. Each touched account and
//! each touched denom stands in an attribute of its own. The order of attributes in an event says nothing but among
//! those of one key: a chain sorts the attributes of what one contract has another do.

/// What was done: the name of the message.
pub const ACTION: &str = "action";
/// The version that a migration found.
pub const FROM: &str = "from";
/// One action of a batch; where the owner's own message is the transaction's, what follows, up to the next, is about
/// it. A transfer of shares names two accounts: who gives, then who takes.
pub const STEP: &str = "step";
/// A touched account, `owner/account_id`. May occur more than once.
pub const ACCOUNT: &str = "account";
/// A touched market's denom. May occur more than once.
pub const DENOM: &str = "denom";
/// The amount that moved, in base units.
pub const AMOUNT: &str = "amount";
/// The interest that a borrow owes at once, in base units.
pub const INTEREST: &str = "interest";
/// Who has what was given away: `reserves` or `suppliers`.
pub const BENEFICIARY: &str = "beneficiary";
/// Shares minted or burnt.
pub const SHARES: &str = "shares";
/// Where coins went.
pub const RECIPIENT: &str = "recipient";
/// The number of an asset that was listed.
pub const ASSET: &str = "asset";
/// The oracle that was announced, or that took over.
pub const ORACLE: &str = "oracle";
/// Whether a deposit counts as collateral from now on.
pub const ENABLED: &str = "enabled";
/// Who may act on an account beside its owner.
pub const OPERATOR: &str = "operator";
/// What an operator may do from now on: the names of the scopes, separated by commas.
pub const SCOPES: &str = "scopes";
/// When a grant ends; left out when it holds until it is revoked.
pub const EXPIRY: &str = "expiry";

/// A flash loan, or a batch with a callback.
pub const LOAN: &str = "loan";
/// What the callback of a batch is to bring: `<amount><denom>`. May occur more than once.
pub const DUE: &str = "due";

/// An item of a batch of liquidations, by its place. The type of its event, too.
pub const ITEM: &str = "item";
/// The account of an item that fails, as the item names it: `user/account_id`. It is left as it was.
pub const FAILED: &str = "failed";
/// A group of the liquidator's items, by its place.
pub const GROUP: &str = "group";
/// What became of an item or a group: `ok`, or the reason for which it failed; the chain shortens a group's.
pub const OUTCOME: &str = "outcome";
/// How many items succeeded.
pub const SUCCEEDED: &str = "succeeded";
/// What a message of the margin contract sells over its route: `<amount><denom>`.
pub const SOLD: &str = "sold";
/// What the sale returns, less the fee: `<amount><denom>`.
pub const BOUGHT: &str = "bought";
/// What is paid to the caller: `<amount><denom>`. May occur more than once.
pub const PROCEEDS: &str = "proceeds";

/// The liquidator.
pub const LIQUIDATOR: &str = "liquidator";
/// Denom of the debt repaid. A touched denom.
pub const DEBT_DENOM: &str = "debt_denom";
/// Denom of the collateral seized. A touched denom.
pub const COLLATERAL_DENOM: &str = "collateral_denom";
/// Debt repaid, in base units.
pub const REPAID: &str = "repaid";
/// Collateral seized, in base units, the fee included.
pub const SEIZED: &str = "seized";
/// The protocol's fee, in base units of the collateral; the margin contract's, in base units of what is bought.
pub const FEE: &str = "fee";
/// The bonus in force, a ratio.
pub const BONUS: &str = "bonus";
/// Underlying paid to the recipient, in base units.
pub const PAID: &str = "paid";

/// A debt written off: `<amount><denom>`. May occur more than once, each followed by who bore it.
pub const WRITTEN_OFF: &str = "written_off";
/// Borne by reserves: `<amount><denom>`.
pub const BORNE_BY_RESERVES: &str = "borne_by_reserves";
/// Borne by suppliers: `<amount><denom>`.
pub const BORNE_BY_SUPPLIERS: &str = "borne_by_suppliers";
/// Collateral swept to reserves with a loss: `<amount><denom>`.
pub const SWEPT: &str = "swept";

/// A published price.
pub const PRICE: &str = "price";
/// A denom whose vote or sample was taken, but makes no price yet; a denom whose next source waits.
pub const PENDING: &str = "pending";
/// A denom that is refused while others of the same message are taken; [`REASON`] follows.
pub const REFUSED: &str = "refused";
/// Why it is refused.
pub const REASON: &str = "reason";
/// A denom whose price came from its fallback.
pub const FALLBACK: &str = "fallback";

/// An entry of the timelock's queue, by its id.
pub const ID: &str = "id";
/// The contract that a queued call is for, or whose ownership is accepted.
pub const CONTRACT: &str = "contract";
/// The name of a queued call.
pub const CALL: &str = "call";
/// A queued message, in full.
pub const MSG: &str = "msg";
/// The code that a contract is to be migrated to.
pub const MIGRATE_TO: &str = "migrate_to";
/// The first second at which what was announced can take effect: a queued call, a withdrawal of reserves, another
/// oracle.
pub const EFFECTIVE_AT: &str = "effective_at";
/// The last second at which a queued call can be applied.
pub const LAPSES_AT: &str = "lapses_at";
/// Whether the guardian can veto a queued call.
pub const VETOABLE: &str = "vetoable";
/// The timelock's delay, in seconds.
pub const DELAY: &str = "delay";
/// The timelock's admin.
pub const ADMIN: &str = "admin";
/// The timelock's guardian; left out when there is none.
pub const GUARDIAN: &str = "guardian";

/// Who called: of the pair's events, named as Astroport's, and of `revoke_all`, which ends every grant of theirs.
pub const SENDER: &str = "sender";
/// Who got coins or shares of a pair.
pub const RECEIVER: &str = "receiver";
/// What was provided to a pair: `<amount><token>, <amount><token>`.
pub const ASSETS: &str = "assets";
/// Shares of a pair that were minted to the receiver.
pub const SHARE: &str = "share";
/// Shares of a pair that were burnt.
pub const WITHDRAWN_SHARE: &str = "withdrawn_share";
/// What was paid for them: `<amount><token>, <amount><token>`.
pub const REFUND_ASSETS: &str = "refund_assets";
/// The token sold to a pair.
pub const OFFER_ASSET: &str = "offer_asset";
/// The token bought from it.
pub const ASK_ASSET: &str = "ask_asset";
/// How much was sold.
pub const OFFER_AMOUNT: &str = "offer_amount";
/// How much the receiver got.
pub const RETURN_AMOUNT: &str = "return_amount";
/// How much less the swap yielded than at the price before it.
pub const SPREAD_AMOUNT: &str = "spread_amount";
/// The fee.
pub const COMMISSION_AMOUNT: &str = "commission_amount";

/// How an account is named in events and by the keeper: `owner/account_id`.
pub fn account_name(owner: &str, account_id: u32) -> String {
    format!("{owner}/{account_id}")
}
