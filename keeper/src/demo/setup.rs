//! Builds a scenario's world.

use plimsoll_risk::params::AssetParams;
use plimsoll_risk::units::Price;
use plimsoll_schema::oracle::DENOMS_MAX;
use plimsoll_testing::{Addr, Asset as Listing, FEEDERS, LENDER, World, WorldError};

use crate::chain::simulated::WorldChain;
use crate::demo::scenario::{Asset, KEEPER, Scenario};
use crate::error::{Error, Result};

/// What lenders supply of an asset unless told otherwise, in whole tokens.
const SUPPLY: u128 = 1_000_000;
/// What each side of a pair is worth unless told otherwise, in quote currency.
const LIQUIDITY: u64 = 10_000_000;

/// Where the keeper sells.
#[derive(Clone, Debug, Default)]
pub struct DexAddresses {
    /// The liquidator.
    pub liquidator: String,
    /// The pairs.
    pub pairs: Vec<String>,
}

/// The world at the scenario's beginning, with a pair of the first asset and each other one.
pub async fn build(scenario: &Scenario) -> Result<(WorldChain, DexAddresses)> {
    let listings: Vec<Listing> = scenario.assets.iter().map(listing).collect();
    for listing in &listings {
        validate(listing).map_err(|reason| Error::Config(format!("scenario: {}: {reason}", listing.params.denom)))?;
    }
    let chain = WorldChain::start(KEEPER, move || World::builder().assets(listings).build()).await?;
    let opened = scenario.clone();
    let opened = chain.with(move |world| open(world, &opened)).await?;
    let dex = opened.map_err(Error::Config)?;
    Ok((chain, dex))
}

fn listing(asset: &Asset) -> Listing {
    let mut listing = Listing::new(&asset.denom, asset.decimals(), &asset.price.price().to_string());
    // As on a real market: somebody comes though an account has nothing left for a bonus.
    listing.params.sale_cost = None;
    if let Some(ratio) = &asset.max_loan_to_value {
        listing.params.max_loan_to_value = ratio.ratio();
    }
    if let Some(ratio) = &asset.liquidation_threshold {
        listing.params.liquidation_threshold = ratio.ratio();
    }
    if let Some(bonus) = asset.liquidation_bonus {
        listing.params.liquidation_bonus = bonus;
    }
    listing
}

/// What oracle and pool would refuse is refused here, in one line.
fn validate(listing: &Listing) -> std::result::Result<(), String> {
    AssetParams::from(listing.params.clone()).validate().map_err(|error| error.to_string())?;
    listing.guards.validate().map_err(|error| error.to_string())
}

fn open(world: &mut World, scenario: &Scenario) -> std::result::Result<DexAddresses, String> {
    let units = |denom: &str, number: &crate::demo::scenario::Number| {
        number.base_units(scenario.asset(denom).map_or(6, Asset::decimals))
    };
    for asset in &scenario.assets {
        let one = 10u128.saturating_pow(asset.decimals().into());
        let supply = asset.supply.as_ref().map_or(SUPPLY.saturating_mul(one), |number| units(&asset.denom, number));
        let held = scenario.inventory.get(&asset.denom).map_or(0, |number| units(&asset.denom, number));
        for (actor, amount) in [(LENDER, supply), (KEEPER, held)] {
            if amount > 0 {
                world.mint(actor, &asset.denom, amount);
            }
        }
        if supply > 0 {
            world
                .deposit(LENDER, &asset.denom, supply)
                .map_err(|error| format!("supply of {}: {error}", asset.denom))?;
        }
    }
    for account in &scenario.accounts {
        let who = (account.name.as_str(), account.account_id);
        let refused = |what: String, error: WorldError| format!("{}/{} can't {what}: {error}", who.0, who.1);
        for (denom, number) in &account.deposit {
            let amount = units(denom, number);
            world.mint(who.0, denom, amount);
            world.deposit(who, denom, amount).map_err(|error| refused(format!("deposit {amount}{denom}"), error))?;
        }
        for (denom, number) in &account.borrow {
            let amount = units(denom, number);
            world.borrow(who, denom, amount).map_err(|error| refused(format!("borrow {amount}{denom}"), error))?;
        }
    }
    Ok(open_pairs(world, scenario))
}

fn open_pairs(world: &mut World, scenario: &Scenario) -> DexAddresses {
    let worth = scenario.liquidity.unwrap_or(LIQUIDITY);
    let mut pairs = Vec::new();
    if let Some((first, others)) = scenario.assets.split_first().filter(|_| worth > 0) {
        pairs.extend(others.iter().map(|other| world.pair(&first.denom, &other.denom, worth).into_string()));
    }
    DexAddresses { liquidator: world.liquidator().into_string(), pairs }
}

/// Others trade in the pairs until these have the oracle's prices.
pub fn arbitrage(world: &mut World, pairs: &[String]) {
    for pair in pairs {
        world.arbitrage(&Addr::unchecked(pair));
    }
}

/// Makes a block in which the feeders vote for these prices, and again for all others, so that none is old, and the
/// pairs follow.
pub async fn prices(
    chain: &WorldChain,
    seconds: u64,
    prices: Vec<(String, Price)>,
    pairs: Vec<String>,
) -> Result<crate::chain::Head> {
    let vote = move |world: &mut World| {
        let texts: Vec<(String, String)> =
            prices.iter().map(|(denom, price)| (denom.clone(), price.to_string())).collect();
        let votes: Vec<(&str, &str)> = texts.iter().map(|(denom, price)| (denom.as_str(), price.as_str())).collect();
        let mut responses = Vec::new();
        for feeder in FEEDERS {
            for page in votes.chunks(DENOMS_MAX) {
                responses.push(world.feed(feeder, page)?);
            }
        }
        arbitrage(world, &pairs);
        Ok(responses)
    };
    chain.block(seconds, vote).await?.map_err(|error| Error::Config(format!("a step's price is refused: {error}")))
}
