"""A liquidation doesn't lower the collateral ratio and the health factor where the documents say so.

Sums are unrounded values. `paid` is what the contract computes, with every rounding, from its own sums: the collateral
rounded down, the debt up. `seized` is bounded by liquidation_size.what_is_seized.
"""

from z3 import Real

import formulas
from formulas import Curve
from prover import Any, Lemma, reals


def account():
    """An account below health factor 1, a repaid and a seized value, and accepted parameters."""
    collateral, adjusted, debt, weighted = reals("collateral adjusted debt weighted")
    repaid, seized, threshold, leverage, weight = reals("repaid seized threshold leverage weight")
    curve = Curve(*reals("bonus_min bonus_max full_at"))
    given = [adjusted >= 0, adjusted < weighted, debt > 0, weighted >= debt, collateral >= 0]
    given += [repaid >= 0, repaid <= debt, weight * repaid <= weighted, seized >= 0, seized <= collateral]
    given += [threshold >= 0, leverage > 0, leverage <= 1, curve.min >= 0, curve.min <= curve.max, curve.max <= 1]
    sums = formulas.Sums(collateral, adjusted, debt, weighted)
    return sums, repaid, seized, threshold, leverage, weight, curve, given


def cr_is_no_lower(f):
    sums, repaid, seized, _, leverage, _, curve, given = account()
    sale_cost, counted_collateral, counted_debt, paid = reals("sale_cost counted_collateral counted_debt paid")
    r = Any()
    ratio = f.collateral_ratio(r, counted_collateral, counted_debt)
    given += [sale_cost >= 0, 0 <= counted_collateral, counted_collateral <= sums.collateral]
    given += [counted_debt >= sums.debt, sums.collateral >= sums.debt * (1 + curve.min)]
    given += [paid >= 0, paid <= f.payable_bonus(r, curve, sale_cost, ratio, leverage)]
    given += [seized <= repaid * (1 + paid) * leverage]
    return given, (sums.collateral - seized) * sums.debt >= sums.collateral * (sums.debt - repaid)


def hf_is_no_lower(f):
    sums, repaid, seized, threshold, leverage, weight, _, given = account()
    paid, factor = reals("paid factor")
    given += [f.is_weight(weight), paid >= 0, seized <= repaid * (1 + paid) * leverage]
    # The computed factor is rounded down.
    given += [factor * sums.weighted <= sums.adjusted, f.lowers_no_health(threshold, paid, leverage, factor, weight)]
    carried = sums.adjusted - threshold * seized
    return given, carried * sums.weighted >= sums.adjusted * (sums.weighted - weight * repaid)


def hf_is_no_lower_from_full_at_up(f):
    _, _, _, threshold, leverage, weight, curve, given = account()
    paid, factor = reals("paid factor")
    given += [f.is_accepted(threshold, curve), f.is_weight(weight), paid >= 0, paid <= curve.max]
    given += [factor >= curve.full_at]
    return given, formulas.lowers_no_health(threshold, paid, leverage, factor, weight)


def hf_is_no_lower_with_one_collateral(f):
    sums, repaid, seized, threshold, leverage, weight, curve, given = account()
    sale_cost, paid = reals("sale_cost paid")
    exact = f.Exact()
    most = f.payable_bonus(exact, curve, sale_cost, f.collateral_ratio(exact, sums.collateral, sums.debt), leverage)
    given += [sale_cost >= 0, paid >= 0, paid <= most, sums.adjusted == threshold * sums.collateral]
    given += [sums.collateral >= sums.debt * (1 + curve.min), seized <= repaid * (1 + paid) * leverage]
    given += [f.is_weight(weight), f.weighs_enough(weight, sums.debt, sums.weighted)]
    carried = sums.adjusted - threshold * seized
    return given, carried * sums.weighted >= sums.adjusted * (sums.weighted - weight * repaid)


def accepted_while_everything_ramps(f):
    thresholds = reals("threshold_from threshold_to")
    curves = [Curve(Real("bonus_min"), *reals(f"bonus_max_{end} full_at_{end}")) for end in ("from", "to")]
    gone = reals("threshold_gone bonus_gone full_at_gone")
    given = [f.is_accepted_throughout(thresholds, curves)]
    given += [sane for share in gone for sane in (share >= 0, share <= 1)]
    given += [value >= 0 for value in [*thresholds, *(curve.max for curve in curves)]]
    now = Curve(
        curves[0].min,
        f.ramp(curves[0].max, curves[1].max, gone[1]),
        f.ramp(curves[0].full_at, curves[1].full_at, gone[2]),
    )
    return given, f.is_accepted(f.ramp(*thresholds, gone[0]), now)


# Mutations.


def uncapped(r, curve, sale_cost, ratio, leverage):
    return curve.max


def by_the_weight_alone(threshold, bonus, leverage, factor, weight):
    return threshold * (1 + bonus) * leverage <= weight


def always(*_):
    return True


def each_end_alone(thresholds, curves):
    ends = [formulas.is_accepted(threshold, curve) for threshold, curve in zip(thresholds, curves)]
    return formulas.both(*ends)


LEMMAS = [
    Lemma(
        cr_is_no_lower,
        "the contract's sums are rounded against the account; b at most what can be paid; a4; m ≤ 1",
        "with CR ≥ 1 + b_min before, CR is no lower after: unrounded, without slack",
        "the bonus isn't bounded by what the account has",
        payable_bonus=uncapped,
    ),
    Lemma(
        hf_is_no_lower,
        "the condition, with the computed HF; a4; w ≥ 1",
        "HF is no lower after where LT (1 + b) m ≤ w × HF: unrounded, without slack",
        "the condition is LT (1 + b) m ≤ w",
        lowers_no_health=by_the_weight_alone,
    ),
    Lemma(
        hf_is_no_lower_from_full_at_up,
        "accepted parameters, w ≥ 1, m ≤ 1",
        "LT (1 + b) m ≤ w × HF holds of accepted parameters at HF ≥ full_at, whatever the weight",
        "a weight may be below 1",
        is_weight=always,
    ),
    Lemma(
        hf_is_no_lower_with_one_collateral,
        "the account has no other collateral; w × debt ≥ weighted debt; a4",
        "with one collateral, CR ≥ 1 + b_min and a debt that weighs no less than all debts together, HF is no lower",
        "the repaid debt may be lighter than the others",
        weighs_enough=always,
    ),
    Lemma(
        accepted_while_everything_ramps,
        "the highest threshold with the highest b_max is accepted at the lowest full_at",
        "threshold, bonus and full_at may ramp at once, each by its own clock, where the worst of all ends is accepted",
        "each end is accepted by itself",
        is_accepted_throughout=each_end_alone,
    ),
]
