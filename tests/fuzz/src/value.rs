//! What things are worth: a model of its own, from the definitions alone.

use std::collections::BTreeMap;

use plimsoll_risk::account::{Account, Collateral};
use plimsoll_risk::params::Ramp;
use plimsoll_risk::units::Value;

use crate::cast::DECIMALS;
use crate::exact::{Exact, ONE, over, whole};
use crate::op::Who;
use crate::said::Said;
use crate::view::{Asset, View};

/// Base units of a whole token.
pub fn unit(denom: usize) -> u128 {
    10u128.pow(u32::from(DECIMALS[denom]))
}

/// So much of the quote currency.
pub fn worth(value: Value) -> Exact {
    over(&[value.raw().to_string().parse().expect("it fits")], &[ONE])
}

/// A ramp's value at this time; exact.
pub fn ramp(ramp: &Ramp, now: u64) -> Exact {
    let (from, to) = (over(&[ramp.from.raw()], &[ONE]), over(&[ramp.to.raw()], &[ONE]));
    if now >= ramp.ends_at {
        return to;
    }
    let gone = over(&[u128::from(now.saturating_sub(ramp.starts_at))], &[u128::from(ramp.ends_at - ramp.starts_at)]);
    from.clone() + &(to - from) * &gone
}

impl Asset {
    /// `debt_scaled × index`, rounded down, as the ledger counts it.
    pub fn debt(&self) -> u128 {
        let debt = over(&[self.now.debt_scaled.raw(), self.now.borrow_index.raw()], &[ONE]);
        u128::try_from(debt.to_whole()).expect("it fits")
    }

    /// `cash + lent + debt − reserves`.
    pub fn supply(&self) -> u128 {
        self.now.cash.raw() + self.now.lent.raw() + self.debt() - self.now.reserves.raw()
    }

    /// What so many shares are worth in base units, virtual ones included.
    pub fn claim(&self, shares: u128) -> Exact {
        over(&[shares, self.supply() + 1], &[self.now.supply_shares.raw() + 1_000_000])
    }

    /// What so many base units are worth in the quote currency at a price.
    pub fn value(&self, amount: u128, price: &Exact) -> Exact {
        &self.tokens(amount) * price
    }

    /// So many base units in whole tokens.
    pub fn tokens(&self, amount: u128) -> Exact {
        over(&[amount], &[unit(self.denom)])
    }

    fn held(&self, shares: u128) -> Exact {
        let (supply, total) = (self.supply() + 1, self.now.supply_shares.raw() + 1_000_000);
        over(&[shares, supply], &[total, unit(self.denom)])
    }

    /// What so much scaled debt amounts to, in whole tokens.
    pub fn owed(&self, scaled: u128) -> Exact {
        over(&[scaled, self.now.borrow_index.raw()], &[ONE, unit(self.denom)])
    }

    /// The share of a deposit that counts for borrowing: `min(1, cap / supply)`, and nothing where deposits are stopped.
    pub fn power(&self) -> Exact {
        if !self.params.enabled.deposit {
            return Exact::default();
        }
        over(&[self.params.supply_cap.raw()], &[self.supply().max(1)]).min(whole(1))
    }
}

/// How an account is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// For liquidation: settled prices, thresholds.
    Settled,
    /// The same as if no silent deposit had begun to count less.
    Undeclined,
    /// At the borrowing edges, with thresholds.
    Edges,
    /// For borrowing: the edges, max LTV, as far as markets are open and within their caps.
    Power,
    /// The same without regard to stops and caps.
    UncappedPower,
}

/// An account's sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// What all deposits are worth, disabled ones too.
    pub collateral: Exact,
    /// How much debt enabled deposits carry.
    pub carried: Exact,
    /// What is owed.
    pub debt: Exact,
    /// The same, each debt times its weight.
    pub weighted: Exact,
}

/// A deposit or a debt as far as prices are concerned: whole tokens times how much a unit counts, and the records that its price hangs on.
struct Line {
    weighed: Exact,
    chain: Vec<usize>,
}

/// The one value of each record on which deposits and debts hang, and the share of those deposits that still counts.
struct OneValue<'a> {
    view: &'a View,
    by: By,
    deposits: Vec<Line>,
    debts: Vec<Line>,
    chosen: BTreeMap<usize, (Exact, Exact)>,
}

impl OneValue<'_> {
    fn is_shared(&self, denom: usize) -> bool {
        let hangs = |lines: &[Line]| lines.iter().any(|line| line.chain.contains(&denom));
        hangs(&self.deposits) && hangs(&self.debts)
    }

    fn of(&mut self, denom: usize, is_debt: bool) -> Exact {
        let said = &self.view.said[&denom];
        let settles = matches!(self.by, By::Settled | By::Undeclined);
        let ends = if settles { [said.counted[1].clone(), said.counted[0].clone()] } else { said.edges.clone() };
        if !self.is_shared(denom) {
            return ends[usize::from(is_debt)].clone();
        }
        if let Some((chosen, _)) = self.chosen.get(&denom) {
            return chosen.clone();
        }
        let remaining = said.remaining.clone();
        let (carried, owed) = (self.sum_on(denom, false), self.sum_on(denom, true));
        // Liquidation takes the end that is better for the account in sum, borrowing the worse one.
        let chosen = ends[usize::from(carried <= owed)].clone();
        // Of a silent record only what deposits carry beyond the debts on it declines, where there are other debts to carry.
        let others = self.debts.iter().any(|line| !line.chain.contains(&denom));
        let left = if self.by == By::Settled && others && carried > owed {
            (owed.clone() + &remaining * &(carried.clone() - owed)).over(&carried).expect("it carries something")
        } else {
            whole(1)
        };
        self.chosen.insert(denom, (chosen.clone(), left));
        chosen
    }

    /// What hangs on a record, in units of its denom: each line times the rates before that record.
    fn sum_on(&mut self, denom: usize, is_debt: bool) -> Exact {
        let lines = if is_debt { &self.debts } else { &self.deposits };
        let before = |line: &Line| {
            let at = line.chain.iter().position(|other| *other == denom)?;
            Some((line.weighed.clone(), line.chain.clone(), at))
        };
        let lines: Vec<(Exact, Vec<usize>, usize)> = lines.iter().filter_map(before).collect();
        let value = |(weighed, chain, at): (Exact, Vec<usize>, usize)| {
            let value = self.product(weighed, &chain[..at], is_debt);
            if is_debt { value } else { &value * &self.remaining(&chain, at) }
        };
        lines.into_iter().map(value).sum()
    }

    fn product(&mut self, start: Exact, chain: &[usize], is_debt: bool) -> Exact {
        chain.iter().fold(start, |product, denom| &product * &self.of(*denom, is_debt))
    }

    /// The share of a deposit that still counts: the least of its own records, times what each shared one leaves of what counted before; of
    /// those from `at` on nothing is known yet.
    fn remaining(&self, chain: &[usize], at: usize) -> Exact {
        let own = chain.iter().filter(|denom| self.by == By::Settled && !self.is_shared(**denom));
        let least = own.map(|denom| self.view.said[denom].remaining.clone()).min().unwrap_or(whole(1));
        let shared = chain[..at].iter().filter_map(|denom| self.chosen.get(denom));
        shared.fold(least, |left, (_, share)| &left * share)
    }
}

impl View {
    /// The records that a denom's price hangs on, its own first; nothing when one is missing.
    pub fn chain(&self, denom: usize) -> Vec<usize> {
        let mut chain = vec![denom];
        loop {
            let Some(said) = chain.last().and_then(|last| self.said.get(last)) else { return vec![] };
            let Some(quote) = &said.quote else { return chain };
            chain.push(crate::use_pool::place(quote));
            if chain.len() > 4 {
                return vec![];
            }
        }
    }

    /// Whether something holds of each record that a denom's price hangs on.
    pub fn all_say(&self, denom: usize, what: impl Fn(&Said) -> bool) -> bool {
        let chain = self.chain(denom);
        !chain.is_empty() && chain.iter().all(|denom| what(&self.said[denom]))
    }

    /// The product of a number of each record that a denom's price hangs on; 0 of none.
    pub fn price(&self, denom: usize, which: impl Fn(&Said) -> &Exact) -> Exact {
        let chain = self.chain(denom);
        let Some((first, rest)) = chain.split_first() else { return Exact::default() };
        rest.iter().fold(which(&self.said[first]).clone(), |product, denom| &product * which(&self.said[denom]))
    }

    /// How much debt a unit of a deposit's value carries.
    fn weight(&self, held: &Collateral, by: By) -> Exact {
        let asset = &self.assets[usize::from(held.asset.0)];
        let threshold = self.threshold(asset);
        if !held.enabled || threshold == Exact::default() {
            return Exact::default();
        }
        let ltv = over(&[asset.params.max_loan_to_value.raw()], &[ONE]);
        match by {
            By::Settled | By::Undeclined | By::Edges => threshold,
            By::UncappedPower => ltv,
            By::Power => &ltv * &asset.power(),
        }
    }

    /// By how much more than its value a debt of this asset counts. Who borrows is judged by the end of a rise.
    fn debt_weight(&self, asset: &Asset, by: By) -> Exact {
        let now = ramp(&asset.params.borrow_weight, self.clock());
        match by {
            By::Settled | By::Undeclined => now,
            By::Edges | By::UncappedPower | By::Power => now.max(over(&[asset.params.borrow_weight.to.raw()], &[ONE])),
        }
    }

    /// The one values of an account, each deposit counted with as many shares as `counted` says. A silent deposit counts nothing at the edges.
    /// With its deposits in whole tokens, and how much a unit of each carries.
    fn one_value(
        &self,
        account: &Account,
        by: By,
        counted: impl Fn(&Collateral) -> u128,
    ) -> (OneValue<'_>, Vec<(Line, Exact)>) {
        let place = |asset: plimsoll_risk::params::AssetId| &self.assets[usize::from(asset.0)];
        let line = |denom: usize, weighed: Exact| Line { weighed, chain: self.chain(denom) };
        let owed = account.debts.iter().map(|debt| (place(debt.asset), debt.scaled.raw()));
        let weighed = |asset: &Asset, scaled| &asset.owed(scaled) * &self.debt_weight(asset, by);
        let debts: Vec<Line> = owed.map(|(asset, scaled)| line(asset.denom, weighed(asset, scaled))).collect();
        let held = account.collaterals.iter().map(|held| {
            let asset = place(held.asset);
            let settles = matches!(by, By::Settled | By::Undeclined);
            let counts = settles || self.all_say(asset.denom, |said| said.lends);
            let tokens = &asset.held(counted(held)) * &whole(u128::from(counts));
            (line(asset.denom, tokens), self.weight(held, by))
        });
        let held: Vec<(Line, Exact)> = held.collect();
        let weighed =
            |(line, weight): &(Line, Exact)| Line { weighed: &line.weighed * weight, chain: line.chain.clone() };
        let deposits = held.iter().map(weighed).collect();
        (OneValue { view: self, by, deposits, debts, chosen: BTreeMap::new() }, held)
    }

    /// An account's sums, each deposit counted with as many shares as `counted` says.
    pub fn sums_of(&self, account: &Account, by: By, counted: impl Fn(&Collateral) -> u128) -> Sums {
        let (mut one, held) = self.one_value(account, by, counted);
        let owed = account.debts.iter().map(|debt| {
            let asset = &self.assets[usize::from(debt.asset.0)];
            (asset.owed(debt.scaled.raw()), self.debt_weight(asset, by), self.chain(asset.denom))
        });
        let owed: Vec<(Exact, Exact, Vec<usize>)> = owed.collect();
        let mut sums = Sums::default();
        for (Line { weighed: tokens, chain }, weight) in held.iter().filter(|(line, _)| !line.chain.is_empty()) {
            let value = one.product(tokens.clone(), chain, false);
            let value = &value * &one.remaining(chain, chain.len());
            sums.carried = sums.carried + &value * weight;
            sums.collateral = sums.collateral + value;
        }
        for (tokens, weight, chain) in owed.into_iter().filter(|(_, _, chain)| !chain.is_empty()) {
            let value = one.product(tokens, &chain, true);
            sums.weighted = sums.weighted + &value * &weight;
            sums.debt = sums.debt + value;
        }
        sums
    }

    /// What a unit of repaid value buys of seized value in the verdict of an account, where the two denoms are exchanged at their own ends; and
    /// what the repaid one counts at in the verdict. A record on which both hang cancels.
    pub fn exchange(&self, who: Who, seized: usize, repaid: usize) -> (Exact, Exact) {
        let (mut one, _) = self.one_value(&self.accounts[&who], By::Settled, |held| held.shares.raw());
        let (collateral, debt) = (self.chain(seized), self.chain(repaid));
        let mut gained = whole(1);
        for denom in collateral.iter().filter(|denom| !debt.contains(denom)) {
            let high = self.said[denom].counted[1].clone();
            gained = (&gained * &one.of(*denom, false)).over(&high).expect("a price above nothing");
        }
        for denom in debt.iter().filter(|denom| !collateral.contains(denom)) {
            let low = self.said[denom].counted[0].clone();
            gained = (&gained * &low).over(&one.of(*denom, true)).expect("a price above nothing");
        }
        (gained, one.product(whole(1), &debt, true))
    }

    /// The sums of an account as it stands.
    pub fn sums(&self, who: Who, by: By) -> Sums {
        match by {
            By::Settled => self.verdicts[&who].clone(),
            _ => self.sums_of(&self.accounts[&who], by, |held| held.shares.raw()),
        }
    }

    /// What decides about liquidation.
    pub fn verdict(&self, who: Who) -> &Sums {
        &self.verdicts[&who]
    }

    /// Whether each record on which both deposits and debts of an account hang says one price.
    pub fn is_plain(&self, who: Who) -> bool {
        let account = &self.accounts[&who];
        let denoms = |asset: u16| self.chain(self.assets[usize::from(asset)].denom);
        let held: Vec<usize> = account.collaterals.iter().flat_map(|held| denoms(held.asset.0)).collect();
        let owed = account.debts.iter().flat_map(|debt| denoms(debt.asset.0));
        owed.filter(|denom| held.contains(denom))
            .all(|denom| self.said[&denom].counted[0] == self.said[&denom].counted[1])
    }

    /// The liquidation threshold in force.
    pub fn threshold(&self, asset: &Asset) -> Exact {
        ramp(&asset.params.liquidation_threshold, self.clock())
    }

    /// Whether every debt of an account can be told when more is lent.
    pub fn lends_to(&self, account: &Account) -> bool {
        account.debts.iter().all(|debt| self.all_say(self.assets[usize::from(debt.asset.0)].denom, |said| said.lends))
    }

    /// What weighs one asset against another where only differences count: the settled price.
    pub fn weight_of(&self, asset: &Asset) -> Exact {
        self.price(asset.denom, |said| &said.settled)
    }

    /// What rounding may move, at what liquidation counts.
    pub fn crumb(&self) -> Exact {
        self.crumb.clone()
    }

    /// What rounding may move: of each asset a base unit, or a unit of scaled debt or a share where those have grown to more. A share has where
    /// reserves alone are lent: their interest belongs to virtual shares.
    pub fn crumb_at(&self, which: impl Fn(&Said) -> &Exact) -> Exact {
        let crumbs = self.assets.iter().map(|asset| {
            let price = self.price(asset.denom, &which);
            let units = asset.now.borrow_index.raw().div_ceil(ONE);
            &asset.value(units, &price).max(&asset.held(1) * &price) * &self.debt_weight(asset, By::UncappedPower)
        });
        crumbs.sum()
    }

    /// What a person owns: coins and claims, less debts, each at the settled price.
    pub fn equity(&self, person: usize) -> Exact {
        let weights: Vec<Exact> = self.assets.iter().map(|asset| self.weight_of(asset)).collect();
        let of = |id: u16| (&self.assets[usize::from(id)], &weights[usize::from(id)]);
        let coins = self.assets.iter().zip(&weights);
        let coins = coins.map(|(asset, weight)| asset.value(self.wallets[person][asset.denom], weight));
        let accounts = self.accounts.iter().filter(|(who, _)| who.0 == person);
        let claims = accounts.clone().flat_map(|(_, account)| &account.collaterals).map(|held| {
            let (asset, weight) = of(held.asset.0);
            &asset.held(held.shares.raw()) * weight
        });
        let debts = accounts.flat_map(|(_, account)| &account.debts).map(|debt| {
            let (asset, weight) = of(debt.asset.0);
            &asset.owed(debt.scaled.raw()) * weight
        });
        coins.sum::<Exact>() + claims.sum() - debts.sum()
    }
}
