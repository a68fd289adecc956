//! The pool's queries: positions, markets, pages. What previews an action stands in `queries_preview.rs`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: names say what is tested, and a failed setup is a failure"
)]

use crate::support::indebted;
use plimsoll_pool::state::MARKETS;
use plimsoll_risk::units::{Amount, Value};
use plimsoll_schema::compact::encode;
use plimsoll_schema::pool::{
    ACCOUNTS_DEFAULT, ACCOUNTS_LIMIT, AccountKey, AccountsPage, AccountsResponse, LiquidatableResponse, Listed,
    MarketsResponse, QueryMsg, RatesResponse, UserAccount, UserAsset, UserCollateralsResponse, UserDebtsResponse,
};
use plimsoll_testing::{AETH, ALICE, Asset, BOB, IBC_TOKEN, LENDER, OWNER, UATOM, UUSD, World, coin, price};
use serde_json::Value as Json;

fn error_of(world: &World, msg: &QueryMsg) -> String {
    world.query::<Json>(msg).unwrap_err().to_string()
}

#[test]
fn user_position_shows_amounts_values_and_the_prices_that_end_it() {
    let mut world = indebted(640_000_000);
    world.deposit(ALICE, AETH, 1_000_000_000_000_000).unwrap(); // 2 USD
    world.enable(ALICE, AETH, false).unwrap();
    let position = world.position(ALICE);
    let values = [position.collateral_value, position.adjusted_collateral_value, position.debt_value];
    assert_eq!(values.map(|value| value.to_string()), ["1002", "750", "640"]);
    assert_eq!(position.borrow_limit_value.unwrap().to_string(), "700");
    assert_eq!(position.health_factor.unwrap().to_string(), "1.171875");
    assert!(!position.liquidatable);
    let [atom, eth] = position.collaterals.as_slice() else { panic!("{position:?}") };
    assert_eq!((atom.denom.as_str(), atom.amount.raw(), atom.enabled), (UATOM, 100_000_000, true));
    assert_eq!(atom.liquidation_price, Some(price("8.533333333333333334"))); // 640 / (100 × 0.75), rounded up
    assert_eq!((eth.enabled, eth.liquidation_price), (false, None));
    assert_eq!(position.debts.len(), 1);
    assert_eq!(position.debts[0].liquidation_price, Some(price("1.171875"))); // 750 / 640

    // At that price it is healthy, and a hair beyond it is not.
    world.set_price(UATOM, "8.533333333333333334");
    assert!(!world.position(ALICE).liquidatable);
    world.set_price(UATOM, "8.533333333333333333");
    assert!(world.position(ALICE).liquidatable);
    world.set_prices(&[(UATOM, "10"), (UUSD, "1.171875")]);
    assert!(!world.position(ALICE).liquidatable);
    world.set_price(UUSD, "1.171875000000000001");
    assert!(world.position(ALICE).liquidatable);
}

#[test]
fn user_position_of_an_empty_account_is_empty() {
    let world = World::new();
    let position = world.position((ALICE, 77));
    assert!(position.collaterals.is_empty() && position.debts.is_empty());
    assert_eq!((position.health_factor, position.liquidatable), (None, false));
    assert_eq!(position.collateral_value, Value::ZERO);
}

#[test]
fn user_debts_and_user_collaterals_are_those_of_the_position() {
    let world = indebted(640_000_000);
    let user = world.addr(ALICE).into_string();
    let position = world.position(ALICE);
    let debts: UserDebtsResponse =
        world.query(&QueryMsg::UserDebts(UserAccount { user: user.clone(), account_id: None })).unwrap();
    assert_eq!((debts.debts.len(), debts.debts[0].amount.raw()), (1, 640_000_000));
    assert_eq!(debts.debts, position.debts);
    let collaterals: UserCollateralsResponse =
        world.query(&QueryMsg::UserCollaterals(UserAccount { user, account_id: Some(0) })).unwrap();
    assert_eq!(collaterals.collaterals, position.collaterals);
}

#[test]
fn user_position_with_a_dead_oracle_counts_settled_prices() {
    let mut world = indebted(640_000_000);
    world.advance(3_601);
    let position = world.position(ALICE);
    // 100 ATOM at 10 USD, and 640 with the interest of an hour, as before the oracle died.
    assert_eq!(position.collateral_value, Value::whole(1_000));
    assert!(position.debt_value >= Value::whole(640) && position.debt_value < "640.01".parse().unwrap());
    assert_eq!((position.borrow_limit_value, position.liquidatable), (None, false));
}

#[test]
fn user_queries_of_a_bad_address_are_refused() {
    let world = World::new();
    let user = || "nobody".to_owned();
    let account_id = None;
    let denom = || UUSD.to_owned();
    for msg in [
        QueryMsg::UserPosition(UserAccount { user: user(), account_id }),
        QueryMsg::UserDebts(UserAccount { user: user(), account_id }),
        QueryMsg::UserCollaterals(UserAccount { user: user(), account_id }),
        QueryMsg::MaxBorrow(UserAsset { user: user(), account_id, denom: denom() }),
        QueryMsg::MaxWithdraw(UserAsset { user: user(), account_id, denom: denom() }),
        QueryMsg::SimulateLiquidation {
            user: user(),
            account_id,
            collateral_denom: denom(),
            repay: coin(5, UUSD),
            allow_shares: None,
        },
    ] {
        assert_eq!(error_of(&world, &msg), "'nobody' is not an address of this chain");
    }
}

#[test]
fn queries_of_an_unlisted_denom_are_refused() {
    let world = World::new();
    let user = || world.addr(ALICE).into_string();
    let account_id = None;
    let denom = || "ushell".to_owned();
    for msg in [
        QueryMsg::Market(Listed { denom: denom() }),
        QueryMsg::Rates(Listed { denom: denom() }),
        QueryMsg::Solvency(Listed { denom: denom() }),
        QueryMsg::ReservesRequest(Listed { denom: denom() }),
        QueryMsg::Markets { start_after: Some(denom()), limit: None },
        QueryMsg::MaxBorrow(UserAsset { user: user(), account_id, denom: denom() }),
        QueryMsg::MaxWithdraw(UserAsset { user: user(), account_id, denom: denom() }),
        QueryMsg::SimulateLiquidation {
            user: user(),
            account_id,
            collateral_denom: denom(),
            repay: coin(5, UUSD),
            allow_shares: None,
        },
        QueryMsg::SimulateLiquidation {
            user: user(),
            account_id,
            collateral_denom: UUSD.into(),
            repay: coin(5, denom()),
            allow_shares: None,
        },
    ] {
        assert_eq!(error_of(&world, &msg), "'ushell' is not listed");
    }
}

#[test]
fn rates_follow_the_kinked_curve() {
    let mut world = World::builder()
        .pool(|config| {
            config.liquidation.dust_value = "0.01".parse().unwrap();
            config.min_debt_value = "0.1".parse().unwrap();
        })
        .build();
    // So little that the interest of a minute is less than a unit.
    world.deposit(LENDER, UUSD, 1_000_000).unwrap();
    world.deposit(ALICE, UATOM, 1_000_000_000).unwrap();
    world.allow_full_utilization(UUSD).unwrap();
    let text = |rates: RatesResponse| {
        [rates.utilization.to_string(), rates.borrow_rate.to_string(), rates.liquidity_rate.to_string()]
    };
    assert_eq!(text(world.rates(UUSD)), ["0", "0", "0"]);
    // Up to 80 % along 4 %, from there along 100 % over the last fifth. Lenders get nine tenths of what borrowers pay.
    for (more, expected) in [
        (400_000, ["0.4", "0.02", "0.0072"]),
        (400_000, ["0.8", "0.04", "0.0288"]),
        (100_000, ["0.9", "0.54", "0.4374"]),
        (100_000, ["1", "1.04", "0.936"]),
    ] {
        world.borrow(ALICE, UUSD, more).unwrap();
        assert_eq!(text(world.rates(UUSD)), expected);
    }
}

#[test]
fn market_shows_interest_that_is_not_yet_stored() {
    let mut world = indebted(640_000_000);
    let stored = world.market(UUSD).stored;
    world.advance(86_400 * 365);
    let market = world.market(UUSD);
    assert_eq!(market.stored, stored);
    assert!(market.debt.raw() > 640_000_000 && market.borrow_index > stored.borrow_index);
    assert_eq!(market.supply.raw(), stored.cash.raw() + market.debt.raw() - market.reserves.raw());
    let debt = market.debt;
    let supply = market.supply;
    world.deposit(BOB, UUSD, 5).unwrap();
    let touched = world.market(UUSD);
    assert_eq!((touched.debt, touched.supply.raw()), (debt, supply.raw() + 5));
}

#[test]
fn markets_in_pages_are_all_markets() {
    let denoms: Vec<String> = (1..=37).map(|n| format!("utoken{n}")).collect();
    let world = World::builder().assets(denoms.iter().map(|denom| Asset::new(denom, 6, "1"))).build();
    let page = |start_after: Option<&String>, limit| {
        let msg = QueryMsg::Markets { start_after: start_after.cloned(), limit };
        let page: MarketsResponse = world.query(&msg).unwrap();
        page.markets.into_iter().map(|market| market.params.denom).collect::<Vec<_>>()
    };
    for limit in [1, 7, 30] {
        let mut all: Vec<String> = vec![];
        loop {
            let next = page(all.last(), Some(limit));
            if next.is_empty() {
                break;
            }
            assert!(next.len() <= limit.try_into().unwrap());
            all.extend(next);
        }
        assert_eq!(all, denoms);
    }
    assert_eq!(page(None, None), denoms[..10]);
}

#[test]
fn pages_of_nothing_or_beyond_the_cap_are_refused() {
    let world = World::new();
    for limit in [0, 31, u32::MAX] {
        let msg = QueryMsg::Markets { start_after: None, limit: Some(limit) };
        assert_eq!(error_of(&world, &msg), format!("limit {limit} is not between 1 and 30"));
    }
    for limit in [0, 1_001, u32::MAX] {
        let text = format!("limit {limit} is not between 1 and 1000");
        let limit = Some(limit);
        assert_eq!(error_of(&world, &QueryMsg::Borrowers(AccountsPage { start_after: None, limit })), text);
        assert_eq!(error_of(&world, &QueryMsg::Liquidatable(AccountsPage { start_after: None, limit })), text);
    }
    let keys = vec![world.key(ALICE); 1_001];
    assert_eq!(error_of(&world, &QueryMsg::Accounts { keys }), "limit 1001 is not between 1 and 1000");
    let most: AccountsResponse = world.query(&QueryMsg::Accounts { keys: vec![world.key(ALICE); 1_000] }).unwrap();
    assert!(most.accounts.is_empty());
}

/// 40 borrowers of three owners; those with an even number owe enough to fall below 1 when ATOM falls to 9.
fn borrowers() -> (World, Vec<AccountKey>) {
    let mut world = World::builder().edit(UUSD, |asset| *asset = asset.clone().interest_free()).lent(1_000_000).build();
    let mut keys = vec![];
    for (who, ids) in [(ALICE, 0..15), (BOB, 0..12), (OWNER, 300..313)] {
        for id in ids {
            world.deposit((who, id), UATOM, 100_000_000).unwrap();
            world.borrow((who, id), UUSD, if id % 2 == 0 { 690_000_000 } else { 500_000_000 }).unwrap();
            keys.push(world.key((who, id)));
        }
    }
    // Suppliers without debt are on no page of borrowers.
    world.deposit((BOB, 99), UATOM, 5).unwrap();
    keys.sort();
    (world, keys)
}

#[test]
fn borrowers_in_pages_are_all_accounts_with_debt() {
    let (mut world, mut keys) = borrowers();
    let pages = |world: &World, limit: Option<u32>| {
        let mut all: Vec<AccountKey> = vec![];
        loop {
            let msg = QueryMsg::Borrowers(AccountsPage { start_after: all.last().cloned(), limit });
            let page: AccountsResponse = world.query(&msg).unwrap();
            if page.accounts.is_empty() {
                return all;
            }
            assert!(page.accounts.len() <= limit.unwrap_or(ACCOUNTS_DEFAULT).try_into().unwrap());
            for record in page.accounts {
                assert_eq!(record.account, world.account(&record.key));
                all.push(record.key);
            }
        }
    };
    for limit in [Some(1), Some(7), Some(40), Some(ACCOUNTS_LIMIT), None] {
        assert_eq!(pages(&world, limit), keys);
    }
    // A cursor that has repaid since, and one that never was, still say where to go on.
    let gone = keys.remove(11);
    world.repay(&gone, UUSD, 700_000_000).unwrap();
    let after: AccountsResponse =
        world.query(&QueryMsg::Borrowers(AccountsPage { start_after: Some(gone), limit: Some(1) })).unwrap();
    assert_eq!(after.accounts[0].key, keys[11]);
    assert_eq!(pages(&world, Some(7)), keys);
    // Shorter owners come first, as keys do; the cursor may be any text.
    for (owner, left) in [("zzz".to_owned(), keys.len()), ("z".repeat(100), 0)] {
        let start_after = Some(AccountKey { owner, account_id: 0 });
        let after: AccountsResponse =
            world.query(&QueryMsg::Borrowers(AccountsPage { start_after, limit: None })).unwrap();
        assert_eq!(after.accounts.len(), left);
    }
}

#[test]
fn liquidatable_in_pages_names_exactly_those_below_one() {
    let (mut world, keys) = borrowers();
    let pages = |world: &World, limit: u32| {
        let mut all = vec![];
        let mut start_after = None;
        let mut asked = 0;
        loop {
            let msg = QueryMsg::Liquidatable(AccountsPage { start_after, limit: Some(limit) });
            let page: LiquidatableResponse = world.query(&msg).unwrap();
            asked += 1;
            all.extend(page.accounts);
            start_after = page.next;
            if start_after.is_none() {
                return (all, asked);
            }
        }
    };
    assert!(pages(&world, 7).0.is_empty());
    world.set_price(UATOM, "9");
    let expected: Vec<AccountKey> = keys.into_iter().filter(|key| key.account_id % 2 == 0).collect();
    assert_eq!(expected.len(), 8 + 6 + 7);
    for (limit, pages_expected) in [(1, 41), (7, 6), (40, 2), (1_000, 1)] {
        let (all, asked) = pages(&world, limit);
        assert_eq!(all.iter().map(|account| account.key.clone()).collect::<Vec<_>>(), expected);
        assert_eq!(asked, pages_expected, "pages of {limit}");
        // 675 carried of 690.
        assert!(all.iter().all(|account| account.health_factor.to_string() == "0.978260869565217391"));
        assert!(all.iter().all(|account| account.debt_value == Value::whole(690)));
    }
}

#[test]
fn accounts_answer_in_the_order_asked_for_without_those_that_are_not() {
    let (world, _) = borrowers();
    let keys = [(BOB, 3), (ALICE, 400), (ALICE, 2), (BOB, 99), (BOB, 3)].map(|who| world.key(who));
    let answer: AccountsResponse = world.query(&QueryMsg::Accounts { keys: keys.to_vec() }).unwrap();
    let found: Vec<AccountKey> = answer.accounts.iter().map(|record| record.key.clone()).collect();
    assert_eq!(found, [0, 2, 3, 4].map(|at: usize| keys[at].clone()));
    assert_eq!(answer.accounts[0].account.debts.len(), 1);
    assert!(answer.accounts[2].account.debts.is_empty());
    // What is no address has no account.
    let keys = vec![AccountKey { owner: "nobody".to_owned(), account_id: 0 }];
    let answer: AccountsResponse = world.query(&QueryMsg::Accounts { keys }).unwrap();
    assert!(answer.accounts.is_empty());
}

#[test]
fn solvency_is_the_identity_of_cash_debt_and_reserves() {
    let mut world = indebted(640_000_000);
    let books = world.solvency(UUSD);
    assert_eq!(books.bank_balance.raw(), 1_000_000_000_000 - 640_000_000);
    assert_eq!((books.cash, books.debt.raw()), (books.bank_balance, 640_000_000));
    assert_eq!((books.supply.raw(), books.claims.raw()), (1_000_000_000_000, 1_000_000_000_000));
    assert!(books.solvent && books.lent.is_zero() && books.reserves.is_zero());
    // A donation is in the bank, not in the books.
    let pool = world.pool().clone();
    let position = world.position(ALICE);
    world.send(BOB, &pool, &[coin(77, UUSD), coin(5, IBC_TOKEN)]).unwrap();
    let donated = world.solvency(UUSD);
    assert_eq!(donated.bank_balance.raw(), books.bank_balance.raw() + 77);
    assert_eq!((donated.cash, donated.supply, donated.claims), (books.cash, books.supply, books.claims));
    assert_eq!(world.position(ALICE), position);
    assert_eq!(world.max_withdraw(LENDER, UUSD), 1_000_000_000_000 - 640_000_000);
}

#[test]
fn solvency_says_so_when_the_bank_has_less_than_the_cash() {
    // No message leads there: coins are taken from the pool behind its back.
    let mut world = indebted(640_000_000);
    let pool = world.pool().clone();
    assert!(world.solvency(UUSD).solvent);
    world.send(&pool, BOB, &[coin(1, UUSD)]).unwrap();
    let books = world.solvency(UUSD);
    assert!(!books.solvent && books.bank_balance.raw() + 1 == books.cash.raw());
}

#[test]
fn pages_of_accounts_with_a_name_that_is_no_address_are_refused_not_a_panic() {
    let world = World::new();
    let key = |length: usize| AccountKey { owner: "x".repeat(length), account_id: 0 };
    let text = "an address has at most 256 characters, not 70000";
    for asked in [
        QueryMsg::Accounts { keys: vec![key(70_000)] },
        QueryMsg::Borrowers(AccountsPage { start_after: Some(key(70_000)), limit: None }),
        QueryMsg::Liquidatable(AccountsPage { start_after: Some(key(70_000)), limit: None }),
    ] {
        assert_eq!(world.query::<serde_json::Value>(&asked).unwrap_err().to_string(), text);
    }
    let long = "d".repeat(70_000);
    let asked = QueryMsg::Market(Listed { denom: long.clone() });
    assert_eq!(world.query::<serde_json::Value>(&asked).unwrap_err().to_string(), format!("'{long}' is not listed"));
}

/// Issue D.18: what no message leads to, and a market of an older version might.
#[test]
fn a_market_that_cannot_be_computed_fails_no_page() {
    let mut world = World::builder().lent(1_000).build();
    let mut market = world.market(UATOM).stored;
    market.reserves = market.cash.saturating_add(Amount::new(1));
    let key = MARKETS.key(world.market(UATOM).asset.0);
    let pool = world.pool().clone();
    let bytes = encode(&market).unwrap();
    world.storage_mut(&pool).set(&key, &bytes);
    let markets = world.markets();
    assert_eq!(markets.len(), world.assets().len());
    assert_eq!(world.market(UATOM).supply, Amount::ZERO);
}
