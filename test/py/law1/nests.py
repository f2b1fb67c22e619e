"""Random statements that hold others: loops with state, loops without, branches, functions."""

from __future__ import annotations

from law1.scope import Scope
from law1.statements import Statements

NESTS = ("nest_state", "nest_parallel", "nest_while", "nest_if", "nest_function")
DEEPEST = 2


class Nests(Statements):
    """Writes statements inside of statements."""

    nesting = 0

    def kinds(self) -> list[str]:
        deeper = [kind for kind in NESTS if kind not in self.without] if self.nesting < DEEPEST else []
        return [*super().kinds(), *deeper]

    def body(self, scope: Scope) -> None:
        """One or two statements, which end with a new float in the scope."""
        self.nesting += 1
        for _ in range(self.pick([1, 2])):
            self.statement(scope)
        self.nesting -= 1
        self._do_scalar(scope)

    def _do_nest_state(self, scope: Scope) -> None:
        """A loop that carries a float and a table."""
        c, u, r, i = self.new("c"), self.new("u"), self.new("r"), self.new("i")
        over = self.pick(["m", "n", "reversed(n)"])
        self.line(f"{c} = {self.atom(scope)} * 1.0")
        self.line(f"{u} = {self.pick(['x.copy()', 'dx.zeros(f64[n])'])}")
        inner = scope.inside((r, "m" if over == "m" else "n"))
        inner.floats.append(c)
        inner.tables.append((u, ("n",)))
        with self.block(f"for {r} in {over}:"):
            self.body(inner)
            self.line(f"{c} = dx.sin({c} + {inner.floats[-1]})")
            made = self.pick(["new", "own", "one", "none"])
            if made == "new":
                self.line(f"{u} = [dx.tanh({u}[{i}] - {c}) + 0.5 * {self.atom(inner)} for {i} in n]")
            elif made == "own":
                with self.block(f"for {i} in {self.pick(['n', 'n[1:]'])}:"):
                    self.line(f"{u}[{i}] = dx.sin({u}[{i}]) * {inner.floats[-1]} + {c}")
            elif made == "one":
                self.line(f"{u}[{self.index(inner, 'n') or 'n.clamp(1)'}] = dx.tanh({inner.floats[-1]})")
        scope.floats.append(c)
        scope.tables.append((u, ("n",)))

    def _do_nest_parallel(self, scope: Scope) -> None:
        """A loop that sums up, scatters, and writes what is its own."""
        c, t, h, i = self.new("c"), self.new("t"), self.new("h"), self.new("i")
        self.line(f"{c} = 0.0")
        self.line(f"{t} = dx.zeros(f64[n])")
        self.line(f"{h} = dx.zeros(f64[m])")
        inner = scope.inside((i, "n"))
        with self.block(f"for {i} in n:"):
            self.body(inner)
            self.line(f"{c} += 0.5 * {inner.floats[-1]}")
            self.line(f"{t}[{i}] = dx.sin({self.pick(inner.floats)})")
            self.line(f"{h}[p[{i}]] += 0.25 * {inner.floats[-1]}")
        scope.floats.append(c)
        scope.tables += [(t, ("n",)), (h, ("m",))]

    def _do_nest_while(self, scope: Scope) -> None:
        c, trips = self.new("c"), self.new("k")
        self.line(f"{c} = {self.atom(scope)} * 1.0")
        self.line(f"{trips} = 0")
        inner = scope.copy()
        inner.floats.append(c)
        with self.block(f"while {trips} < {self.pick([2, 3])} and {c} < 3.0:"):
            self.body(inner)
            self.line(f"{c} = dx.tanh({c}) + 0.75 * {inner.floats[-1]}")
            self.line(f"{trips} += 1")
        scope.floats.append(c)

    def _do_nest_if(self, scope: Scope) -> None:
        v, u = self.new("v"), self.new("u")
        self.line(f"{v} = {self.atom(scope)} * 1.0")
        self.line(f"{u} = x.copy()")
        condition = self.condition(scope)
        for head in (f"if {condition}:", "else:") if self.maybe() else (f"if {condition}:",):
            inner = scope.copy()
            inner.tables.append((u, ("n",)))
            with self.block(head):
                self.body(inner)
                self.line(f"{v} = {inner.floats[-1]}")
                if self.maybe():
                    self.line(f"{u}[n.clamp(1)] = 0.5 * {v}")
        scope.floats.append(v)
        scope.tables.append((u, ("n",)))

    def _do_nest_function(self, scope: Scope) -> None:
        """A local function with statements, for each element."""
        g, z, t, i = self.new("g"), self.new("z"), self.new("t"), self.new("i")
        inner = scope.copy()
        inner.floats.append(z)
        with self.block(f"def {g}({z}):"):
            self.body(inner)
            self.line(f"return {inner.floats[-1]} + 0.5 * {z}")
        self.line(f"{t} = [{g}(x[{i}]) for {i} in n]")
        scope.tables.append((t, ("n",)))
