"""Asks z3: a lemma is proved when its opposite has no model, a mutation refuted when it has one."""

import time
from types import SimpleNamespace

import z3

import formulas

# One thread: results and times don't depend on what else runs.
z3.set_param("parallel.enable", False)
z3.set_param("smt.random_seed", 0)


class Rounding:
    """Answers with new reals, and collects what is known of them."""

    # Those of the lemma that is being built.
    made = []

    def __init__(self, name, step):
        self.name, self.step, self.count = name, step, 0
        # The contracts' step is 10⁻¹⁸.
        self.known = [step > 0, 1000 * step <= 1]
        Rounding.made.append(self)

    def _rounded(self, x, step, below):
        rounded = z3.Real(f"{self.name}_{self.count}")
        self.count += 1
        self.known += [x - step < rounded, rounded <= x] if below else [x <= rounded, rounded < x + step]
        return rounded

    def down(self, x):
        return self._rounded(x, self.step, True)

    def up(self, x):
        return self._rounded(x, self.step, False)


class Any(Rounding):
    """Rounds to any real within one step: (x - step, x] or [x, x + step). What holds of all of them holds of floor and
    ceiling."""

    def __init__(self, name="rounded", step=None, unit=1):
        super().__init__(name, z3.Real("step") if step is None else step)
        self.unit = unit

    def units_down(self, x):
        return self._rounded(x, self.unit, True)

    def units_up(self, x):
        return self._rounded(x, self.unit, False)


class InOrder(Rounding):
    """Any real within one step, of the larger number no smaller one: as floor and ceiling round."""

    def __init__(self):
        super().__init__("rounded", z3.Real("step"))
        self.seen = []

    def _rounded(self, x, step, below):
        rounded = super()._rounded(x, step, below)
        for other, other_rounded in [pair for is_below, *pair in self.seen if is_below == below]:
            self.known.append(z3.Implies(other <= x, other_rounded <= rounded))
            self.known.append(z3.Implies(x <= other, rounded <= other_rounded))
        self.seen.append((below, x, rounded))
        return rounded


class Floor:
    """Rounds as the contracts do, in steps: a step is 1."""

    def down(self, x):
        return z3.ToReal(z3.ToInt(x))

    def up(self, x):
        return -z3.ToReal(z3.ToInt(-x))

    units_down, units_up = down, up


class Lemma:
    """`build(f)` answers with assumptions and a claim, out of the formulas `f`. `assumes` and `says` are both in words,
    and `mutation` is what the formulas given by name do wrong in place of those of formulas.py."""

    def __init__(self, build, assumes, says, mutation, **mutated):
        self.build, self.name, self.assumes, self.says = build, build.__name__, assumes, says
        self.mutation, self.mutated = mutation, mutated
        unknown = [name for name in mutated if not hasattr(formulas, name)]
        assert not unknown, f"{self.name}: no such formula: {unknown}"

    def goal(self, mutated=False):
        Rounding.made = []
        given, claim = self.build(SimpleNamespace(**vars(formulas) | (self.mutated if mutated else {})))
        return [*given, *(fact for rounding in Rounding.made for fact in rounding.known)], claim

    def formulas(self):
        """The names of the formulas that it asks for."""
        asked = []

        class Asked:
            def __getattr__(self, name):
                value = getattr(formulas, name)
                if isinstance(value, type(formulas.choose)) and name not in (*asked, *formulas.HELPERS):
                    asked.append(name)
                return value

        self.build(Asked())
        return asked


def reals(names):
    return z3.Reals(names)


# What is tried, one after the other, and for how many seconds at most: the simplex-based solver finds most, nlsat
# decides polynomials.
TACTICS = [
    (2, lambda: z3.Then("simplify", "solve-eqs", "smt").solver()),
    (None, lambda: z3.Then("simplify", "purify-arith", "elim-term-ite", "solve-eqs", "qfnra-nlsat").solver()),
]


def check(assertions, seconds):
    """z3's answer to these assertions within a time, and the model when there is one."""
    until = time.monotonic() + seconds
    answer = z3.unknown
    for most, tactic in TACTICS:
        left = until - time.monotonic()
        if left <= 0:
            break
        solver = tactic()
        solver.set("timeout", max(1, int(1000 * min(left, most or left))))
        solver.add(*assertions)
        answer = solver.check()
        if answer != z3.unknown:
            return answer, solver.model() if answer == z3.sat else None
    return answer, None


def prove(lemma, seconds):
    """`proved`, `vacuous`, `false` or `unknown`; the seconds that it took; a counterexample or None."""
    started = time.monotonic()
    assumed, claim = lemma.goal()
    answer, model = check([*assumed, z3.Not(claim)], seconds)
    spent = time.monotonic() - started
    if answer == z3.sat:
        return "false", spent, told(model)
    if answer == z3.unknown:
        return "unknown", spent, None
    # Assumptions that contradict each other prove everything.
    possible, _ = check(assumed, seconds)
    spent = time.monotonic() - started
    return {"sat": "proved", "unsat": "vacuous"}.get(str(possible), "unknown"), spent, None


def refute(lemma, seconds):
    """`refuted` with a counterexample, or `stands` or `unknown`; the seconds that it took."""
    started = time.monotonic()
    assumed, claim = lemma.goal(mutated=True)
    answer, model = check([*assumed, z3.Not(claim)], seconds)
    outcome = {"sat": "refuted", "unsat": "stands"}.get(str(answer), "unknown")
    return outcome, time.monotonic() - started, told(model) if model else None


def told(model):
    """The values of a model by name, shortened."""
    values = {}
    for variable in sorted(model.decls(), key=str):
        value = model[variable]
        if z3.is_rational_value(value):
            text = str(value.as_fraction())
            values[str(variable)] = text if len(text) < 24 else f"{float(value.as_fraction()):.9g}"
        elif z3.is_algebraic_value(value):
            values[str(variable)] = value.approx(9).as_decimal(9)
        elif z3.is_bool(value):
            values[str(variable)] = str(value).lower()
    return values
