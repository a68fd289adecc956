"""A liquidation of the computed size ends at the target health factor.

Unrounded that is one statement, `ends_at_the_target`. Rounded, the steps compose: `what_is_seized` and
`what_is_seized_at_least` bound the base units seized by the base units `n` repaid. `ends_at_or_above_the_target` and
`hardly_passes_the_target` take these bounds as assumptions, and compute `n` from what the account lacks.
"""

from z3 import Real

import formulas
from formulas import Curve
from prover import Any, Lemma, reals


def terms():
    """A threshold, a bonus, a target and a weight that are accepted."""
    threshold, bonus, most, full_at, target, weight = reals("threshold bonus bonus_max full_at target weight")
    sane = [threshold >= 0, bonus >= 0, bonus <= most, most <= 1, target > 1, weight >= 1]
    return threshold, bonus, Curve(Real("bonus_min"), most, full_at), target, weight, sane


def a_unit_brings_the_account_nearer(f):
    threshold, bonus, curve, target, weight, sane = terms()
    leverage = Real("leverage")
    given = [*sane, f.is_accepted(threshold, curve), leverage >= 0, leverage <= 1]
    return given, f.gained(f.Exact(), threshold, bonus, target, leverage, weight) > target - 1


def ends_at_the_target(f):
    threshold, bonus, curve, target, weight, sane = terms()
    adjusted, weighted, debt, collateral, leverage = reals("adjusted weighted debt collateral leverage")
    exact = f.Exact()
    repaid = f.target_repay(
        exact, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight
    )
    given = [
        *sane,
        f.is_accepted(threshold, curve),
        leverage > 0,
        leverage <= 1,
        adjusted >= 0,
        adjusted < weighted,
        weighted >= debt,
        debt > 0,
        collateral > debt * (1 + curve.min),
        curve.min >= 0,
        repaid < debt,
    ]
    carried = f.carried_back(exact, threshold, bonus, leverage)
    return given, adjusted - carried * repaid == target * (weighted - weight * repaid)


def the_whole_debt_where_little_is_left(f):
    threshold, bonus, curve, target, weight, sane = terms()
    adjusted, weighted, debt, collateral, leverage = reals("adjusted weighted debt collateral leverage")
    rounding = Any()
    repaid = f.target_repay(
        rounding, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight
    )
    given = [*sane, f.is_accepted(threshold, curve), leverage > 0, leverage <= 1, debt > 0, curve.min >= 0]
    given += [adjusted >= 0, weighted >= debt, collateral <= debt * (1 + curve.min) - rounding.step]
    return given, repaid == debt


def what_is_seized(f):
    bonus, seized_verdict, repaid_verdict, seized, repaid, n = reals(
        "bonus seized_verdict repaid_verdict seized repaid n"
    )
    values, ratios = Any("value", Real("value_step")), Any("ratio", Real("ratio_step"))
    s = f.seized_for(values, n, bonus, seized, repaid)
    leverage = f.leverage(ratios, seized_verdict, repaid_verdict, seized, repaid)
    given = [bonus >= 0, seized_verdict > 0, seized >= seized_verdict, repaid > 0, repaid_verdict >= repaid, n >= 0]
    return given, s * seized_verdict <= n * repaid_verdict * (1 + bonus) * leverage


def what_is_seized_at_least(f):
    bonus, seized_verdict, repaid_verdict, seized, repaid, n = reals(
        "bonus seized_verdict repaid_verdict seized repaid n"
    )
    values, ratios = Any("value", Real("value_step")), Any("ratio", Real("ratio_step"))
    s = f.seized_for(values, n, bonus, seized, repaid)
    leverage = f.leverage(ratios, seized_verdict, repaid_verdict, seized, repaid)
    given = [bonus >= 0, bonus <= 1, seized_verdict > 0, seized >= seized_verdict, repaid > 0, repaid_verdict >= repaid]
    given += [n >= 0]
    most = n * repaid_verdict * (1 + bonus) * (leverage - ratios.step)
    return given, s * seized_verdict > most - seized_verdict - 3 * values.step


def _sized(f):
    """A computed size r, n base units of which one is worth `unit`, and what rounding may have done to it."""
    threshold, bonus, curve, target, weight, sane = terms()
    adjusted, weighted, leverage, step, unit = reals("adjusted weighted leverage step unit")
    r = Any("rounded", step, unit)
    nearer = f.gained(r, threshold, bonus, target, leverage, weight)
    lacks = f.missing(r, adjusted, weighted, target)
    value = f.target_size(r, lacks, nearer)
    repaid = r.units_up(value)
    given = [*sane, f.is_accepted(threshold, curve), leverage > 0, leverage <= 1, threshold <= 1, nearer > 0]
    given += [adjusted >= 0, adjusted < weighted, unit > 0]
    return threshold, bonus, target, weight, adjusted, weighted, leverage, step, unit, nearer, repaid, given


def ends_at_or_above_the_target(f):
    threshold, bonus, target, weight, adjusted, weighted, leverage, _, _, _, repaid, given = _sized(f)
    taken = Real("taken")
    given += [taken >= 0, taken <= repaid * (1 + bonus) * leverage]
    return given, adjusted - threshold * taken >= target * (weighted - weight * repaid)


def hardly_passes_the_target(f):
    threshold, bonus, target, weight, adjusted, weighted, leverage, step, unit, nearer, repaid, given = _sized(f)
    taken, unit_held = reals("taken unit_held")
    given += [taken >= 0, unit_held > 0, taken > repaid * (1 + bonus) * (leverage - step) - unit_held - 3 * step]
    given += [bonus <= 1, nearer >= step]
    passed = adjusted - threshold * taken - target * (weighted - weight * repaid)
    crumbs = (unit + step) * nearer + threshold * unit_held + (1 + 3 * threshold) * step
    return given, passed <= crumbs + repaid * 6 * step


# Mutations.


def always(*_):
    return True


def gained_at_the_verdicts_prices(r, threshold, bonus, target, leverage, weight=1):
    return r.down(target * weight) - r.up(threshold * (1 + bonus))


def target_repay_by_target_alone(
    r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight=1
):
    lacks = formulas.missing(r, adjusted, weighted, target)
    return formulas.smaller(r.up(lacks / formulas.gained(r, threshold, bonus, target, leverage, weight)), debt)


def target_repay_without_weight(
    r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight=1
):
    return formulas.target_repay(
        r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, 1
    )


def seized_for_rounded_up(r, repay, bonus, seized_price, repaid_price):
    return r.units_up(r.down(r.down(repay * repaid_price) * (1 + bonus)) / seized_price)


def seized_for_without_bonus(r, repay, bonus, seized_price, repaid_price):
    return r.units_down(r.down(repay * repaid_price) / seized_price)


def gained_rounded_up(r, threshold, bonus, target, leverage, weight=1):
    return r.up(target * weight) - r.down(r.down(threshold * (1 + bonus)) * leverage)


LEMMAS = [
    Lemma(
        a_unit_brings_the_account_nearer,
        "accepted parameters, w ≥ 1, T > 1, 0 ≤ m ≤ 1, b at most b_max",
        "a unit of repaid value brings the account nearer to the target by more than T - 1: the size is defined",
        "parameters aren't validated",
        is_accepted=always,
    ),
    Lemma(
        ends_at_the_target,
        "accepted parameters, w ≥ 1, HF < 1, CR > 1 + b_min, a size below the debt; nothing else bounds it",
        "unrounded, the computed size ends at HF = T exactly, where it is less than the debt",
        "the size ignores the borrow weight",
        target_repay=target_repay_without_weight,
    ),
    Lemma(
        the_whole_debt_where_little_is_left,
        "CR ≤ 1 + b_min, to a step",
        "where CR is at most 1 + b_min, to a step, the size is the whole debt",
        "the size is always by the target",
        target_repay=target_repay_by_target_alone,
    ),
    Lemma(
        what_is_seized,
        "verdict's price of the seized at most that of the exchange, of the repaid at least",
        "rounded, what is seized is worth at most what is repaid × (1 + b) × m, at the verdict's prices",
        "what is seized is rounded up",
        seized_for=seized_for_rounded_up,
    ),
    Lemma(
        what_is_seized_at_least,
        "the same, b ≤ 1",
        "and at least that less one base unit, three steps of value and one step of m",
        "nothing is seized for the bonus",
        seized_for=seized_for_without_bonus,
    ),
    Lemma(
        ends_at_or_above_the_target,
        "what is seized is bounded as a4 says; sums of unrounded values; nothing else bounds the size",
        "rounded, the computed size ends at HF ≥ T",
        "the divisor is rounded up",
        gained=gained_rounded_up,
    ),
    Lemma(
        hardly_passes_the_target,
        "and as a5 says",
        "and adjusted - T × weighted is at most (unit of debt + step) × (T w - LT (1 + b) m) + LT × unit of collateral"
        " + (1 + 3 LT) steps + 6 steps a unit repaid",
        "the size ignores that the exchange is not at the verdict's prices",
        gained=gained_at_the_verdicts_prices,
    ),
]
