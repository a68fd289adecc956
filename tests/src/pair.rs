//! What is done with pairs. A chain has as many as were deployed; each is named by its address.

use cosmwasm_std::{Addr, Empty, Isqrt, Uint256, coin};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_pair::contract;
use plimsoll_risk::swap::SLIPPAGE_MAX;
use plimsoll_risk::units::{Amount, LpShares, Ratio, Value};
use plimsoll_schema::pair::{
    Asset, AssetInfo, BalanceResponse, ExecuteMsg, InstantiateMsg, PoolResponse, QueryMsg, SimulationResponse,
};

use crate::actor::{Actor, LENDER, OWNER};
use crate::chain::Chain;
use crate::error::WorldError;
use crate::world::World;

/// The pair's code.
pub fn pair_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_migrate(contract::migrate))
}

impl World {
    /// A market of two listed assets at their present prices, with a fee of 0.3 %: its address. [`LENDER`] provides
    /// whole units of the quote currency's worth of each, out of coins minted for it. Panics when the pair refuses.
    pub fn pair(&mut self, first: &str, second: &str, worth_of_each: u64) -> Addr {
        let worth = Value::whole(worth_of_each);
        let coins = [first, second].map(|denom| {
            let decimals = self.asset(denom).params.decimals;
            let price = self.settled_price(denom);
            (denom, Amount::of_value_down(worth, price, decimals).expect("it fits").raw())
        });
        let pair = self.deploy_pair(first, second, Ratio::bps(30)).unwrap_or_else(|error| panic!("{error}"));
        for (denom, amount) in coins {
            self.mint(LENDER, denom, amount);
        }
        self.provide_liquidity(LENDER, &pair, coins).unwrap_or_else(|error| panic!("{error}"));
        pair
    }
}

impl World {
    /// Has [`LENDER`] trade in a pair of two listed assets, with coins minted for it, until its price is the oracle's:
    /// what others would do for the profit in it. Panics when the pair refuses.
    pub fn arbitrage(&mut self, pair: &Addr) {
        // Each trade moves the price at most to a quarter, as the widest spread allows.
        for _ in 0..64 {
            let Some((denom, amount)) = self.needed_trade(pair) else { return };
            self.mint(LENDER, &denom, amount);
            self.swap(LENDER, pair, (&denom, amount)).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// What has to be sold so that both reserves are worth the same: `√(first × second)` less what there is of the
    /// cheaper one, at most as much as there is. None when that is less than a ten-thousandth.
    fn needed_trade(&self, pair: &Addr) -> Option<(String, u128)> {
        let PoolResponse { assets, .. } =
            self.query_contract(pair, &QueryMsg::Pool {}).unwrap_or_else(|error| panic!("{error}"));
        let worth = |asset: &Asset| {
            let denom = asset.info.to_string();
            let decimals = self.asset(&denom).params.decimals;
            let price = self.settled_price(&denom);
            asset.amount.value_down(price, decimals).expect("it fits").raw()
        };
        let values = [worth(&assets[0]), worth(&assets[1])];
        let cheaper = usize::from(values[1] < values[0]);
        let aim = values[0].full_mul(values[1]).isqrt();
        let aim = Uint256::try_from(aim).expect("the root of a product of two numbers fits one");
        let missing = Value::new(aim.saturating_sub(values[cheaper]));
        let held = assets[cheaper].amount;
        let denom = assets[cheaper].info.to_string();
        let decimals = self.asset(&denom).params.decimals;
        let price = self.settled_price(&denom);
        let amount = Amount::of_value_down(missing, price, decimals).expect("it fits").min(held);
        (amount.raw() > held.raw() / 10_000).then_some((denom, amount.raw()))
    }
}

/// Messages.
impl Chain {
    /// A pair of these denoms without liquidity: its address.
    pub fn deploy_pair(&mut self, first: &str, second: &str, fee: Ratio) -> Result<Addr, WorldError> {
        let asset_infos = [first, second].map(AssetInfo::native).to_vec();
        self.deploy(pair_code(), OWNER, &InstantiateMsg { asset_infos, fee }, &[], "pair")
    }

    /// Adds liquidity in the reserves' proportion, or as much as half beside it.
    pub fn provide_liquidity(
        &mut self,
        who: impl Into<Actor>,
        pair: &Addr,
        coins: [(&str, u128); 2],
    ) -> Result<AppResponse, WorldError> {
        let msg = ExecuteMsg::ProvideLiquidity {
            assets: coins.map(|(denom, amount)| Asset::native(denom, Amount::new(amount))).to_vec(),
            slippage_tolerance: Some(SLIPPAGE_MAX),
            auto_stake: None,
            receiver: None,
            min_lp_to_receive: None,
        };
        self.execute_contract(who, pair, &msg, &coins.map(|(denom, amount)| coin(amount, denom)))
    }

    /// Takes liquidity out for so many shares.
    pub fn withdraw_liquidity(
        &mut self,
        who: impl Into<Actor>,
        pair: &Addr,
        shares: u128,
    ) -> Result<AppResponse, WorldError> {
        let amount = Some(LpShares::new(shares));
        let msg = ExecuteMsg::WithdrawLiquidity { amount, assets: vec![], min_assets_to_receive: None };
        self.execute_contract(who, pair, &msg, &[])
    }

    /// Sells so much to the pair, at the widest spread that it allows: a half.
    pub fn swap(
        &mut self,
        who: impl Into<Actor>,
        pair: &Addr,
        (denom, amount): (&str, u128),
    ) -> Result<AppResponse, WorldError> {
        let msg = ExecuteMsg::Swap {
            offer_asset: Asset::native(denom, Amount::new(amount)),
            ask_asset_info: None,
            belief_price: None,
            max_spread: Some(SLIPPAGE_MAX),
            to: None,
        };
        self.execute_contract(who, pair, &msg, &[coin(amount, denom)])
    }
}

/// Queries.
impl Chain {
    /// What [`Chain::swap`] would return at this block, or why it would be refused.
    pub fn simulate_swap(&self, pair: &Addr, (denom, amount): (&str, u128)) -> Result<SimulationResponse, WorldError> {
        let offer_asset = Asset::native(denom, Amount::new(amount));
        self.query_contract(pair, &QueryMsg::Simulation { offer_asset, ask_asset_info: None })
    }

    /// What a pair holds, in its own order, and all its shares. Panics when the pair doesn't answer.
    pub fn pair_pool(&self, pair: &Addr) -> ([u128; 2], u128) {
        let PoolResponse { assets, total_share } =
            self.query_contract(pair, &QueryMsg::Pool {}).unwrap_or_else(|error| panic!("{error}"));
        let [first, second] = assets.as_slice() else { panic!("a pair has two tokens, not {assets:?}") };
        ([first.amount.raw(), second.amount.raw()], total_share.raw())
    }

    /// An actor's shares of a pair. Panics when the pair doesn't answer.
    pub fn pair_shares(&self, who: impl Into<Actor>, pair: &Addr) -> u128 {
        let asked = QueryMsg::Balance { address: self.addr(who).into_string() };
        let answer = self.query_contract(pair, &asked);
        answer.map(|answer: BalanceResponse| answer.balance.raw()).unwrap_or_else(|error| panic!("{error}"))
    }
}
