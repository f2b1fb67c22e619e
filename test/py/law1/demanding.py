"""Random statements for transformations that ask a lot of a program: recurrences of a few numbers, tables that are
filled from what is in them, recurrent layers, pairs of points, shortest ways.
"""

from __future__ import annotations

from law1.kernels import Kernels
from law1.scope import Scope

DEMANDING = "orbit orbit filled triangle cut layer pairs settle dense".split()


class Demanding(Kernels):
    """Writes these."""

    def kinds(self) -> list[str]:
        return [*super().kinds(), *self.demanding()]

    def demanding(self) -> list[str]:
        return [kind for kind in DEMANDING if kind not in self.without]

    def _do_orbit(self, scope: Scope) -> None:
        """Up to four numbers in a straight body, whose products wait for each other, and choices between them."""
        i, over, h = self.new("i"), self.pick(["n", "m"]), self.new("h")
        carried = [self.new("c") for _ in range(self.pick([1, 2, 2, 3, 4]))]
        for name in carried:
            self.line(f"{name} = {self.atom(scope)} * 0.5")
        adds = self.maybe()
        if adds:
            self.line(f"{h} = dx.zeros(f64[{over}])")
        inner = scope.inside((i, over))
        inner.floats += carried
        with self.block(f"for {i} in {self.pick([over, f'reversed({over})'])}:"):
            for name in carried:
                u, v, w = self.pick(carried), self.atom(inner), self.expression(inner, 1)
                self.line(f"{name} = " + self.pick([
                    f"dx.sin({v} * {name} - ({w}) * {name} * {u})",
                    f"0.9 * dx.tanh({u} + {w}) - 0.25 * {name} * dx.sin({u})",
                    f"dx.where({self.condition(inner)}, dx.sin({u} * {v}), {self.atom(inner)} * dx.exp(-{name} * {u}))",
                    f"(dx.tanh({u}) if {self.condition(inner)} else {name} / (1.5 + {u} * {u}))",
                    f"max(min({u} * {v}, {name} + 0.5), -1.0)",
                ]))  # fmt: skip
            if adds:
                self.line(f"{h}[{i}] += dx.sin({self.pick(carried)} * {self.pick(carried)})")
        scope.floats += carried
        if adds:
            scope.tables.append((h, (over,)))

    def _do_filled(self, scope: Scope) -> None:
        """A table whose elements are made of those before, or of all."""
        u, i, j, c = self.new("u"), self.new("i"), self.new("j"), self.new("v")
        self.line(f"{u} = {self.pick(['x.copy()', 'dx.zeros(f64[n])', f'[0.5 * {self.atom(scope)} for {i} in n]'])}")
        inner = scope.inside((i, "n"))
        e, w = self.expression(inner, 1), self.atom(inner.inside((j, "n")))
        before = self.pick([f"dx.below({i})", f"dx.below({i})", "n"])
        with self.block(f"for {i} in {self.pick(['n', 'reversed(n)'])}:"):
            self.line(f"{c} = 0.5 * sum(dx.sin({u}[{j}] * {w}) for {j} in {before})")
            place = self.pick([i, i, "n.wrap(i64(7.7 * dx.sin(" + c + ")))"])
            mixed = f"{c} * dx.tanh({u}[{place}]) + 0.5 * {e}"
            self.line(f"{u}[{place}] = {self.pick([f'dx.sin({c} + {e})', mixed, f'{e} / (1.0 + {c} * {c})'])}")
        scope.tables.append((u, ("n",)))

    def _do_triangle(self, scope: Scope) -> None:
        """A triangular factor, row by row."""
        u, i, j, r, c, total = (self.new(stem) for stem in "uijrvt")
        self.line(f"{u} = dx.zeros(f64[n, n])")
        inner = scope.inside((i, "n"), (j, "n"))
        e, other = self.expression(inner, 1), self.pick([f"{u}[{i}, {r}]", self.atom(inner)])
        with self.block(f"for {i} in n:"), self.block(f"for {j} in dx.upto({i}):"):
            self.line(f"{c} = {e} - 0.5 * sum(dx.sin({u}[{j}, {r}] * {other}) for {r} in dx.below({j}))")
            below = f"{c} / (2.0 + dx.sin({u}[{j}, {j}]))"
            self.line(f"{u}[{i}, {j}] = dx.sqrt(1.5 + dx.sin({c})) if {i} == {j} else {below}")
        self.line(f"{total} = [sum({u}[{i}, {j}] for {j} in dx.upto({i})) for {i} in n]")
        scope.tables.append((total, ("n",)))

    def _do_cut(self, scope: Scope) -> None:
        """The least over the places before."""
        u, i, j, c = self.new("u"), self.new("i"), self.new("j"), self.new("v")
        self.line(f"{u} = dx.zeros(f64[n])")
        inner = scope.inside((i, "n"))
        first, e = self.atom(inner), self.expression(inner.inside((j, "n")), 1)
        how = self.pick(["min", "max"])
        with self.block(f"for {i} in n:"):
            self.line(f"{c} = {first} * 1.0")
            with self.block(f"for {j} in dx.below({i}):"):
                self.line(f"{c} = {how}({c}, 0.5 * {u}[{j}] + {e} + x[{j}])")
            self.line(f"{u}[{i}] = dx.sin({c})")
        scope.tables.append((u, ("n",)))

    def _do_layer(self, scope: Scope) -> None:
        """A recurrent layer with a gate."""
        h, t, i, j, g, v = (self.new(stem) for stem in "hrijtz")
        self.line(f"{h} = {self.pick(['y.copy()', f'[0.5 * {self.atom(scope)} for {i} in m]'])}")
        turn = scope.inside((t, "n"))
        turn.tables.append((h, ("m",)))
        inner = turn.inside((i, "m"))
        e, w = self.expression(inner, 1), self.pick([f"a[{t}, {i}]", f"a[{t}, {j}]", f"y[{i}] * y[{j}]"])
        with self.block(f"for {t} in n:"):
            self.line(f"{g} = [dx.sigmoid({self.atom(inner)} + sum({w} * {h}[{j}] for {j} in m)) for {i} in m]")
            kept = f"{g}[{i}] * {h}[{i}]"
            new = self.pick([f"{kept} + (1.0 - {g}[{i}]) * dx.tanh({e})", f"dx.tanh({kept} + {e})"])
            self.line(f"{h} = [{new} for {i} in m]")
        self.line(f"{v} = sum({h}[{i}] * {h}[{i}] for {i} in m)")
        scope.tables.append((h, ("m",)))
        scope.floats.append(v)

    def _do_pairs(self, scope: Scope) -> None:
        """Forces between points, or their energy: each pair is met from both sides."""
        r, f, c, i, j, e, s, w = (self.new(stem) for stem in "rhcirvvv")
        inner = scope.inside((i, "n"))
        at = self.pick([self.atom(inner), f"x[{i}]"])
        self.line(f"{r} = [[{at}, 0.5 * x[{i}], {at} * x[{i}] - 0.25] for {i} in n]")
        self.line(f"{f} = dx.zeros(f64[n, q])")
        self.line(f"{c} = 0.0")
        with self.block(f"for {i} in n:"), self.block(f"for {j} in n:"):
            self.line(f"{e} = [{r}[{j}][{w}] - {r}[{i}][{w}] for {w} in q]")
            self.line(f"{s} = sum({e}[{w}] * {e}[{w}] for {w} in q) + 0.75")
            strength = self.pick([f"x[{j}]", f"x[{i}] * x[{j}]", "0.5"])
            law = self.pick([f"* {s} ** -1.5", f"/ ({s} * dx.sqrt({s}))", f"* dx.exp(-{s})"])
            pull = f"{strength} {law}"
            if self.maybe():
                with self.block(f"for {w} in q:"):
                    self.line(f"{f}[{i}, {w}] += {pull} * {e}[{w}]")
            else:
                self.line(f"{c} += {pull}")
        scope.floats.append(c)
        scope.tables.append((f, ("n", "q")))

    def _do_dense(self, scope: Scope) -> None:
        """Products of matrices of what is made for each point, and what is made of these."""
        h, g, i, j, r = (self.new(stem) for stem in "ttijr")
        point = scope.inside((i, "n"), (r, "q"))
        factor = self.pick([f"a[{i}, {j}]", f"dx.sin(a[{i}, {j}] + {self.atom(scope)})"])
        weight = self.pick([f"dx.cos(y[{j}] * {self.number(r)})", f"(y[{j}] + {self.number(r)})"])
        inside = f"sum({factor} * {weight} for {j} in m) + {self.atom(point)}"
        self.line(f"{h} = [[dx.tanh({inside}) for {r} in q] for {i} in n]")
        form, sets = self.pick([
            (f"[[sum({h}[{i}, {r}] * a[{i}, {j}] for {i} in n) / n.size for {j} in m] for {r} in q]", ("q", "m")),
            (f"[[sum({h}[{i}, {r}] * {h}[{j}, {r}] for {r} in q) for {j} in n] for {i} in n]", ("n", "n")),
            (f"[[sum({h}[{i}, {r}] * {h}[{i}, {j}] for {i} in n) for {j} in q] for {r} in q]", ("q", "q")),
        ])  # fmt: skip
        self.line(f"{g} = {form}")
        scope.tables += [(h, ("n", "q")), (g, sets)]

    def number(self, index: str) -> str:
        """An index as a float."""
        return f"f64(dx.ordinal({index}))"

    def _do_settle(self, scope: Scope) -> None:
        """A `while` with two numbers for each element; they end at different times."""
        g, z, w, v, trips, t, i = (self.new(stem) for stem in "gzwvkti")
        inner = scope.copy()
        inner.floats += [z, w, v]
        with self.block(f"def {g}({z}):"):
            self.line(f"{w}, {v}, {trips} = {z}, {self.atom(scope)} * 0.5, 0")
            limits = f"{trips} < {self.pick([4, 7])} and {w} * {w} + {v} * {v} < {self.pick(['0.75', '4.0'])}"
            with self.block(f"while {limits}:"):
                step = f"{w} * {w} - {v} * {v} + {self.atom(inner)}, 2.0 * {w} * {v} + {self.atom(inner)}"
                self.line(f"{w}, {v} = {self.pick([step, f'dx.tanh({v}) + 0.5, {w} * 1.25 + {self.atom(inner)}'])}")
                self.line(f"{trips} += {self.pick(['1', f'(1 if {w} > 0.0 else 2)'])}")
            self.line(f"return dx.tanh({w}) + 0.25 * dx.sin({v}) + 0.125 * f64({trips})")
        self.line(f"{t} = [{g}(x[{i}]) for {i} in n]")
        scope.tables.append((t, ("n",)))
