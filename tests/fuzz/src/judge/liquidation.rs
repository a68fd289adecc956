//! The laws of liquidation.

use cosmwasm_std::Event;
use plimsoll_risk::params::AssetId;

use super::ledger::{cleared, worth_up};
use super::{Case, number, said};
use crate::cast::{DENOMS, share};
use crate::exact::{Exact, ONE, over, whole};
use crate::op::Op;
use crate::said::Said;
use crate::use_pool::{Order, place};
use crate::value::{By, ramp, worth};
use crate::view::{Asset, View};

pub fn judge(case: &Case) {
    if case.outcome.result.is_err() {
        return;
    }
    nobody_liquidates_himself(case);
    set_offs_move_no_coins(case);
    it_takes_what_it_clears(case);
    it_does_what_was_previewed(case);
    no_more_is_seized_than_the_bonus_allows(case);
    both_denoms_have_prices(case);
    whoever_is_covered_is_spared_after_a_halt(case);
    accounts_improve(case);
    bonuses_are_the_closed_form(case);
    fees_come_out_of_the_bonus(case);
    no_more_is_repaid_than_the_target_asks(case);
    write_offs_are_of_dust(case);
    least_is_received(case);
    the_liquidators_caller_never_pays(case);
}

fn nobody_liquidates_himself(case: &Case) {
    let Some((order, _)) = &case.outcome.order else { return };
    assert!(order.who.0 != order.sender && Some(order.who.0) != order.to, "{:?} liquidated themselves", order.who);
}

/// A deposit pays its own denom's debt: nobody's coins move, and the account has no more than before.
fn set_offs_move_no_coins(case: &Case) {
    let Op::SetOff { who, denom, .. } = *case.op else { return };
    assert!(case.before.wallets == case.after.wallets, "coins moved");
    let at = case.before.assets.iter().position(|asset| asset.denom == denom).expect("it is listed");
    let (old, new) = (&case.before.assets[at], &case.after.assets[at]);
    assert_eq!(old.bank, new.bank, "the pool's coins moved");
    if !case.values("written_off").is_empty() {
        return;
    }
    let Some(event) = case.acted("set_off").next() else { return };
    assert_eq!(number(event, "amount"), cleared(case, who, at).1, "set off is what is cleared");
    // In base units of the denom, since its price is none of it: no more is taken than is paid, but for rounding.
    let id = AssetId(u16::try_from(at).expect("few assets"));
    let held = |view: &View, asset: &Asset| asset.claim(view.accounts[&who].shares(id).raw());
    let owed = |view: &View| worth_up(view.accounts[&who].debt(id).raw(), old.now.borrow_index.raw());
    let (taken, paid) = (held(case.before, old) - held(case.after, new), owed(case.before) - owed(case.after));
    let share = old.claim(1) + whole(1);
    assert!(taken.clone() + whole(1) >= whole(paid), "{who:?} gained: {taken:?} for {paid}");
    assert!(taken <= whole(paid + 1) + share, "{who:?} lost: {taken:?} for {paid}");
}

/// What is repaid is what the cleared debt is worth, rounded up; what is seized is worth no more than what is owed less by it and the bonus.
fn it_takes_what_it_clears(case: &Case) {
    let Some((order, event)) = single(case).filter(|_| case.values("written_off").is_empty()) else { return };
    let (seized, owed) = lines(case, event);
    let at = case.before.assets.iter().position(|asset| asset.denom == owed.denom).expect("it is listed");
    let (scaled, worth) = cleared(case, order.who, at);
    assert_eq!(number(event, "repaid"), worth, "another amount was taken than was cleared");
    let index = owed.now.borrow_index.raw();
    let id = AssetId(u16::try_from(at).expect("few assets"));
    let old = case.before.accounts[&order.who].debt(id).raw();
    let fell = worth_up(old, index) - worth_up(old - scaled, index);
    let price = case.before.price(owed.denom, |said| &said.settled);
    let most = &owed.value(fell, &price) * &(whole(1) + bonus(event));
    let value = seized.value(number(event, "seized"), &case.before.price(seized.denom, |said| &said.settled));
    let slack = &most * &over(&[1], &[1_000_000_000_000]) + over(&[1], &[1 << 60]);
    assert!(value <= most.clone() + slack, "{value:?} is seized of {:?}, {fell} and the bonus pay {most:?}", order.who);
}

/// 12: a liquidation does what its preview said.
fn it_does_what_was_previewed(case: &Case) {
    let (Some((_, Some(preview))), Some(event)) = (&case.outcome.order, case.acted("liquidate").next()) else { return };
    assert_eq!(number(event, "repaid"), preview.liquidation.repay.raw(), "repaid");
    assert_eq!(number(event, "seized"), preview.liquidation.seize.raw(), "seized");
    assert_eq!(number(event, "fee"), preview.liquidation.fee.raw(), "fee");
    assert_eq!(case.values("written_off").is_empty(), !preview.written_off, "written off");
}

/// The assets seized and repaid, as they were before.
fn lines<'a>(case: &'a Case, event: &Event) -> (&'a Asset, &'a Asset) {
    let find = |key: &str| {
        let denom = place(said(event, key).expect("a liquidation names its denoms"));
        case.before.assets.iter().find(|asset| asset.denom == denom).expect("it is listed")
    };
    (find("collateral_denom"), find("debt_denom"))
}

fn bonus(event: &Event) -> Exact {
    let bonus: plimsoll_risk::units::Ratio = said(event, "bonus").and_then(|text| text.parse().ok()).expect("a bonus");
    over(&[bonus.raw()], &[ONE])
}

/// No liquidation pays more than `1 + bonus`, at the settled prices, nor at the edges of the last observations that are nearest to them.
fn no_more_is_seized_than_the_bonus_allows(case: &Case) {
    for event in case.acted("liquidate") {
        let (seized, repaid) = lines(case, event);
        let bonus = bonus(event);
        assert!(bonus <= over(&[seized.params.liquidation_bonus.max.raw()], &[ONE]), "a bonus of {bonus:?}");
        let ends: [fn(&Said) -> &Exact; 2] = [|said| &said.settled, |said| &said.nearest];
        for end in ends {
            let (price, debt) = (case.before.price(seized.denom, end), case.before.price(repaid.denom, end));
            let given = seized.value(number(event, "seized"), &price);
            let taken = &repaid.value(number(event, "repaid"), &debt) * &(whole(1) + bonus.clone());
            // A price that hangs on two records is rounded once.
            let slack = seized.value(1, &price) + repaid.value(1, &debt) + &given * &over(&[1], &[1_000_000_000_000]);
            assert!(given <= taken.clone() + slack, "{given:?} was seized, {taken:?} is all that was paid for");
        }
    }
}

/// What is seized and what is repaid is not silent, and live prices are of just now.
fn both_denoms_have_prices(case: &Case) {
    for event in case.acted("liquidate") {
        let (seized, repaid) = lines(case, event);
        for asset in [seized, repaid] {
            assert!(case.before.all_say(asset.denom, |said| said.exchanges), "{} had no price", asset.params.denom);
        }
    }
}

/// In a halt and for a grace after it nobody is liquidated who has more than all debts and the full bonus, at the borrowing edges; a silent
/// debt counts at those of its last observation.
fn whoever_is_covered_is_spared_after_a_halt(case: &Case) {
    if !case.before.is_halted() {
        return;
    }
    for event in case.acted("liquidate").chain(case.acted("set_off")) {
        let who = said(event, "account").and_then(|name| case.who(name)).expect("one of us");
        let account = &case.before.accounts[&who];
        let known = account.debts.iter().all(|debt| {
            let denom = case.before.assets[usize::from(debt.asset.0)].denom;
            !case.before.chain(denom).is_empty()
        });
        assert!(known, "{who:?} was liquidated in a halt while nothing was known of its debt");
        let sums = case.before.sums(who, By::Edges);
        let held = account.collaterals.iter().map(|held| &case.before.assets[usize::from(held.asset.0)].params);
        let most = held.map(|params| params.liquidation_bonus.max.raw()).max().unwrap_or_default();
        let covered = &sums.debt * &over(&[ONE + most], &[ONE]) + case.before.crumb_at(|said| &said.edges[1]);
        // The pool asks no live source here: what such a source adds only widens the edges.
        let live = case.before.priced.values().any(|priced| priced.record.window > 0);
        assert!(live || sums.collateral <= covered, "{who:?} was liquidated in a halt");
    }
}

/// 6: where nobody else pays the bonus, the collateral ratio is no lower; the debt falls; slots that were not named stay.
fn accounts_improve(case: &Case) {
    let Some((order, _)) = case.outcome.order.as_ref().filter(|_| case.values("written_off").is_empty()) else {
        return;
    };
    let (old, new, who) = (case.before, case.after, order.who);
    let (before, after) = (old.verdict(who), new.verdict(who));
    let seized = old.assets.iter().find(|a| a.denom == order.collateral).expect("what was seized is listed");
    let least = ONE + seized.params.sale_cost.raw();
    let slack = &new.crumb() * &whole(3);
    // Where a record has two ends, and both sides hang on it, the better one may be another afterwards.
    if before.collateral >= &before.debt * &over(&[least], &[ONE]) + old.crumb() && old.is_plain(who) {
        // c1/d1 ≥ c0/d0 up to a base unit of what was rounded on either side.
        let no_lower = &(after.collateral.clone() + slack.clone()) * &before.debt >= &before.collateral * &after.debt;
        assert!(no_lower, "CR of {who:?} fell from {before:?} to {after:?}");
    }
    assert!(!old.is_plain(who) || after.debt < before.debt, "debt of {who:?} did not fall");
    let others = |account: &plimsoll_risk::account::Account| {
        let at = |denom: usize| old.assets.iter().position(|a| a.denom == denom).and_then(|at| u16::try_from(at).ok());
        let (collateral, debt) = (at(order.collateral), at(order.debt));
        let kept: Vec<_> = account.collaterals.iter().filter(|c| Some(c.asset.0) != collateral).copied().collect();
        let owed: Vec<_> = account.debts.iter().filter(|d| Some(d.asset.0) != debt).copied().collect();
        (kept, owed)
    };
    assert!(others(&old.accounts[&who]) == others(&new.accounts[&who]), "another slot of {who:?} changed");
}

fn single<'a>(case: &'a Case) -> Option<(&'a Order, &'a Event)> {
    Some((&case.outcome.order.as_ref()?.0, case.acted("liquidate").next()?))
}

/// The curve between its ends, and never more than the account has beyond its debt in the exchange, or what a sale costs when that is more.
fn bonuses_are_the_closed_form(case: &Case) {
    let Some((order, event)) = single(case) else { return };
    let (seized, owed) = lines(case, event);
    let leverage = case.before.exchange(order.who, seized.denom, owed.denom).0;
    let verdict = case.before.verdict(order.who);
    let ratio = |raw: u128| over(&[raw], &[ONE]);
    let curve = &seized.params.liquidation_bonus;
    let [min, max, full_at, cost] =
        [curve.min, curve.max, curve.full_at, seized.params.sale_cost].map(|ratio_of| ratio(ratio_of.raw()));
    let factor = verdict.carried.over(&verdict.weighted).expect("who is liquidated owes something");
    let ratio_of_all = verdict.collateral.over(&verdict.debt).expect("as above");
    // Where nothing is given for what is repaid, no account is short of it.
    let beyond = ratio_of_all.over(&leverage).map_or(max.clone(), |payable| payable - whole(1));
    let curved = if factor <= full_at {
        max.clone()
    } else {
        let climbed = (whole(1) - factor).over(&(whole(1) - full_at)).expect("full_at is below 1");
        min.clone() + &(max - min.clone()) * &climbed
    };
    let expected = curved.min(beyond.max(min.min(cost)));
    let slack =
        (&case.before.crumb() * &whole(100)).over(&verdict.debt).expect("as above") + over(&[1], &[1_000_000_000]);
    let bonus = bonus(event);
    let off = if bonus > expected { bonus.clone() - expected.clone() } else { expected.clone() - bonus.clone() };
    assert!(off <= slack, "{:?} paid a bonus of {bonus:?}, not {expected:?}", order.who);
}

/// The protocol's part is a share of what the bonus exceeds the sale's cost by, never of the principal.
fn fees_come_out_of_the_bonus(case: &Case) {
    for event in case.acted("liquidate") {
        let (seized, _) = lines(case, event);
        let bonus = bonus(event);
        let cost = over(&[seized.params.sale_cost.raw()], &[ONE]).min(bonus.clone());
        let part = (bonus.clone() - cost).over(&(whole(1) + bonus)).expect("more than nothing");
        let most =
            &(&part * &whole(number(event, "seized"))) * &over(&[seized.params.protocol_liquidation_fee.raw()], &[ONE]);
        let fee = number(event, "fee");
        assert!(whole(fee) <= most.clone() + whole(1), "a fee of {fee}, {most:?} is due");
    }
}

/// `r = (T·Dw − S) / (T·w − LT(1 + b)·m)` at most, and what is dust beside it; all of it only where the collateral can't pay the least bonus. `m`
/// is what repaid value buys of seized value in the verdict, where the exchange is at the lines' own ends.
fn no_more_is_repaid_than_the_target_asks(case: &Case) {
    let Some((order, event)) = single(case) else { return };
    let (old, who) = (case.before, order.who);
    let (seized, owed) = lines(case, event);
    let (verdict, slack) = (old.verdict(who), &old.crumb() * &whole(4));
    let least = ONE + seized.params.liquidation_bonus.min.raw();
    if verdict.collateral <= &verdict.debt * &over(&[least], &[ONE]) + slack.clone() {
        return;
    }
    let (leverage, price) = old.exchange(who, seized.denom, owed.denom);
    let id = old.assets.iter().position(|asset| asset.denom == seized.denom);
    let held = old.accounts[&who].collaterals.iter().find(|c| Some(usize::from(c.asset.0)) == id);
    let enabled = held.is_some_and(|held| held.enabled);
    let threshold = if enabled { old.threshold(seized) } else { Exact::default() };
    let target = over(&[old.config.liquidation.target_health_factor.raw()], &[ONE]);
    let weight = ramp(&owed.params.borrow_weight, old.clock());
    let gained = &target * &weight - &(&threshold * &(whole(1) + bonus(event))) * &leverage;
    let missing = &target * &verdict.weighted - verdict.carried.clone();
    let repaid = owed.value(number(event, "repaid"), &price);
    let dust = worth(old.config.liquidation.dust_value);
    let beyond = repaid - dust - slack.clone();
    assert!(
        &beyond * &gained <= missing.clone() + slack,
        "{who:?}: repaid {beyond:?} beyond dust, for {missing:?} missing"
    );
}

/// What is written off had less than dust, disabled deposits included, and less than it owed. Where only the decline of a silent deposit makes
/// it so, no debt is silent and no grace runs.
fn write_offs_are_of_dust(case: &Case) {
    let old = case.before;
    let dust = worth(old.config.liquidation.dust_value) + old.crumb();
    for event in case.acted("write_off") {
        let Some(who) = said(event, "account").and_then(|name| case.who(name)) else { continue };
        // Within a flash loan others may have taken what was there before.
        if matches!(case.op, Op::WriteOff { .. } | Op::WriteOffWorst { .. }) {
            let verdict = old.verdict(who);
            assert!(verdict.collateral < dust, "{who:?} had {:?}", verdict.collateral);
            assert!(verdict.collateral <= verdict.debt.clone() + old.crumb(), "{who:?} had more than it owed");
            let whole = old.sums_of(&old.accounts[&who], By::Undeclined, |held| held.shares.raw());
            if whole.collateral >= dust || whole.collateral > whole.debt.clone() + old.crumb() {
                let told = |asset: usize| old.all_say(old.assets[asset].denom, |said| !said.silent);
                let all_told = old.accounts[&who].debts.iter().all(|debt| told(usize::from(debt.asset.0)));
                assert!(all_told && !old.is_halted(), "{who:?} was written off for silence alone");
            }
        }
        let left = &case.after.accounts[&who];
        assert!(left.debts.is_empty() && left.collaterals.is_empty(), "{who:?} kept something");
    }
}

/// Whoever named a least received it, in coins.
fn least_is_received(case: &Case) {
    let Some((order, Some(preview))) = &case.outcome.order else { return };
    let Some(least) = order.least.filter(|_| !order.shares && order.collateral != order.debt) else { return };
    let taker = order.to.unwrap_or(order.sender);
    let got = case.after.wallets[taker][order.collateral] - case.before.wallets[taker][order.collateral];
    let wanted = share(preview.receive.raw(), least);
    assert!(got >= wanted, "{got} {} where {wanted} was the least", DENOMS[order.collateral]);
}
/// Whoever lets the liquidator work pays nothing, gets at least so many items as they asked for, and nothing stays inside.
fn the_liquidators_caller_never_pays(case: &Case) {
    assert!(
        case.after.liquidators.iter().all(|coin| coin.amount.is_zero()),
        "left in the liquidator: {:?}",
        case.after.liquidators
    );
    let crate::op::Op::LiquidateMany { sender, min_success, profit, .. } = *case.op else { return };
    for group in case.acted("settle").filter(|_| profit) {
        let coins = group.attributes.iter().filter(|a| a.key == "proceeds");
        let mut coins = coins.filter_map(|a| a.value.parse::<cosmwasm_std::Coin>().ok());
        let enough = |coin: cosmwasm_std::Coin| {
            let denom = DENOMS.iter().position(|denom| *denom == coin.denom);
            denom.is_some_and(|denom| coin.amount >= cosmwasm_std::Uint256::from(crate::cast::worth(denom, 5_000)))
        };
        assert!(coins.any(enough), "a group earned less than was asked for: {group:?}");
    }
    for (denom, (old, new)) in case.before.wallets[sender].iter().zip(case.after.wallets[sender]).enumerate() {
        assert!(new >= *old, "the caller paid {} {}", old - new, DENOMS[denom]);
    }
    let succeeded: u32 = case.values("succeeded").last().expect("a count").parse().expect("a number");
    assert!(succeeded >= min_success, "{succeeded} of at least {min_success}");
    let done = case.acted("liquidate").count() + case.acted("write_off").count();
    assert_eq!(done, succeeded as usize, "it says that {succeeded} succeeded");
}
