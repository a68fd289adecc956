"""A share can't be inflated for more than a stated loss.

All shares are the attacker's, but those of the victim and the virtual ones. What the virtual shares gain nobody gets:
the attacker loses it.
"""

import formulas
from prover import Any, Lemma, reals

EXACT = formulas.Exact()


def market():
    supply, shares, amount = reals("supply shares amount")
    r = Any()
    return supply, shares, amount, r, [supply >= 0, shares >= 0, amount >= 0]


def a_deposit_lowers_no_share(f):
    supply, shares, amount, r, given = market()
    minted = f.shares_down(r, amount, supply, shares)
    given += [minted >= 0]
    return given, f.share_price(supply, shares) <= f.share_price(supply + amount, shares + minted)


def a_withdrawal_lowers_no_share(f):
    supply, shares, amount, r, given = market()
    burnt = f.shares_up(r, amount, supply, shares)
    given += [amount <= supply, burnt <= shares]
    return given, f.share_price(supply, shares) <= f.share_price(supply - amount, shares - burnt)


def a_deposit_brings_back_no_more(f):
    supply, shares, amount, r, given = market()
    minted = f.shares_down(r, amount, supply, shares)
    back = f.worth_down(r, minted, supply + amount, shares + minted)
    given += [minted >= 0]
    return given, back <= amount


def a_depositor_loses_less_than_a_share(f):
    supply, shares, amount, r, given = market()
    minted = f.shares_down(r, amount, supply, shares)
    worth = minted * f.share_price(supply + amount, shares + minted)
    given += [minted >= 0]
    return given, amount - worth < f.share_price(supply + amount, shares + minted)


def raising_a_share_costs_the_virtual_shares_part(f):
    """`spent` bought all shares and was given away until a share costs `price`."""
    spent, shares, price = reals("spent shares price")
    held = shares * price
    given = [spent >= 0, shares >= 0, price == f.share_price(spent, shares)]
    return given, spent - held == formulas.VIRTUAL_SHARES * price - formulas.VIRTUAL_SUPPLY


def who_inflates_loses_a_million_times_as_much(f):
    """The attacker spent `supply` on all shares and gifts; the victim deposits `amount`."""
    supply, shares, amount, r, given = market()
    minted = f.shares_down(r, amount, supply, shares)
    price = f.share_price(supply + amount, shares + minted)
    lost, attackers_loss = amount - minted * price, supply - shares * price
    given += [minted >= 0, lost >= 0]
    return given, attackers_loss >= (formulas.VIRTUAL_SHARES - 1) * lost - formulas.VIRTUAL_SUPPLY


# Mutations.


def shares_rounded_up(r, amount, supply, shares, virtual=formulas.VIRTUAL_SHARES):
    return r.units_up(amount * (shares + virtual) / (supply + formulas.VIRTUAL_SUPPLY))


def shares_rounded_down(r, amount, supply, shares, virtual=formulas.VIRTUAL_SHARES):
    return r.units_down(amount * (shares + virtual) / (supply + formulas.VIRTUAL_SUPPLY))


def shares_of_the_supply_alone(r, amount, supply, shares, virtual=formulas.VIRTUAL_SHARES):
    return r.units_down(amount * (shares + virtual) / (supply + 10 * formulas.VIRTUAL_SUPPLY))


def worth_rounded_up(r, held, supply, shares, virtual=formulas.VIRTUAL_SHARES):
    return r.units_up(held * (supply + formulas.VIRTUAL_SUPPLY) / (shares + virtual))


def one_virtual_share(supply, shares):
    return formulas.share_price(supply, shares, 1)


def minted_beside_one(r, amount, supply, shares):
    return formulas.shares_down(r, amount, supply, shares, 1)


LEMMAS = [
    Lemma(
        a_deposit_lowers_no_share,
        "any supply and shares",
        "a deposit leaves the price of a share no lower, rounded",
        "shares are rounded up",
        shares_down=shares_rounded_up,
    ),
    Lemma(
        a_withdrawal_lowers_no_share,
        "the market has that much and as many shares",
        "a withdrawal leaves the price of a share no lower, rounded",
        "burnt shares are rounded down",
        shares_up=shares_rounded_down,
    ),
    Lemma(
        a_deposit_brings_back_no_more,
        "nothing in between",
        "a deposit that is withdrawn at once brings back no more, rounded",
        "what shares are worth is rounded up",
        worth_down=worth_rounded_up,
    ),
    Lemma(
        a_depositor_loses_less_than_a_share,
        "any supply and shares",
        "a depositor loses less than the price of one share by rounding",
        "a deposit buys as if the supply were larger",
        shares_down=shares_of_the_supply_alone,
    ),
    Lemma(
        raising_a_share_costs_the_virtual_shares_part,
        "all shares are the attacker's, all supply was bought or given",
        "to raise the price of a share to p costs 10⁶ p - 1 base units that nobody gets back",
        "there is one virtual share",
        share_price=one_virtual_share,
    ),
    Lemma(
        who_inflates_loses_a_million_times_as_much,
        "the same, and one victim",
        "whoever makes a depositor lose L by rounding loses at least 999,999 L - 1 base units",
        "there is one virtual share",
        share_price=one_virtual_share,
        shares_down=minted_beside_one,
    ),
]
