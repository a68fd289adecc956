"""Holds each formula against the Rust function that it names, on random points.

The example `evaluate` of plimsoll-risk computes the Rust side. A point is drawn as the integers that Rust takes; the
formula gets the same as fractions, with the contracts' rounding.
"""

import json
import random
import subprocess
from collections import namedtuple
from fractions import Fraction

import formulas as f

ONE = 10**18
WHOLE = f.Whole()
# Borrow weights that are drawn, with 18 decimals.
WEIGHTS = [ONE, ONE, ONE * 6 // 5, 3 * ONE + 1, 10 * ONE]
YEAR = 31_536_000

# rust: the function; parts: further formulas that it is made of; draw: a random source's point and the formula's
# results in raw integers; within: the units by which both may differ, 0 where the formula is rounded as Rust is.
Formula = namedtuple("Formula", "name rust draw parts within", defaults=[(), 0])


def fixed(raw):
    """A raw number of 18 decimals."""
    return Fraction(raw, ONE)


def raw(*numbers):
    """Numbers of 18 decimals as integers; Rust's are whole."""
    return [number * ONE for number in numbers]


def size(rng, low, high):
    """A number of any size within these powers of ten."""
    return int(10 ** rng.uniform(low, high))


def share(rng):
    """A ratio up to 1, often at an edge."""
    return rng.choice([0, ONE, rng.randrange(ONE + 1), rng.randrange(ONE + 1), rng.randrange(ONE + 1)])


def curve(rng):
    """A bonus curve and a threshold of which validation holds, as integers."""
    threshold = rng.randrange(ONE // 100, ONE * 95 // 100)
    room = (ONE - 1) * ONE // threshold - ONE
    most = rng.randrange(min(room, rng.choice([ONE, ONE // 5])) + 1)
    least = -(-threshold * (ONE + most) // ONE)
    full_at = rng.randrange(least, ONE) if least < ONE else ONE - 1
    drawn = {"bonus_min": rng.randrange(most + 1), "bonus_max": most, "full_at": full_at}
    return threshold, drawn


def curve_of(drawn):
    return f.Curve(*(fixed(drawn[name]) for name in ("bonus_min", "bonus_max", "full_at")))


def sums(rng):
    """The sums of an account below health factor 1."""
    debt = size(rng, 12, 30)
    ratio = rng.choice([rng.uniform(0, 1.2), rng.uniform(1, 1.1), rng.uniform(1, 3)])
    drawn = {"collateral": int(debt * ratio), "adjusted": int(debt * rng.random()), "debt": debt}
    return drawn | {"weight": rng.choice(WEIGHTS)}


def collateral_value(rng):
    drawn = {"amount": size(rng, 0, 30), "price": size(rng, 3, 30), "decimals": rng.randrange(19)}
    price = fixed(drawn["price"]) / 10 ** drawn["decimals"]
    return drawn, raw(f.collateral_value(WHOLE, drawn["amount"], price))


def debt_value(rng):
    drawn, _ = collateral_value(rng)
    price = fixed(drawn["price"]) / 10 ** drawn["decimals"]
    return drawn, raw(f.debt_value(WHOLE, drawn["amount"], price))


def adjusted_collateral(rng):
    drawn = {"value": size(rng, 0, 45), "threshold": share(rng)}
    return drawn, raw(f.adjusted_collateral(WHOLE, fixed(drawn["value"]), fixed(drawn["threshold"])))


def health_factor(rng):
    drawn = sums(rng)
    weighted = f.weighted_debt(WHOLE, fixed(drawn["debt"]), fixed(drawn["weight"]))
    return drawn, raw(f.health_factor(WHOLE, fixed(drawn["adjusted"]), weighted))


def collateral_ratio(rng):
    drawn = sums(rng)
    return drawn, raw(f.collateral_ratio(WHOLE, fixed(drawn["collateral"]), fixed(drawn["debt"])))


def is_accepted(rng):
    threshold, drawn = curve(rng)
    # On the border, a step beside it, and anywhere.
    drawn["full_at"] += rng.choice([0, 0, -1, 1, rng.randrange(-ONE // 10, ONE // 10)])
    drawn["full_at"] = max(drawn["full_at"], 0)
    other = rng.choice([threshold, rng.randrange(1, ONE)])
    ends = [threshold, other] if rng.random() < 0.5 else [other, threshold]
    drawn |= {"threshold_from": ends[0], "threshold_to": ends[1], "ends_at": 0}
    accepted = f.is_accepted_throughout([fixed(end) for end in ends], [curve_of(drawn)] * 2)
    return drawn, [int(accepted)]


def ramp(rng):
    ends_at = rng.randrange(1, YEAR)
    drawn = {"threshold_from": share(rng), "threshold_to": share(rng), "ends_at": ends_at}
    drawn["now"] = rng.randrange(ends_at + 1)
    gone = Fraction(drawn["now"], ends_at)
    return drawn, raw(f.ramp(fixed(drawn["threshold_from"]), fixed(drawn["threshold_to"]), gone))


def bonus(rng):
    _, drawn = curve(rng)
    drawn |= sums(rng) | {"sale_cost": share(rng), "leverage": rng.choice([ONE, rng.randrange(ONE // 100, ONE + 1)])}
    weighted = f.weighted_debt(WHOLE, fixed(drawn["debt"]), fixed(drawn["weight"]))
    factor = f.health_factor(WHOLE, fixed(drawn["adjusted"]), weighted)
    ratio = f.collateral_ratio(WHOLE, fixed(drawn["collateral"]), fixed(drawn["debt"]))
    paid = f.bonus(WHOLE, curve_of(drawn), fixed(drawn["sale_cost"]), factor, ratio, fixed(drawn["leverage"]))
    return drawn, raw(paid)


def leverage(rng):
    names = ["seized_verdict", "repaid_verdict", "seized", "repaid"]
    middle = rng.uniform(6, 30)
    drawn = {name: size(rng, middle - 1, middle + 1) for name in names}
    return drawn, raw(f.leverage(WHOLE, *(fixed(drawn[name]) for name in names)))


def target_repay(rng):
    threshold, drawn = curve(rng)
    drawn |= sums(rng) | {"threshold": threshold, "target": ONE + size(rng, 12, 17.7)}
    drawn |= {"bonus": rng.randrange(drawn["bonus_max"] + 1), "leverage": rng.choice([ONE, rng.randrange(1, ONE + 1)])}
    at = {name: fixed(value) for name, value in drawn.items()}
    repay = f.target_repay(
        WHOLE, at["collateral"], at["adjusted"], at["debt"],
        f.weighted_debt(WHOLE, at["debt"], at["weight"]), at["threshold"], at["bonus"], curve_of(drawn),
        at["target"], at["leverage"], at["weight"],
    )  # fmt: skip
    return drawn, raw(repay)


def position(rng):
    """Two deposits and two debts. The first deposit is priced by a record or by a rate quoted in it; the second debt
    may hang on that record, too."""
    drawn = {"is_rated": rng.randrange(2), "is_shared": rng.randrange(2)}
    for denom in ("root", "rate", "beside", "repaid", "second"):
        low = size(rng, 16, 21)
        drawn |= {f"{denom}_low": low, f"{denom}_high": low + rng.choice([0, rng.randrange(low)])}
    for name in ("held", "other", "owed", "more"):
        drawn[f"{name}_decimals"] = decimals = rng.randrange(19)
        drawn[name] = size(rng, decimals, decimals + 6)
    drawn |= {"held_threshold": curve(rng)[0], "other_threshold": share(rng)}
    drawn |= {"owed_weight": rng.choice(WEIGHTS), "more_weight": rng.choice(WEIGHTS)}
    return drawn


def judge(drawn):
    """The account's sums, and the prices of its first deposit and first debt in the verdict and in the exchange."""
    low, high = ({denom: fixed(drawn[f"{denom}_{end}"]) for denom in ("root", "rate", "beside", "repaid", "second")}
                 for end in ("low", "high"))  # fmt: skip
    base = {name: 10 ** drawn[f"{name}_decimals"] for name in ("held", "other", "owed", "more")}
    rate = high["rate"] if drawn["is_rated"] else Fraction(1)
    root, second = high["root"], low["second"]
    if drawn["is_shared"]:
        # In units of the record: a rate is rounded with the amount, the record's own value is left out.
        held = f.collateral_value(WHOLE, drawn["held"], rate / base["held"])
        carried = f.adjusted_collateral(WHOLE, held, fixed(drawn["held_threshold"]))
        owed = f.debt_value(WHOLE, drawn["more"], Fraction(1, base["more"]))
        owed = f.weighted_debt(WHOLE, owed, fixed(drawn["more_weight"]))
        root = second = f.shared_value(carried, owed, low["root"], high["root"])
    # What the seized token counts at is rounded down, what it is exchanged at up. The debts don't hang on its rate.
    counted, exchanged = (rate * root, rate * high["root"]) if drawn["is_rated"] else (root, high["root"])
    counted, exchanged = WHOLE.down(counted), WHOLE.up(exchanged)
    held = f.collateral_value(WHOLE, drawn["held"], counted / base["held"])
    other = f.collateral_value(WHOLE, drawn["other"], high["beside"] / base["other"])
    adjusted = sum(
        f.adjusted_collateral(WHOLE, value, fixed(drawn[f"{name}_threshold"]))
        for name, value in (("held", held), ("other", other))
    )
    debts = {
        "owed": f.debt_value(WHOLE, drawn["owed"], low["repaid"] / base["owed"]),
        "more": f.debt_value(WHOLE, drawn["more"], second / base["more"]),
    }
    weighted = sum(f.weighted_debt(WHOLE, value, fixed(drawn[f"{name}_weight"])) for name, value in debts.items())
    lines = f.Lines(
        drawn["held"], drawn["owed"], counted / base["held"], low["repaid"] / base["owed"],
        exchanged / base["held"], low["repaid"] / base["owed"],
    )  # fmt: skip
    return f.Sums(held + other, adjusted, sum(debts.values()), weighted), lines


def verdict(rng):
    drawn = position(rng)
    judged, _ = judge(drawn)
    return drawn, raw(judged.collateral, judged.adjusted, judged.debt, judged.weighted)


def liquidation(rng):
    threshold, bonus_curve = curve(rng)
    drawn = position(rng) | bonus_curve | {"held_threshold": threshold, "target": ONE + size(rng, 15, 17.7)}
    drawn |= {"sale_cost": rng.randrange(drawn["bonus_min"] + 1), "fee": rng.randrange(ONE // 2 + 1)}
    # As much debt as leaves the wanted health, and a second debt beside it.
    judged, lines = judge(drawn)
    debt = judged.adjusted / Fraction(rng.choice([rng.uniform(0.1, 1), rng.uniform(0.8, 1)]))
    part = Fraction(rng.choice([1, rng.random()]))
    drawn["owed"] = int(debt * part / lines.repaid_verdict / fixed(drawn["owed_weight"])) + 1
    more = fixed(drawn["second_low"]) / 10 ** drawn["more_decimals"]
    drawn["more"] = int(debt * (1 - part) / more / fixed(drawn["more_weight"])) + 1
    judged, lines = judge(drawn)
    drawn["dust"] = rng.choice([0, int(judged.debt * ONE * Fraction(rng.random()))])
    drawn["offered"] = rng.choice([2**127, int(drawn["owed"] * rng.random() * 1.2)])
    if judged.adjusted >= judged.weighted:
        return drawn, None
    terms = f.Terms(
        curve_of(drawn), fixed(drawn["sale_cost"]), fixed(drawn["fee"]), fixed(drawn["target"]), fixed(drawn["dust"])
    )
    weight = fixed(drawn["owed_weight"])
    done = f.size(WHOLE, lines, judged, fixed(threshold), terms, drawn["offered"], weight)
    if not (done.repay and done.seize):
        return drawn, None
    return drawn, [done.repay, done.seize, done.fee, *raw(done.bonus)]


def record(rng):
    settled = size(rng, 0, 24)
    edges = sorted(rng.choice([settled, max(1, int(settled * rng.uniform(0.5, 2)))]) for _ in range(2))
    bounds = sorted(max(1, int(settled * rng.uniform(0.3, 3))) for _ in range(2))
    drawn = {"settled": settled, "low": edges[0], "high": edges[1], "floor": bounds[0], "ceiling": bounds[1]}
    return drawn | {"is_held": rng.randrange(2), "deviation": rng.randrange(1, ONE + 1)}


def settled_step(rng):
    drawn = record(rng)
    at = [fixed(drawn[name]) for name in ("settled", "low", "high", "floor", "ceiling")]
    return drawn, raw(f.settled_step(WHOLE, *at, drawn["is_held"] > 0, fixed(drawn["deviation"])))


def beyond_since(rng):
    drawn = record(rng) | {"now": rng.randrange(2_000, 4_000)}
    for edge in ("low", "high"):
        drawn[f"{edge}_before"] = rng.choice([drawn[edge], max(1, int(drawn[edge] * rng.uniform(0.4, 2.5)))])
    drawn["low_before"], drawn["high_before"] = sorted([drawn["low_before"], drawn["high_before"]])

    def beyond(low, high):
        return f.is_below(drawn[high], drawn["floor"]), f.is_above(drawn[low], drawn["ceiling"])

    before, after = beyond("low_before", "high_before"), beyond("low", "high")
    drawn["since"] = rng.randrange(1, 2_000) if any(before) else 0
    since = [f.beyond_since(was, now, drawn["since"], drawn["now"]) for was, now in zip(before, after)]
    return drawn, [max(since)]


def counted(rng):
    drawn = record(rng) | {"is_silent": rng.randrange(2)}
    settled, low, high, deviation = (fixed(drawn[name]) for name in ("settled", "low", "high", "deviation"))
    if drawn["is_silent"]:
        return drawn, raw(
            f.silent_low(WHOLE, settled, high, deviation), f.silent_high(WHOLE, settled, low, deviation)
        )
    return drawn, raw(f.counted_low(settled, high), f.counted_high(settled, low))


def market(rng):
    return {"supply": rng.choice([0, size(rng, 0, 24)]), "shares": rng.choice([0, size(rng, 0, 30)])}


def amounts(number):
    """An amount as a result, or none where it doesn't fit 128 bits."""
    return [number] if number < 2**128 else None


def shares_down(rng):
    drawn = market(rng) | {"amount": size(rng, 0, 24)}
    return drawn, amounts(f.shares_down(WHOLE, drawn["amount"], Fraction(drawn["supply"]), drawn["shares"]))


def shares_up(rng):
    drawn = market(rng) | {"amount": size(rng, 0, 24)}
    return drawn, amounts(f.shares_up(WHOLE, drawn["amount"], Fraction(drawn["supply"]), drawn["shares"]))


def worth_down(rng):
    drawn = market(rng) | {"held": size(rng, 0, 30)}
    return drawn, amounts(f.worth_down(WHOLE, drawn["held"], Fraction(drawn["supply"]), drawn["shares"]))


def compound(rng):
    drawn = {"index": ONE + size(rng, 0, 26), "rate": size(rng, 10, 19), "seconds": size(rng, 0, 8.5)}
    x = fixed(drawn["rate"]) * drawn["seconds"] / YEAR
    return drawn, raw(f.compound(WHOLE, fixed(drawn["index"]), x))


FORMULAS = [
    Formula("collateral_value", "units::Amount::value_down", collateral_value),
    Formula("debt_value", "units::Amount::value_up", debt_value),
    Formula("adjusted_collateral", "units::Value::share_down", adjusted_collateral),
    Formula("health_factor", "health::Health::factor_down", health_factor),
    Formula("collateral_ratio", "health::Health::collateral_ratio_down", collateral_ratio),
    Formula("verdict", "health::Position::health", verdict, ("shared_value", "weighted_debt")),
    Formula("is_accepted", "params::AssetParams::validate", is_accepted, ("is_accepted_throughout",)),
    Formula("ramp", "params::Ramp::at", ramp, within=1),
    Formula("bonus", "liquidation::bonus_down", bonus, ("curved_bonus", "payable_bonus")),
    Formula("leverage", "liquidation::ExchangePrices::leverage_up", leverage),
    Formula(
        "target_repay", "liquidation::target_repay_up", target_repay,
        ("missing", "gained", "carried_back", "target_size"),
    ),  # fmt: skip
    Formula("size", "liquidation::size", liquidation, ("seized_for", "repaid_for", "protocol_fee")),
    Formula("settled_step", "price::PriceRecord::settled_at", settled_step, ("nearest",)),
    Formula("beyond_since", "price::PriceRecord::observe", beyond_since, ("is_below", "is_above")),
    Formula("counted", "mark::RecordMark::of", counted, ("counted_high", "counted_low", "silent_high", "silent_low")),
    Formula("shares_down", "shares::to_shares_down", shares_down),
    Formula("shares_up", "shares::to_shares_up", shares_up),
    Formula("worth_down", "shares::to_amount_down", worth_down),
    Formula("compound", "interest::compound_up", compound, ("growth",)),
]


Comparison = namedtuple("Comparison", "points refused largest difference")


def compare(formula, evaluator, points, seed):
    """Compares so many points that have a result, and those drawn on the way that the crate has to refuse. Ends at the
    first `difference` that is too large."""
    rng = random.Random(f"{seed} {formula.name}")
    drawn = []
    valid = 0
    while valid < points:
        drawn.append(formula.draw(rng))
        valid += drawn[-1][1] is not None
    largest = 0
    for (inputs, expected), answer in zip(drawn, ask(formula, evaluator, drawn), strict=True):
        apart = apart_by(expected, answer)
        if apart is not None:
            largest = max(largest, apart)
        if apart is None or apart > formula.within:
            told = expected and [str(number) for number in expected]
            difference = {"inputs": inputs, "rust": answer, "formula": told}
            return Comparison(valid, len(drawn) - valid, float(largest), difference)
    return Comparison(valid, len(drawn) - valid, float(largest), None)


def ask(formula, evaluator, drawn):
    """What the crate says of these points."""
    lines = "".join(
        json.dumps({"formula": formula.name, "inputs": {name: str(value) for name, value in inputs.items()}}) + "\n"
        for inputs, _ in drawn
    )
    told = subprocess.run([evaluator], input=lines, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise SystemExit(f"error: {evaluator} failed: {told.stderr.strip()}")
    return [json.loads(line) for line in told.stdout.splitlines()]


def apart_by(expected, answer):
    """By how many units formula and crate differ at most; `None` when only one of them has a result."""
    if expected is None or "refused" in answer:
        return 0 if expected is None and "refused" in answer else None
    return max(abs(Fraction(got) - want) for got, want in zip(answer["result"], expected, strict=True))
