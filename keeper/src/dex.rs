//! Where collateral is sold: the pairs as they stand at one block, and the liquidator that sells there. Pure.
//!
//! Every pair is a constant-product one, so what a sale returns is `risk::swap`'s formula, pair by pair along the
//! route.

pub mod client;
pub mod depth;

use std::collections::BTreeMap;

use plimsoll_risk::swap::{Reserves, SLIPPAGE_MAX, SpreadGuard, swap_down};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::liquidator::Hop;

/// A pair at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its contract.
    pub address: String,
    /// Its two tokens.
    pub denoms: [String; 2],
    /// What it holds of each, in the same order.
    pub reserves: [Amount; 2],
    /// The share of each swap's yield that stays there.
    pub fee: Ratio,
}

/// All known pairs at one block, and who sells there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DexSnapshot {
    /// The liquidator's contract.
    pub liquidator: String,
    /// The pairs.
    pub pairs: Vec<Pair>,
}

/// What sales have left in the pairs they went through, by the pair's address.
pub type Moved = BTreeMap<String, [Amount; 2]>;

impl Pair {
    /// The place of the token that is sold when the other is bought.
    fn side(&self, ask: &str) -> Option<usize> {
        self.denoms.iter().position(|denom| denom == ask).map(|at| 1 - at)
    }

    fn trades(&self, offer: &str, ask: &str) -> bool {
        self.side(ask).is_some_and(|at| self.denoms[at] == offer)
    }
}

impl DexSnapshot {
    /// Every way from one token to another over one pair, then every way over two. None where they are the same.
    pub fn routes(&self, from: &str, to: &str) -> Vec<Vec<Hop>> {
        let hop = |pair: &Pair, ask: &str| Hop { pair: pair.address.clone(), ask_denom: ask.to_owned() };
        if from == to {
            return Vec::new();
        }
        let direct = self.pairs.iter().filter(|pair| pair.trades(from, to)).map(|pair| vec![hop(pair, to)]);
        let mut routes: Vec<Vec<Hop>> = direct.collect();
        for first in &self.pairs {
            let Some(between) = first.denoms.iter().find(|denom| first.trades(from, denom) && *denom != to) else {
                continue;
            };
            let second = self.pairs.iter().filter(|pair| pair.trades(between, to));
            routes.extend(second.map(|second| vec![hop(first, between), hop(second, to)]));
        }
        routes
    }

    /// What the sale of `offer` along the route returns, rounded down at each pair, after the sales that left `moved`,
    /// to which this one is added. `None` where a pair would refuse it; then `moved` may hold a part of it.
    pub fn sell_down(&self, hops: &[Hop], offer: Amount, moved: &mut Moved) -> Option<Amount> {
        let mut offer = offer;
        for hop in hops {
            let pair = self.pairs.iter().find(|pair| pair.address == hop.pair)?;
            let from = pair.side(&hop.ask_denom)?;
            let held = moved.get(&pair.address).copied().unwrap_or(pair.reserves);
            let reserves = Reserves { offer: held[from], ask: held[1 - from] };
            let swap = swap_down(reserves, offer, pair.fee).ok()?;
            // The widest spread that a pair lets the liquidator have.
            let guard = SpreadGuard { belief_price: None, max_spread: Some(SLIPPAGE_MAX) };
            guard.check(offer, &swap).ok()?;
            let after = reserves.after(offer, &swap).ok()?;
            let left = if from == 0 { [after.offer, after.ask] } else { [after.ask, after.offer] };
            moved.insert(pair.address.clone(), left);
            offer = swap.return_amount;
        }
        Some(offer)
    }
}
