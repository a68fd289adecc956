//! The accounts as columns of floating-point numbers, 40 bytes a row, for the filter in front of the exact scan
//! ([`crate::scan::filter`]). What a slot holds is here; what it is worth is a weight that every scan makes anew.

use std::collections::HashMap;

use plimsoll_risk::account::Account;
use plimsoll_risk::params::AssetId;

/// How many slots, deposits and debts together, stand in a row. An account with more has its slots apart.
pub const WIDTH: usize = 4;
/// The most slots that are filtered: eight deposits and eight debts. A record with more can't be, and is left to the
/// exact scan.
pub const SLOTS_MAX: usize = 2 * plimsoll_risk::account::SLOTS_MAX;
/// The kind of a slot that nothing is in.
const EMPTY: u16 = 0;
/// The kind of a slot in an account that can't be told by its row.
const APART: u16 = 1;
/// The first kind that is given out.
const FIRST: u16 = 2;

/// As what a slot counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// A deposit that counts toward health.
    Enabled,
    /// A deposit that doesn't.
    Disabled,
    /// A debt.
    Debt,
}

/// One kind of slot: of which asset, on which side, and the largest amount that was ever seen in one.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The asset.
    pub asset: AssetId,
    /// The side.
    pub side: Side,
    /// Shares or scaled debt, rounded to the nearest number of 53 bits. It never falls while the book stands: were one
    /// too large for the filter, all accounts with this kind would be judged exactly until the book is read anew.
    pub most: f64,
}

/// A slot: its amount and the number of its kind.
type Slot = (f64, u16);

/// The columns. Row for row as in [`crate::book::accounts::Accounts`].
#[derive(Clone, Debug, Default)]
pub struct Columns {
    amounts: Vec<[f64; WIDTH]>,
    numbers: Vec<[u16; WIDTH]>,
    /// The slots of accounts that have more than a row takes; none of one that has more than can be.
    apart: HashMap<usize, Box<[Slot]>>,
    kinds: Vec<Kind>,
    known: HashMap<(AssetId, Side), u16>,
}

impl Columns {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.amounts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty()
    }

    /// The kinds that were met, by number from [`Columns::FIRST_KIND`] on.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The number of the first of [`Columns::kinds`]. Below it are the kind of an empty slot, 0, and the one of slots
    /// that stand apart, 1.
    pub const FIRST_KIND: u16 = FIRST;

    /// Amounts and kinds, row by row.
    pub fn rows(&self) -> (&[[f64; WIDTH]], &[[u16; WIDTH]]) {
        (&self.amounts, &self.numbers)
    }

    /// The slots of an account that has more than its row takes. `None` of any other, and of one that has more than can
    /// be.
    pub fn apart(&self, row: usize) -> Option<&[Slot]> {
        self.apart.get(&row).map(AsRef::as_ref)
    }

    /// The bytes that all this takes.
    pub fn bytes(&self) -> usize {
        let apart: usize = self.apart.values().map(|slots| size_of_val::<[Slot]>(slots)).sum();
        self.amounts.capacity() * size_of::<[f64; WIDTH]>()
            + self.numbers.capacity() * size_of::<[u16; WIDTH]>()
            + self.apart.capacity() * size_of::<(usize, Box<[Slot]>)>()
            + apart
            + self.kinds.capacity() * size_of::<Kind>()
            + self.known.capacity() * size_of::<((AssetId, Side), u16)>()
    }

    /// Writes an account into its row, the next new one at most.
    pub(super) fn put(&mut self, row: usize, account: &Account) {
        self.apart.remove(&row);
        let count = account.collaterals.len() + account.debts.len();
        let mut amounts = [0.0; WIDTH];
        let mut numbers = [EMPTY; WIDTH];
        if count <= WIDTH {
            for (at, (amount, number)) in self.slots(account).into_iter().enumerate() {
                (amounts[at], numbers[at]) = (amount, number);
            }
        } else {
            numbers[0] = APART;
            if count <= SLOTS_MAX {
                let slots = self.slots(account);
                self.apart.insert(row, slots.into_boxed_slice());
            }
        }
        match (self.amounts.get_mut(row), self.numbers.get_mut(row)) {
            (Some(old_amounts), Some(old_numbers)) => (*old_amounts, *old_numbers) = (amounts, numbers),
            _ => {
                self.amounts.push(amounts);
                self.numbers.push(numbers);
            }
        }
    }

    /// Removes a row and puts the last one in its place.
    pub(super) fn swap_remove(&mut self, row: usize) {
        self.amounts.swap_remove(row);
        self.numbers.swap_remove(row);
        self.apart.remove(&row);
        if let Some(slots) = self.apart.remove(&self.amounts.len()) {
            self.apart.insert(row, slots);
        }
    }

    fn slots(&mut self, account: &Account) -> Vec<Slot> {
        let mut slots = Vec::with_capacity(account.collaterals.len() + account.debts.len());
        for held in &account.collaterals {
            let side = if held.enabled { Side::Enabled } else { Side::Disabled };
            slots.push(self.slot(held.asset, side, held.shares.raw()));
        }
        for owed in &account.debts {
            slots.push(self.slot(owed.asset, Side::Debt, owed.scaled.raw()));
        }
        slots
    }

    /// To the nearest: at most 2⁻⁵³ of the amount off.
    fn slot(&mut self, asset: AssetId, side: Side, amount: u128) -> Slot {
        let amount = amount as f64;
        let next = u16::try_from(self.kinds.len()).ok().and_then(|count| count.checked_add(FIRST));
        let number = match (self.known.get(&(asset, side)), next) {
            (Some(number), _) => *number,
            // More kinds than numbers: left to the exact scan.
            (None, None) => return (amount, APART),
            (None, Some(next)) => {
                self.kinds.push(Kind { asset, side, most: 0.0 });
                self.known.insert((asset, side), next);
                next
            }
        };
        let kind = &mut self.kinds[usize::from(number - FIRST)];
        kind.most = kind.most.max(amount);
        (amount, number)
    }
}
