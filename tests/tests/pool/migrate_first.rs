//! `migrate` from version 0.1.0: what its records become, and that everything goes on.
#![allow(missing_docs, clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::collections::BTreeMap;

use crate::support::{assert_solvent, deposit_for};
use plimsoll_pool::state::{self, ACCOUNTS, ASSET_PARAMS, CONFIG, DEBTORS, MARKETS, RESERVES_REQUESTS};
use plimsoll_risk::heartbeat::HaltGrace;
use plimsoll_risk::units::{Amount, Ratio, Value};
use plimsoll_schema::compact::encode;
use plimsoll_schema::pool::{AssetChanges, ExecuteMsg, Listed, MigrateMsg};
use plimsoll_testing::{
    AETH, ALICE, Addr, BOB, GUARDIAN, IBC_TOKEN, LENDER, LIQUIDATOR, OWNER, UATOM, UUSD, World, coin, pool_code, ratio,
    values,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{from_value, json, to_value};

const DAY: u64 = 86_400;
const DENOMS: [&str; 4] = [UUSD, UATOM, IBC_TOKEN, AETH];
/// Under this key stands the version.
const CONTRACT_INFO: &[u8] = b"contract_info";

/// The records of version 0.1.0 that are others now, as they were declared there.
mod first {
    use plimsoll_risk::liquidation::LiquidationTerms;
    use plimsoll_risk::params::{BonusCurve, Ramp, Switches};
    use plimsoll_risk::rates::RateModel;
    use plimsoll_risk::units::{Amount, Index, Rate, Ratio, ScaledDebt, SupplyShares, Value};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub struct Config {
        pub oracle: String,
        pub liquidation: LiquidationTerms,
        pub min_debt_value: Value,
        pub reserves_delay: u64,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Market {
        cash: Amount,
        lent: Amount,
        debt_scaled: ScaledDebt,
        borrow_index: Index,
        supply_shares: SupplyShares,
        reserves: Amount,
        updated_at: u64,
        rate: Rate,
    }

    #[derive(Serialize, Deserialize)]
    pub struct AssetParams {
        denom: String,
        decimals: u8,
        max_loan_to_value: Ratio,
        liquidation_threshold: Ramp,
        liquidation_bonus: BonusCurve,
        protocol_liquidation_fee: Ratio,
        reserve_factor: Ratio,
        reserve_floor: Ratio,
        supply_cap: Amount,
        borrow_cap: Amount,
        flash_loan_fee: Ratio,
        rate_model: RateModel,
        enabled: Switches,
    }

    #[derive(Serialize, Deserialize)]
    pub struct ReservesRequest {
        amount: Amount,
        recipient: String,
        effective_at: u64,
        floor: Ratio,
    }
}

/// What the first version knew of this record.
fn older<T: DeserializeOwned>(record: &impl Serialize) -> T {
    from_value(to_value(record).unwrap()).unwrap()
}

fn set_version(world: &mut World, version: &str) {
    let pool = world.pool().clone();
    let info = json!({ "contract": "crates.io:plimsoll-pool", "version": version });
    world.storage_mut(&pool).set(CONTRACT_INFO, info.to_string().as_bytes());
}

/// Writes the pool's records as the first version wrote them.
fn as_the_first_version_left_it(world: &mut World) {
    let pool = world.pool().clone();
    let mut storage = world.storage_mut(&pool);
    let config: first::Config = older(&CONFIG.load(&*storage).unwrap());
    storage.set(CONFIG.key().as_bytes(), &encode(&config).unwrap());
    for id in 0..state::ASSET_COUNT.load(&*storage).unwrap() {
        let market: first::Market = older(&MARKETS.may_load(&*storage, id).unwrap().unwrap());
        storage.set(&MARKETS.key(id), &encode(&market).unwrap());
        let params: first::AssetParams = older(&ASSET_PARAMS.may_load(&*storage, id).unwrap().unwrap());
        storage.set(&ASSET_PARAMS.key(id), &encode(&params).unwrap());
        if let Some(request) = RESERVES_REQUESTS.may_load(&*storage, id).unwrap() {
            let request: first::ReservesRequest = older(&request);
            storage.set(&RESERVES_REQUESTS.key(id), &encode(&request).unwrap());
        }
    }
    drop(storage);
    set_version(world, "0.1.0");
}

fn migrate(world: &mut World) -> crate::support::Outcome {
    let pool = world.pool().clone();
    world.migrate(&pool, pool_code(), &MigrateMsg {})
}

/// A pool that has been in use: 300 accounts, half of them with debts, a month of interest, a threshold on its way
/// down, a stopped market, and announcements of reserves and of another oracle. All that the first version didn't know
/// is as `migrate` sets it.
fn used() -> World {
    let builder = DENOMS.into_iter().fold(World::builder(), |builder, denom| {
        builder.edit(denom, |asset| {
            asset.params.sale_cost = None;
            asset.params.max_borrow_utilization = None;
        })
    });
    let mut world = builder.lent(1_000_000).build();
    for id in 0..150 {
        world.deposit((ALICE, id), UATOM, 100_000_000).unwrap();
        world.borrow((ALICE, id), UUSD, 500_000_000).unwrap();
        world.deposit((BOB, id), AETH, 1_000_000_000_000_000_000 + u128::from(id)).unwrap();
        world.enable((BOB, id), AETH, id % 3 == 0).unwrap();
    }
    world.advance_fresh(30 * DAY);
    let changes = AssetChanges {
        max_loan_to_value: Some(ratio("0.6")),
        liquidation_threshold: Some(ratio("0.65")),
        ..AssetChanges::default()
    };
    world.update_asset(UATOM, changes).unwrap();
    let denom = Some(IBC_TOKEN.to_owned());
    let stop = ExecuteMsg::Pause { denom, deposit: true, borrow: false, flash_loan: true };
    world.execute(GUARDIAN, &stop, &[]).unwrap();
    world.cover(BOB, UUSD, 2_000_000_000).unwrap();
    let recipient = world.addr(BOB).into_string();
    let amount = Amount::new(700_000_000);
    let request = ExecuteMsg::RequestReserves { denom: UUSD.to_owned(), amount, recipient };
    world.execute(OWNER, &request, &[]).unwrap();
    let oracle = world.addr(ALICE).into_string();
    world.execute(OWNER, &ExecuteMsg::UpdateOracle { oracle }, &[]).unwrap();
    world.advance_fresh(DAY);

    let pool = world.pool().clone();
    let mut storage = world.storage_mut(&pool);
    for id in 0..4 {
        let mut market = MARKETS.may_load(&*storage, id).unwrap().unwrap();
        market.reserves_fraction = Ratio::ZERO;
        market.written_off = false;
        MARKETS.save(&mut *storage, id, &market).unwrap();
    }
    drop(storage);
    world
}

/// The bytes that version 0.1.0 wrote, as its own test of stored records had them.
#[test]
fn the_first_versions_records_are_as_they_were() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let market = json!({ "cash": "1", "lent": "2", "debt_scaled": "3", "borrow_index": "0.000000000000000004",
        "supply_shares": "5", "reserves": "6", "updated_at": 7, "rate": "0.000000000000000008" });
    let market: first::Market = from_value(market).unwrap();
    assert_eq!(hex(encode(&market).unwrap()), "0102030405060708");
    let params = json!({ "denom": "u", "decimals": 6, "max_loan_to_value": "0.000000000000000001",
        "liquidation_threshold":
            { "from": "0.000000000000000002", "to": "0.000000000000000003", "starts_at": 4, "ends_at": 5 },
        "liquidation_bonus":
            { "min": "0.000000000000000006", "max": "0.000000000000000007", "full_at": "0.000000000000000008" },
        "protocol_liquidation_fee": "0.000000000000000009", "reserve_factor": "0.00000000000000001",
        "reserve_floor": "0.000000000000000011", "supply_cap": "12", "borrow_cap": "13",
        "flash_loan_fee": "0.000000000000000014",
        "rate_model": { "kinked": { "optimal_utilization_rate": "0.000000000000000015",
            "base": "0.000000000000000016", "slope_1": "0.000000000000000017", "slope_2": "0.000000000000000018" } },
        "enabled": { "deposit": true, "borrow": false, "flash_loan": true } });
    let params: first::AssetParams = from_value(params).unwrap();
    assert_eq!(hex(encode(&params).unwrap()), "0175060102030405060708090a0b0c0d0e000f101112010001");
}

#[test]
fn migrate_from_the_first_version_rewrites_what_it_left_and_touches_no_account() {
    let mut world = used();
    let pool = world.pool().clone();
    let before = world.dump_of(&pool);
    as_the_first_version_left_it(&mut world);
    let old = world.dump_of(&pool);
    let (response, ops) = world.counted(|world| migrate(world).unwrap());
    assert_eq!((values(&response, "action"), values(&response, "from")), (vec!["migrate"], vec!["0.1.0"]));

    // Settings, four markets with their parameters, one request and the version, however many accounts there are.
    let rewritten: Vec<&Vec<u8>> = old.keys().filter(|key| old.get(*key) != before.get(*key)).collect();
    assert_eq!((rewritten.len(), ops.writes, ops.removes), (11, 11, 0));
    assert!(ops.reads < 30, "{ops:?}");
    let after = world.dump_of(&pool);
    assert_eq!(after.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    for (key, bytes) in &after {
        assert!(rewritten.contains(&key) || old.get(key) == Some(bytes), "{key:?}");
    }
    let of = |prefix: &[u8]| after.keys().filter(|key| key.starts_with(prefix)).count();
    let prefix = |key: Vec<u8>| key[..3].to_vec();
    let who = Addr::unchecked("who");
    // The lender's account beside the 300.
    assert_eq!((of(&prefix(ACCOUNTS.key((&who, 0)))), of(&prefix(DEBTORS.key((&who, 0))))), (301, 150));
    // And to the byte what they would be had they been written by this version.
    assert_eq!(after, before);
}

/// What a pool and the purses around it hold after whatever can be done with a pool was done.
fn go_on(world: &mut World) -> (BTreeMap<Vec<u8>, Vec<u8>>, Vec<u128>) {
    let pool = world.pool().clone();
    world.advance_fresh(2 * DAY);
    world.deposit((ALICE, 1_000), UUSD, 5_000_000).unwrap();
    world.borrow((ALICE, 0), UUSD, 50_000_000).unwrap();
    world.repay((ALICE, 1), UUSD, 100_000_000).unwrap();
    world.repay((ALICE, 2), UUSD, 900_000_000).unwrap();
    world.withdraw((ALICE, 3), UATOM, 5_000_000).unwrap();
    world.enable((BOB, 1), AETH, true).unwrap();
    world.withdraw_all((BOB, 2), AETH).unwrap();
    deposit_for(world, BOB, (ALICE, 4), coin(7_000_000, UATOM)).unwrap();
    world.cover(ALICE, UATOM, 1_000_000).unwrap();
    let paid = world.execute(OWNER, &ExecuteMsg::WithdrawReserves(Listed { denom: UUSD.to_owned() }), &[]).unwrap();
    assert_eq!(values(&paid, "amount"), ["300000000"]); // three of seven parts
    world.update_asset(AETH, AssetChanges { borrow_cap: Some(Amount::new(7)), ..AssetChanges::default() }).unwrap();
    world.set_price(UATOM, "7");
    world.liquidate(LIQUIDATOR, (ALICE, 5), UATOM, (UUSD, 200_000_000)).unwrap();
    world.set_price(UATOM, "0.01");
    world.write_off(BOB, (ALICE, 5)).unwrap();
    assert_solvent(world);
    let who = [ALICE, BOB, LENDER, LIQUIDATOR].map(|name| world.addr(name)).into_iter().chain([pool.clone()]);
    let purses = who.flat_map(|who| DENOMS.map(|denom| world.balance(&who, denom))).collect();
    (world.dump_of(&pool), purses)
}

#[test]
fn migrate_from_the_first_version_leaves_a_pool_that_goes_on_as_one_that_was_never_otherwise() {
    let mut world = used();
    let fresh = world.snapshot();
    let expected = go_on(&mut world);
    world.restore(&fresh);
    as_the_first_version_left_it(&mut world);
    migrate(&mut world).unwrap();
    assert!(go_on(&mut world) == expected);
}

#[test]
fn migrate_from_the_first_version_answers_every_query_as_before() {
    let mut world = used();
    let answers = |world: &World| {
        let accounts = [(ALICE, 7), (BOB, 0), (BOB, 1), (LENDER, 0)];
        let positions = accounts.map(|who| world.position(who));
        (world.config(), world.markets(), DENOMS.map(|denom| world.solvency(denom)), positions, world.borrowers())
    };
    let before = answers(&world);
    as_the_first_version_left_it(&mut world);
    migrate(&mut world).unwrap();
    assert!(answers(&world) == before);
}

#[test]
fn migrate_from_the_first_version_brings_settings_within_what_is_allowed_now() {
    // The most that the first version took.
    let mut world =
        World::builder().edit(IBC_TOKEN, |asset| asset.params.liquidation_bonus.min = ratio("0.005")).build();
    as_the_first_version_left_it(&mut world);
    let pool = world.pool().clone();
    let config: first::Config = older(&json!({
        "oracle": world.oracle(), "reserves_delay": 365 * DAY, "min_debt_value": Value::whole(10_000),
        "liquidation": { "target_health_factor": ratio("10"), "dust_value": Value::whole(1_000) },
    }));
    world.storage_mut(&pool).set(CONFIG.key().as_bytes(), &encode(&config).unwrap());
    migrate(&mut world).unwrap();

    let config = world.config().config;
    assert_eq!((config.liquidation.dust_value, config.min_debt_value), (Value::whole(5), Value::whole(100)));
    assert_eq!((config.liquidation.target_health_factor, config.reserves_delay), (ratio("10"), 365 * DAY));
    assert_eq!((config.oracle_delay, config.halt_grace), (30 * DAY, HaltGrace::default()));
    // A sale costs 1 %, and no more than the least bonus.
    let costs = DENOMS.map(|denom| world.market(denom).params.sale_cost);
    assert_eq!(costs, [ratio("0.01"), ratio("0.01"), ratio("0.005"), ratio("0.01")]);
    // So all of it can be set once more as it is.
    world.execute(OWNER, &ExecuteMsg::UpdateConfig { config }, &[]).unwrap();
    for denom in DENOMS {
        assert_eq!(world.market(denom).params.max_borrow_utilization, ratio("0.95"));
        world.update_asset(denom, AssetChanges::default()).unwrap();
    }
}

#[test]
fn migrate_again_changes_nothing_more() {
    let mut world = used();
    as_the_first_version_left_it(&mut world);
    migrate(&mut world).unwrap();
    let pool = world.pool().clone();
    let before = world.dump_of(&pool);
    migrate(&mut world).unwrap();
    assert_eq!(world.dump_of(&pool), before);
}

#[test]
fn migrate_from_the_first_version_of_what_it_did_not_write_is_refused() {
    for key in [CONFIG.key().as_bytes().to_vec(), MARKETS.key(1), ASSET_PARAMS.key(1)] {
        let mut world = World::new();
        as_the_first_version_left_it(&mut world);
        let pool = world.pool().clone();
        let mut bytes = world.query_raw(&pool, key.clone()).unwrap();
        bytes.pop();
        world.storage_mut(&pool).set(&key, &bytes);
        world.refused(migrate);
    }
    // Records of this version under the first one's name: they are longer.
    let mut world = World::new();
    set_version(&mut world, "0.1.0");
    world.refused(migrate);
}
