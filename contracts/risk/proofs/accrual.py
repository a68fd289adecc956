"""n accruals at one rate are at least one accrual, and at most a stated bound more.

x = rate × time / year, over all accruals. Induction over the accruals, each of its own length: the index after k of
them is between `1 + growth` of the time so far and that plus (1 + x) s⁴ / 24, of the time s so far. The bound is below
e^x x⁴ / 24, which a test states.
"""

import formulas
from prover import Any, Lemma, reals

EXACT = formulas.Exact()


def two_are_at_least_one(f):
    first, second = reals("first second")
    given = [first >= 0, second >= 0]
    return given, f.compound(EXACT, f.compound(EXACT, 1, first), second) >= f.compound(EXACT, 1, first + second)


def one_more_keeps_within_the_bound(f):
    gone, step, most = reals("gone step most")
    before = f.compound(EXACT, 1, gone) + f.accrual_bound(gone, most)
    given = [gone >= 0, step >= 0, gone + step <= most, most <= 1]
    bound = f.compound(EXACT, 1, gone + step) + f.accrual_bound(gone + step, most)
    return given, f.compound(EXACT, before, step) <= bound


def an_accrual_is_rounded_up_by_less_than_its_slack(f):
    """A step is 10⁻¹⁸."""
    index, x = reals("index x")
    r = Any()
    given = [index >= 1, x >= 0, x <= 1]
    slack = (4 + 2 * x + x * x) * r.step * index + r.step
    return given, f.compound(r, index, x) < f.compound(EXACT, index, x) + slack


def an_accrual_is_never_rounded_down(f):
    index, x = reals("index x")
    r = Any()
    given = [index >= 1, x >= 0]
    return given, f.compound(r, index, x) >= f.compound(EXACT, index, x)


def rounding_adds_up(f):
    """`exact` is what k unrounded accruals make of the index. One more is rounded up by at most the slack above."""
    exact, x, step, accruals, slack = reals("exact x step accruals slack")
    index = exact * (1 + f.lifted_by_rounding(accruals, step))
    given = [exact >= 1, x >= 0, x <= 1, step > 0, accruals >= 0, 15 * accruals * step <= 1]
    given += [slack >= 0, slack <= 7 * step]
    rounded = index + index * (f.growth(EXACT, x) + slack) + step
    return given, rounded <= f.compound(EXACT, exact, x) * (1 + f.lifted_by_rounding(accruals + 1, step))


# Mutations.


def compound_with_whole_square(r, index, x):
    return index + r.up(index * (x + x * x))


def half_the_bound(gone, most):
    return formulas.accrual_bound(gone, most) / 2


def compound_rounded_twice(r, index, x):
    grown = formulas.compound(r, index, x)
    return grown + r.up(index * x) - index * x + r.up(index * x) - index * x


def compound_rounded_down(r, index, x):
    return index + r.down(index * formulas.growth(r, x))


def a_third_of_the_lift(accruals, step):
    return formulas.lifted_by_rounding(accruals, step) / 3


LEMMAS = [
    Lemma(
        two_are_at_least_one,
        "one rate; below where the index stops",
        "two accruals are at least one over both times",
        "the square is not halved",
        compound=compound_with_whole_square,
    ),
    Lemma(
        one_more_keeps_within_the_bound,
        "one rate; x ≤ 1 over all accruals",
        "accruals over x ≤ 1 are at most (1 + x) x⁴ / 24 of the first index more than one",
        "the bound is half as large",
        accrual_bound=half_the_bound,
    ),
    Lemma(
        an_accrual_is_never_rounded_down,
        "index ≥ 1",
        "rounded, an accrual is at least the exact one",
        "interest is rounded down",
        compound=compound_rounded_down,
    ),
    Lemma(
        an_accrual_is_rounded_up_by_less_than_its_slack,
        "index ≥ 1, x ≤ 1",
        "and less than 4 + 2x + x² steps of growth and one step of the index more",
        "two more terms are rounded up",
        compound=compound_rounded_twice,
    ),
    Lemma(
        rounding_adds_up,
        "f4; 15 n steps of the index are less than 1",
        "rounding lifts n accruals by at most 15 n steps of the index, while that is less than 1",
        "by a third of that",
        lifted_by_rounding=a_third_of_the_lift,
    ),
]
