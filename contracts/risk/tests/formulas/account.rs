//! An account's record against plain maps, in random histories.

use std::collections::BTreeMap;

use crate::model::{any128, config};
use plimsoll_risk::account::{Account, AccountError, Collateral, Debt, SLOTS_MAX};
use plimsoll_risk::math::MathError;
use plimsoll_risk::params::AssetId;
use plimsoll_risk::units::{ScaledDebt, SupplyShares};
use proptest::prelude::*;

/// A side of the record: what is held, by asset.
type Side = BTreeMap<u16, u128>;

#[derive(Clone, Copy, Debug)]
enum Act {
    AddShares,
    TakeShares,
    AddDebt,
    ClearDebt,
}

fn acts() -> impl Strategy<Value = Vec<(Act, u16, u128)>> {
    let act = prop_oneof![
        3 => Just(Act::AddShares),
        2 => Just(Act::TakeShares),
        3 => Just(Act::AddDebt),
        2 => Just(Act::ClearDebt),
    ];
    prop::collection::vec((act, 0u16..12, prop_oneof![8 => 1u128..6, 1 => any128()]), 0..80)
}

/// Adds in the map as the record should. `None` when it should refuse.
fn add(side: &mut Side, asset: u16, n: u128) -> Option<()> {
    if !side.contains_key(&asset) && side.len() == SLOTS_MAX {
        return None;
    }
    let sum = side.get(&asset).copied().unwrap_or(0).checked_add(n)?;
    side.insert(asset, sum);
    Some(())
}

fn take(side: &mut Side, asset: u16, n: u128) -> Option<()> {
    let left = side.get(&asset).copied().unwrap_or(0).checked_sub(n)?;
    side.insert(asset, left);
    side.retain(|_, held| *held > 0);
    Some(())
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a_random_history_follows_the_maps(acts in acts()) {
        let mut account = Account::default();
        let mut deposits = Side::new();
        let mut debts = Side::new();
        for (act, asset, n) in acts {
            let id = AssetId(asset);
            let mut next = account.clone();
            let (got, expected) = match act {
                Act::AddShares if n == 0 => continue,
                Act::AddDebt if n == 0 => continue,
                Act::AddShares => (next.add_shares(id, SupplyShares::new(n)), add(&mut deposits, asset, n)),
                Act::TakeShares => (next.take_shares(id, SupplyShares::new(n)), take(&mut deposits, asset, n)),
                Act::AddDebt => (next.add_debt(id, ScaledDebt::new(n)), add(&mut debts, asset, n)),
                Act::ClearDebt => (next.clear_debt(id, ScaledDebt::new(n)), take(&mut debts, asset, n)),
            };
            prop_assert_eq!(got.is_ok(), expected.is_some(), "{:?} {} {}: {:?}", act, asset, n, got);
            if got.is_ok() {
                account = next;
            }
            for asset in 0..12 {
                prop_assert_eq!(account.shares(AssetId(asset)).raw(), deposits.get(&asset).copied().unwrap_or(0));
                prop_assert_eq!(account.debt(AssetId(asset)).raw(), debts.get(&asset).copied().unwrap_or(0));
            }
            prop_assert_eq!(account.collaterals.len(), deposits.len(), "one slot each, and none left empty");
            prop_assert_eq!(account.debts.len(), debts.len());
            prop_assert_eq!(account.is_empty(), deposits.is_empty() && debts.is_empty());
            for held in &account.collaterals {
                let owed = debts.contains_key(&held.asset.0);
                prop_assert!(!(held.enabled && owed), "what is owed is never its own security");
            }
        }
    }

    #[test]
    fn an_account_reads_back_what_it_writes(
        deposits in prop::collection::vec((any::<u16>(), any128(), any::<bool>()), 0..SLOTS_MAX),
        debts in prop::collection::vec((any::<u16>(), any128()), 0..SLOTS_MAX),
        category in any::<u16>(), settings in any::<u8>(),
    ) {
        let of = |(asset, n, enabled)| Collateral { asset: AssetId(asset), shares: SupplyShares::new(n), enabled };
        let owed = |(asset, n)| Debt { asset: AssetId(asset), scaled: ScaledDebt::new(n) };
        let account = Account {
            collaterals: deposits.into_iter().map(of).collect(),
            debts: debts.into_iter().map(owed).collect(),
            category,
            settings,
        };
        let stored = postcard::to_allocvec(&account).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Account>(&stored).unwrap(), &account);
        let json = serde_json::to_string(&account).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Account>(&json).unwrap(), &account);
    }
}

#[test]
fn a_first_deposit_counts_as_collateral_and_a_later_one_leaves_the_switch_alone() {
    let mut account = Account::default();
    account.add_shares(AssetId(1), SupplyShares::new(5)).unwrap();
    assert!(account.collaterals[0].enabled);
    account.collaterals[0].enabled = false;
    account.add_shares(AssetId(1), SupplyShares::new(5)).unwrap();
    assert!(!account.collaterals[0].enabled);
}

#[test]
fn a_debt_switches_off_the_deposit_of_its_asset_and_repaying_does_not_switch_it_on() {
    let mut account = Account::default();
    account.add_shares(AssetId(1), SupplyShares::new(5)).unwrap();
    account.add_shares(AssetId(2), SupplyShares::new(5)).unwrap();
    account.add_debt(AssetId(1), ScaledDebt::new(3)).unwrap();
    assert!(!account.collaterals[0].enabled && account.collaterals[1].enabled);
    account.clear_debt(AssetId(1), ScaledDebt::new(3)).unwrap();
    assert!(!account.collaterals[0].enabled);
}

#[test]
fn a_deposit_of_an_asset_that_is_owed_does_not_count() {
    let mut account = Account::default();
    account.add_debt(AssetId(1), ScaledDebt::new(3)).unwrap();
    account.add_shares(AssetId(1), SupplyShares::new(5)).unwrap();
    assert!(!account.collaterals[0].enabled);
}

#[test]
fn a_ninth_slot_is_refused_and_a_ninth_addition_to_one_is_not() {
    let mut account = Account::default();
    for id in 0..8 {
        account.add_shares(AssetId(id), SupplyShares::new(1)).unwrap();
        account.add_debt(AssetId(100 + id), ScaledDebt::new(1)).unwrap();
    }
    let one = SupplyShares::new(1);
    let owed = ScaledDebt::new(1);
    assert_eq!(account.add_shares(AssetId(8), one), Err(AccountError::Full { side: "collaterals" }));
    assert_eq!(account.add_debt(AssetId(8), owed), Err(AccountError::Full { side: "debts" }));
    account.add_shares(AssetId(7), one).unwrap();
    account.add_debt(AssetId(107), owed).unwrap();
    account.take_shares(AssetId(0), one).unwrap();
    account.add_shares(AssetId(8), one).unwrap();
}

#[test]
fn more_than_is_there_is_refused_even_of_an_asset_that_is_not() {
    let mut account = Account::default();
    account.add_shares(AssetId(1), SupplyShares::new(5)).unwrap();
    let lacking = |what, from, minus| Err(AccountError::Math(MathError::Underflow { what, from, minus }));
    assert_eq!(account.take_shares(AssetId(1), SupplyShares::new(6)), lacking("SupplyShares", 5, 6));
    assert_eq!(account.take_shares(AssetId(2), SupplyShares::new(1)), lacking("SupplyShares", 0, 1));
    assert_eq!(account.clear_debt(AssetId(2), ScaledDebt::new(1)), lacking("ScaledDebt", 0, 1));
    assert_eq!(account.take_shares(AssetId(2), SupplyShares::ZERO), Ok(()));
}

#[test]
fn an_account_with_a_category_or_a_setting_is_not_empty() {
    assert!(Account::default().is_empty());
    assert!(!Account { category: 1, ..Account::default() }.is_empty());
    assert!(!Account { settings: 1, ..Account::default() }.is_empty());
}

#[test]
fn a_full_record_is_compact() {
    let mut account = Account::default();
    for id in 0..8 {
        account.add_shares(AssetId(id), SupplyShares::new(10u128.pow(18))).unwrap();
        account.add_debt(AssetId(100 + id), ScaledDebt::new(10u128.pow(12))).unwrap();
    }
    let stored = postcard::to_allocvec(&account).unwrap();
    // Per deposit a byte of id, nine of shares, one of switch; per debt a byte and six; two lengths, category and settings.
    assert_eq!(stored.len(), 8 * 11 + 8 * 7 + 4);
}
