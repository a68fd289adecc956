"""What prices count as: they rise with what is told, and no exchange pays more than the bonus.

A told price rises when both edges of raw rise. Over k steps the settled price follows by induction:
`a_step_is_monotone` takes two settled prices in order to two in order. The times of steps don't depend on prices.
`is_held` does: `a_higher_price_is_held_no_lower`.

The verdict is `adjusted collateral < debt`. A shared record adds value × (carried - owed) to both sides' difference,
which is most at the end that `shared_value` chooses. Chains of records are chosen from the leaves to the root, so each
step is a record on which all else stands.
"""

from z3 import And, Bool, Implies, Or, Real

import formulas
from prover import Any, InOrder, Lemma, reals

EXACT = formulas.Exact()


def told(suffix):
    """A settled price and the edges of raw."""
    settled, low, high = reals(f"settled{suffix} low{suffix} high{suffix}")
    return settled, low, high, [settled > 0, low > 0, low <= high]


def risen():
    """Two records, of which the second has no lower price anywhere."""
    settled, low, high, given = told("")
    settled_2, low_2, high_2, given_2 = told("_risen")
    return (settled, low, high), (settled_2, low_2, high_2), [
        *given, *given_2, settled <= settled_2, low <= low_2, high <= high_2
    ]  # fmt: skip


def a_step_is_monotone(f):
    """Where both are beyond a bound, the higher one came beyond the ceiling no later and beyond the floor no sooner:
    `a_higher_price_is_held_no_lower`."""
    before, after, given = risen()
    floor, ceiling, deviation = reals("floor ceiling deviation")
    held, held_2 = Bool("is_held"), Bool("is_held_risen")
    rounding = InOrder()
    given += [0 < floor, floor <= ceiling, 0 < deviation, deviation <= 1]

    def beyond(record, is_held):
        _, low, high = record
        return And(is_held, Or(high < floor, low > ceiling))

    held, held_2 = beyond(before, held), beyond(after, held_2)
    given += [Implies(And(before[2] < floor, after[2] < floor), Implies(held, held_2))]
    given += [Implies(And(before[1] > ceiling, after[1] > ceiling), Implies(held_2, held))]
    step = f.settled_step(rounding, *before, floor, ceiling, held, deviation)
    step_risen = f.settled_step(rounding, *after, floor, ceiling, held_2, deviation)
    return given, step <= step_risen


def a_higher_price_is_held_no_lower(f):
    """What `a_step_is_monotone` assumes of `is_held`, kept by one more observation of each record at the same time."""
    _, low, high, given = told("")
    _, low_2, high_2, given_2 = told("_risen")
    floor, ceiling, now = reals("floor ceiling now")
    given += [*given_2, low <= low_2, high <= high_2, 0 < floor, floor <= ceiling, now > 0]

    def kept(bound, sooner_of_the_higher):
        """Whether the lower record was beyond the bound, and the higher one; since when; and what comes of it."""
        was, was_2 = Bool(f"was_beyond_{bound}"), Bool(f"was_beyond_{bound}_risen")
        since, since_2 = reals(f"since_{bound} since_{bound}_risen")
        if sooner_of_the_higher:
            is_beyond, is_beyond_2 = f.is_above(low, ceiling), f.is_above(low_2, ceiling)
            in_order, implied = since_2 <= since, Implies(was, was_2)
        else:
            is_beyond, is_beyond_2 = f.is_below(high, floor), f.is_below(high_2, floor)
            in_order, implied = since <= since_2, Implies(was_2, was)
        before = [implied, Implies(And(was, was_2), in_order), 0 < since, since <= now, 0 < since_2, since_2 <= now]
        after = f.beyond_since(was, is_beyond, since, now), f.beyond_since(was_2, is_beyond_2, since_2, now)
        no_later = after[1] <= after[0] if sooner_of_the_higher else after[0] <= after[1]
        return before, Implies(And(is_beyond, is_beyond_2), no_later)

    below, below_after = kept("floor", False)
    above, above_after = kept("ceiling", True)
    return [*given, *below, *above], And(below_after, above_after)


def what_counts_rises_with_what_is_told(f):
    before, after, given = risen()
    deviation = Real("deviation")
    rounding = InOrder()
    given += [0 < deviation, deviation <= 1]
    counts = [
        f.counted_high(before[0], before[1]) <= f.counted_high(after[0], after[1]),
        f.counted_low(before[0], before[2]) <= f.counted_low(after[0], after[2]),
        f.silent_high(rounding, before[0], before[1], deviation)
        <= f.silent_high(rounding, after[0], after[1], deviation),
        f.silent_low(rounding, before[0], before[2], deviation)
        <= f.silent_low(rounding, after[0], after[2], deviation),
    ]
    return given, And(*counts)


def hf_rises_with_a_collateral(f):
    """Any record on which only collateral hangs, directly or through rates that don't share it."""
    adjusted, amount, threshold, weighted = reals("adjusted amount threshold weighted")
    price, price_risen = reals("price price_risen")
    rounding = InOrder()

    def factor(price):
        value = f.collateral_value(rounding, amount, price)
        return f.health_factor(rounding, adjusted + f.adjusted_collateral(rounding, value, threshold), weighted)

    given = [adjusted >= 0, amount >= 0, threshold >= 0, threshold <= 1, weighted > 0, price > 0, price_risen >= price]
    before, after = factor(price), factor(price_risen)
    return given, before <= after


def shared(f, suffix, low, high):
    """The verdict's sums of an account with lines on a shared record, in units of it, and beside it."""
    adjusted, weighted = reals("adjusted_beside weighted_beside")
    carried, owed = reals(f"carried{suffix} owed")
    value = f.shared_value(carried, owed, low, high)
    return adjusted + value * carried, weighted + value * owed, [adjusted >= 0, weighted >= 0, carried >= 0, owed >= 0]


def the_verdict_takes_the_better_end(f):
    low, high, value = reals("low high value")
    adjusted, weighted, given = shared(f, "", low, high)
    beside, weighted_beside, carried, owed = reals("adjusted_beside weighted_beside carried owed")
    given += [0 < low, low <= value, value <= high]
    at_value = beside + value * carried - weighted_beside - value * owed
    return given, adjusted - weighted >= at_value


def a_risen_rate_takes_nobody_below_one(f):
    """The rate of a collateral that is quoted in a shared record rises, so that record may turn to its other end."""
    low, high = reals("low high")
    adjusted, weighted, given = shared(f, "", low, high)
    adjusted_2, weighted_2, given_2 = shared(f, "_risen", low, high)
    given += [*given_2, 0 < low, low <= high, Real("carried_risen") >= Real("carried"), weighted > 0, weighted_2 > 0]
    return given, Or(
        # HF doesn't fall, or it is at least 1 after.
        adjusted_2 * weighted >= adjusted * weighted_2,
        adjusted_2 >= weighted_2,
    )


def one_record_alone_decides_nothing(f):
    """All lines hang on one record: amounts in its units, a value before and after."""
    carried, owed, held, value, value_after, threshold, paid = reals(
        "carried owed held value value_after threshold paid"
    )
    target = Real("target")
    curve = formulas.Curve(*reals("bonus_min bonus_max full_at"))
    given = [carried >= 0, owed > 0, held >= 0, value > 0, value_after > 0, target > 1, threshold >= 0]
    given += [f.is_accepted(threshold, curve), 0 <= paid, paid <= curve.max, curve.min >= 0]

    def judged(value):
        adjusted, debt, collateral = carried * value, owed * value, held * value
        hf = f.health_factor(EXACT, adjusted, debt)
        ratio = f.collateral_ratio(EXACT, collateral, debt)
        exchanged = f.leverage(EXACT, value, value, value, value)
        repaid = f.target_repay(
            EXACT, collateral, adjusted, debt, debt, threshold, paid, curve, target, exchanged
        )
        return hf, ratio, exchanged, repaid / value

    return given, And(*[before == after for before, after in zip(judged(value), judged(value_after))])


def an_exchange_pays_no_more_than_the_bonus(f):
    """At the settled prices of both records and at the edges of raw nearest to them."""
    held, held_low, held_high, given = told("_held")
    owed, owed_low, owed_high, given_2 = told("_owed")
    repay, bonus = reals("repay bonus")
    rounding = Any()
    seized, repaid = f.counted_high(held, held_low), f.counted_low(owed, owed_high)
    seize = f.seized_for(rounding, repay, bonus, seized, repaid)
    given += [*given_2, repay >= 0, bonus >= 0]

    def clamped(settled, low, high):
        return f.smaller(f.larger(settled, low), high)

    at_settled = seize * held <= repay * owed * (1 + bonus)
    at_nearest = seize * clamped(held, held_low, held_high) <= repay * clamped(owed, owed_low, owed_high) * (1 + bonus)
    return given, And(at_settled, at_nearest)


def the_exchange_is_no_better_than_the_verdict(f):
    """m is at most 1: both lines are exchanged at their own ends, and counted at these or at a shared value between."""
    seized_verdict, repaid_verdict, seized, repaid = reals("seized_verdict repaid_verdict seized repaid")
    given = [0 < seized_verdict, seized_verdict <= seized, 0 < repaid, repaid <= repaid_verdict]
    return given, f.leverage(EXACT, seized_verdict, repaid_verdict, seized, repaid) <= 1


def a_rate_and_its_quote_pay_no_more_than_the_bonus(f):
    """The seized token is a rate times a quote, the repaid one hangs on another record: each link has its own end."""
    rate, rate_low, _, given = told("_rate")
    quote, quote_low, _, given_2 = told("_quote")
    owed, _, owed_high, given_3 = told("_owed")
    seize, repay, bonus = reals("seize repay bonus")
    paid = f.counted_high(rate, rate_low) * f.counted_high(quote, quote_low)
    given += [*given_2, *given_3, seize >= 0, repay >= 0, bonus >= 0]
    given += [seize * paid <= repay * f.counted_low(owed, owed_high) * (1 + bonus)]
    return given, seize * rate * quote <= repay * owed * (1 + bonus)


# Mutations.


def refusing_step(r, settled, low, high, floor, ceiling, is_held, deviation):
    """An observation further away than two steps is not followed."""
    step = formulas.settled_step(r, settled, low, high, floor, ceiling, is_held, deviation)
    return formulas.choose(low > settled * (1 + 2 * deviation), lambda: settled, lambda: step)


def since_the_last(was_beyond, is_beyond, since, now):
    return formulas.choose(is_beyond, lambda: formulas.choose(was_beyond, lambda: now, lambda: since), lambda: 0)


def silent_low_of_itself(r, settled, high, deviation):
    return formulas.larger(formulas.counted_low(settled, high), r.up(2 * settled - high * deviation))


def factor_by_debt(r, adjusted, weighted):
    return r.down(weighted / (adjusted + 1))


def worse_end(carried, owed, low, high):
    return formulas.choose(carried > owed, lambda: low, lambda: high)


def two_ends(r, seized_verdict, repaid_verdict, seized, repaid):
    return r.up(seized * repaid_verdict / (seized_verdict * repaid))


def size_in_currency(r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight=1):
    return formulas.smaller(
        formulas.target_repay(
            r, collateral, adjusted, debt, weighted, threshold, bonus, curve, target, leverage, weight
        ),
        100,
    )


def nearest_edge_below(settled, low):
    return formulas.smaller(settled, low)


LEMMAS = [
    Lemma(
        a_step_is_monotone,
        "d2 of `is_held`; floor ≤ ceiling; one interval and deviation",
        "one step of a higher settled price toward a higher raw ends no lower, bounds and rounding included",
        "an observation far away is not followed",
        settled_step=refusing_step,
    ),
    Lemma(
        a_higher_price_is_held_no_lower,
        "both records observe at the same times; it held before",
        "a record that is told higher prices is held at the ceiling no longer, and at the floor no shorter",
        "whoever is still beyond starts to count anew",
        beyond_since=since_the_last,
    ),
    Lemma(
        what_counts_rises_with_what_is_told,
        "S and both edges of raw are no lower",
        "what a record counts at, fed or silent, doesn't fall when its settled price and raw rise",
        "a silent debt is held by raw in place of S",
        silent_low=silent_low_of_itself,
    ),
    Lemma(
        hf_rises_with_a_collateral,
        "the record is shared with no debt",
        "HF doesn't fall when a price rises on which only collateral hangs, rounding included",
        "HF is debt over collateral",
        health_factor=factor_by_debt,
    ),
    Lemma(
        the_verdict_takes_the_better_end,
        "all other records have their values",
        "no value between a shared record's ends leaves the account more than the one that is chosen",
        "the worse end is chosen",
        shared_value=worse_end,
    ),
    Lemma(
        a_risen_rate_takes_nobody_below_one,
        "the rate is shared with no debt, what it is quoted in is",
        "where a collateral's rate rises, HF is no lower, or at least 1: at 1 and above a shared record may turn",
        "the worse end is chosen",
        shared_value=worse_end,
    ),
    Lemma(
        one_record_alone_decides_nothing,
        "unrounded; accepted parameters; weights of 1",
        "HF, CR, m and the size in tokens of an account whose lines all hang on one record don't change with it",
        "at most 100 of the quote currency are repaid",
        target_repay=size_in_currency,
    ),
    Lemma(
        an_exchange_pays_no_more_than_the_bonus,
        "the two lines share no record",
        "what is seized is worth at most (1 + b) × what is repaid, at S and at the edge of raw nearest to S, rounded",
        "the seized token is exchanged at the lower of S and raw",
        counted_high=nearest_edge_below,
    ),
    Lemma(
        a_rate_and_its_quote_pay_no_more_than_the_bonus,
        "what is seized is bounded as d8 says; the lines share no record",
        "the same of a token that is priced by a rate and its quote",
        "the seized token is exchanged at the lower of S and raw",
        counted_high=nearest_edge_below,
    ),
    Lemma(
        the_exchange_is_no_better_than_the_verdict,
        "the verdict's price of the seized is at most hi, that of the repaid at least lo",
        "m is at most 1",
        "m is the other way round",
        leverage=two_ends,
    ),
]
