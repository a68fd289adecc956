//! The world itself does what it says.

use plimsoll_risk::price::PriceBand;
use plimsoll_schema::oracle::DenomPrice;
use plimsoll_testing::{AETH, ALICE, BOB, IBC_TOKEN, LENDER, UATOM, UUSD, World, price};

#[test]
fn a_new_world_lists_every_asset_with_an_empty_market_and_its_first_price() {
    let world = World::new();
    for (denom, first) in [(UUSD, "1"), (UATOM, "10"), (IBC_TOKEN, "5"), (AETH, "2000")] {
        let market = world.market(denom);
        assert!(market.supply.is_zero() && market.debt.is_zero());
        let price = price(first);
        let counted = PriceBand::at(price);
        let timestamp = world.now();
        let denom = denom.to_owned();
        let expected = DenomPrice::Valid { denom: denom.clone(), price, counted, low: price, high: price, timestamp };
        assert_eq!(world.price(&denom), expected);
        assert!(world.balance(ALICE, &denom) > 0);
    }
    assert_eq!(world.markets().len(), 4);
}

#[test]
fn addresses_carry_the_prefix_asked_for() {
    let world = World::builder().prefix("osmo").without_assets().build();
    assert!(world.pool().as_str().starts_with("osmo1"));
    assert!(world.addr(ALICE).as_str().starts_with("osmo1"));
    assert_eq!(world.addr(&world.addr(ALICE)), world.addr(ALICE));
}

#[test]
fn set_price_arrives_however_far_it_is() {
    let mut world = World::new();
    for text in ["7.5", "100", "0.011", "9999"] {
        world.set_price(UATOM, text);
        assert_eq!(world.settled_price(UATOM), price(text));
    }
}

#[test]
fn prices_age_unless_they_are_refreshed() {
    let mut world = World::new();
    world.advance(3_601);
    assert!(matches!(world.price(UATOM), DenomPrice::Silent { .. }));
    world.advance_fresh(3_601);
    assert!(matches!(world.price(UATOM), DenomPrice::Valid { .. }));
}

#[test]
fn lend_puts_whole_tokens_of_every_asset_in_place() {
    let world = World::builder().lent(1_000).build();
    assert_eq!(world.supplied(LENDER, UUSD), 1_000_000_000);
    assert_eq!(world.supplied(LENDER, AETH), world.whole(AETH, 1_000));
    assert!(world.solvency(AETH).solvent);
}

#[test]
fn restore_goes_back_to_the_block_and_every_record_of_the_snapshot() {
    let mut world = World::builder().lent(1_000).build();
    let height = world.height();
    let before = world.dump().clone();
    let snapshot = world.snapshot();
    world.next_block();
    world.deposit(ALICE, UATOM, 5).unwrap();
    assert_ne!(world.dump(), &before);
    world.restore(&snapshot);
    assert_eq!(world.dump(), &before);
    assert_eq!(world.height(), height);
}

#[test]
#[should_panic(expected = "this must be refused")]
fn refused_notices_a_success() {
    let mut world = World::new();
    world.refused(|world| world.deposit(ALICE, UATOM, 5));
}

#[test]
#[should_panic(expected = "storage or balances changed")]
fn refused_notices_a_change() {
    let mut world = World::new();
    world.refused(|world| {
        world.mint(BOB, UATOM, 1);
        world.borrow(ALICE, UUSD, 1)
    });
}

#[test]
fn storage_is_counted_for_contracts_alone() {
    let mut world = World::new();
    let ((), bank) = world.counted(|world| {
        world.send(ALICE, BOB, &[plimsoll_testing::coin(5, UATOM)]).unwrap();
    });
    assert_eq!(bank.total(), 0);
    let ((), deposit) = world.counted(|world| {
        world.deposit(ALICE, UATOM, 5).unwrap();
    });
    assert!(deposit.reads > 0 && deposit.writes >= 2, "{deposit:?}");
    assert!(deposit.written_bytes > 0 && deposit.read_bytes > 0, "{deposit:?}");
}

#[test]
fn accounts_of_one_owner_are_apart() {
    let mut world = World::builder().lent(1_000_000).build();
    world.deposit((ALICE, 7), UATOM, 100_000_000).unwrap();
    world.borrow((ALICE, 7), UUSD, 100_000_000).unwrap();
    assert_eq!(world.owed((ALICE, 7), UUSD), 100_000_000);
    assert_eq!(world.owed(ALICE, UUSD), 0);
    let borrowers = world.borrowers();
    assert_eq!(borrowers.len(), 1);
    assert_eq!(world.account(&borrowers[0].key), borrowers[0].account);
}
