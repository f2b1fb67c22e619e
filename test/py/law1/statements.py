"""Random statements: each kind of effect. In nests.py they are put into one another."""

from __future__ import annotations

from law1.expressions import SETS, Expressions
from law1.scope import Scope

KINDS = (
    "scalar integer table table2 ragged elementwise accumulate greatest scatter scatter_max count state own own2 sweep "
    "steps relax while if early call helper carry2 skip stop_early records derivative checkpoint zipped pair"
).split()


class Statements(Expressions):
    """Writes statements."""

    without: frozenset[str] = frozenset()
    """Kinds that are not drawn."""

    def kinds(self) -> list[str]:
        return [kind for kind in KINDS if kind not in self.without]

    def statement(self, scope: Scope) -> None:
        getattr(self, f"_do_{self.pick(self.kinds())}")(scope)

    # ------------------------------------------------------------------------------------- scalars, tables

    def _do_scalar(self, scope: Scope) -> None:
        name = self.new("v")
        self.line(f"{name} = {self.expression(scope)}")
        scope.floats.append(name)

    def _do_integer(self, scope: Scope) -> None:
        name = self.new("k")
        self.line(f"{name} = {self.integer(scope, 2)}")
        scope.integers.append(name)

    def _do_table(self, scope: Scope) -> None:
        name, i, over = self.new("t"), self.new("i"), self.pick(SETS)
        self.line(f"{name} = [{self.expression(scope.inside((i, over)))} for {i} in {over}]")
        scope.tables.append((name, (over,)))

    def _do_table2(self, scope: Scope) -> None:
        name, i, j = self.new("t"), self.new("i"), self.new("j")
        sets = self.pick([("n", "m"), ("m", "n"), ("n", "n"), ("q", "n"), ("m", "q")])
        body = self.expression(scope.inside((i, sets[0]), (j, sets[1])), 1)
        self.line(f"{name} = [[{body} for {j} in {sets[1]}] for {i} in {sets[0]}]")
        scope.tables.append((name, sets))

    def _do_ragged(self, scope: Scope) -> None:
        """A triangle, and the sums of its rows."""
        name, total, i, j = self.new("t"), self.new("t"), self.new("i"), self.new("j")
        part = self.pick(["upto", "below", "above", "starting"])
        body = self.expression(scope.inside((i, "n"), (j, "n")), 1)
        self.line(f"{name} = [[{body} for {j} in dx.{part}({i})] for {i} in n]")
        self.line(f"{total} = [0.25 * sum(v for v in {name}[{i}]) for {i} in n]")
        scope.tables.append((total, ("n",)))

    def _do_elementwise(self, scope: Scope) -> None:
        """Whole tables, without an index."""
        name = self.new("t")
        t = self.pick([t for t, sets in scope.tables if sets == ("n",)])
        e = self.atom(scope)
        forms = [f"dx.sin({t}) + 0.5 * x", f"{e} * {t} - x", f"0.25 * (a @ y) + {t}", f"dx.exp(-{t} * x)"]
        self.line(f"{name} = {self.pick(forms)}")
        scope.tables.append((name, ("n",)))

    def _do_zipped(self, scope: Scope) -> None:
        """Values instead of indices."""
        name, v, w = self.new("t"), self.new("z"), self.new("z")
        inner = scope.copy()
        inner.floats += [v, w]
        t = self.pick([t for t, sets in scope.tables if sets == ("n",)])
        self.line(f"{name} = [{self.expression(inner, 1)} for {v}, {w} in zip(x, {t})]")
        scope.tables.append((name, ("n",)))

    def _do_pair(self, scope: Scope) -> None:
        """A tuple, taken apart."""
        one, two = self.new("v"), self.new("v")
        self.line(f"{one}, {two} = {self.expression(scope, 1)}, {self.expression(scope, 1)}")
        scope.floats += [one, two]

    def _do_records(self, scope: Scope) -> None:
        """A struct with operators, a dict, a table of structs."""
        name, i = self.new("g"), self.new("i")
        inner = scope.inside((i, "n"))
        self.line(f"{name} = [Pair({self.expression(inner, 1)}, {self.atom(inner)}) for {i} in n]")
        d, t = self.new("d"), self.new("t")
        self.line(f'{d} = {{"first": Pair({self.atom(scope)}, 0.5), "second": {self.expression(scope, 1)}}}')
        self.line(f'{t} = [({name}[{i}] * {d}["first"]).total() + {d}["second"] for {i} in n]')
        scope.tables.append((t, ("n",)))

    # ----------------------------------------------------------------------------------------- accumulation

    def _do_accumulate(self, scope: Scope) -> None:
        name, i, j, over = self.new("c"), self.new("i"), self.new("j"), self.pick(["m", "dx.below", "dx.upto"])
        self.line(f"{name} = 0.0")
        inner = scope.inside((i, "n"), (j, "m" if over == "m" else "n"))
        with self.block(f"for {i} in n:"), self.block(f"for {j} in {over if over == 'm' else f'{over}({i})'}:"):
            self.line(f"{name} {self.pick(['+=', '-='])} 0.25 * dx.sin({self.expression(inner, 1)})")
        scope.floats.append(name)

    def _do_greatest(self, scope: Scope) -> None:
        name, i, how = self.new("c"), self.new("i"), self.pick(["max", "min"])
        self.line(f"{name} = {self.atom(scope)} * 1.0")
        with self.block(f"for {i} in n:"):
            self.line(f"{name} = {how}({name}, {self.expression(scope.inside((i, 'n')), 1)})")
        scope.floats.append(name)

    def _do_count(self, scope: Scope) -> None:
        name, i = self.new("k"), self.new("i")
        inner = scope.inside((i, "n"))
        self.line(f"{name} = 0")
        with self.block(f"for {i} in n:"), self.block(f"if {self.condition(inner)}:"):
            self.line(f"{name} += {self.integer(inner, 0)}")
        scope.integers.append(name)

    def _do_scatter(self, scope: Scope) -> None:
        name, i = self.new("h"), self.new("i")
        self.line(f"{name} = dx.zeros(f64[m])")
        with self.block(f"for {i} in n:"):
            self.line(f"{name}[p[{i}]] += 0.5 * {self.expression(scope.inside((i, 'n')), 1)}")
        scope.tables.append((name, ("m",)))

    def _do_scatter_max(self, scope: Scope) -> None:
        name, i = self.new("h"), self.new("i")
        self.line(f"{name} = dx.accum(f64[m], {self.pick(['max', 'min'])})")
        with self.block(f"for {i} in n:"):
            self.line(f"{name}[p[{i}]] += {self.expression(scope.inside((i, 'n')), 1)}")
        t, j = self.new("t"), self.new("j")
        self.line(f"{t} = [dx.maximum(-3.0, dx.minimum(3.0, {name}[{j}])) for {j} in m]")
        scope.tables.append((t, ("m",)))

    # ------------------------------------------------------------------------------------------------ state

    def _do_state(self, scope: Scope) -> None:
        name, i, over = self.new("c"), self.new("i"), self.pick(["n", "m"])
        self.line(f"{name} = {self.expression(scope, 1)}")
        inner = scope.inside((i, over))
        inner.floats.append(name)
        with self.block(f"for {i} in {self.pick([over, f'reversed({over})'])}:"):
            self.line(f"{name} = dx.sin({name} + {self.expression(inner, 1)}) * 1.5")
            if self.maybe():
                with self.block(f"if {self.condition(inner)}:"):
                    self.line(f"{name} = 0.5 * {name}")
        scope.floats.append(name)

    def _do_carry2(self, scope: Scope) -> None:
        """Two values carried together, a table of the one on the way."""
        one, two, t, i = self.new("c"), self.new("c"), self.new("t"), self.new("i")
        self.line(f"{one} = {self.atom(scope)} * 1.0")
        self.line(f"{two} = {self.atom(scope)} * 1.0")
        self.line(f"{t} = dx.zeros(f64[n])")
        inner = scope.inside((i, "n"))
        inner.floats += [one, two]
        with self.block(f"for {i} in n:"):
            self.line(f"{t}[{i}] = {one} * dx.tanh({two})")
            self.line(f"{one}, {two} = dx.sin({two} + {self.expression(inner, 1)}), dx.tanh({one})")
        scope.floats += [one, two]
        scope.tables.append((t, ("n",)))

    def _do_skip(self, scope: Scope) -> None:
        """`continue`."""
        name, i = self.new("c"), self.new("i")
        inner = scope.inside((i, "n"))
        self.line(f"{name} = 0.0")
        with self.block(f"for {i} in n:"):
            with self.block(f"if {self.condition(inner)}:"):
                self.line("continue")
            self.line(f"{name} += 0.5 * {self.expression(inner, 1)}")
        scope.floats.append(name)

    def _do_stop_early(self, scope: Scope) -> None:
        """`break`."""
        name, i, over = self.new("c"), self.new("i"), self.pick(["n", "m"])
        inner = scope.inside((i, over))
        self.line(f"{name} = {self.atom(scope)} * 1.0")
        inner.floats.append(name)
        with self.block(f"for {i} in {over}:"):
            self.line(f"{name} = dx.tanh({name}) + {self.expression(inner, 1)}")
            with self.block(f"if {self.condition(inner)}:"):
                self.line("break")
        scope.floats.append(name)

    def _do_own(self, scope: Scope) -> None:
        name, i = self.new("u"), self.new("i")
        self.line(f"{name} = x.copy()")
        inner = scope.inside((i, "n"))
        with self.block(f"for {i} in {self.pick(['n', 'n[1:]', 'n[:-1]'])}:"):
            self.line(f"{name}[{i}] = dx.tanh({name}[{i}]) + {self.expression(inner, 1)}")
            if self.maybe():
                with self.block(f"if {self.condition(inner)}:"):
                    self.line(f"{name}[{i}] = {name}[{i}] * 0.5")
        scope.tables.append((name, ("n",)))

    def _do_own2(self, scope: Scope) -> None:
        """Rows of a table, each with its own loop; maybe what a row was is wanted afterwards."""
        name, i, j = self.new("u"), self.new("i"), self.new("j")
        old, total, r = self.new("o"), self.new("t"), self.new("r")
        self.line(f"{name} = a.copy()")
        self.line(f"{total} = dx.zeros(f64[n])")
        inner = scope.inside((i, "n"), (j, "m"))
        with self.block(f"for {i} in n:"):
            self.line(f"{old} = {name}[{i}].copy()")
            over, before = self.pick([("m", "0.5"), ("m[1:]", "0.5"), ("m[1:]", f"{name}[{i}, {j} - 1]")])
            with self.block(f"for {j} in {over}:"):
                self.line(f"{name}[{i}, {j}] = dx.sin({name}[{i}, {j}] + {before}) + {self.expression(inner, 1)}")
            row = self.pick([old, "y"])
            self.line(f"{total}[{i}] = sum(dx.sin({row}[{r}] * {name}[{i}, {r}]) for {r} in m)")
        scope.tables += [(name, ("n", "m")), (total, ("n",))]

    def _do_sweep(self, scope: Scope) -> None:
        """Gauss–Seidel: each element from the one before it, in place."""
        name, i = self.new("u"), self.new("i")
        self.line(f"{name} = [{self.atom(scope)} * x[{i}] for {i} in n]")
        inner = scope.inside((i, "n"))
        with self.block(f"for {i} in n[1:]:"):
            self.line(f"{name}[{i}] = dx.sin({name}[{i} - 1] + {self.expression(inner, 1)}) + 0.5 * {name}[{i}]")
        scope.tables.append((name, ("n",)))

    def _do_steps(self, scope: Scope) -> None:
        """A sequential loop that makes a new table in each step, and carries it."""
        name, t, i = self.new("u"), self.new("r"), self.new("i")
        self.line(f"{name} = x.copy()")
        inner = scope.inside((i, "n"), (t, "m"))
        inner.tables.append((name, ("n",)))
        with self.block(f"for {t} in m:"):
            body = self.expression(inner, 1)
            self.line(f"{name} = [dx.sin({name}[n.wrap(i64({i}) + 1)] - {body}) + 0.5 * {name}[{i}] for {i} in n]")
        scope.tables.append((name, ("n",)))

    def _do_relax(self, scope: Scope) -> None:
        """Sweeps in place inside of a sequential loop."""
        name, t, i = self.new("u"), self.new("r"), self.new("i")
        self.line(f"{name} = x.copy()")
        inner = scope.inside((i, "n"), (t, "m"))
        with self.block(f"for {t} in m:"), self.block(f"for {i} in n[1:-1]:"):
            body = self.expression(inner, 1)
            self.line(f"{name}[{i}] = dx.tanh({name}[{i} - 1] + {name}[{i} + 1]) - 0.5 * {body}")
        scope.tables.append((name, ("n",)))

    def _do_while(self, scope: Scope) -> None:
        name, trips = self.new("c"), self.new("k")
        self.line(f"{name} = {self.expression(scope, 1)}")
        self.line(f"{trips} = 0")
        inner = scope.copy()
        inner.floats.append(name)
        with self.block(f"while {trips} < {self.pick(range(5))} and {name} < 4.0:"):
            self.line(f"{name} = dx.tanh({name}) + 0.5 * {self.expression(inner, 1)}")
            self.line(f"{trips} += 1")
        scope.floats.append(name)
        scope.integers.append(trips)

    # ----------------------------------------------------------------------------------- branches, functions

    def _do_if(self, scope: Scope) -> None:
        name, i = self.new("v"), self.new("i")
        heads = [f"if {self.condition(scope)}:", f"elif {self.condition(scope)}:", "else:"]
        loop = self.maybe()
        for head in heads if self.maybe() else heads[::2]:
            with self.block(head):
                self.line(f"{name} = {self.expression(scope)}")
                if loop and head == "else:":
                    with self.block(f"for {i} in n:"):
                        self.line(f"{name} += 0.25 * {self.expression(scope.inside((i, 'n')), 1)}")
        scope.floats.append(name)

    def _do_early(self, scope: Scope) -> None:
        """An early `return`, from a local function."""
        name, argument, result = self.new("g"), self.new("z"), self.new("v")
        inner = scope.copy()
        inner.floats.append(argument)
        with self.block(f"def {name}({argument}):"):
            with self.block(f"if {self.condition(inner)}:"):
                self.line(f"return {self.expression(inner, 1)}")
            self.line(f"return {self.expression(inner, 1)}")
        self.line(f"{result} = {name}({self.expression(scope, 1)})")
        scope.floats.append(result)

    def _do_call(self, scope: Scope) -> None:
        """A local function, called in a comprehension."""
        name, argument, t, i = self.new("g"), self.new("z"), self.new("t"), self.new("i")
        inner = scope.copy()
        inner.floats.append(argument)
        with self.block(f"def {name}({argument}):"):
            self.line(f"return {self.expression(inner, 1)}")
        self.line(f"{t} = [{name}(x[{i}]) for {i} in n]")
        scope.tables.append((t, ("n",)))

    def _do_helper(self, scope: Scope) -> None:
        """Calls of compiled functions, whose sizes are not the caller's."""
        name, i = self.new("t"), self.new("i")
        e = self.expression(scope.inside((i, "n")), 1)
        forms = [f"[norm(a[{i}]) + 0.25 * {e} for {i} in n]", f"[norm(x) - {e} for {i} in n]", "shifted(x, y)"]
        self.line(f"{name} = {self.pick(forms)}")
        scope.tables.append((name, ("n",)))

    def _do_derivative(self, scope: Scope) -> None:
        """A derivative inside of the program."""
        name, z, i = self.new("t"), self.new("z"), self.new("i")
        inner = scope.inside((i, "n"))
        inner.floats.append(z)
        e = self.expression(inner, 1)
        forms = [
            f"[dx.grad(lambda {z}: dx.sin({e}) * {z})(x[{i}]) for {i} in n]",
            f"[0.5 * dx.jvp(lambda {z}: dx.sin({e}) * {z}, (x[{i}],), (0.5,))[1] for {i} in n]",
            "dx.grad(norm)(x)",
        ]
        self.line(f"{name} = {self.pick(forms)}")
        scope.tables.append((name, ("n",)))

    def _do_checkpoint(self, scope: Scope) -> None:
        name, z, i = self.new("t"), self.new("z"), self.new("i")
        inner = scope.copy()
        inner.floats.append(z)
        policy = ("", ', "sqrt"', ', "log"', ", 2")[len(self.lines) % 4]
        body = self.expression(inner, 1)
        function = f"lambda {z}: settled(y, {body})" if policy else f"lambda {z}: {body}"
        self.line(f"{name} = [dx.checkpoint({function}{policy})(x[{i}]) for {i} in n]")
        scope.tables.append((name, ("n",)))
