"""Random statements of the kinds that code generation looks for: contractions, rows with short or sequential loops
inside, an escape time for each element, histograms, windows, stencils.
"""

from __future__ import annotations

from law1.nests import Nests
from law1.scope import Scope

KERNELS = "contraction product rows recurrence escape histogram grid convolution stencil stencil2".split()


class Kernels(Nests):
    """Writes kernels."""

    def kinds(self) -> list[str]:
        return [*super().kinds(), *(kind for kind in KERNELS if kind not in self.without)]

    def _over(self, scope: Scope, *sets: str) -> str:
        """A table over these sets."""
        return self.pick([t for t, over in scope.tables if over == sets])

    def _do_contraction(self, scope: Scope) -> None:
        """A product of matrices, by one of its loops."""
        name, i, j, r = self.new("t"), self.new("i"), self.new("j"), self.new("r")
        one, two = self._over(scope, "n", "m"), self._over(scope, "n", "m")
        e, v = self.atom(scope.inside((i, "n"))), f"x[{r}] * {one}[{r}, {j}]"
        form, sets = self.pick([
            (f"[[sum({one}[{i}, {r}] * {two}[{j}, {r}] for {r} in m) for {j} in n] for {i} in n]", ("n", "n")),
            (f"[[sum({one}[{r}, {i}] * {two}[{r}, {j}] for {r} in n) for {j} in m] for {i} in m]", ("m", "m")),
            (f"[[{e} - sum({v} * {two}[{i}, {j}] for {r} in n) for {j} in m] for {i} in n]", ("n", "m")),
        ])  # fmt: skip
        self.line(f"{name} = {form}")
        scope.tables.append((name, sets))

    def _do_product(self, scope: Scope) -> None:
        """A product accumulated in a table, in any order of its loops."""
        name, loops = self.new("h"), [(self.new("i"), "n"), (self.new("j"), "m"), (self.new("r"), "q")]
        (i, _), (j, _), (r, _) = loops
        inner = scope.inside(*loops)
        self.line(f"{name} = dx.zeros(f64[n, q])")
        (a, over_a), (b, over_b), (c, over_c) = self.random.sample(loops, 3)
        with self.block(f"for {a} in {over_a}:"), self.block(f"for {b} in {over_b}:"):
            with self.block(f"for {c} in {over_c}:"):
                e = self.expression(inner, 1)
                self.line(f"{name}[{i}, {r}] += 0.25 * {self._over(scope, 'n', 'm')}[{i}, {j}] * dx.sin({e})")
        scope.tables.append((name, ("n", "q")))

    def _do_rows(self, scope: Scope) -> None:
        """Short loops in a long one: a table of small rows, and what is made of each."""
        name, total, i, r = self.new("t"), self.new("t"), self.new("i"), self.new("r")
        over = self.pick(["n", "m"])
        body = self.expression(scope.inside((i, over), (r, "q")), 1)
        self.line(f"{name} = [[{body} for {r} in q] for {i} in {over}]")
        row, e = f"{name}[{i}]", self.atom(scope.inside((i, over)))
        forms = [
            f"dx.log(sum(dx.exp(dx.sin({row}[{r}])) for {r} in q)) - {e}",
            f"{row}[dx.argmax({row}[{r}] for {r} in q)]",
            f"norm({row}) + {e}",
            f"sum({row}[{r}] * {row}[{r}] for {r} in q) / (1.0 + {e} * {e} + sum({row}[{r}] ** 2 for {r} in q))",
        ]
        self.line(f"{total} = [{self.pick(forms)} for {i} in {over}]")
        scope.tables += [(name, (over, "q")), (total, (over,))]

    def _do_recurrence(self, scope: Scope) -> None:
        """A sequential loop for each element of a parallel one, with a float and a small table as its state."""
        name, c, u, i, j, r = (self.new(stem) for stem in "tcuijr")
        over, steps = self.pick([("n", "m"), ("m", "n"), ("n", "q"), ("m", "q")])
        self.line(f"{name} = dx.zeros(f64[{over}])")
        inner = scope.inside((i, over))
        has_table = self.maybe()
        with self.block(f"for {i} in {over}:"):
            self.line(f"{c} = {self.atom(inner)} * 0.5")
            if has_table:
                self.line(f"{u} = dx.zeros(f64[q])")
            turn = inner.inside((j, steps))
            turn.floats.append(c)
            with self.block(f"for {j} in {self.pick([steps, f'reversed({steps})'])}:"):
                if has_table:
                    e = self.atom(turn)
                    self.line(f"{u} = [dx.tanh({c} - {u}[q.wrap(dx.ordinal({r}) + 1)]) * {e} for {r} in q]")
                    turn.tables.append((u, ("q",)))
                self.line(f"{c} = dx.sin({c} + {self.expression(turn, 1)})")
                if self.maybe():
                    with self.block(f"if {self.condition(turn)}:"):
                        self.line(self.pick(["break", f"{c} = 0.5 - {c}"]))
            self.line(f"{name}[{i}] = {c}" + (f" + sum({u}[{r}] for {r} in q)" if has_table else ""))
        scope.tables.append((name, (over,)))

    def _do_escape(self, scope: Scope) -> None:
        """A `while` for each element, which ends sooner for one than for another."""
        g, z, w, trips, t, i, j = (self.new(stem) for stem in "gzwktij")
        inner = scope.copy()
        inner.floats += [z, w]
        inner.integers.append(trips)
        with self.block(f"def {g}({z}):"):
            self.line(f"{w} = {z}")
            self.line(f"{trips} = 0")
            with self.block(f"while {trips} < {self.pick([3, 6])} and {w} * {w} < {self.pick(['0.5', '2.0'])}:"):
                self.line(f"{w} = 1.25 * dx.sin({w} * {w} + {self.expression(inner, 1)})")
                self.line(f"{trips} += 1")
            self.line(f"return {w} + 0.125 * f64({trips})")
        flat = self.maybe()
        if flat:
            self.line(f"{t} = [{g}(x[{i}]) for {i} in n]")
        else:
            self.line(f"{t} = [[{g}(x[{i}] * y[{j}]) for {j} in m] for {i} in n]")
        scope.tables.append((t, ("n",) if flat else ("n", "m")))

    def _do_histogram(self, scope: Scope) -> None:
        """Sums and counts in bins that are found at run time, and a table of them."""
        counts, sums, i, r = self.new("h"), self.new("h"), self.new("i"), self.new("r")
        inner = scope.inside((i, "n"))
        how = self.pick(["clamp", "wrap"])
        self.line(f"{counts} = dx.zeros(i64[m])")
        self.line(f"{sums} = dx.zeros(f64[m, q])")
        with self.block(f"for {i} in n:"):
            self.line(f"{counts}[m.{how}({self.integer(inner)})] += {self.pick(['1', f'c[{i}]'])}")
            with self.block(f"for {r} in q:"):
                place = self.pick([f"p[{i}]", f"m.{how}(c[{i}])"])
                self.line(f"{sums}[{place}, {r}] += 0.5 * {self.expression(inner.inside((r, 'q')), 1)}")
        scope.numbers.append((counts, ("m",)))
        scope.tables.append((sums, ("m", "q")))

    def _do_grid(self, scope: Scope) -> None:
        """Every pair of two sets into sums by the one, by the other, and by both."""
        rows, columns, total, i, j = self.new("h"), self.new("h"), self.new("c"), self.new("i"), self.new("j")
        self.line(f"{rows} = dx.zeros(f64[n])")
        self.line(f"{columns} = dx.zeros(f64[m])")
        self.line(f"{total} = 0.0")
        e = self.new("v")
        inner = scope.inside((i, "n"), (j, "m"))
        with self.block(f"for {i} in n:"), self.block(f"for {j} in m:"):
            self.line(f"{e} = {self.expression(inner, 1)}")
            self.line(f"{rows}[{i}] += 0.25 * {e}")
            self.line(f"{columns}[{j}] {self.pick(['+=', '-='])} 0.5 * {e}")
            self.line(f"{total} += 0.125 * {e} * {e}")
        scope.floats.append(total)
        scope.tables += [(rows, ("n",)), (columns, ("m",))]

    def _do_convolution(self, scope: Scope) -> None:
        """A window of three moves over a table."""
        name, total, i, r = self.new("t"), self.new("t"), self.new("i"), self.new("r")
        u, w = self._over(scope, "n"), self.atom(scope.inside((r, "q")))
        self.line(f"{name} = [sum({u}[{i} + {r}] * {w} for {r} in q) for {i} in n - 2]")
        self.line(f"{total} = [{name}.get(dx.ordinal({i}) - {self.pick([0, 1, 2])}, 0.25) for {i} in n]")
        scope.tables.append((total, ("n",)))

    def _do_stencil(self, scope: Scope) -> None:
        """Time steps of a stencil, each into a new table."""
        name, t, i = self.new("u"), self.new("r"), self.new("i")
        self.line(f"{name} = {self._over(scope, 'n')}.copy()")
        ends = self.pick([(f"{name}.get({i} - 1, 0.5)", f"{name}.get({i} + 1, {name}[{i}])"),
                          (f"{name}[n.clamp({i} - 1)]", f"{name}[n.wrap({i} + 1)]")])  # fmt: skip
        times = self.pick(["q", "m"])
        body = self.atom(scope.inside((i, "n"), (t, times)))
        with self.block(f"for {t} in {times}:"):
            self.line(f"{name} = [0.25 * {ends[0]} + 0.5 * dx.sin({name}[{i}] + {body}) - {ends[1]} for {i} in n]")
        scope.tables.append((name, ("n",)))

    def _do_stencil2(self, scope: Scope) -> None:
        """Five points of a table with two axes, its border as it was."""
        name, old, i, j = self.new("u"), self.new("u"), self.new("i"), self.new("j")
        self.line(f"{old} = {self._over(scope, 'n', 'm')}")
        self.line(f"{name} = {old}.copy()")
        e = self.atom(scope.inside((i, "n"), (j, "m")))
        with self.block(f"for {i} in n[1:-1]:"), self.block(f"for {j} in m[1:-1]:"):
            around = f"{old}[{i} - 1, {j}] + {old}[{i} + 1, {j}] + {old}[{i}, {j} - 1] + {old}[{i}, {j} + 1]"
            self.line(f"{name}[{i}, {j}] = dx.sin(0.25 * ({around}) - {old}[{i}, {j}]) + {e}")
        scope.tables.append((name, ("n", "m")))
