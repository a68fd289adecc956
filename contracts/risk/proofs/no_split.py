"""Splitting a liquidation never pays: parts of the same collateral for the same debt bring no more than one does.

The lines are exchanged at the same prices in each part, and no shared record turns to its other end.

What one liquidation brings is its size X × g(b), where g(b) is the gain on a unit repaid: `received_per_repaid` - 1.
X is the least of five bounds: by the target, by the debt, by the coins, by the collateral, by the market's cash.
Induction over the parts: a first part x at the bonus b leaves an account in which one liquidation brings at most
(X - x) × g(b). So all parts together bring at most X × g(b).

1. The bonus of the rest is no higher: `health_rises_or_the_bonus_is_full`, `the_curve_falls`,
   `the_bonus_never_rises`. Rounding lifts it by no more than `rounding_lifts_the_curve` and
   `rounding_lifts_what_can_be_paid` say: that is `lift`.
2. The size of the rest is no larger. By the target that is `the_rest_is_no_larger`; rounding adds a `crumb`, which
   `the_rest_is_hardly_larger_by_rounding` bounds. By debt and coins X - x are left. A part leaves no less debt than
   the whole would, so dust is closed in parts only where one closes it. An account above CR 1 + b_min stays there
   (`the_border_of_the_whole_debt_is_not_crossed`), so the whole debt is due only where it was before.
3. A lower bonus brings no more: `a_lower_bonus_brings_less_by_repaid`, `..._by_collateral`, `..._by_cash`.
4. The step itself, for each kind of bound: `a_part_and_the_rest_bring_no_more`.
"""

from z3 import And, Or, Real

import formulas
from formulas import Curve, Sums
from prover import Any, Floor, Lemma, reals
from ratios import always

EXACT = formulas.Exact()


def account():
    """An account below health factor 1, accepted parameters and a part that is repaid."""
    sums = Sums(*reals("collateral adjusted debt weighted"))
    threshold, leverage, weight, part, sale_cost = reals("threshold leverage weight part sale_cost")
    curve = Curve(*reals("bonus_min bonus_max full_at"))
    given = [sums.adjusted >= 0, sums.adjusted < sums.weighted, sums.weighted >= sums.debt]
    given += [part >= 0, part < sums.debt, weight * part < sums.weighted]
    given += [threshold >= 0, leverage > 0, leverage <= 1, curve.min >= 0, curve.min <= curve.max, curve.max <= 1]
    given += [sale_cost >= 0]
    return sums, threshold, leverage, weight, part, sale_cost, curve, given


def after(sums, threshold, leverage, weight, part, paid):
    """The account's sums after a part, unrounded."""
    seized = part * (1 + paid) * leverage
    return Sums(
        sums.collateral - seized, sums.adjusted - threshold * seized, sums.debt - part, sums.weighted - weight * part
    )


def health_rises_or_the_bonus_is_full(f):
    sums, threshold, leverage, weight, part, _, curve, given = account()
    paid = Real("paid")
    left = after(sums, threshold, leverage, weight, part, paid)
    given += [f.is_accepted(threshold, curve), f.is_weight(weight), paid >= 0, paid <= curve.max]
    rises = left.adjusted * sums.weighted >= sums.adjusted * left.weighted
    # By cross-multiplication: the computed factor of one that is below full_at is below it, too.
    return given, Or(rises, sums.adjusted <= curve.full_at * sums.weighted)


def the_curve_falls(f):
    curve = Curve(*reals("bonus_min bonus_max full_at"))
    before, later = reals("factor factor_after")
    given = [curve.min >= 0, curve.min <= curve.max, curve.full_at < 1, before < 1, later >= before]
    return given, f.curved_bonus(EXACT, curve, later) <= f.curved_bonus(EXACT, curve, before)


def the_bonus_never_rises(f):
    """The curve before and after stand for what `the_curve_falls` says of them."""
    sums, threshold, leverage, weight, part, sale_cost, curve, given = account()
    curved, curved_after = reals("curved curved_after")
    ratio = f.collateral_ratio(EXACT, sums.collateral, sums.debt)
    paid = f.smaller(curved, f.payable_bonus(EXACT, curve, sale_cost, ratio, leverage))
    left = after(sums, threshold, leverage, weight, part, paid)
    ratio_after = f.collateral_ratio(EXACT, left.collateral, left.debt)
    payable_after = f.payable_bonus(EXACT, curve, sale_cost, ratio_after, leverage)
    given += [curved >= curve.min, curved <= curve.max, curved_after <= curved, left.collateral >= 0]
    return given, f.smaller(curved_after, payable_after) <= paid


def rounding_lifts_the_factor(f):
    """Each sum is off by at most `crumbs`: two steps a line."""
    crumbs, adjusted, weighted, adjusted_after, weighted_after, exact, exact_weighted = reals(
        "crumbs adjusted weighted adjusted_after weighted_after adjusted_exact weighted_exact"
    )
    r = Any()
    before = f.health_factor(r, adjusted, weighted)
    later = f.health_factor(r, adjusted_after, weighted_after)
    given = [adjusted >= 0, adjusted < weighted, crumbs >= 0, exact_weighted > 0, weighted_after > 0, exact >= 0]
    given += [exact * weighted >= adjusted * exact_weighted, exact <= exact_weighted]
    given += [adjusted_after >= exact - crumbs, weighted_after <= exact_weighted + crumbs]
    return given, (later - before + r.step) * weighted_after >= -2 * crumbs


def rounding_lifts_the_curve(f):
    curve = Curve(*reals("bonus_min bonus_max full_at"))
    before, later, fallen = reals("factor factor_after fallen")
    r = Any()
    paid, paid_after = f.curved_bonus(r, curve, before), f.curved_bonus(r, curve, later)
    given = [curve.min >= 0, curve.min <= curve.max, curve.full_at < 1, before < 1]
    given += [fallen >= 0, later >= before - fallen]
    lifted = (curve.max - curve.min) * fallen
    return given, (paid_after - paid - r.step) * (1 - curve.full_at) <= lifted


def rounding_lifts_what_can_be_paid(f):
    """`seized` is short of the exact by at most `crumb`, at the verdict's prices."""
    collateral, debt, part, seized, crumb, paid, leverage = reals("collateral debt part seized crumb paid leverage")
    lifted = Real("paid_after")
    given = [debt > 0, collateral >= 0, part >= 0, part < debt, leverage > 0, crumb >= 0, paid >= 0]
    given += [seized >= part * (1 + paid) * leverage - crumb, seized <= collateral]
    # The bonus before was all that can be paid, and that after is at most all that can be.
    ratio = f.collateral_ratio(EXACT, collateral, debt)
    ratio_after = f.collateral_ratio(EXACT, collateral - seized, debt - part)
    curve = Curve(0, 1, 1)
    given += [paid == f.payable_bonus(EXACT, curve, 0, ratio, leverage)]
    given += [lifted == f.payable_bonus(EXACT, curve, 0, ratio_after, leverage)]
    return given, (lifted - paid) * leverage * (debt - part) <= crumb


def rounded_sums_fall_by_what_is_moved(f):
    """In steps of value: what is held and owed, and what is taken and repaid of it, unrounded."""
    held, taken, owed, repaid, given_for = reals("held taken owed repaid given_for")
    floor = Floor()
    counted_repaid = f.collateral_value(floor, repaid, 1)
    seized_for = f.collateral_value(floor, given_for, 1)
    given = [held >= 0, taken >= 0, taken <= held, owed >= 0, repaid >= 0, repaid <= owed, given_for >= 0]
    # The units seized are worth no more than what they are seized for.
    given += [taken <= seized_for]
    collateral_falls = f.collateral_value(floor, held, 1) - f.collateral_value(floor, held - taken, 1)
    debt_falls = f.debt_value(floor, owed, 1) - f.debt_value(floor, owed - repaid, 1)
    return given, And(collateral_falls <= seized_for, debt_falls >= counted_repaid)


def the_border_of_the_whole_debt_is_not_crossed(f):
    """The contract's own sums, m = 1: by `rounded_sums_fall_by_what_is_moved`."""
    collateral, debt, seized, repaid, paid, sale_cost = reals("collateral debt seized repaid paid sale_cost")
    left, left_debt = reals("collateral_after debt_after")
    curve = Curve(*reals("bonus_min bonus_max full_at"))
    r = Any()
    ratio = f.collateral_ratio(r, collateral, debt)
    given = [curve.min >= 0, sale_cost >= 0, paid >= 0, debt > 0, repaid >= 0, repaid <= debt]
    given += [collateral > debt * (1 + curve.min), paid <= f.payable_bonus(r, curve, sale_cost, ratio, 1)]
    given += [seized <= repaid * (1 + paid), left >= collateral - seized]
    given += [left_debt <= debt - repaid, left_debt > 0]
    return given, left > left_debt * (1 + curve.min)


def the_rest_is_no_larger(f):
    sums, threshold, leverage, weight, part, _, curve, given = account()
    paid, paid_after, target = reals("paid paid_after target")
    left = after(sums, threshold, leverage, weight, part, paid)
    given += [f.is_accepted(threshold, curve), f.is_weight(weight), target > 1]
    given += [0 <= paid_after, paid_after <= paid, paid <= curve.max]
    nearer = f.gained(EXACT, threshold, paid, target, leverage, weight)
    nearer_after = f.gained(EXACT, threshold, paid_after, target, leverage, weight)
    whole, rest = reals("whole rest")
    given += [nearer > 0, nearer_after >= nearer]
    given += [whole * nearer == f.missing(EXACT, sums.adjusted, sums.weighted, target)]
    given += [rest * nearer_after == f.missing(EXACT, left.adjusted, left.weighted, target), part <= whole]
    return given, rest <= whole - part


def the_rest_needs_no_more_a_unit(f):
    """Unrounded with `lift` 0; else the bonus after may be higher by that, by rounding."""
    threshold, leverage, weight, target, paid, paid_after, lift = reals(
        "threshold leverage weight target paid paid_after lift"
    )
    r = Any()
    given = [threshold >= 0, leverage > 0, leverage <= 1, weight >= 1, target > 1, paid >= 0, lift >= 0]
    given += [paid_after >= 0, paid_after <= paid + lift]
    nearer = f.gained(r, threshold, paid, target, leverage, weight)
    nearer_after = f.gained(r, threshold, paid_after, target, leverage, weight)
    exactly = f.gained(EXACT, threshold, paid_after, target, leverage, weight)
    exactly_before = f.gained(EXACT, threshold, paid, target, leverage, weight)
    rounded = nearer_after >= nearer - threshold * lift - 3 * r.step
    return given, And(exactly >= exactly_before - threshold * lift, rounded)


def the_rest_lacks_what_the_part_left(f):
    """`part` is the value repaid, rounded, and `seized` what is seized for it. The sums after it are off by a step
    each. `nearer` is the contract's, rounded down."""
    sums, threshold, leverage, weight, part, _, curve, given = account()
    paid, target, seized, adjusted_after, weighted_after, nearer = reals(
        "paid target seized adjusted_after weighted_after nearer"
    )
    r = Any()
    lacks = f.missing(r, sums.adjusted, sums.weighted, target)
    lacks_after = f.missing(r, adjusted_after, weighted_after, target)
    given += [target > 1, paid >= 0, nearer <= f.gained(EXACT, threshold, paid, target, leverage, weight)]
    given += [seized <= part * (1 + paid) * leverage, adjusted_after >= sums.adjusted - threshold * seized - r.step]
    given += [weighted_after <= sums.weighted - weight * part + r.step]
    return given, Or(lacks_after <= 0, lacks_after <= lacks - part * nearer + (target + 2) * r.step)


def the_rest_is_hardly_larger_by_rounding(f):
    """`lacks` and `nearer` stand for what the two statements before say of them. `lift` is that of the bonus."""
    part, lacks, lacks_after, nearer, nearer_after, target, threshold, lift = reals(
        "part lacks lacks_after nearer nearer_after target threshold lift"
    )
    r = Any()
    whole, rest = f.target_size(r, lacks, nearer), f.target_size(r, lacks_after, nearer_after)
    given = [part >= 0, part <= whole, lacks >= 0, lacks_after >= 0, target > 1, threshold >= 0, lift >= 0]
    given += [nearer > 0, nearer_after > 0, nearer_after >= nearer - threshold * lift - 3 * r.step]
    given += [Or(lacks_after <= 0, lacks_after <= lacks - part * nearer + (target + 2) * r.step)]
    steps = (3 * (whole - part) + target + 2 + nearer_after) * r.step
    return given, (rest - whole + part) * nearer_after <= steps + (whole - part) * threshold * lift


def incentives():
    lower, paid, sale_cost, fee = reals("paid_after paid sale_cost fee")
    given = [0 <= lower, lower <= paid, paid <= 1, sale_cost >= 0, sale_cost <= 1, fee >= 0]
    return lower, paid, sale_cost, fee, given


def a_lower_bonus_brings_less_by_repaid(f):
    lower, paid, sale_cost, fee, given = incentives()
    given += [f.is_fee(fee)]
    return given, f.received_per_repaid(lower, sale_cost, fee) <= f.received_per_repaid(paid, sale_cost, fee)


def a_lower_bonus_brings_less_by_collateral(f):
    lower, paid, sale_cost, fee, given = incentives()
    given += [f.is_fee(fee)]
    gain_lower = f.received_per_repaid(lower, sale_cost, fee) - 1
    gain = f.received_per_repaid(paid, sale_cost, fee) - 1
    return given, gain_lower * (1 + paid) <= gain * (1 + lower)


def a_lower_bonus_brings_less_by_cash(f):
    lower, paid, sale_cost, fee, given = incentives()
    given += [f.is_fee(fee)]
    received_lower = f.received_per_repaid(lower, sale_cost, fee)
    received = f.received_per_repaid(paid, sale_cost, fee)
    return given, (received_lower - 1) * received <= (received - 1) * received_lower


def a_part_and_the_rest_bring_no_more(f):
    """`used` is what a unit repaid takes of the bound: 1 of debt and coins, 1 + b of collateral, all that is received
    of cash. `gain` is what it brings. Rounding may lift the gain, and the bound by a `crumb`; both may be 0."""
    bound, part, rest, gain, gain_after, used, used_after, lift, crumb = reals(
        "bound part rest gain gain_after used used_after lift crumb"
    )
    given = [bound >= 0, part >= 0, rest >= 0, gain >= 0, gain_after >= 0, used >= 1, used_after >= 1]
    given += [lift >= 0, crumb >= 0, f.brings_no_more(gain_after - lift, used_after, gain, used)]
    given += [part * used <= bound, rest * used_after <= bound - part * used + crumb]
    # One liquidation repays bound / used.
    return given, (part * gain + rest * gain_after) * used <= (bound + crumb) * gain + rest * lift * used


def the_fee_is_short_by_less_than_a_unit(f):
    seize, paid, sale_cost, fee = reals("seize paid sale_cost fee")
    given = [seize >= 0, paid >= 0, sale_cost >= 0, fee >= 0, f.is_fee(fee)]
    taken = f.protocol_fee(Any(), seize, paid, sale_cost, fee)
    # Of a unit of collateral that is seized: what a unit repaid brings without the fee, less with it.
    exactly = seize * (1 + paid - f.received_per_repaid(paid, sale_cost, fee)) / (1 + paid)
    return given, And(taken > exactly - 1, taken < exactly + 1)


# Mutations.


def rising_curve(r, curve, factor):
    climbed = curve.min + (curve.max - curve.min) * (factor - curve.full_at) / (1 - curve.full_at)
    return formulas.choose(factor <= curve.full_at, lambda: curve.min, lambda: climbed)


def cliff_below_one(r, curve, factor):
    return formulas.choose(factor <= curve.full_at, lambda: curve.max, lambda: curve.min)


def payable_by_a_multiple(r, curve, sale_cost, ratio, leverage):
    return formulas.payable_bonus(r, curve, sale_cost, ratio, leverage) / 2


def payable_three_times(r, curve, sale_cost, ratio, leverage):
    return 3 * formulas.payable_bonus(r, curve, sale_cost, ratio, leverage)


def payable_without_leverage(r, curve, sale_cost, ratio, leverage):
    return formulas.payable_bonus(r, curve, sale_cost, ratio, 1)


def factor_rounded_up(r, adjusted, weighted):
    return r.down(adjusted / weighted) + 2 * r.down(adjusted / weighted)


def gained_by_the_bonus(r, threshold, bonus, target, leverage, weight=1):
    return target * weight - threshold * (1 - bonus) * leverage


def missing_in_debt(r, adjusted, weighted, target):
    return formulas.larger(weighted - adjusted, 0)


def missing_times_gained(r, lacks, nearer):
    return r.up(lacks * nearer)


def up_to_all(fee):
    return fee <= 1


def fee_of_all(r, seize, bonus, sale_cost, fee):
    return r.units_up(seize * fee)


def whole_fee(bonus, sale_cost, fee):
    return 1 + bonus - 3 * fee * bonus


LEMMAS = [
    Lemma(
        health_rises_or_the_bonus_is_full,
        "accepted parameters, w ≥ 1, m ≤ 1",
        "a part at accepted parameters leaves HF no lower, or HF was at most full_at, where the curve is at its most",
        "parameters aren't validated",
        is_accepted=always,
    ),
    Lemma(
        the_curve_falls,
        "b_min ≤ b_max, full_at < 1",
        "the curve is no higher at a higher HF",
        "the bonus rises with HF",
        curved_bonus=rising_curve,
    ),
    Lemma(
        the_bonus_never_rises,
        "b2; m ≤ 1; the part is seized for unrounded",
        "where the curve is no higher after a part, neither is the bonus: it leaves CR, or the cap is sale_cost",
        "what can be paid ignores the exchange's own prices",
        payable_bonus=payable_without_leverage,
    ),
    Lemma(
        rounding_lifts_the_factor,
        "HF of unrounded sums doesn't fall; each sum is off by at most `crumbs`",
        "by rounding HF falls by at most one step and 2 × crumbs / weighted debt",
        "HF is three times as much",
        health_factor=factor_rounded_up,
    ),
    Lemma(
        rounding_lifts_the_curve,
        "HF falls by at most `fallen`",
        "the curve then rises by at most one step and (max - min) / (1 - full_at) × that fall",
        "the curve jumps at full_at",
        curved_bonus=cliff_below_one,
    ),
    Lemma(
        rounding_lifts_what_can_be_paid,
        "the bonus was all that can be paid; seized is short of exact by at most `crumb`",
        "what is not seized by rounding lifts the bonus of the rest by at most its value / (m × debt left)",
        "half of what the account has beyond its debt is paid",
        payable_bonus=payable_by_a_multiple,
    ),
    Lemma(
        rounded_sums_fall_by_what_is_moved,
        "the units seized are worth at most the rounded value that they are seized for",
        "the contract's sums fall by no more collateral and no less debt than the rounded values that are exchanged",
        "values are rounded up",
        collateral_value=formulas.debt_value,
    ),
    Lemma(
        the_border_of_the_whole_debt_is_not_crossed,
        "b7; m = 1; CR of the contract's sums above 1 + b_min",
        "so a part takes no account from above CR 1 + b_min to it, by rounding neither (m = 1)",
        "the account pays three times what it has beyond its debt",
        payable_bonus=payable_three_times,
    ),
    Lemma(
        the_rest_needs_no_more_a_unit,
        "the bonus rises by at most `lift`, w ≥ 1, m ≤ 1",
        "at a bonus no higher a unit repaid brings the account no less near, but for LT × lift and three steps",
        "a higher bonus brings it nearer",
        gained=gained_by_the_bonus,
    ),
    Lemma(
        the_rest_is_no_larger,
        "b9; accepted parameters, w ≥ 1; unrounded",
        "a part x of the size X leaves a size of at most X - x",
        "the size brings HF to 1 in place of T",
        missing=missing_in_debt,
    ),
    Lemma(
        the_rest_lacks_what_the_part_left,
        "sums after the part are off by a step each; what is seized as a4 says",
        "rounded, what is missing falls by the part × (T w - LT (1 + b) m), but for T + 2 steps",
        "the size brings HF to 1 in place of T",
        missing=missing_in_debt,
    ),
    Lemma(
        the_rest_is_hardly_larger_by_rounding,
        "b9 and b11",
        "so the rest is at most X - x, but for (3 (X - x) + T + 2) steps + (X - x) LT × lift, over T w - LT (1 + b) m,"
        " and a step",
        "the size is missing × gained",
        target_size=missing_times_gained,
    ),
    Lemma(
        a_lower_bonus_brings_less_by_repaid,
        "fee at most 1/2; gain at the prices of the exchange",
        "a unit repaid brings no more at a lower bonus",
        "the fee is taken of the whole bonus, three times",
        received_per_repaid=whole_fee,
    ),
    Lemma(
        a_lower_bonus_brings_less_by_collateral,
        "the same, sale_cost ≤ 1",
        "a unit of collateral brings no more at a lower bonus",
        "the fee may be all of it",
        is_fee=up_to_all,
    ),
    Lemma(
        a_lower_bonus_brings_less_by_cash,
        "the same",
        "a unit of the market's cash brings no more at a lower bonus",
        "the fee may be more than all",
        is_fee=always,
    ),
    Lemma(
        a_part_and_the_rest_bring_no_more,
        "b13 to b15 but for `lift`; the rest's bound is what the part left but for `crumb`",
        "so a part and the rest bring no more than one liquidation, whatever bounds it, but for lift and crumb",
        "a unit of what bounds it may bring more after",
        brings_no_more=always,
    ),
    Lemma(
        the_fee_is_short_by_less_than_a_unit,
        "fee at most 1/2",
        "the fee is within one base unit of the share of what b exceeds sale_cost by, of what is seized",
        "the fee is taken of all that is seized",
        protocol_fee=fee_of_all,
    ),
]
