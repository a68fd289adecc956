"""The formulas of plimsoll-risk, each once. They run on z3's reals and on fractions.Fraction alike.

Every formula takes a rounding first:

- `Exact` rounds nothing.
- `Whole` rounds as the contracts do: numbers of 18 decimals to 10⁻¹⁸, amounts to base units.
- `Any` (prover.py) answers any real in (x - step, x] or [x, x + step): a proof with it holds for every way to round.

Ratios, prices and values are plain numbers, 1 is one. A price is that of one base unit. `weight` is the borrow weight
of the repaid debt; 1 is a debt without one.
"""

import math
from collections import namedtuple
from fractions import Fraction

import z3

DECIMALS = Fraction(1, 10**18)
VIRTUAL_SHARES = 10**6
VIRTUAL_SUPPLY = 1

# min, max, full_at: the liquidator's bonus just below health factor 1, the most, and where that is reached.
Curve = namedtuple("Curve", "min max full_at")


# Not formulas, but what they are written with.
HELPERS = ("choose", "larger", "smaller", "both")


class Exact:
    """Rounds nothing."""

    def down(self, x):
        return x

    up = units_down = units_up = down


class Whole:
    """Rounds as the contracts do."""

    def down(self, x):
        return math.floor(x / DECIMALS) * DECIMALS

    def up(self, x):
        return math.ceil(x / DECIMALS) * DECIMALS

    def units_down(self, x):
        return Fraction(math.floor(x))

    def units_up(self, x):
        return Fraction(math.ceil(x))


def choose(condition, then, otherwise):
    """`then` or `otherwise`, both without arguments: of fractions only the chosen one is computed."""
    if z3.is_expr(condition):
        return z3.If(condition, then(), otherwise())
    return then() if condition else otherwise()


def larger(a, b):
    return choose(a >= b, lambda: a, lambda: b)


def smaller(a, b):
    return choose(a <= b, lambda: a, lambda: b)


def both(a, b):
    return z3.And(a, b) if z3.is_expr(a) or z3.is_expr(b) else a and b


# Values and health.


def collateral_value(r, amount, price):
    """Amount::value_down"""
    return r.down(amount * price)


def adjusted_collateral(r, value, threshold):
    """Value::share_down: what a deposit carries."""
    return r.down(value * threshold)


def debt_value(r, amount, price):
    """Amount::value_up"""
    return r.up(amount * price)


def weighted_debt(r, value, weight=1):
    """What a debt counts in the health factor; without weights its value."""
    return r.up(value * weight)


def health_factor(r, adjusted, weighted):
    """Health::factor_down"""
    return r.down(adjusted / weighted)


def collateral_ratio(r, collateral, debt):
    """Health::collateral_ratio_down"""
    return r.down(collateral / debt)


# Liquidation.


def is_accepted(threshold, curve):
    """AssetParams::validate: threshold × (1 + max) at most full_at, which is below 1."""
    return both(threshold * (1 + curve.max) <= curve.full_at, curve.full_at < 1)


def is_weight(weight):
    """What a borrow weight may be."""
    return weight >= 1


def is_accepted_throughout(thresholds, curves):
    """Whether every threshold and curve between these two of each is accepted: the highest threshold with the highest
    bonus against the lowest full_at. AssetParams::validate asks it of a ramp's ends; with one curve both are equal."""
    threshold = larger(*thresholds)
    most = larger(curves[0].max, curves[1].max)
    full_at = smaller(curves[0].full_at, curves[1].full_at)
    below_one = larger(curves[0].full_at, curves[1].full_at) < 1
    return both(is_accepted(threshold, Curve(curves[0].min, most, full_at)), below_one)


def ramp(start, end, share):
    """Ramp::at, `share` of its time gone."""
    return start + (end - start) * share


def curved_bonus(r, curve, factor):
    """The bonus that the health factor asks for."""

    def climbed():
        below = larger(1 - factor, 0)
        return curve.min + r.down((curve.max - curve.min) * below / (1 - curve.full_at))

    return choose(factor <= curve.full_at, lambda: curve.max, climbed)


def payable_bonus(r, curve, sale_cost, ratio, leverage):
    """What the account has beyond its debt, or what a sale costs when that is more."""
    beyond = larger(r.down(ratio / leverage) - 1, 0)
    return larger(beyond, smaller(curve.min, sale_cost))


def bonus(r, curve, sale_cost, factor, ratio, leverage):
    """liquidation::bonus_down"""
    return smaller(curved_bonus(r, curve, factor), payable_bonus(r, curve, sale_cost, ratio, leverage))


def leverage(r, seized_verdict, repaid_verdict, seized, repaid):
    """ExchangePrices::leverage_up: what a unit of repaid value buys of seized value, at the verdict's prices."""
    return r.up(repaid * seized_verdict / (repaid_verdict * seized))


def carried_back(r, threshold, bonus, leverage):
    """How much a unit of repaid value lowers the adjusted collateral."""
    return r.up(r.up(threshold * (1 + bonus)) * leverage)


def lowers_no_health(threshold, bonus, leverage, factor, weight):
    """When a liquidation leaves the health factor no lower."""
    return threshold * (1 + bonus) * leverage <= weight * factor


def weighs_enough(weight, debt, weighted):
    """Whether the repaid debt's weight is no less than that of all debts together."""
    return weight * debt >= weighted


def gained(r, threshold, bonus, target, leverage, weight=1):
    """By how much a unit of repaid value brings the account nearer to the target."""
    return r.down(target * weight) - carried_back(r, threshold, bonus, leverage)


def missing(r, adjusted, weighted, target):
    """What the account lacks of the target."""
    return larger(r.up(weighted * target) - adjusted, 0)


def target_size(r, lacks, nearer):
    """The value to repay by the target alone."""
    return r.up(lacks / nearer)


def target_repay(r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight=1):
    """liquidation::target_repay_up: the value to repay so that the account ends at the target health factor."""
    nearer = gained(r, threshold, bonus, target, leverage, weight)

    def by_target():
        return smaller(target_size(r, missing(r, adjusted, weighted, target), nearer), debt)

    covers_least = collateral <= r.down(debt * (1 + curve.min))
    return choose(covers_least, lambda: debt, lambda: choose(nearer <= 0, lambda: debt, by_target))


def seized_for(r, repay, bonus, seized_price, repaid_price):
    """Exchange::seized_down, in liquidation::size"""
    return r.units_down(r.down(r.down(repay * repaid_price) * (1 + bonus)) / seized_price)


def repaid_for(r, seize, bonus, seized_price, repaid_price):
    """Exchange::repaid_up, in liquidation::size"""
    return r.units_up(r.up(r.up(seize * seized_price) / (1 + bonus)) / repaid_price)


def protocol_fee(r, seize, bonus, sale_cost, fee):
    """Exchange::fee_up, in liquidation::size: a share of what the bonus exceeds the cost of a sale by."""
    untouched = r.units_up(seize * (1 + smaller(sale_cost, bonus)) / (1 + bonus))
    return r.units_up(larger(seize - untouched, 0) * fee)


def received_per_repaid(bonus, sale_cost, fee):
    """What a unit of repaid value brings the liquidator, the protocol's fee taken, before rounding."""
    return 1 + bonus - fee * (bonus - smaller(sale_cost, bonus))


def is_fee(fee):
    """AssetParams::validate: the protocol's share of the bonus."""
    return fee <= Fraction(1, 2)


def brings_no_more(gain_after, used_after, gain, used):
    """Whether a unit of what bounds a liquidation brings no more than before."""
    return gain_after * used <= gain * used_after


Liquidation = namedtuple("Liquidation", "repay seize fee bonus")
# A liquidation's two lines: amounts, the verdict's prices and those of the exchange.
Lines = namedtuple("Lines", "held owed seized_verdict repaid_verdict seized repaid")
# The account's sums: collateral, adjusted collateral, debt, weighted debt.
Sums = namedtuple("Sums", "collateral adjusted debt weighted")
Terms = namedtuple("Terms", "curve sale_cost fee target dust")


def size(r, lines, sums, threshold, terms, offered, weight=1):
    """liquidation::size, in a market that can pay all that is seized."""
    moved = leverage(r, lines.seized_verdict, lines.repaid_verdict, lines.seized, lines.repaid)
    factor = health_factor(r, sums.adjusted, sums.weighted)
    ratio = collateral_ratio(r, sums.collateral, sums.debt)
    paid = bonus(r, terms.curve, terms.sale_cost, factor, ratio, moved)
    value = target_repay(
        r, sums.collateral, sums.adjusted, sums.debt, sums.weighted, threshold, paid, terms.curve, terms.target,
        moved, weight,
    )  # fmt: skip
    most = smaller(offered, lines.owed)

    def at(repay):
        wanted = seized_for(r, repay, paid, lines.seized, lines.repaid)
        if wanted <= lines.held:
            return repay, wanted
        return smaller(repay, repaid_for(r, lines.held, paid, lines.seized, lines.repaid)), lines.held

    repay, seize = at(smaller(r.units_up(value / lines.repaid_verdict), most))
    left = r.up((lines.owed - repay) * lines.repaid_verdict)
    if 0 < left < terms.dust and most >= lines.owed:
        repay, seize = at(lines.owed)
    return Liquidation(repay, seize, protocol_fee(r, seize, paid, terms.sale_cost, terms.fee), paid)


# Prices.


def nearest(settled, low, high, floor, ceiling, is_held):
    """Where the settled price is heading: the nearest edge of raw, or a bound that holds; itself inside."""
    down = smaller(larger(high, choose(is_held, lambda: floor, lambda: 0 * floor)), settled)
    up = larger(choose(is_held, lambda: smaller(low, ceiling), lambda: low), settled)
    return choose(settled > high, lambda: down, lambda: choose(settled < low, lambda: up, lambda: settled))


def settled_step(r, settled, low, high, floor, ceiling, is_held, deviation):
    """PriceRecord::settled_at, one step"""
    goal = nearest(settled, low, high, floor, ceiling, is_held)
    fallen = larger(r.down(settled * (1 - deviation)), goal)
    risen = smaller(r.up(settled * (1 + deviation)), goal)
    return choose(goal < settled, lambda: fallen, lambda: risen)


def is_below(high, floor):
    """Whether a whole observation lies below the floor."""
    return high < floor


def is_above(low, ceiling):
    """Whether a whole observation lies above the ceiling."""
    return low > ceiling


def beyond_since(was_beyond, is_beyond, since, now):
    """PriceRecord::observe, `beyond_since` of one bound: since when observations have been beyond it; 0 when the last
    one isn't."""
    return choose(is_beyond, lambda: choose(was_beyond, lambda: since, lambda: now), lambda: 0)


def counted_high(settled, low):
    """RecordMark::of, `settled.high`: what a collateral counts at."""
    return larger(settled, low)


def counted_low(settled, high):
    """RecordMark::of, `settled.low`: what a debt counts at."""
    return smaller(settled, high)


def silent_high(r, settled, low, deviation):
    """RecordMark::of of a silent record: what a collateral counts at."""
    return smaller(counted_high(settled, low), r.down(settled * (1 + deviation)))


def silent_low(r, settled, high, deviation):
    """RecordMark::of of a silent record: what a debt counts at."""
    return larger(counted_low(settled, high), r.up(settled * (1 - deviation)))


def shared_value(carried, owed, low, high):
    """Position::settled_values: the one value of a record on which both sides hang."""
    return choose(carried > owed, lambda: high, lambda: low)


# Shares.


def shares_down(r, amount, supply, shares, virtual=VIRTUAL_SHARES):
    """shares::to_shares_down"""
    return r.units_down(amount * (shares + virtual) / (supply + VIRTUAL_SUPPLY))


def shares_up(r, amount, supply, shares, virtual=VIRTUAL_SHARES):
    """shares::to_shares_up"""
    return r.units_up(amount * (shares + virtual) / (supply + VIRTUAL_SUPPLY))


def worth_down(r, held, supply, shares, virtual=VIRTUAL_SHARES):
    """shares::to_amount_down"""
    return r.units_down(held * (supply + VIRTUAL_SUPPLY) / (shares + virtual))


def share_price(supply, shares, virtual=VIRTUAL_SHARES):
    """What one share is worth, unrounded."""
    return (supply + VIRTUAL_SUPPLY) / (shares + virtual)


# Interest.


def growth(r, x):
    """x + x²/2 + x³/6, each term rounded up; in interest::compound_up"""
    first = r.up(x)
    second = r.up(first * first / 2)
    return first + second + r.up(second * first / 3)


def compound(r, index, x):
    """interest::compound_up, below where the index stops; x = rate × seconds / year"""
    return index + r.up(index * growth(r, x))


def accrual_bound(gone, most):
    """How far accruals over `gone`, of `most` in all, may lead beyond one accrual, of an index of 1."""
    return (1 + most) * gone * gone * gone * gone / 24


def lifted_by_rounding(accruals, step):
    """By what share of the index so many accruals are rounded up at most."""
    return 15 * accruals * step


# A limit on what leaves a market.


def outflow_used(r, used, limit, share, flow):
    """The bucket after `share` of a window and a net flow out. No function of this crate has it yet."""
    return larger(used - r.units_down(limit * share), 0) + flow


def may_pass(passed, flow, floors):
    """Whether a small withdrawal passes above the limit: `passed` have, of `floors` in a window."""
    return passed + flow <= floors


def may_leave(used, limit):
    """Whether the flow that led to `used` is taken."""
    return used <= limit
