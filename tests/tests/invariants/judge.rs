//! What must hold.

use cosmwasm_std::coin;
use cw_multi_test::AppResponse;
use plimsoll_risk::account::Account;
use plimsoll_risk::units::ScaledDebt;
use plimsoll_schema::pool::{ExecuteMsg, OnBehalf};
use plimsoll_testing::{World, values};

use crate::history::{DENOMS, IDS, Op, Outcome, USERS, Who, actor, name};
use crate::view::{Q, View, q};

/// Keeps what only the whole history tells.
pub struct Judge {
    donated: Vec<u128>,
}

impl Judge {
    pub fn new(start: View) -> Self {
        Self { donated: vec![0; start.assets.len()] }
    }

    pub fn judge(&mut self, step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
        if outcome.result.is_err() {
            // 9: a failed message changes nothing.
            assert!(before.dump == after.dump, "{step}: failed, but changed something");
            return;
        }
        if let Op::Donate { denom, .. } = op {
            self.donated[*denom] += after.assets[*denom].bank - before.assets[*denom].bank;
        }
        self.bank_covers_cash(step, after);
        sums_agree(step, after);
        indices_and_share_prices_hold(step, before, after, outcome);
        if !op.moves_the_world() {
            others_are_left_alone(step, op, before, after, outcome);
            nobody_is_pushed_below_one(step, op, before, after, outcome);
            within_max_ltv_after_lowering(step, op, before, after, outcome);
            no_free_lunch(step, before, after);
            reserves_take_fees_and_covers_alone(step, op, before, after, outcome);
            untouched_markets_keep_their_bytes(step, op, before, after, outcome);
            liquidation_improves(step, op, before, after, outcome);
        }
    }

    /// 1: the bank has exactly what was counted and what was donated; no flash loan is open.
    fn bank_covers_cash(&self, step: &str, view: &View) {
        for (asset, donated) in view.assets.iter().zip(&self.donated) {
            assert_eq!(asset.bank, asset.stored.cash.raw() + donated, "{step}: bank of {}", asset.params.denom);
            assert_eq!(asset.stored.lent.raw(), 0, "{step}: lent");
        }
    }

    /// 10: whoever owes can repay in full, whoever supplied gets the smaller of his claim and the cash.
    pub fn everybody_can_leave(&self, world: &mut World) {
        let everyone: Vec<Who> = (0..USERS).flat_map(|user| (0..IDS).map(move |id| (user, id))).collect();
        // With the oracle dead: none of this needs a price.
        world.advance(1_000_000);
        for who in &everyone {
            for debt in world.position(actor(*who)).debts {
                world.mint(name(who.0), &debt.denom, debt.amount.raw() + 5);
                let owner = world.addr(actor(*who)).into_string();
                let msg = ExecuteMsg::Repay(OnBehalf { account_id: Some(who.1), on_behalf_of: Some(owner) });
                let before = world.balance(name(who.0), &debt.denom);
                world.execute(name(who.0), &msg, &[coin(debt.amount.raw() + 5, &debt.denom)]).unwrap();
                let paid = before - world.balance(name(who.0), &debt.denom);
                assert_eq!(
                    paid,
                    debt.amount.raw(),
                    "{who:?}: a full repay takes what is owed, and the rest comes back"
                );
            }
            assert!(world.account(actor(*who)).debts.is_empty(), "{who:?}: a full repay clears to exactly 0");
        }
        assert!(world.borrowers().is_empty());
        for who in &everyone {
            for deposit in world.position(actor(*who)).collaterals {
                let cash = world.solvency(&deposit.denom).cash.raw();
                if deposit.amount.raw().min(cash) > 0 {
                    let before = world.balance(name(who.0), &deposit.denom);
                    world.withdraw_all(actor(*who), &deposit.denom).unwrap();
                    let got = world.balance(name(who.0), &deposit.denom) - before;
                    assert_eq!(got, deposit.amount.raw().min(cash), "{who:?}: {}", deposit.denom);
                }
            }
        }
        for (denom, donated) in DENOMS.iter().zip(&self.donated) {
            let left = world.solvency(denom);
            assert_eq!(left.debt.raw(), 0, "{denom}: nobody owes anything");
            assert_eq!(left.bank_balance.raw(), left.cash.raw() + donated, "{denom}");
            assert!(left.cash >= left.reserves, "{denom}: reserves are there in cash");
        }
    }
}

/// 2: the accounts add up to the market, and the index of debtors is exactly those with debt.
fn sums_agree(step: &str, view: &View) {
    for (id, asset) in view.assets.iter().enumerate() {
        let id = plimsoll_risk::params::AssetId(u16::try_from(id).unwrap());
        let shares: u128 = view.accounts.values().map(|account| account.shares(id).raw()).sum();
        assert_eq!(shares, asset.stored.supply_shares.raw(), "{step}: shares of {}", asset.params.denom);
        let scaled: u128 = view.accounts.values().map(|account| account.debt(id).raw()).sum();
        assert_eq!(scaled, asset.stored.debt_scaled.raw(), "{step}: debt of {}", asset.params.denom);
    }
    for (who, account) in &view.accounts {
        let listed = view.debtors.contains(&view.keys[who]);
        assert_eq!(listed, !account.debts.is_empty(), "{step}: index of debtors at {who:?}");
        let doubled = |ids: Vec<u16>| ids.iter().any(|id| ids.iter().filter(|other| *other == id).count() > 1);
        assert!(!doubled(account.collaterals.iter().map(|c| c.asset.0).collect()), "{step}: doubled slot at {who:?}");
        for collateral in &account.collaterals {
            let owes = account.debt(collateral.asset) > ScaledDebt::ZERO;
            assert!(!(owes && collateral.enabled), "{step}: {who:?} owes its own collateral");
        }
    }
}

/// 3: an index never falls; a share loses value only by a write-off, and then all shares together lose what suppliers bore.
fn indices_and_share_prices_hold(step: &str, before: &View, after: &View, outcome: &Outcome) {
    let response = outcome.result.as_ref().unwrap();
    let borne = response.as_ref().map(|r| values(r, "borne_by_suppliers")).unwrap_or_default();
    for (old, new) in before.assets.iter().zip(&after.assets) {
        let denom = &new.params.denom;
        assert!(new.index >= old.index, "{step}: index of {denom} fell");
        let lost: u128 =
            borne.iter().filter_map(|text| text.strip_suffix(denom.as_str())).map(|n| n.parse::<u128>().unwrap()).sum();
        // What comes in or leaves does so at the old price; a loss falls on the shares that were there and stay.
        let total = q(old.stored.supply_shares.min(new.stored.supply_shares).raw() + 1_000_000);
        let fell = (old.share_price() - new.share_price()) * &total;
        // Debt is rounded once where it is booked, so each loss is exact to a base unit.
        let losses = q(u128::try_from(borne.len().max(1)).unwrap());
        assert!(
            fell <= q(lost) + losses,
            "{step}: suppliers of {denom} lost {} but {lost} was booked",
            fell.to_integer()
        );
    }
}

fn actor_of(op: &Op) -> Option<(usize, Option<Who>)> {
    Some(match *op {
        Op::Deposit { who, .. } | Op::Withdraw { who, .. } | Op::Borrow { who, .. } | Op::Enable { who, .. } => {
            (who.0, Some(who))
        }
        Op::DepositFor { sender, who, .. } | Op::Repay { sender, who, .. } => (sender, Some(who)),
        Op::Liquidate { sender, .. } | Op::LiquidateWorst { sender, .. } | Op::WriteOff { sender, .. } => {
            (sender, None)
        }
        Op::Donate { sender, .. } | Op::Cover { sender, .. } => (sender, None),
        Op::Batch { user, .. } => (user, None),
        Op::Flash { .. } => (USERS - 1, None),
        Op::Price { .. } | Op::Advance { .. } => return None,
    })
}

/// Whether it liquidated or wrote off, by itself or within a flash loan.
fn liquidates(op: &Op, outcome: &Outcome) -> bool {
    let said = |response: &AppResponse| {
        values(response, "action").iter().any(|action| ["liquidate", "write_off"].contains(action))
    };
    match op {
        Op::Liquidate { .. } | Op::LiquidateWorst { .. } | Op::WriteOff { .. } => true,
        Op::Flash { .. } => matches!(&outcome.result, Ok(Some(response)) if said(response)),
        _ => false,
    }
}

/// Whether it may change any account of its sender's.
const fn acts_on_all_of_ones_own(op: &Op) -> bool {
    matches!(op, Op::Batch { .. } | Op::Flash { .. })
}

fn slots(account: &Account) -> (Vec<u16>, Vec<u16>) {
    (account.collaterals.iter().map(|c| c.asset.0).collect(), account.debts.iter().map(|d| d.asset.0).collect())
}

/// 5: nobody else's account loses collateral, gains debt or gains a slot; liquidation and write-off aside.
fn others_are_left_alone(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    let ((sender, target), liquidates) = (actor_of(op).unwrap(), liquidates(op, outcome));
    for (who, old) in &before.accounts {
        let new = &after.accounts[who];
        if who.0 == sender && (target == Some(*who) || acts_on_all_of_ones_own(op) || liquidates) {
            continue;
        }
        if liquidates {
            let was_liquidatable = before.carried(*who) < before.debt(*who) + before.crumb();
            assert!(old == new || was_liquidatable, "{step}: {who:?} was healthy and changed");
            continue;
        }
        assert!(slots(old).1.len() >= slots(new).1.len(), "{step}: {who:?} got a debt");
        for c in &old.collaterals {
            assert!(new.shares(c.asset) >= c.shares, "{step}: {who:?} lost collateral");
        }
        for d in &new.debts {
            assert!(old.debt(d.asset) >= d.scaled, "{step}: {who:?} owes more");
        }
        assert_eq!(slots(old).0, slots(new).0, "{step}: a slot of {who:?}");
    }
}

/// 5: at a fixed price and time, whoever is healthy stays healthy; a write-off's loss in a market where he supplies aside.
fn nobody_is_pushed_below_one(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    if liquidates(op, outcome) {
        return;
    }
    for who in before.accounts.keys() {
        let healthy = before.carried(*who) >= before.debt(*who);
        let crumb = after.crumb();
        assert!(!healthy || after.carried(*who) + crumb >= after.debt(*who), "{step}: {who:?} fell below 1");
    }
}

/// 6: after whatever lowers borrowing power or raises debt, the account is within max LTV.
fn within_max_ltv_after_lowering(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    let mut lowered: Vec<Who> = vec![];
    match *op {
        // Disabling what was disabled lowers nothing and is not checked.
        Op::Withdraw { who, .. } | Op::Borrow { who, .. } => lowered.push(who),
        Op::Enable { who, enable: false, .. } if is_lowered(&before.accounts[&who], &after.accounts[&who]) => {
            lowered.push(who);
        }
        // A loss booked in the middle of a flash loan may lower what was checked before.
        Op::Batch { .. } | Op::Flash { .. } if !liquidates(op, outcome) => {
            let sender = actor_of(op).unwrap().0;
            let own =
                before.accounts.iter().filter(|(who, old)| who.0 == sender && is_lowered(old, &after.accounts[who]));
            lowered.extend(own.map(|(who, _)| *who));
        }
        _ => {}
    }
    for who in lowered.into_iter().filter(|who| !after.accounts[who].debts.is_empty()) {
        let (limit, debt) = after.power(who);
        assert!(debt <= &limit + after.crumb(), "{step}: {who:?} owes {debt} above {limit}");
    }
}

/// Whether an account has fewer shares of anything, less of it enabled, or more debt of anything.
fn is_lowered(old: &Account, new: &Account) -> bool {
    let fewer = old.collaterals.iter().any(|c| {
        let enabled = new.collateral(c.asset).is_some_and(|c| c.enabled);
        new.shares(c.asset) < c.shares || (c.enabled && !enabled)
    });
    fewer || new.debts.iter().any(|d| d.scaled > old.debt(d.asset))
}

/// 7: at a fixed price and time all users together own no more than before, whatever they do to each other. A write-off is a loss
/// that reserves share, so it is left out.
fn no_free_lunch(step: &str, before: &View, after: &View) {
    let bad = before.accounts.keys().any(|who| before.collateral(*who) < before.debt(*who));
    if bad {
        return;
    }
    let (old, new) = (before.everybodys_equity(), after.everybodys_equity());
    assert!(new <= &old + after.crumb(), "{step}: users gained {}", (new - old).to_integer());
}

/// At a fixed time and without a liquidation, reserves rise by 9 hundredths of a percent of each flash loan, rounded up, and by what
/// is given to them.
fn reserves_take_fees_and_covers_alone(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    if liquidates(op, outcome) {
        return;
    }
    let mut expected: Vec<u128> = before.assets.iter().map(|asset| asset.reserves).collect();
    let events = outcome.result.iter().flatten().flat_map(|response| &response.events);
    for event in events.filter(|event| event.ty == "wasm") {
        let said = |key: &str| event.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str());
        let per_myriad = match said("action") {
            Some("flash_loan") => 9,
            Some("cover") => 10_000,
            _ => continue,
        };
        let market = DENOMS.iter().position(|denom| said("denom") == Some(denom)).unwrap();
        let amount: u128 = said("amount").unwrap().parse().unwrap();
        expected[market] += (amount * per_myriad).div_ceil(10_000);
    }
    for (asset, expected) in after.assets.iter().zip(expected) {
        assert_eq!(asset.reserves, expected, "{step}: reserves of {}", asset.params.denom);
    }
}

/// 11: a market that no attribute names keeps its record to the byte.
fn untouched_markets_keep_their_bytes(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    let Ok(Some(response)) = &outcome.result else { return };
    if matches!(op, Op::Donate { .. }) {
        return;
    }
    let mut named = values(response, "denom");
    named.extend(values(response, "debt_denom"));
    named.extend(values(response, "collateral_denom"));
    for (old, new) in before.assets.iter().zip(&after.assets) {
        let denom = new.params.denom.as_str();
        assert!(named.contains(&denom) || old.stored == new.stored, "{step}: {denom} changed unnamed");
    }
}

/// 6 and 12: a liquidation does what its preview said, and leaves the account no worse where nobody else pays the bonus.
fn liquidation_improves(step: &str, op: &Op, before: &View, after: &View, outcome: &Outcome) {
    let Some(preview) = &outcome.preview else { return };
    let Ok(Some(response)) = &outcome.result else { return };
    let said = |key: &str| values(response, key)[0].parse::<u128>().unwrap();
    assert_eq!(said("repaid"), preview.liquidation.repay.raw(), "{step}: repaid");
    assert_eq!(said("seized"), preview.liquidation.seize.raw(), "{step}: seized");
    assert_eq!(said("fee"), preview.liquidation.fee.raw(), "{step}: fee");
    assert_eq!(values(response, "written_off").is_empty(), !preview.written_off, "{step}: written off");
    let sender = actor_of(op).unwrap().0;
    for (who, account) in &before.accounts {
        if who.0 == sender || *account == after.accounts[who] || preview.written_off {
            continue;
        }
        let (c0, d0, c1, d1) = (before.collateral(*who), before.debt(*who), after.collateral(*who), after.debt(*who));
        let min_bonus = Q::new(2.into(), 100.into());
        if c0 >= &d0 * (q(1) + min_bonus) + before.crumb() {
            // c1/d1 ≥ c0/d0 up to a base unit of what was rounded.
            assert!((c1 + after.crumb()) * &d0 >= c0 * &d1, "{step}: CR of {who:?} fell");
        }
        assert!(d1 < d0, "{step}: debt of {who:?} did not fall");
    }
}
