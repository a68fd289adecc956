//! Random positions and random orders: what is quoted is what happens, and nothing stays in the contract.

use plimsoll_risk::units::{Amount, Ratio};
use plimsoll_schema::margin::{Adjust, Close, Hop, Open, Order, Rest, Size, SwapCollateral, SwapDebt, Target};
use plimsoll_testing::{AETH, ALICE, Addr, Coin, IBC_TOKEN, UATOM, UUSD, World, coin, hops, ratio};
use proptest::prelude::*;
use proptest::sample::select;

use crate::setup::{as_quoted, builder, leverage_of};
use crate::support::{assert_solvent, rational};

const TOKENS: [&str; 3] = [UUSD, UATOM, AETH];

/// A pair of each two tokens, one of them shallow.
struct Pairs([(&'static str, &'static str, Addr); 3]);

impl Pairs {
    /// One hop, or two around the third token.
    fn route(&self, from: &str, to: &str, around: bool) -> Vec<Hop> {
        let pair =
            |a: &str, b: &str| &self.0.iter().find(|(c, d, _)| [a, b] == [*c, *d] || [b, a] == [*c, *d]).unwrap().2;
        let third = TOKENS.into_iter().find(|token| *token != from && *token != to).unwrap();
        if around { hops(&[(pair(from, third), third), (pair(third, to), to)]) } else { hops(&[(pair(from, to), to)]) }
    }
}

/// What somebody asks for; sizes are in thousandths of what makes sense.
#[derive(Clone, Debug)]
enum Wish {
    Open { own_debt: bool, leverage: bool, size: u64 },
    Adjust { kind: u8, size: u64 },
    Close(Option<Rest>),
    SwapCollateral { part: u64 },
    SwapDebt { part: u64 },
    Wait(u64),
}

fn wishes() -> impl Strategy<Value = (Wish, usize, usize, bool)> {
    let wish = prop_oneof![
        3 => (any::<bool>(), any::<bool>(), 1..1_000u64)
            .prop_map(|(own_debt, leverage, size)| Wish::Open { own_debt, leverage, size }),
        4 => (0..3u8, 1..1_000u64).prop_map(|(kind, size)| Wish::Adjust { kind, size }),
        2 => select(vec![None, Some(Rest::Withdrawn), Some(Rest::Sold), Some(Rest::Kept)]).prop_map(Wish::Close),
        1 => (1..1_001u64).prop_map(|part| Wish::SwapCollateral { part }),
        1 => (1..1_001u64).prop_map(|part| Wish::SwapDebt { part }),
        1 => (1..3_000u64).prop_map(Wish::Wait),
    ];
    (wish, 0..3usize, 0..3usize, any::<bool>())
}

fn of(amount: u128, mille: u64) -> Amount {
    Amount::new(amount * u128::from(mille) / 1_000)
}

/// From 1.01 to 6.
fn leverage(mille: u64) -> Ratio {
    Ratio::bps(10_100 + mille * 50)
}

/// What a wish is about: collateral and debt, and whether its route goes around.
struct About<'a> {
    pairs: &'a Pairs,
    c: &'a str,
    d: &'a str,
    around: bool,
}

/// The order of a wish on the account as it is, and its coins; none where time passes.
fn order(world: &World, about: &About, wish: &Wish) -> Option<(Order, Vec<Coin>)> {
    let About { c, d, .. } = *about;
    let supplied = world.supplied(ALICE, c);
    let owed = world.owed(ALICE, d);
    let order = match *wish {
        Wish::Wait(_) => return None,
        Wish::Open { own_debt, leverage: by_leverage, size } => {
            // Between 1,000 and 10,000 dollars' worth.
            let some = |denom| world.whole(denom, if denom == AETH { 2 } else { 1_000 });
            let size = if by_leverage { Size::Leverage(leverage(size)) } else { Size::Borrow(of(some(d), size)) };
            let denom = if own_debt { d } else { c };
            return Some((Order::Open(about.open(size)), vec![coin(some(denom), denom)]));
        }
        Wish::Adjust { kind, size } => Order::Adjust(about.adjust(match kind {
            0 => Target::Leverage(leverage(size)),
            1 => Target::Borrow(of(owed.max(1_000_000_000), size)),
            _ => Target::Sell(of(supplied, size)),
        })),
        Wish::Close(rest) => Order::Close(about.close(rest)),
        Wish::SwapCollateral { part } => {
            Order::SwapCollateral(about.swap_collateral((part <= 1_000).then(|| of(supplied, part))))
        }
        Wish::SwapDebt { part } => Order::SwapDebt(about.swap_debt((part <= 1_000).then(|| of(owed, part)))),
    };
    Some((order, vec![]))
}

impl About<'_> {
    fn open(&self, size: Size) -> Open {
        Open {
            account_id: None,
            collateral_denom: self.c.to_owned(),
            debt_denom: self.d.to_owned(),
            size,
            hops: self.pairs.route(self.d, self.c, self.around),
            max_debt: None,
            min_received: Amount::ZERO,
        }
    }

    fn adjust(&self, to: Target) -> Adjust {
        Adjust {
            account_id: None,
            collateral_denom: self.c.to_owned(),
            debt_denom: self.d.to_owned(),
            to,
            hops: self.pairs.route(self.d, self.c, self.around),
            max_debt: Some(Amount::MAX),
            max_sold: Some(Amount::MAX),
            min_received: Amount::ZERO,
        }
    }

    fn close(&self, rest: Option<Rest>) -> Close {
        Close {
            account_id: None,
            collateral_denom: self.c.to_owned(),
            debt_denom: self.d.to_owned(),
            hops: self.pairs.route(self.c, self.d, self.around),
            rest,
            min_received: Amount::ZERO,
        }
    }

    fn swap_collateral(&self, amount: Option<Amount>) -> SwapCollateral {
        SwapCollateral {
            account_id: None,
            from: self.c.to_owned(),
            to: self.d.to_owned(),
            amount,
            hops: self.pairs.route(self.c, self.d, self.around),
            min_received: Amount::ZERO,
        }
    }

    fn swap_debt(&self, amount: Option<Amount>) -> SwapDebt {
        SwapDebt {
            account_id: None,
            from: self.d.to_owned(),
            to: self.c.to_owned(),
            amount,
            hops: self.pairs.route(self.c, self.d, self.around),
            max_debt: Amount::MAX,
        }
    }
}

/// Collateral and debt of the wish: two tokens to open with, else mostly those of the account. A swap goes to the token
/// that is on neither side.
fn sides(world: &World, wish: &Wish, c: &'static str, d: &'static str) -> (&'static str, &'static str) {
    let position = world.position(ALICE);
    let token = |denom: &str| TOKENS.into_iter().find(|token| *token == denom).unwrap();
    let Some(owed) = position.debts.first().map(|debt| token(&debt.denom)) else { return (c, d) };
    let held = position.collaterals.iter().map(|held| token(&held.denom)).find(|held| *held != owed);
    let Some(held) = held else { return (c, d) };
    let third = TOKENS.into_iter().find(|token| *token != owed && *token != held).unwrap();
    match wish {
        Wish::Open { .. } if c == d => (held, owed),
        Wish::Open { .. } => (c, d),
        Wish::SwapCollateral { .. } => (held, third),
        Wish::SwapDebt { .. } => (third, owed),
        Wish::Adjust { .. } | Wish::Close(_) | Wish::Wait(_) => (held, owed),
    }
}

/// Tries a wish. What the quote refuses is refused for the same reason and changes nothing.
fn grant(world: &mut World, pairs: &Pairs, wish: &Wish, at: usize, apart: usize, around: bool) -> bool {
    if let Wish::Wait(seconds) = wish {
        world.advance(*seconds);
        for (denom, price) in [(UUSD, "1"), (UATOM, "10"), (AETH, "2000")] {
            world.set_price(denom, price);
        }
        return false;
    }
    let (c, d) = sides(world, wish, TOKENS[at], TOKENS[(at + apart) % 3]);
    if c == d {
        return false;
    }
    let Some((order, funds)) = order(world, &About { pairs, c, d, around }, wish) else { return false };
    match world.quote(ALICE, &order, &funds) {
        Err(error) => {
            assert_eq!(world.refused(|world| world.order(ALICE, &order, &funds)), error, "{order:?}");
            false
        }
        Ok(_) => {
            let (_, quote) = as_quoted(world, ALICE, &order, &funds);
            let asked = match &order {
                Order::Open(Open { size: Size::Leverage(asked), .. })
                | Order::Adjust(Adjust { to: Target::Leverage(asked), .. }) => Some(*asked),
                _ => None,
            };
            if let Some(asked) = asked {
                let got = leverage_of(&quote.position);
                assert!(got <= rational(asked.raw(), 10u128.pow(18)), "{order:?} ends at {got}");
            }
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_orders_are_as_quoted_and_leave_nothing_inside(
        wishes in prop::collection::vec(wishes(), 1..25), fee in any::<bool>(),
    ) {
        let builder = if fee { builder().margin_with_fee(ratio("0.002")) } else { builder() };
        let mut world = builder.build();
        let pairs = Pairs([
            (UUSD, UATOM, world.pair(UUSD, UATOM, 10_000_000)),
            (UATOM, AETH, world.pair(UATOM, AETH, 100_000_000)),
            (AETH, UUSD, world.pair(AETH, UUSD, 100_000_000)),
        ]);
        for (wish, at, apart, around) in &wishes {
            grant(&mut world, &pairs, wish, *at, *apart, *around);
            assert_solvent(&world);
        }
        prop_assert_eq!(world.balance(world.margin().as_str(), IBC_TOKEN), 0);
    }
}

#[test]
fn most_kinds_of_random_orders_succeed_from_a_position() {
    let mut world = builder().build();
    let pairs = Pairs([
        (UUSD, UATOM, world.pair(UUSD, UATOM, 10_000_000)),
        (UATOM, AETH, world.pair(UATOM, AETH, 100_000_000)),
        (AETH, UUSD, world.pair(AETH, UUSD, 100_000_000)),
    ]);
    // ATOM against dollars.
    for wish in [
        Wish::Open { own_debt: false, leverage: true, size: 400 },
        Wish::Open { own_debt: true, leverage: true, size: 500 },
        Wish::Adjust { kind: 0, size: 100 },
        Wish::Adjust { kind: 1, size: 300 },
        Wish::Adjust { kind: 2, size: 50 },
        Wish::Close(None),
    ] {
        assert!(grant(&mut world, &pairs, &wish, 1, 2, false), "{wish:?}");
    }
}
