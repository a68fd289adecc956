//! A contract that takes flash loans and callbacks of batches, and does with them what a test tells it to, honest or not.

use cosmwasm_std::{
    Addr, Binary, Coin, CosmosMsg, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdError, StdResult,
    SubMsg, SubMsgResult, Uint256, WasmMsg, from_json, to_json_binary, to_json_vec,
};
use cw_multi_test::{AppResponse, Contract, ContractWrapper};
use plimsoll_risk::units::Amount;
use plimsoll_schema::pool::{
    BatchAction, ExecuteMsg as PoolMsg, LiquidateBatch, LiquidationItem, LoanId, QueryMsg as PoolQuery,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::{ALICE, OWNER};
use crate::error::{WorldError, bare};
use crate::world::World;

/// What a [`World::borrower`] does, one after the other.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum Step {
    /// Sends a message to the pool.
    Pool {
        /// What is sent.
        msg: Box<PoolMsg>,
        /// What is attached.
        funds: Vec<Coin>,
    },
    /// Sends any other message of the chain.
    Send(CosmosMsg),
    /// Takes a flash loan, and takes these steps in its callback.
    Loan {
        /// What is lent.
        coin: Coin,
        /// What is done with it. Nothing is repaid unless a step does it.
        steps: Vec<Step>,
    },
    /// Repays a flash loan.
    Repay {
        /// Which; that of the callback when left out.
        id: Option<u64>,
        /// With what; loan and fee when left out, which only the contract that was lent to knows.
        coin: Option<Coin>,
    },
    /// Brings what the callback of a batch is to bring.
    Bring {
        /// Which batch; that of the callback when left out.
        id: Option<u64>,
        /// With what; what is due when left out, which only the contract that was called back knows.
        coins: Option<Vec<Coin>>,
    },
    /// Takes a step. If it fails, all goes on as if it had not been taken. `tried` in the events says `done`, or why not.
    Try(Box<Step>),
    /// Asks the pool. `answered` in the events is what it says.
    Ask(PoolQuery),
    /// Fails.
    Fail,
}

impl Step {
    /// A message to the pool without funds.
    pub fn pool(msg: PoolMsg) -> Self {
        Self::pool_with(msg, vec![])
    }

    /// A message to the pool with this coin.
    pub fn pay(msg: PoolMsg, coin: Coin) -> Self {
        Self::pool_with(msg, vec![coin])
    }

    /// A message to the pool with these coins.
    pub fn pool_with(msg: PoolMsg, funds: Vec<Coin>) -> Self {
        Self::Pool { msg: Box::new(msg), funds }
    }

    /// A flash loan.
    pub fn loan(coin: Coin, steps: impl IntoIterator<Item = Self>) -> Self {
        Self::Loan { coin, steps: steps.into_iter().collect() }
    }

    /// Repays the loan of the callback with its fee.
    pub const fn repay() -> Self {
        Self::Repay { id: None, coin: None }
    }

    /// Repays a loan with this coin.
    pub const fn repay_with(id: u64, coin: Coin) -> Self {
        Self::Repay { id: Some(id), coin: Some(coin) }
    }

    /// A batch of liquidations, these steps being taken in its callback.
    pub fn liquidate(items: Vec<LiquidationItem>, steps: impl IntoIterator<Item = Self>) -> Self {
        Self::pool(PoolMsg::LiquidateBatch(LiquidateBatch {
            items,
            recipient: None,
            receive: None,
            allow_shares: None,
            min_success: None,
            callback: Some(Self::callback(steps)),
        }))
    }

    /// A batch on the contract's own accounts, these steps being taken in its callback.
    pub fn batch(actions: Vec<BatchAction>, purse: Vec<Coin>, steps: impl IntoIterator<Item = Self>) -> Self {
        Self::pool_with(PoolMsg::Batch { actions, callback: Some(Self::callback(steps)) }, purse)
    }

    /// These steps as what a callback carries.
    pub fn callback(steps: impl IntoIterator<Item = Self>) -> Binary {
        let steps: Vec<Self> = steps.into_iter().collect();
        to_json_binary(&steps).expect("steps can be written")
    }

    /// Brings what the callback is to bring.
    pub const fn bring() -> Self {
        Self::Bring { id: None, coins: None }
    }

    /// Brings these coins to a batch.
    pub const fn bring_with(id: u64, coins: Vec<Coin>) -> Self {
        Self::Bring { id: Some(id), coins: Some(coins) }
    }

    /// This step, which may fail.
    pub fn or_not(self) -> Self {
        Self::Try(Box::new(self))
    }
}

/// What may be asked of a borrower. The callback is the pool's own message, written here once more: a contract takes what it is sent.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
enum BorrowerMsg {
    /// By anyone.
    Run { steps: Vec<Step> },
    /// By itself, so that one step is over before the next begins.
    Take { loan: Option<u64>, step: Step },
    /// By the pool.
    FlashLoanCallback { id: u64, coin: Coin, fee: Amount, msg: Binary },
    /// By the pool.
    BatchCallback { id: u64, repay: Vec<Coin>, received: Vec<Coin>, msg: Binary },
}

/// Under this key stands the pool's address, under a loan's or a batch's number what is owed for it.
const POOL: &[u8] = b"pool";

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, pool: String) -> StdResult<Response> {
    deps.storage.set(POOL, pool.as_bytes());
    Ok(Response::new())
}

fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: BorrowerMsg) -> StdResult<Response> {
    let own = env.contract.address;
    match msg {
        BorrowerMsg::Run { steps } => take_all(&own, None, steps),
        BorrowerMsg::Take { loan, step } if info.sender == own => take(deps, &own, loan, step),
        BorrowerMsg::FlashLoanCallback { id, coin, fee, msg } if info.sender.as_str() == pool(deps.as_ref())? => {
            let amount = coin.amount.checked_add(Uint256::from(fee.raw()))?;
            deps.storage.set(&id.to_be_bytes(), &to_json_vec(&Coin { amount, ..coin })?);
            take_all(&own, Some(id), from_json(msg)?)
        }
        BorrowerMsg::BatchCallback { id, repay, received, msg } if info.sender.as_str() == pool(deps.as_ref())? => {
            deps.storage.set(&id.to_be_bytes(), &to_json_vec(&repay)?);
            let received: Vec<String> = received.iter().map(ToString::to_string).collect();
            Ok(take_all(&own, Some(id), from_json(msg)?)?.add_attribute("received", received.join(",")))
        }
        _ => Err(StdError::msg("not yours to ask")),
    }
}

fn take_all(own: &Addr, loan: Option<u64>, steps: Vec<Step>) -> StdResult<Response> {
    let messages: StdResult<Vec<SubMsg>> = steps.into_iter().map(|step| message(own, loan, step)).collect();
    Ok(Response::new().add_submessages(messages?))
}

/// One step as a call of its own.
fn message(own: &Addr, loan: Option<u64>, step: Step) -> StdResult<SubMsg> {
    let (step, may_fail) = match step {
        Step::Try(step) => (*step, true),
        step => (step, false),
    };
    let msg = to_json_binary(&BorrowerMsg::Take { loan, step })?;
    let call = WasmMsg::Execute { contract_addr: own.to_string(), msg, funds: vec![] };
    Ok(if may_fail { SubMsg::reply_always(call, 0) } else { SubMsg::new(call) })
}

fn take(deps: DepsMut, own: &Addr, loan: Option<u64>, step: Step) -> StdResult<Response> {
    let pool = pool(deps.as_ref())?;
    let call = |msg: &PoolMsg, funds| -> StdResult<Response> {
        let msg = to_json_binary(msg)?;
        Ok(Response::new().add_message(WasmMsg::Execute { contract_addr: pool.clone(), msg, funds }))
    };
    match step {
        Step::Pool { msg, funds } => call(&msg, funds),
        Step::Send(msg) => Ok(Response::new().add_message(msg)),
        Step::Loan { coin, steps } => call(&PoolMsg::FlashLoan { coin, msg: to_json_binary(&steps)? }, vec![]),
        Step::Repay { id, coin } => {
            let id = id.or(loan).ok_or_else(|| StdError::msg("no loan to repay"))?;
            let owed = || deps.storage.get(&id.to_be_bytes()).ok_or_else(|| StdError::msg("a loan of another"));
            let coin = coin.map_or_else(|| from_json(owed()?), Ok)?;
            call(&PoolMsg::RepayFlashLoan(LoanId { id }), vec![coin])
        }
        Step::Bring { id, coins } => {
            let id = id.or(loan).ok_or_else(|| StdError::msg("no batch to repay"))?;
            let due = || deps.storage.get(&id.to_be_bytes()).ok_or_else(|| StdError::msg("a batch of another"));
            let coins = coins.map_or_else(|| from_json(due()?), Ok)?;
            call(&PoolMsg::RepayBatch(LoanId { id }), coins)
        }
        step @ Step::Try(_) => take_all(own, loan, vec![step]),
        Step::Ask(msg) => {
            let answer: Value = deps.querier.query_wasm_smart(pool, &msg)?;
            Ok(Response::new().add_attribute("answered", answer.to_string()))
        }
        Step::Fail => Err(StdError::msg("as it was told to")),
    }
}

fn pool(deps: Deps) -> StdResult<String> {
    let pool = deps.storage.get(POOL).unwrap_or_default();
    Ok(String::from_utf8(pool)?)
}

fn reply(_: DepsMut, _: Env, reply: Reply) -> StdResult<Response> {
    let said = match reply.result {
        SubMsgResult::Ok(_) => "done".to_owned(),
        // cw-multi-test hands over the error as Rust would debug it: line ends escaped, in quotes.
        SubMsgResult::Err(error) => bare(error.replace("\\n", "\n").trim_end_matches("\" })")).to_owned(),
    };
    Ok(Response::new().add_attribute("tried", said))
}

fn query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    Ok(Binary::default())
}

fn borrower_code() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply))
}

/// Flash loans and callbacks.
impl World {
    /// Puts a contract on the chain that takes flash loans and callbacks, and does what [`World::flash`] tells it to. It starts without funds.
    pub fn borrower(&mut self) -> Addr {
        let pool = self.pool.to_string();
        self.deploy(borrower_code(), OWNER, &pool, &[], "borrower").expect("the borrower takes the pool's address")
    }

    /// Has a borrower take these steps, all or none.
    pub fn flash(&mut self, borrower: &Addr, steps: impl IntoIterator<Item = Step>) -> Result<AppResponse, WorldError> {
        self.execute_contract(ALICE, borrower, &BorrowerMsg::Run { steps: steps.into_iter().collect() }, &[])
    }

    /// The message that has a borrower take these steps, for another borrower to send.
    pub fn flash_by(borrower: &Addr, steps: impl IntoIterator<Item = Step>) -> Step {
        let msg = BorrowerMsg::Run { steps: steps.into_iter().collect() };
        let msg = to_json_binary(&msg).expect("steps can be written");
        Step::Send(WasmMsg::Execute { contract_addr: borrower.to_string(), msg, funds: vec![] }.into())
    }
}
