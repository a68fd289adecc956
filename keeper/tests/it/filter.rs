//! The scan says what exact maths says of every single account, whatever the book: that is all that is asked of the filter in front of it.

use std::collections::BTreeSet;

use plimsoll_keeper::book::Book;
use plimsoll_keeper::scan::{AssetTable, Scan, Verdict, scan};
use plimsoll_risk::account::Account;
use plimsoll_risk::heartbeat::{HaltGrace, Heartbeat};
use plimsoll_risk::params::AssetId;
use plimsoll_risk::price::PriceBand;
use plimsoll_risk::units::{Amount, Price, Value};
use plimsoll_schema::pool::AccountKey;

use crate::support::books::{
    Dice, E18, Listing, NOW, account, book, denom, held, key, owed, record, two_and_two, usual,
};

/// What exact maths says: who is below 1, who of them is spared, whose debt is bad, who can't be judged.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    below: BTreeSet<AccountKey>,
    spared: BTreeSet<AccountKey>,
    bad: BTreeSet<AccountKey>,
    faults: BTreeSet<String>,
}

fn exactly(book: &Book, now: u64) -> Said {
    let assets = AssetTable::at(book, now).unwrap();
    let mut said = Said::default();
    for (key, account) in &book.accounts {
        match Verdict::of(key, account, &assets, book.terms.dust_value) {
            Err(error) => drop(said.faults.insert(error.to_string())),
            Ok(verdict) => {
                said.below.extend(verdict.is_below_one().then(|| key.clone()));
                said.spared.extend(verdict.health.spared.then(|| key.clone()));
                said.bad.extend(verdict.bad_debt.then(|| key.clone()));
            }
        }
    }
    said
}

fn scanned(book: &Book, scan: &Scan) -> Said {
    let all = |keys: Vec<&AccountKey>| keys.into_iter().cloned().collect();
    let (below, spared, bad) = (all(scan.keys_below(book)), all(scan.keys_spared(book)), all(scan.keys_bad(book)));
    // Two ways to ask for the same.
    let listed: BTreeSet<AccountKey> = scan.liquidatable(book).into_iter().map(|verdict| verdict.key).collect();
    assert_eq!(listed, &below - &spared);
    assert_eq!(scan.keys_actionable(book).into_iter().cloned().collect::<BTreeSet<_>>(), &listed | &bad);
    Said { below, spared, bad, faults: scan.faults.iter().cloned().collect() }
}

/// Scans, and holds it against exact maths.
fn same(book: &Book, now: u64) -> Scan {
    let scan = scan(book, now).unwrap();
    let (exact, fast) = (exactly(book, now), scanned(book, &scan));
    let counts = (scan.below(), scan.spared(), scan.bad(), scan.faults.len());
    assert_eq!(counts, (exact.below.len(), exact.spared.len(), exact.bad.len(), exact.faults.len()));
    assert_eq!(fast, exact);
    scan
}

/// A dollar: 6 decimals, threshold a half, a share and a scaled debt are a base unit each.
fn dollar() -> Listing {
    Listing {
        decimals: 6,
        price: E18,
        threshold: E18 / 2,
        supply: 10_000_000 - 1,
        shares: 9_000_000,
        index: E18,
        weight: E18,
    }
}

/// An account that owes this much of asset 1 against as much of asset 0.
fn one_and_one(shares: u128, scaled: u128) -> Account {
    account(vec![held(0, shares)], vec![owed(1, scaled)])
}

#[test]
fn at_exactly_one_an_account_is_healthy_and_a_unit_of_debt_more_is_below() {
    for debt in [1u128, 999_999, 1_000_000, 123_456_789_012, 10u128.pow(24), 10u128.pow(30) + 7] {
        let mut book = book(&[dollar(), dollar()], Value::ZERO);
        book.accounts.insert(key(0), one_and_one(2 * debt, debt));
        book.accounts.insert(key(1), one_and_one(2 * debt, debt + 1));
        book.accounts.insert(key(2), one_and_one(2 * debt - 1, debt));
        book.accounts.insert(key(3), one_and_one(2 * debt + 1, debt));
        let below: Vec<_> = same(&book, NOW).liquidatable(&book).into_iter().map(|v| v.key).collect();
        assert_eq!(below, [key(1), key(2)], "debt {debt}");
    }
}

#[test]
fn bad_debt_begins_below_the_dust_value_and_below_the_debt() {
    // A tenth of a dollar is dust. By hand: collateral, debt, whether that is bad.
    let cases = [
        (100_000, 200_000, false),
        (99_999, 200_000, true),
        (99_999, 99_999, false),
        (99_999, 100_000, true),
        (0, 1, true),
        (1_000_000, 5_000_000, false),
    ];
    let mut book = book(&[dollar(), dollar()], Value::new((E18 / 10).into()));
    for (n, (shares, scaled, _)) in cases.iter().enumerate() {
        book.accounts.insert(key(n), one_and_one(*shares, *scaled));
    }
    book.accounts.insert(key(cases.len()), account(vec![], vec![owed(1, 7)]));
    let scan = same(&book, NOW);
    let bad: BTreeSet<_> = scanned(&book, &scan).bad;
    let wanted = cases.iter().enumerate().filter(|(_, case)| case.2).map(|(n, _)| key(n)).chain([key(cases.len())]);
    assert_eq!(bad, wanted.collect());
}

#[test]
fn a_threshold_above_one_shields_no_bad_debt() {
    let mut book = book(&[Listing { threshold: 2 * E18, ..dollar() }, dollar()], Value::whole(1_000));
    book.accounts.insert(key(0), one_and_one(80_000_000, 100_000_000));
    let scan = same(&book, NOW);
    assert_eq!((scan.below(), scan.bad()), (0, 1));
}

/// How far from 1, on either side.
const DISTANCES: [f64; 12] = [0.0, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-3];

#[test]
fn around_one_every_account_is_judged_as_exact_maths_does() {
    let (listings, mut dice) = (usual(), Dice(1));
    let mut book = book(&listings, Value::whole(1));
    for n in 0..20_000 {
        // So large that a base unit is less than what floating-point numbers tell apart.
        let size = if n % 5 == 0 { 1e12 } else { 1.0 };
        let distance = DISTANCES[n % DISTANCES.len()] * (2.0 * dice.unit() - 1.0);
        book.accounts.insert(key(n), two_and_two(&listings, 1.0 + distance, size, &mut dice));
    }
    let scan = same(&book, NOW);
    assert!((5_000..15_000).contains(&scan.below()), "{} below 1 is no test of both sides", scan.below());
    // It is a filter: most of what is a thousandth away, and what is large and some 10⁻¹² away, doesn't get through.
    assert!((5_000..19_000).contains(&scan.exact), "{} needed exact maths", scan.exact);
}

/// An account of up to 18 slots of any kind, enabled or not, some of it tiny.
fn motley(listings: &[Listing], most: u32, dice: &mut Dice) -> Account {
    let count = |dice: &mut Dice| if dice.roll(4) == 0 { dice.pick(10) } else { dice.pick(4) };
    let asset = |dice: &mut Dice| {
        let unlisted = usize::from(dice.roll(100) == 0);
        u16::try_from(dice.pick(listings.len() + unlisted)).unwrap()
    };
    let (collaterals, debts) = (count(dice), count(dice));
    let mut collaterals: Vec<_> = (0..collaterals).map(|_| held(asset(dice), dice.bits(most))).collect();
    collaterals.iter_mut().for_each(|held| held.enabled = dice.roll(5) > 0);
    account(collaterals, (0..debts).map(|_| owed(asset(dice), dice.bits(most))).collect())
}

#[test]
fn every_magnitude_is_judged_as_exact_maths_does() {
    let mut faults = 0;
    let mut exact = 0;
    for seed in 0..60 {
        let mut dice = Dice(seed);
        // Every other book stays where nothing leaves its type, so that the filter has its say.
        let wild = seed % 2 == 0;
        let listings: Vec<Listing> = (0..5)
            .map(|_| Listing {
                decimals: u8::try_from(dice.roll(if wild { 41 } else { 19 })).unwrap(),
                price: dice.bits(if wild { 128 } else { 120 }).max(1),
                threshold: if wild && dice.roll(10) == 0 { dice.bits(128) } else { dice.bits(128) % (E18 + 1) },
                supply: dice.bits(if wild { 128 } else { 100 }),
                shares: dice.bits(if wild { 128 } else { 100 }),
                index: if wild { dice.bits(128) } else { E18 + dice.bits(64) },
                weight: match dice.roll(8) {
                    0 if wild => dice.bits(128),
                    1 | 2 => E18 + dice.bits(128) % (9 * E18 + 1),
                    _ => E18,
                },
            })
            .collect();
        let mut book = book(&listings, Value::new(dice.bits(127).into()));
        for n in 0..1_000 {
            book.accounts.insert(key(n), motley(&listings, if wild { 128 } else { 60 }, &mut dice));
        }
        // A price that grew old, one that never was, and a ledger that contradicts itself.
        let now = if seed % 3 == 0 { NOW + 3_601 } else { NOW };
        if seed % 5 == 0 {
            book.prices.records.remove(&denom(0));
        }
        if seed % 7 == 0 {
            book.assets.get_mut(&AssetId(1)).unwrap().stored.reserves = Amount::MAX;
        }
        let scan = same(&book, now);
        faults += scan.faults.len();
        exact += if wild { 0 } else { scan.exact };
    }
    assert!(faults > 1_000, "{faults} accounts that can't be judged are no test of that");
    assert!(exact < 16_000, "{exact} of 30,000 needed exact maths: that is no test of the filter");
}

#[test]
fn columns_follow_every_change_of_an_account() {
    let (listings, mut dice) = (usual(), Dice(3));
    let mut book = book(&listings, Value::whole(1));
    for step in 0..5_000 {
        let key = key(dice.pick(300));
        match dice.roll(4) {
            0 => drop(book.accounts.remove(&key)),
            1 => drop(book.accounts.insert(key, two_and_two(&listings, 0.5 + dice.unit(), 1.0, &mut dice))),
            _ => drop(book.accounts.insert(key, motley(&listings, 60, &mut dice))),
        }
        if step % 100 == 0 {
            let scan = same(&book, NOW);
            assert_eq!(scan.accounts, book.accounts.len());
        }
    }
    let afresh = Book { accounts: book.accounts.iter().map(|(k, a)| (k.clone(), a.clone())).collect(), ..book.clone() };
    assert_eq!(book, afresh);
    let twice = (scan(&book, NOW).unwrap(), scan(&afresh, NOW).unwrap());
    assert_eq!(scanned(&book, &twice.0), scanned(&afresh, &twice.1));
}

/// A denom that no market lists, in which others are quoted.
const OUTSIDE: &str = "outside";
/// In which other asset each of [`usual`] is quoted: rates, a rate of a rate, and rates in [`OUTSIDE`].
const QUOTES: [Option<u16>; 8] = [None, Some(0), None, Some(2), Some(8), None, Some(1), Some(8)];

/// By how much the two ends of a record are apart.
const WIDTHS: [f64; 4] = [0.0, 0.0, 0.01, 0.2];

/// Has these assets quoted in one another, each record with a width of its own.
fn quote(book: &mut Book, listings: &[Listing], dice: &mut Dice) {
    let price =
        |number: u16| listings.get(usize::from(number)).map_or(3.0 * E18 as f64, |listing| listing.price as f64);
    let name = |number: u16| if number == 8 { OUTSIDE.to_owned() } else { denom(number) };
    for number in 0..9 {
        let quote = QUOTES.get(usize::from(number)).copied().flatten();
        let rate = price(number) / quote.map_or(E18 as f64, price);
        let width = WIDTHS[dice.pick(WIDTHS.len())];
        let at = |factor: f64| Price::new((rate * factor * E18 as f64) as u128);
        let band = PriceBand { low: at(1.0 - width), high: at(1.0 + width) };
        let mut record = record(band, quote.map(name));
        // One in eight is silent, and one of two of these declines.
        let age = [4_000, 3 * 86_400][dice.pick(2)];
        record.timestamp -= if dice.roll(8) == 0 { age } else { 0 };
        book.prices.records.insert(name(number), record);
    }
}

#[test]
fn accounts_with_a_record_on_both_sides_are_judged_as_exact_maths_does() {
    let (mut shared, mut decided, mut below, mut spared) = (0, 0, 0, 0);
    for seed in 0..40 {
        let (listings, mut dice) = (usual(), Dice(1_000 + seed));
        let mut book = book(&listings, Value::whole(1_000));
        for n in 0..1_000 {
            // From far below to far above 1, most within what the records' widths make of it.
            let factor = 1.0 + [0.001, 0.05, 0.3, 0.9][n % 4] * (2.0 * dice.unit() - 1.0);
            book.accounts.insert(key(n), two_and_two(&listings, factor, 1.0, &mut dice));
        }
        // And accounts of one asset on both sides, up to a dust value of bad debt.
        for n in 1_000..1_200 {
            let asset = u16::try_from(dice.pick(8)).unwrap();
            let mut units = |worth: f64| (E18 as f64 * 10f64.powf(4.0 * dice.unit()) / worth) as u128;
            let (share, debt) = listings[usize::from(asset)].worth();
            let (shares, scaled) = (units(share), units(debt));
            let mut held = held(asset, shares);
            held.enabled = dice.roll(2) == 0;
            let other = u16::try_from(dice.pick(8)).unwrap();
            book.accounts.insert(key(n), account(vec![held], vec![owed(asset, scaled), owed(other, 1)]));
        }
        quote(&mut book, &listings, &mut dice);
        if seed % 4 == 0 {
            book.halt_grace = HaltGrace { gap: 900, grace: 900 };
            book.prices.heartbeat = Some(Heartbeat { last: NOW - 1_000, ..Heartbeat::start(600, NOW) });
        }
        let scan = same(&book, NOW);
        assert_eq!(scan.assets.moment().halted, seed % 4 == 0);
        let both = book.accounts.values().filter(|account| hangs_on_both(&book, account)).count();
        (shared, decided) = (shared + both, decided + 1_200 - scan.exact);
        (below, spared) = (below + scan.below(), spared + scan.spared());
    }
    assert!(shared > 20_000, "{shared} of 48,000 accounts with a record on both sides are no test of them");
    assert!((10_000..38_000).contains(&below), "{below} below 1 is no test of both sides");
    assert!(spared > 500, "{spared} spared accounts are no test of them");
    // It is a filter still, though a part of these books is silent or just at 1.
    assert!(decided > 24_000, "only {decided} of 48,000 were decided without exact maths");
}

fn hangs_on_both(book: &Book, account: &Account) -> bool {
    let hangs = |id: AssetId| book.prices.price(&denom(id.0), NOW);
    let debts: Vec<_> = account.debts.iter().map(|owed| hangs(owed.asset)).collect();
    let records = account.collaterals.iter().flat_map(|held| hangs(held.asset).records().to_vec());
    let mut wide = records.filter(|record| record.settled.low < record.settled.high);
    wide.any(|record| debts.iter().any(|debt| debt.hangs_on(&record.denom)))
}

#[test]
fn a_scan_finds_its_accounts_in_no_book_but_its_own() {
    let mut book = book(&[dollar(), dollar()], Value::ZERO);
    for n in 0..3 {
        book.accounts.insert(key(n), one_and_one(2_000_000, 1_000_000));
    }
    book.accounts.insert(key(3), one_and_one(1_000_000, 1_000_000));
    let scan = same(&book, NOW);
    assert_eq!(scan.keys_actionable(&book), [&key(3)]);
    let copy = book.clone();
    assert_eq!(scan.keys_actionable(&copy), [&key(3)], "an unchanged copy has the same rows");

    // Another account leaves, and what was in the last row is in its row now.
    let mut changed = book.clone();
    changed.accounts.remove(&key(0));
    assert!(scan.keys_actionable(&changed).is_empty() && scan.actionable(&changed).is_empty());
    assert!(!scan.is_actionable(&changed, &key(3)) && scan.keys_below(&changed).is_empty());
    // The same accounts in other rows.
    let mut other = book.clone();
    other.accounts = book.accounts.iter().rev().map(|(key, account)| (key.clone(), account.clone())).collect();
    assert!(other == book && scan.keys_actionable(&other).is_empty());
    assert!(scan.only(&other, &[key(3)]).keys_actionable(&book).is_empty());
}
