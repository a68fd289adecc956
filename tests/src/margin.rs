//! What is done with a margin contract.

use cosmwasm_std::{Addr, CosmosMsg, Empty, WasmMsg, to_json_binary};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_margin::contract;
use plimsoll_risk::units::Amount;
use plimsoll_schema::margin::{
    Close, ExecuteMsg, Fee, Hop, InstantiateMsg, Open, Order, QueryMsg, QuoteResponse, SCOPES, Size,
};
use plimsoll_schema::pool::{ExecuteMsg as PoolMsg, Expiry, SetOperator};
use serde::Serialize;

use crate::actor::{Actor, OWNER};
use crate::error::WorldError;
use crate::oracle::ratio;
use crate::world::World;
use crate::{Coin, coin};

/// The margin contract's code.
pub fn margin_code() -> Box<dyn Contract<Empty>> {
    let code = ContractWrapper::new(contract::execute, contract::instantiate, contract::query);
    Box::new(code.with_reply(contract::reply).with_migrate(contract::migrate))
}

/// Hops through these pairs, each with what it pays.
pub fn hops(hops: &[(&Addr, &str)]) -> Vec<Hop> {
    hops.iter().map(|(pair, ask)| Hop { pair: pair.to_string(), ask_denom: (*ask).to_owned() }).collect()
}

impl World {
    /// The margin contract's address. Panics unless the world was built with [`crate::WorldBuilder::margin`].
    pub fn margin(&self) -> &Addr {
        self.margin.as_ref().unwrap_or_else(|| panic!("this world has no margin contract"))
    }

    pub(crate) fn deploy_margin(&mut self, fee: Option<Fee>) {
        let msg = InstantiateMsg { pool: self.pool.to_string(), fee };
        let margin = self.deploy(margin_code(), OWNER, &msg, &[], "margin");
        self.margin = Some(margin.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Opens a position at this leverage over one pair, with a coin of the collateral: in one transaction, the grant
    /// for this block and the limit from a quote included.
    pub fn leverage(
        &mut self,
        who: impl Into<Actor>,
        (collateral_denom, amount): (&str, u128),
        debt_denom: &str,
        leverage: &str,
        pair: &Addr,
    ) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let order = Open {
            account_id: who.id(),
            collateral_denom: collateral_denom.to_owned(),
            debt_denom: debt_denom.to_owned(),
            size: Size::Leverage(ratio(leverage)),
            hops: hops(&[(pair, collateral_denom)]),
            max_debt: None,
            min_received: Amount::ZERO,
        };
        let funds = [coin(amount, collateral_denom)];
        let quote = self.quote(&who, &Order::Open(order.clone()), &funds)?;
        let order = Open { min_received: counted(&quote.bought), ..order };
        self.order(who, &Order::Open(order), &funds)
    }

    /// Repays all of a debt out of a collateral over one pair and takes the rest of the collateral out: in one
    /// transaction, the grant for this block and the limit from a quote included.
    pub fn deleverage(
        &mut self,
        who: impl Into<Actor>,
        collateral_denom: &str,
        debt_denom: &str,
        pair: &Addr,
    ) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let order = Close {
            account_id: who.id(),
            collateral_denom: collateral_denom.to_owned(),
            debt_denom: debt_denom.to_owned(),
            hops: hops(&[(pair, debt_denom)]),
            rest: None,
            min_received: Amount::ZERO,
        };
        let quote = self.quote(&who, &Order::Close(order.clone()), &[])?;
        let left = quote.paid.iter().find(|coin| coin.denom == collateral_denom).map_or(Amount::ZERO, counted);
        self.order(who, &Order::Close(Close { min_received: left, ..order }), &[])
    }

    /// What an order of the actor's would do, or why it would fail.
    pub fn quote(&self, who: impl Into<Actor>, order: &Order, funds: &[Coin]) -> Result<QuoteResponse, WorldError> {
        let user = self.addr(who).into_string();
        self.query_contract(
            self.margin(),
            &QueryMsg::Quote { user, order: Box::new(order.clone()), funds: funds.to_vec() },
        )
    }

    /// Grants the margin contract the actor's account for this block and sends it an order, in one transaction.
    pub fn order(&mut self, who: impl Into<Actor>, order: &Order, funds: &[Coin]) -> Result<AppResponse, WorldError> {
        let who = who.into();
        let grant = self.margin_grant(&who);
        let order = execute(self.margin(), &ExecuteMsg::from(order.clone()), funds);
        self.execute_together(who, vec![grant, order])
    }

    /// Grants the margin contract the actor's account for this block, as a message.
    pub fn margin_grant(&self, who: impl Into<Actor>) -> CosmosMsg {
        let grant = PoolMsg::SetOperator(SetOperator {
            operator: self.margin().to_string(),
            account_id: who.into().id(),
            scopes: SCOPES.to_vec(),
            expiry: Some(Expiry::ThisBlock),
        });
        execute(&self.pool, &grant, &[])
    }
}

fn counted(coin: &Coin) -> Amount {
    coin.amount.to_string().parse().unwrap_or_else(|error| panic!("{coin}: {error}"))
}

fn execute(contract: &Addr, msg: &impl Serialize, funds: &[Coin]) -> CosmosMsg {
    let msg = to_json_binary(msg).unwrap_or_else(|error| panic!("{error}"));
    WasmMsg::Execute { contract_addr: contract.to_string(), msg, funds: funds.to_vec() }.into()
}
