"""Programs that each hold one structural op, or one op inside another: what every mode of differentiation must do.

A case: the program, and the arguments (drawn where the program is smooth).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp, f64

from ad.build import Build, program
from pydex.dialects import ix

CASES: dict[str, tuple[Callable[[], ModuleOp], list[Any]]] = {}


def case(sizes: str, arguments: list[Any], *values: Any) -> Any:
    """Register a program under its name. Values: shapes to draw, or arrays."""

    def register(body: Callable[..., Any]) -> Callable[..., Any]:
        rng = np.random.default_rng(zlib.crc32(body.__name__.encode()))
        drawn = [rng.standard_normal(v) if isinstance(v, tuple) else v for v in values]
        drawn = [float(v) if np.ndim(v) == 0 else v for v in drawn]
        CASES[body.__name__] = (lambda: program(sizes, arguments, body), drawn)
        return body

    return register


# -------------------------------------------------------------------------------------- straight line, tables


@case("", ["", ""], (), ())
def scalars(f: Build, x: Any, y: Any) -> Any:
    return f.sin(x * y) / (2.0 + f.exp(x)) - y, x * x


@case("n", ["n"], (4,))
def elements(f: Build, x: Any) -> Any:
    """The same element read twice, an update, a read of the update."""
    i, j = f.index([], [], 1, "n"), f.index([], [], 2, "n")
    a, b, c = f.at(x, i), f.at(x, j), f.at(x, i)
    y = f.update(x, [j], a * b)
    y = f.update(y, [i], f.at(y, j) * c)
    return y, f.at(y, i) * f.at(y, j)


@case("n m", ["n m", "m"], (2, 3), (3,))
def rows(f: Build, x: Any, r: Any) -> Any:
    """Sub-tables read and written whole."""
    i, j = f.index([], [], 0, "n"), f.index([], [], 1, "n")
    y = f.update(x, [j], r)
    row = f.at(y, i)
    k = f.index([], [], 2, "m")
    return f.update(y, [i], r), f.at(row, k) * f.at(f.at(y, j), k)


@case("n", ["", "", "n"], (), (), (3,))
def made_tables(f: Build, a: Any, b: Any, x: Any) -> Any:
    """Literal and constant tables."""
    t = f.pack(a * b, f.sin(a), b)
    u = f.fill(a * a, "n", "2")
    k, i = f.index([], [], 1, "3"), f.index([], [], 0, "n")
    return t, u, f.at(t, k) * f.at(u, i, f.index([], [], 1, "2")), f.pack(x, x)


@case("n", ["n"], (4,))
def stopped(f: Build, x: Any) -> Any:
    return f.sum("n", lambda g, i: g.at(x, i) * g.sin(g.at(x, i)) + f_stop(g, g.at(x, i)))


def f_stop(g: Build, x: Any) -> Any:
    """0 · stop(x): contributes neither value nor derivative."""
    return g.stop(x) * 0.0


# ------------------------------------------------------------------------------------------------- ix.for


@case("n", ["n", ""], (5,), ())
def table_of(f: Build, x: Any, s: Any) -> Any:
    return f.tab("n", lambda g, i: g.sin(g.at(x, i)) * s)


@case("n m", ["n m", "m"], (3, 4), (4,))
def for_in_for(f: Build, x: Any, w: Any) -> Any:
    def row(g: Build, i: Any) -> Any:
        s = g.sum("m", lambda h, j: h.exp(h.at(x, i, j)) * h.at(w, j))
        return s * s, s

    return f.for_("n", "add tab", row)


@case("n", ["n n"], (3, 3))
def transposed(f: Build, x: Any) -> Any:
    return f.tab("n", lambda g, i: g.tab("n", lambda h, j: h.at(x, j, i) * h.at(x, i, j)))


@case("n", ["n", "n"], (4,), (4,))
def triangle(f: Build, x: Any, w: Any) -> Any:
    """Dependent sets: sum over j <= i, and a ragged table."""

    def row(g: Build, i: Any) -> Any:
        def one(h: Build, j: Any) -> Any:
            d = h.at(x, i) - h.at(x, h.index([j], [1], 0, "n"))
            return h.exp(-(d * d)) * h.at(w, i)

        return g.sum("i + 1", one), g.tab("i + 1", one)

    return f.for_("n", "add tab", row, (), "i")


@case("n", ["n"], (5,))
def window(f: Build, x: Any) -> Any:
    """Neighbours of the interior: a stencil."""

    def one(g: Build, i: Any) -> Any:
        left, mid, right = (g.at(x, g.index([i], [1], k, "n")) for k in (0, 1, 2))
        return left * right - mid * mid * mid

    return f.tab("n - 2", one)


@case("n", ["n"], (5,))
def winner(f: Build, x: Any) -> Any:
    best, least = f.for_("n", "max min", lambda g, i: (g.sin(g.at(x, i)) * 2.0, g.at(x, i)))
    return best * least


@case("n m", ["n m"], (3, 4))
def winner_in_for(f: Build, x: Any) -> Any:
    """A stable logsumexp of each row, and the best row."""

    def row(g: Build, i: Any) -> Any:
        top = g.for_("m", "max", lambda h, j: h.at(x, i, j))
        s = g.sum("m", lambda h, j: h.exp(h.at(x, i, j) - top))
        return top + g.sin(s), s

    return f.for_("n", "tab max", row)


@case("n", ["n"], (5,))
def winner_of_a_table(f: Build, x: Any) -> Any:
    """What is maximised is also kept: softmax by hand."""

    def one(g: Build, i: Any) -> Any:
        v = g.sin(g.at(x, i)) * g.at(x, i)
        return v, v

    t, top = f.for_("n", "tab max", one)
    total = f.sum("n", lambda g, i: g.exp(g.at(t, i) - top))
    return f.tab("n", lambda g, i: g.exp(g.at(t, i) - top) / total), top * top


@case("n m", ["n m"], (3, 4))
def for_in_winner(f: Build, x: Any) -> Any:
    return f.for_("n", "max", lambda g, i: g.sum("m", lambda h, j: h.sin(h.at(x, i, j))))


@case("n", ["n n"], (3, 3))
def named_winner(f: Build, x: Any) -> Any:
    """The winning row has a length of its own."""

    def row(g: Build, i: Any) -> Any:
        return g.sum("i + 1", lambda h, j: h.sin(h.at(x, i, h.index([j], [1], 0, "n"))) + 1.0)

    return f.for_("n", "max", row, (), "i")


@case("n", ["n"], (5,))
def product(f: Build, x: Any) -> Any:
    return f.for_("n", "mul", lambda g, i: g.sin(g.at(x, i)))


@case("n", ["n"], np.array([1.5, 0.0, -2.0, 3.0]))
def product_with_a_zero(f: Build, x: Any) -> Any:
    return f.for_("n", "mul", lambda g, i: g.at(x, i) * 2.0)


@case("n", ["n"], np.array([1.5, 0.0, 0.0, 3.0]))
def product_with_two_zeros(f: Build, x: Any) -> Any:
    return f.for_("n", "mul", lambda g, i: g.at(x, i) * 2.0)


@case("n", ["n", ""], (4,), ())
def owned(f: Build, x: Any, s: Any) -> Any:
    def one(g: Build, i: Any, t: Any) -> Any:
        a = g.at(t, i)
        return g.update(t, [i], g.sin(a) * s * a)

    return f.for_("n", "own", one, [x])


@case("n m", ["n m"], (2, 4))
def owned_rows(f: Build, x: Any) -> Any:
    """A sequential loop along each owned row."""

    def row(g: Build, i: Any, t: Any) -> Any:
        def step(h: Build, j: Any, u: Any) -> Any:
            k = h.index([j], [1], 1, "m")
            old = h.at(u, i, h.index([j], [1], 0, "m"))
            return h.update(u, [i, k], h.sin(old) * h.at(u, i, k))

        return g.loop("m - 1", [t], step)

    return f.for_("n", "own", row, [x])


@case("n", ["n", ""], (4,), ())
def owned_of_nothing_active(f: Build, x: Any, s: Any) -> Any:
    """The owned table starts as a constant."""

    def one(g: Build, i: Any, t: Any) -> Any:
        return g.update(t, [i], g.at(x, i) * s * s), g.at(x, i) * g.at(t, i)

    return f.for_("n", "own add", one, [f.fill(f.constant(2.0), "n")])


@case("n", ["n", ""], (4,), ())
def owned_and_dropped(f: Build, x: Any, s: Any) -> Any:
    """Nobody reads the new table, but a sum reads the old one and the new one."""

    def one(g: Build, i: Any, t: Any) -> Any:
        u = g.update(t, [i], g.sin(g.at(t, i)) * s)
        return u, g.at(u, i) * g.at(t, i)

    _, total = f.for_("n", "own add", one, [x])
    return total


# ------------------------------------------------------------------------------------------------ eff.accum

_EDGES = ix.TableType.of([ix.SizeAttr.of("p")], ix.IdxType(ix.SizeAttr.of("n")))


@case("p n", [_EDGES, "p", "n"], np.array([0, 2, 2, 1, 2]), (5,), (3,))
def histogram(f: Build, where: Any, w: Any, x: Any) -> Any:
    def bins(g: Build, h: Any) -> None:
        g.for_("p", "", lambda k, i: k.add(h, [k.at(where, i)], k.at(w, i) * k.at(w, i)))

    h = f.accum([f.fill(f.constant(0.0), "n")], bins)
    return f.sum("n", lambda g, i: g.at(h, i) * g.at(h, i) * g.at(x, i))


@case("p n", [_EDGES, "p", "n"], np.array([0, 2, 2, 1]), (4,), (3,))
def gather_and_scatter(f: Build, where: Any, w: Any, x: Any) -> Any:
    """Two accumulators, of which one is a number, and a sum beside them."""

    def body(g: Build, h: Any, total: Any) -> Any:
        def edge(k: Build, i: Any) -> Any:
            to = k.at(where, i)
            e = k.sin(k.at(w, i)) * k.at(x, to)
            k.add(h, [to], e)
            k.add(total, [], e * e)
            return e

        s = g.sum("p", edge)
        g.add(total, [], s * s)
        return s

    return f.accum([x, f.at(w, f.index([], [], 0, "p"))], body)


@case("n m", ["n m"], (3, 2))
def accumulated_rows(f: Build, x: Any) -> Any:
    """Sub-tables are added whole: the sum of the rows."""

    def body(g: Build, r: Any) -> None:
        def row(h: Build, i: Any) -> None:
            h.add(r, [], h.tab("m", lambda k, j: k.sin(k.at(x, i, j))))

        g.for_("n", "", row)

    return f.accum([f.fill(f.constant(1.0), "m")], body)


@case("n m", ["n m", "m"], (3, 2), (2,))
def accum_in_for(f: Build, x: Any, w: Any) -> Any:
    def row(g: Build, i: Any) -> Any:
        def body(h: Build, acc: Any) -> None:
            def one(k: Build, j: Any) -> None:
                k.add(acc, [j], k.sin(k.at(x, i, j)) * k.at(w, j))
                k.add(acc, [k.index([], [], 0, "m")], k.at(w, j) * k.at(x, i, j))

            h.for_("m", "", one)

        t = g.accum([g.fill(g.constant(0.0), "m")], body)
        return g.sum("m", lambda h, j: h.at(t, j) * h.at(t, j))

    return f.tab("n", row)


@case("p n", [_EDGES, "p", "n"], np.array([0, 2, 2, 1, 2]), (5,), np.array([-3.0, 5.0, -4.0]))
def largest_of_each_bin(f: Build, where: Any, w: Any, x: Any) -> Any:
    """max per cell; one cell keeps what it starts with; beside it a sum over the same loop."""

    def bins(g: Build, top: Any, total: Any) -> None:
        def one(h: Build, i: Any) -> None:
            v = h.sin(h.at(w, i)) * h.at(x, h.at(where, i))
            h.add(top, [h.at(where, i)], v)
            h.add(total, [], v)

        g.for_("p", "", one)

    top, total = f.accum([x, f.constant(0.0)], bins, "max add")
    return f.tab("n", lambda g, i: g.at(top, i) * g.at(top, i)), total


@case("n m", ["n m", "m"], (3, 4), np.array([5.0, 5.0, 5.0, 5.0]))
def least_of_each_column(f: Build, x: Any, start: Any) -> Any:
    """min over dependent rows, written at two places, in an order-free loop in a sequential one."""

    def body(g: Build, low: Any) -> None:
        def row(h: Build, i: Any, s: Any) -> Any:
            def one(k: Build, j: Any) -> None:
                j = k.index([j], [1], 0, "m")
                k.add(low, [j], k.sin(k.at(x, i, j)) + s)
                k.add(low, [j], k.at(x, i, j) * 2.0)

            h.for_("i + 1", "", one)
            return s + 0.25

        g.loop("n", [g.constant(0.0)], row, False, "i")

    return f.accum([start], body, "min")


# -------------------------------------------------------------------------------------- eff.loop, eff.while


@case("n", ["n", ""], (4,), ())
def recurrence(f: Build, x: Any, s0: Any) -> Any:
    """Last value and all values of s = sin(s) · x_i + s²/4."""

    def step(g: Build, i: Any, s: Any) -> Any:
        t = g.sin(s) * g.at(x, i) + s * s * 0.25
        return t, t * s

    return f.loop("n", [s0], step)


@case("n", ["n", ""], (4,), ())
def backwards(f: Build, x: Any, s0: Any) -> Any:
    return f.loop("n", [s0], lambda g, i, s: g.sin(s) * g.at(x, i), reverse=True)


@case("n", ["n"], (4,))
def last_seen(f: Build, x: Any) -> Any:
    """What is carried is overwritten."""
    return f.loop("n", [f.constant(0.0)], lambda g, i, s: g.at(x, i) * g.at(x, i))


@case("n", ["", ""], (), ())
def momentum(f: Build, a: Any, b: Any) -> Any:
    """Two carried numbers that feed each other."""
    return f.loop("5", [a, b], lambda g, i, p, q: (p * 0.9 + g.sin(q), q - p * b * 0.1))


@case("n", ["n"], (5,))
def scan(f: Build, x: Any) -> Any:
    """A table updated element by element, each from the one before."""

    def step(g: Build, i: Any, t: Any) -> Any:
        j = g.index([i], [1], 1, "n")
        return g.update(t, [j], g.sin(g.at(t, g.index([i], [1], 0, "n"))) * g.at(t, j))

    return f.loop("n - 1", [x], step)


@case("n", ["n n"], (3, 3))
def scan_in_scan(f: Build, x: Any) -> Any:
    """A table filled by two nested sequential loops, as in dynamic programming."""

    def outer(g: Build, i: Any, t: Any) -> Any:
        def inner(h: Build, j: Any, u: Any) -> Any:
            a, b = h.index([i], [1], 1, "n"), h.index([j], [1], 1, "n")
            up, left = h.at(u, h.index([i], [1], 0, "n"), b), h.at(u, a, h.index([j], [1], 0, "n"))
            return h.update(u, [a, b], h.sin(up) * left + h.at(u, a, b))

        return g.loop("n - 1", [t], inner)

    return f.loop("n - 1", [x], outer)


@case("n", ["n"], (4,))
def diffusion(f: Build, u0: Any) -> Any:
    """As many steps as elements, each of which reads all of the table before."""

    def step(g: Build, t: Any, u: Any) -> Any:
        return g.tab("n", lambda h, i: h.sin(h.at(u, i)) * h.at(u, h.index([i], [-1], "n - 1", "n")))

    return f.loop("n", [u0], step)


@case("n", ["n", ""], (5,), ())
def time_steps(f: Build, u0: Any, c: Any) -> Any:
    """A stencil in a time loop: the whole table is carried, and made anew."""

    def step(g: Build, t: Any, u: Any) -> Any:
        def one(h: Build, i: Any) -> Any:
            j = h.index([i], [-1], "n - 1", "n")
            return h.at(u, i) + c * h.sin(h.at(u, j))

        return g.tab("n", one)

    return f.loop("3", [u0], step)


@case("t m n", ["m n", "n", "t n"], (2, 3), (3,), (3, 3))
def layers(f: Build, states: Any, w: Any, x: Any) -> Any:
    """Every step goes through layers, whose states order-free loops update in place: a recurrent network."""

    def step(g: Build, t: Any, u: Any) -> Any:
        def layer(h: Build, s: Any, a: Any, row: Any) -> Any:
            def one(k: Build, i: Any, a: Any, row: Any) -> Any:
                old, value = k.at(a, s, i), k.at(row, i)
                new = k.sin(old * k.at(w, i)) * value + k.exp(value * 0.3) * old * 0.2
                return k.update(a, [s, i], new), k.update(row, [i], new * old), value * old

            a, row, total = h.for_("n", "own own add", one, [a, row])
            return a, row, total * total

        u, row, totals = g.loop("m", [u, g.tab("n", lambda h, i: h.at(x, t, i))], layer)
        return u, g.sum("n", lambda h, i: h.sin(h.at(row, i))) + g.sum("m", lambda h, s: h.at(totals, s))

    return f.loop("t", [states], step)


@case("t n", ["n n", "n", "t n"], (3, 3), (3,), (3, 3))
def recurrent(f: Build, w: Any, s0: Any, x: Any) -> Any:
    """A product of a matrix and the state in every step."""

    def step(g: Build, t: Any, s: Any) -> Any:
        def one(h: Build, i: Any) -> Any:
            inner = h.sum("n", lambda k, j: k.at(w, i, j) * k.at(s, j))
            return h.sin(inner) * h.at(x, t, i) + h.exp(h.at(s, i) * 0.2)

        return g.tab("n", one)

    return f.loop("t", [s0], step)


@case("t n", ["n", "t n"], (3,), (3, 3))
def owned_in_loop(f: Build, s0: Any, x: Any) -> Any:
    """States updated in place by an order-free loop, and all of them read behind it."""

    def step(g: Build, t: Any, s: Any) -> Any:
        def one(h: Build, i: Any, s: Any) -> Any:
            return h.update(s, [i], h.sin(h.at(s, i)) * h.at(x, t, i))

        new = g.for_("n", "own", one, [s])
        return new, g.sum("n", lambda h, i: h.exp(h.at(new, i)) * h.at(new, h.index([i], [-1], "n - 1", "n")))

    return f.loop("t", [s0], step)


@case("n", ["n"], (4,))
def swapped(f: Build, x: Any) -> Any:
    """Two carried tables that change places."""

    def step(g: Build, i: Any, a: Any, b: Any) -> Any:
        return b, g.update(a, [i], g.at(a, i) * g.at(b, i))

    return f.loop("n", [x, x], step)


@case("n m", ["n m", "m"], (3, 4), (4,))
def loop_in_for(f: Build, x: Any, w: Any) -> Any:
    def row(g: Build, i: Any) -> Any:
        return g.loop("m", [g.constant(1.0)], lambda h, j, s: h.sin(s) * h.at(x, i, j) + h.at(w, j))

    return f.tab("n", row)


@case("n m", ["n", "m"], (3,), (4,))
def for_in_loop(f: Build, x: Any, w: Any) -> Any:
    def step(g: Build, i: Any, s: Any) -> Any:
        return g.sum("m", lambda h, j: h.sin(s * h.at(w, j)) * h.at(x, i))

    return f.loop("n", [f.constant(0.5)], step)


@case("n m", ["n", "m"], (3,), (2,))
def loop_in_loop(f: Build, x: Any, w: Any) -> Any:
    def step(g: Build, i: Any, s: Any) -> Any:
        return g.loop("m", [s], lambda h, j, t: h.sin(t) * h.at(w, j) + h.at(x, i))

    return f.loop("n", [f.constant(0.5)], step)


@case("n", ["n", ""], (3,), np.array(0.7))
def accum_in_loop(f: Build, x: Any, c: Any) -> Any:
    """A histogram made anew in every step, out of what is carried."""

    def step(g: Build, t: Any, u: Any) -> Any:
        def body(h: Build, acc: Any) -> None:
            def one(k: Build, i: Any) -> None:
                k.add(acc, [k.index([i], [-1], "n - 1", "n")], k.sin(k.at(u, i)) * c)
                k.add(acc, [i], k.at(u, i) * 0.5)

            h.for_("n", "", one)

        return g.accum([u], body)

    return f.loop("2", [x], step)


@case("n", ["n"], (4,))
def winner_that_adds(f: Build, x: Any) -> Any:
    """A loop that adds to cells, the winner's iteration too."""

    def body(g: Build, acc: Any) -> Any:
        def one(h: Build, i: Any) -> Any:
            h.add(acc, [h.index([i], [-1], "n - 1", "n")], h.sin(h.at(x, i)))
            return h.at(x, i) * h.at(x, i)

        return g.for_("n", "max", one)

    return f.accum([x], body)


@case("n", ["n"], (4,))
def loop_in_accum(f: Build, x: Any) -> Any:
    def body(g: Build, acc: Any) -> Any:
        def step(h: Build, i: Any, s: Any) -> Any:
            h.add(acc, [i], s * h.at(x, i))
            return h.sin(s) + h.at(x, i)

        return g.loop("n", [g.constant(0.3)], step)

    return f.accum([f.fill(f.constant(0.0), "n")], body)


@case("", ["", ""], np.array(0.4), np.array(1.3))
def newton(f: Build, x0: Any, a: Any) -> Any:
    """while x² < 50: x = x·x·a + 1"""
    return f.while_([x0], lambda g, x: x * x < 50.0, lambda g, x: x * x * a + 1.0)


@case("n", ["n"], np.array([0.4, 1.2, 0.3]))
def while_in_for(f: Build, x: Any) -> Any:
    """Every iteration has its own number of trips."""

    def one(g: Build, i: Any) -> Any:
        return g.while_([g.at(x, i)], lambda h, s: s < 4.0, lambda h, s: s * s * 0.5 + h.at(x, i) + 1.0)

    return f.tab("n", one)


@case("n", ["n"], np.array([0.4, 1.2, 0.3]))
def while_in_loop(f: Build, x: Any) -> Any:
    def step(g: Build, i: Any, s: Any) -> Any:
        r = g.while_([s * 0.1], lambda h, t: t < 3.0, lambda h, t: t * t * 0.5 + h.at(x, i) + 1.0)
        return r * s

    return f.loop("n", [f.constant(0.7)], step)


@case("n", ["n"], np.array([0.4, 1.2, 0.3, 0.9]))
def loop_in_while(f: Build, x: Any) -> Any:
    def once(g: Build, s: Any, t: Any) -> Any:
        u = g.loop("n", [t], lambda h, i, v: h.update(v, [i], h.at(v, i) * h.sin(s) + h.at(x, i)))
        return s + g.at(u, g.index([], [], 1, "n")), u

    return f.while_([f.constant(0.5), x], lambda g, s, t: s < 6.0, once)


@case("n", ["n"], (4,))
def table_in_while(f: Build, x: Any) -> Any:
    """A carried table, a carried integer-like counter, and what is read by element."""

    def once(g: Build, s: Any, t: Any) -> Any:
        i = g.index([], [], 1, "n")
        return s + 1.0, g.update(t, [i], g.sin(g.at(t, i)) * g.at(x, i))

    return f.while_([f.constant(0.0), x], lambda g, s, t: s < 3.5, once)


# -------------------------------------------------------------------------------- nests of three and more


@case("n m k", ["n m k", "k"], (2, 2, 3), (3,))
def sums_of_sums(f: Build, x: Any, w: Any) -> Any:
    """Σ sin Σ sin Σ sin Σ exp, and what wins on the way."""

    def outer(g: Build, i: Any) -> Any:
        def middle(h: Build, j: Any) -> Any:
            def inner(q: Build, a: Any) -> Any:
                v = q.at(x, i, j, a)
                return q.sin(q.sum("k", lambda p, b: p.exp(v * p.at(w, b))))

            return h.sin(h.sum("k", inner))

        total, top = g.for_("m", "add max", lambda h, j: (middle(h, j), h.sin(h.at(x, i, j, h.index([], [], 0, "k")))))
        return g.sin(total) * top

    return f.sum("n", outer)


@case("n m k", ["n", "m", "k"], (2,), (2,), (3,))
def loops_in_loops(f: Build, x: Any, y: Any, z: Any) -> Any:
    def outer(g: Build, i: Any, s: Any) -> Any:
        def middle(h: Build, j: Any, t: Any) -> Any:
            return h.loop("k", [t], lambda q, a, u: q.sin(u) * q.at(z, a) + q.at(x, i) * q.at(y, j))

        return g.loop("m", [s], middle)

    return f.loop("n", [f.constant(0.3)], outer)


@case("n m k", ["n m", "k"], (2, 3), (2,))
def mixed_nest(f: Build, x: Any, z: Any) -> Any:
    """A branch in a loop in an order-free loop in a loop in an order-free loop."""

    def outer(g: Build, i: Any) -> Any:
        def step(h: Build, j: Any, s: Any) -> Any:
            def one(q: Build, a: Any) -> Any:
                def inner(p: Build, b: Any, u: Any) -> Any:
                    v = p.sin(u) * p.at(z, b)
                    return p.if_(v < 0.1, lambda r: r.sin(v) + s, lambda r: v * v * r.at(x, i, j))

                return q.loop("k", [q.at(z, a)], inner)

            return h.sin(h.sum("k", one)) + s * h.at(x, i, j)

        return g.loop("m", [g.constant(0.2)], step)

    return f.tab("n", outer)


@case("n m", ["n m"], np.array([[0.4, 1.2], [0.3, 0.8]]))
def while_in_nest(f: Build, x: Any) -> Any:
    """A loop in a while in a loop in an order-free loop."""

    def outer(g: Build, i: Any) -> Any:
        def step(h: Build, j: Any, s: Any) -> Any:
            def body(q: Build, t: Any) -> Any:
                return t + 1.0 + q.sum("m", lambda p, a: p.sin(t * p.at(x, i, a)) * 0.2)

            return h.sin(h.while_([s * h.at(x, i, j)], lambda q, t: t < 3.0, body))

        return g.loop("m", [g.constant(0.2)], step)

    return f.tab("n", outer)


@case("n", ["n n", "n"], (3, 3), (3,))
def dependent_nest(f: Build, x: Any, w: Any) -> Any:
    """Rows of growing length, each with its own winner, below another loop."""

    def outer(g: Build, i: Any) -> Any:
        def row(h: Build, j: Any) -> Any:
            def one(q: Build, a: Any) -> Any:
                return q.sin(q.at(x, i, q.index([a], [1], 0, "n"))) + q.at(w, q.index([a], [1], 0, "n")) * q.at(w, j)

            top = h.for_("j + 1", "max", one)
            return h.exp(top) + h.sum("j + 1", lambda q, a: q.sin(top * q.at(w, q.index([a], [1], 0, "n"))))

        return g.sin(g.for_("n", "add", row, (), "j"))

    return f.sum("n", outer)


# ------------------------------------------------------------------------------------------------- scf.if


@case("n", ["", "", "n"], np.array(0.4), np.array(1.3), (3,))
def branch(f: Build, x: Any, y: Any, t: Any) -> Any:
    """Values and elements used in one branch only, or in both."""
    i = f.index([], [], 1, "n")
    a, b = f.if_(
        x < y, lambda g: (x * g.at(t, i), g.update(t, [i], x)), lambda g: (x * y * y, g.update(t, [i], g.sin(y)))
    )
    return a, b, f.if_(y < x, lambda g: x * y, lambda g: y)


@case("n", ["n"], np.array([0.4, -1.3, 0.8, -0.2]))
def if_in_for(f: Build, x: Any) -> Any:
    def one(g: Build, i: Any) -> Any:
        v = g.at(x, i)
        return g.if_(v < 0.0, lambda h: v * v, lambda h: h.sin(v) * h.at(x, h.index([], [], 0, "n")))

    return f.sum("n", one)


@case("n", ["n"], np.array([0.4, -1.3, 0.8, -0.2]))
def if_in_loop(f: Build, x: Any) -> Any:
    def step(g: Build, i: Any, s: Any) -> Any:
        v = g.at(x, i)
        return g.if_(v < 0.0, lambda h: h.sin(s) * v, lambda h: s + v * v)

    return f.loop("n", [f.constant(0.6)], step)


@case("n", ["n"], np.array([0.4, 1.3, 0.8]))
def loops_in_if(f: Build, x: Any) -> Any:
    def then(g: Build) -> Any:
        s = g.loop("n", [g.constant(0.2)], lambda h, i, s: h.sin(s) + h.at(x, i) * s)
        return s * g.sum("n", lambda h, i: h.at(x, i) * h.at(x, i))

    first = f.at(x, f.index([], [], 0, "n"))
    return f.if_(first < 1.0, then, lambda g: first)


@case("n", ["n"], np.array([0.4, -1.3, 0.8, -0.2]))
def accum_in_if_in_for(f: Build, x: Any) -> Any:
    def body(g: Build, acc: Any) -> None:
        def one(h: Build, i: Any) -> None:
            v = h.at(x, i)
            h.if_(v < 0.0, lambda k: k.add(acc, [i], v * v), lambda k: k.add(acc, [k.index([], [], 0, "n")], k.sin(v)))

        g.for_("n", "", one)

    return f.accum([f.fill(f.constant(0.0), "n")], body)


@case("n", ["n"], np.array([0.4, -1.3, 0.8, -0.2]))
def select_in_for(f: Build, x: Any) -> Any:
    def one(g: Build, i: Any) -> Any:
        v = g.at(x, i)
        return g.select(v < 0.0, v * v, g.sin(v))

    return f.sum("n", one)


def float_arguments(arguments: list[Any]) -> list[int]:
    """Which arguments can be differentiated."""
    return [i for i, a in enumerate(arguments) if np.asarray(a).dtype == np.float64]


__all__ = ["CASES", "f64", "float_arguments"]
