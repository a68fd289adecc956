//! A sale as the pairs foretell it, hop by hop.

use cosmwasm_std::StdResult;
use plimsoll_risk::math::{ONE, mul_div_up_128};
use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::pair::{Asset, AssetInfo, QueryMsg, ReverseSimulationResponse, SimulationResponse};
use plimsoll_schema::route::{HOPS_MAX, Hop, is_route};
use serde::{Deserialize, Serialize};

use crate::error::ContractError;
use crate::scene::Scene;

/// A sale: what is offered to each pair, and what the last one returns.
#[derive(Serialize, Deserialize, Clone)]
pub struct Trade {
    /// What is sold.
    pub from: String,
    /// The pairs, in order.
    pub hops: Vec<Hop>,
    /// What each of them is offered.
    pub offers: Vec<Amount>,
    /// What the last one returns.
    pub returned: Amount,
    /// What of that is the contract's fee.
    pub fee: Amount,
}

impl Trade {
    /// What is bought.
    pub fn to(&self) -> &str {
        self.hops.last().map_or(&self.from, |hop| &hop.ask_denom)
    }

    /// How much is sold.
    pub fn sold(&self) -> Amount {
        self.offers.first().copied().unwrap_or_default()
    }

    /// How much is bought, less the fee.
    pub const fn bought(&self) -> Amount {
        self.returned.saturating_sub(self.fee)
    }

    /// The denom that a hop is offered.
    pub fn offered(&self, hop: usize) -> &str {
        let before = hop.checked_sub(1).and_then(|before| self.hops.get(before));
        before.map_or(&self.from, |hop| &hop.ask_denom)
    }
}

/// Errors unless the hops lead from one denom to the other.
pub fn assert_route(from: &str, to: &str, hops: &[Hop]) -> Result<(), ContractError> {
    if is_route(from, to, hops) {
        return Ok(());
    }
    Err(ContractError::BadRoute { from: from.to_owned(), to: to.to_owned(), max: HOPS_MAX })
}

/// The same pairs the other way round: from where the hops end back to `from`.
pub fn reversed(from: &str, hops: &[Hop]) -> Vec<Hop> {
    let starts = std::iter::once(from).chain(hops.iter().map(|hop| hop.ask_denom.as_str()));
    let mut back: Vec<Hop> =
        hops.iter().zip(starts).map(|(hop, ask)| Hop { pair: hop.pair.clone(), ask_denom: ask.to_owned() }).collect();
    back.reverse();
    back
}

/// The sale of this much. Errors where nothing is left of what the pairs return after the fee.
pub fn of_offer(scene: &Scene, from: &str, hops: &[Hop], offer: Amount) -> Result<Trade, ContractError> {
    let trade = foretold(scene, from, hops, offer)?;
    if trade.bought().is_zero() {
        let denom = trade.to().to_owned();
        return Err(ContractError::NothingBought { denom, returned: trade.returned, fee: trade.fee });
    }
    Ok(trade)
}

/// The sale of this much, whatever is left of it.
fn foretold(scene: &Scene, from: &str, hops: &[Hop], offer: Amount) -> Result<Trade, ContractError> {
    if offer.is_zero() {
        return Err(ContractError::NothingToSell { denom: from.to_owned() });
    }
    let mut offers = Vec::with_capacity(hops.len());
    let mut held = offer;
    let mut denom = from;
    for hop in hops {
        offers.push(held);
        held = simulated(scene, hop, denom, held)?;
        denom = &hop.ask_denom;
    }
    let fee = held.share_up(scene.fee)?;
    Ok(Trade { from: from.to_owned(), hops: hops.to_vec(), offers, returned: held, fee })
}

/// The sale that buys at least this much after the fee. Pairs of Astroport round the offer that they ask down, and a
/// unit of a coarse denom in the middle of a route may be worth many of the last. On a shortfall each hop is padded by a
/// unit, and on a further one the offer is raised in proportion.
pub fn of_return(scene: &Scene, from: &str, hops: &[Hop], wanted: Amount) -> Result<Trade, ContractError> {
    let gross = Amount::new(mul_div_up_128(wanted.raw(), ONE, Ratio::ONE.checked_sub(scene.fee)?.raw())?);
    let mut offer = asked(scene, from, hops, gross, Amount::ZERO)?;
    let mut trade = foretold(scene, from, hops, offer)?;
    if trade.bought() < wanted {
        offer = asked(scene, from, hops, gross, Amount::new(1))?;
        trade = foretold(scene, from, hops, offer)?;
    }
    if trade.bought() >= wanted {
        return Ok(trade);
    }
    let short = wanted.saturating_sub(trade.bought());
    let more = mul_div_up_128(short.raw(), offer.raw(), trade.bought().raw().max(1))?;
    let raised = offer.checked_add(Amount::new(more))?.checked_add(Amount::new(1))?;
    let trade = foretold(scene, from, hops, raised)?;
    if trade.bought() >= wanted {
        return Ok(trade);
    }
    let denom = trade.to().to_owned();
    Err(ContractError::Underquoted { denom, offer: raised, wanted, returned: trade.bought() })
}

/// What the hops ask for a return, from the last to the first. Each is asked for `padding` more than the next one
/// needs, and offered as much more than it asks.
fn asked(scene: &Scene, from: &str, hops: &[Hop], gross: Amount, padding: Amount) -> Result<Amount, ContractError> {
    let mut offer = gross;
    for (at, hop) in hops.iter().enumerate().rev() {
        let before = at.checked_sub(1).and_then(|before| hops.get(before));
        let denom = before.map_or(from, |hop| &hop.ask_denom);
        offer = reverse_simulated(scene, hop, denom, offer.checked_add(padding)?)?.checked_add(padding)?;
    }
    Ok(offer)
}

fn simulated(scene: &Scene, hop: &Hop, denom: &str, offer: Amount) -> StdResult<Amount> {
    let query = QueryMsg::Simulation { offer_asset: Asset::native(denom, offer), ask_asset_info: None };
    let answer: SimulationResponse = scene.deps.querier.query_wasm_smart(&hop.pair, &query)?;
    Ok(answer.return_amount)
}

fn reverse_simulated(scene: &Scene, hop: &Hop, denom: &str, wanted: Amount) -> StdResult<Amount> {
    let offer_asset_info = Some(AssetInfo::native(denom));
    let query = QueryMsg::ReverseSimulation { offer_asset_info, ask_asset: Asset::native(&hop.ask_denom, wanted) };
    let answer: ReverseSimulationResponse = scene.deps.querier.query_wasm_smart(&hop.pair, &query)?;
    Ok(answer.offer_amount)
}
