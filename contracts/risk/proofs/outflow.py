"""In any window no more than twice the greatest limit leaves, net of what came in.

The bucket: each flow is added to what is left of `used` after it has leaked limit × time / window. A flow out is taken
only where the result is within the limit. Induction over the flows since the window's start: net flow <= used + most ×
time gone, in windows. `most` is the greatest limit in the window, since the limit follows the supply.
"""

import formulas
from prover import Any, Lemma, reals


def bucket():
    used, limit, most, share, flow, net, gone = reals("used limit most share flow net gone")
    r = Any()
    given = [limit >= 0, limit <= most, share >= 0, gone >= 0]
    return used, limit, most, share, flow, net, gone, r, given


def starts_within(f):
    """At the first flow of the window nothing has left it: what leaks before doesn't count for it."""
    used, limit, _, share, flow, _, _, r, given = bucket()
    later = f.outflow_used(r, used, limit, share, flow)
    return given, flow <= later


def a_flow_keeps_the_sum_within(f):
    used, limit, most, share, flow, net, gone, r, given = bucket()
    later = f.outflow_used(r, used, limit, share, flow)
    given += [net <= used + most * gone]
    return given, net + flow <= later + most * (gone + share)


def at_most_twice_the_limit_leaves(f):
    """After a flow out that is taken, at most a window after its start. Flows in after it only lower the sum."""
    used, limit, most, _, _, net, gone, _, given = bucket()
    given += [net <= used + most * gone, gone <= 1, f.may_leave(used, limit)]
    return given, net <= 2 * most


def small_withdrawals_add_what_they_pass(f):
    """A withdrawal that passes above the limit: `passed` have since the window's start, of at most `floors`."""
    most, net, passed, flow, floors = reals("most net passed flow floors")
    given = [most >= 0, passed >= 0, flow >= 0, net <= 2 * most + passed, f.may_pass(passed, flow, floors)]
    return given, net + flow <= 2 * most + floors


# Mutations.


def outflow_with_credit(r, used, limit, share, flow):
    return used - r.units_down(limit * share) + flow


def outflow_rounded_up(r, used, limit, share, flow):
    return formulas.larger(used - r.units_up(limit * share), 0) + flow


def twice_the_limit(used, limit):
    return used <= 2 * limit


def by_each_alone(passed, flow, floors):
    return flow <= floors


LEMMAS = [
    Lemma(
        starts_within,
        "any bucket",
        "the first flow of a window is no more than what is used after it",
        "flows in are kept as credit",
        outflow_used=outflow_with_credit,
    ),
    Lemma(
        a_flow_keeps_the_sum_within,
        "it held before; no limit in the window is above the greatest",
        "a flow keeps net flow ≤ used + greatest limit × time gone, rounded",
        "the leak is rounded up",
        outflow_used=outflow_rounded_up,
    ),
    Lemma(
        at_most_twice_the_limit_leaves,
        "g1 and g2; at most a window has gone",
        "so at most twice the greatest limit leaves in a window",
        "a flow out is taken up to twice the limit",
        may_leave=twice_the_limit,
    ),
    Lemma(
        small_withdrawals_add_what_they_pass,
        "g3; `passed` have since the window's start",
        "and small withdrawals that pass above it add at most what may pass in a window",
        "each may be as large as all together",
        may_pass=by_each_alone,
    ),
]
