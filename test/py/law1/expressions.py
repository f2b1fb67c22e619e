"""Random expressions. Floats stay of order one: products and sums go through bounded functions."""

from __future__ import annotations

from collections.abc import Sequence

from law1.scope import Scope, Writer

SETS = ("n", "m", "q")

CONSTANTS = ("0.5", "-1.25", "2", "0.75")
BOUNDED = {
    "sin": "dx.sin({a})",
    "cos": "dx.cos({a})",
    "tanh": "dx.tanh({a})",
    "sqrt": "dx.sqrt(1.5 + dx.sin({a}))",
    "exp": "dx.exp(-({a}) * ({a}))",
    "log": "dx.log(1.25 + ({a}) ** 2)",
    "log1p": "dx.log1p(dx.exp(dx.sin({a})))",
    "atan": "dx.atan({a})",
    "erf": "dx.erf({a})",
    "sigmoid": "dx.sigmoid({a})",
    "relu": "dx.relu({a})",
    "abs": "abs({a})",
    "cube": "dx.tanh({a}) ** 3",
    "stop": "dx.stop_gradient({a})",
    "round": "0.25 * dx.floor(4.0 * dx.tanh({a}))",
}
JOINED = {
    "add": "0.5 * ({a} + {b})",
    "sub": "({a} - {b})",
    "mul": "dx.tanh({a}) * ({b})",
    "div": "({a}) / (1.0 + ({b}) * ({b}))",
    "maximum": "dx.maximum({a}, {b})",
    "min": "min({a}, {b})",
    "atan2": "dx.atan2({a}, 1.5 + dx.sin({b}))",
    "pow": "(1.5 + dx.sin({a})) ** dx.tanh({b})",
}
WITH_CONDITION = {"if": "({a} if {c} else {b})", "where": "dx.where({c}, {a}, {b})"}
REDUCED = ("sum", "mean", "extreme", "product", "pairs", "dependent", "window", "at_best")


class Expressions(Writer):
    """Draws expressions."""

    # -------------------------------------------------------------------------------------------- indices

    def index(self, scope: Scope, of: str) -> str | None:
        """An index of this set, if the scope has one."""
        own = [i for i, over in scope.indices if over == of]
        if of == "m":
            own += [f"p[{i}]" for i, over in scope.indices if over == "n"]
        if scope.integers and own:
            own += [f"{of}.{how}({number})" for number in scope.integers for how in ("clamp", "wrap")]
        return self.pick(own) if own else None

    def element(self, scope: Scope, table: str, sets: tuple[str, ...]) -> str | None:
        places = [self.index(scope, over) for over in sets]
        return f"{table}[{', '.join(map(str, places))}]" if all(places) else None

    # --------------------------------------------------------------------------------------------- floats

    def atom(self, scope: Scope) -> str:
        reads = [self.element(scope, table, sets) for table, sets in scope.tables]
        return self.pick([*scope.floats, *CONSTANTS, *(read for read in reads if read)])

    def expression(self, scope: Scope, depth: int = 2) -> str:
        """A float of order one."""
        if depth == 0:
            return self.atom(scope)
        form = self.pick(["atom", *JOINED, *BOUNDED, *WITH_CONDITION, *REDUCED, "integer"])
        if form in REDUCED:
            return getattr(self, f"_{form}")(scope, depth - 1)
        if form == "integer":
            return f"0.25 * f64({self.integer(scope, depth - 1)} % 7)"
        a = self.expression(scope, depth - 1)
        if form == "atom":
            return a
        if form in BOUNDED:
            return BOUNDED[form].format(a=a)
        b = self.expression(scope, depth - 1)
        return {**JOINED, **WITH_CONDITION}[form].format(a=a, b=b, c=self.condition(scope))

    def condition(self, scope: Scope) -> str:
        simple = f"{self.atom(scope)} {self.pick(['<', '>', '<=', '>='])} {self.atom(scope)} + 0.125"
        form = self.pick(["simple", "and", "not", "integer"])
        if form == "and":
            return f"({simple} {self.pick(['and', 'or'])} {self.atom(scope)} < 0.625)"
        if form == "integer":
            return f"({self.integer(scope, 0)} % 3 != 1)"
        return f"(not {simple})" if form == "not" else f"({simple})"

    # ------------------------------------------------------------------------------------------- integers

    def integer(self, scope: Scope, depth: int = 1) -> str:
        """An integer; it may wrap around."""
        reads = [self.element(scope, table, sets) for table, sets in scope.numbers]
        indices = [f"i64({i})" for i, _ in scope.indices]
        a = self.pick([*scope.integers, "3", "-2", *indices, *(read for read in reads if read)])
        if depth == 0:
            return a
        b = self.integer(scope, depth - 1)
        forms = ["{a}", "({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} // 3)", "({a} % 5)", "min({a}, {b})"]
        forms += ["({a} // -2)", "i64(i32({a}) * i32({b}))", "i64(i8({a}))", "i64(3.7 * dx.sin({f}))", "abs({a})"]
        forms += ["({a} if {c} else {b})", "sum({i} for {r} in n)"]
        return self._filled(self.pick(forms), scope, a, b)

    def _filled(self, form: str, scope: Scope, a: str, b: str) -> str:
        values = {"a": a, "b": b}
        if "{f}" in form:
            values["f"] = self.atom(scope)
        if "{c}" in form:
            values["c"] = self.condition(scope)
        if "{r}" in form:
            values["r"] = self.new("r")
            values["i"] = self.integer(scope.inside((values["r"], "n")), 0)
        return form.format(**values)

    # ----------------------------------------------------------------------------------------- reductions

    def _reduced(self, scope: Scope, depth: int, sets: Sequence[str] = SETS) -> tuple[str, str, Scope, str]:
        """A set, a new name, the scope inside, and a body."""
        over, name = self.pick(sets), self.new("r")
        inner = scope.inside((name, over))
        return over, name, inner, self.expression(inner, depth)

    def _sum(self, scope: Scope, depth: int) -> str:
        over, name, inner, body = self._reduced(scope, depth)
        mask = f" if {self.condition(inner)}" if self.maybe() else ""
        return f"sum(dx.sin({body}) for {name} in {over}{mask}) / {over}.size"

    def _mean(self, scope: Scope, depth: int) -> str:
        over, name, _, body = self._reduced(scope, depth)
        how = self.pick([f"for {name} in {over}", f"for {name} in reversed({over})", f"for {name} in {over}[::2]"])
        return f"sum(dx.sin({body}) {how}) / {over}.size"

    def _extreme(self, scope: Scope, depth: int) -> str:
        over, name, _, body = self._reduced(scope, depth)
        return f"{self.pick(['max', 'min'])}({body} for {name} in {over})"

    def _product(self, scope: Scope, depth: int) -> str:
        over, name, _, body = self._reduced(scope, depth)
        return f"dx.prod(dx.sin({body}) for {name} in {over})"

    def _pairs(self, scope: Scope, depth: int) -> str:
        i, j = self.new("r"), self.new("r")
        body = self.expression(scope.inside((i, "n"), (j, "m")), depth)
        how = self.pick([f"for {i} in n for {j} in m", f"for {i}, {j} in n * m"])
        return f"sum(dx.sin({body}) {how}) / (n.size * m.size)"

    def _dependent(self, scope: Scope, depth: int) -> str:
        i, j = self.new("r"), self.new("r")
        body = self.expression(scope.inside((i, "n"), (j, "n")), depth)
        part = self.pick(["below", "upto", "above", "starting"])
        return f"sum(dx.sin({body}) for {i} in n for {j} in dx.{part}({i})) / (n.size * n.size)"

    def _window(self, scope: Scope, depth: int) -> str:
        """Neighbours, by an index expression that has to be proved."""
        i = self.new("r")
        a, b = (self.pick(["x", *[t for t, sets in scope.tables if sets == ("n",)]]) for _ in range(2))
        over, at = self.pick([("n - 1", f"{i} + 1"), ("n[1:]", f"{i} - 1"), ("n[1:-1]", f"{i} + 1")])
        other = self.pick([f"{a}.get({i} + 2, 0.5)", f"{a}.get({i} - 1, {b}[0])"])
        return f"sum(dx.sin({a}[{i}] * {b}[{at}] + {other}) for {i} in {over}) / n.size"

    def _at_best(self, scope: Scope, depth: int) -> str:
        over, name, _, body = self._reduced(scope, depth, ("n", "m"))
        table = self.pick([t for t, sets in scope.tables if sets == (over,)])
        distinct = f"({body}) + {table}[{name}]"  # or the order of a sum would decide between equals
        return f"{table}[{self.pick(['dx.argmax', 'dx.argmin'])}({distinct} for {name} in {over})]"
