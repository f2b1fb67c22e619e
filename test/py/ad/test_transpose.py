"""ad.transpose: <ȳ, f(x)> = <fᵀ(ȳ), x> for linear programs; what is not linear is told at the op at fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr, f64

from ad.build import Build, program
from ad.programs import derivative, dot, expanded, random_like
from pydex.diagnostics import DexTypeError
from pydex.dialects import ad
from pydex.interpreter import run

RNG = np.random.default_rng(3)


def matrix_vector(f: Build, x: Any, a: Any) -> Any:
    return f.tab("m", lambda g, i: g.sum("n", lambda h, j: h.at(a, i, j) * h.at(x, j)))


def recurrence(f: Build, x: Any, a: Any) -> Any:
    """s = a_i s + x_i, from the constant zero: a zero is linear too."""
    return f.loop("n", [f.constant(0.0)], lambda g, i, s: (g.at(a, i) * s + g.at(x, i), s / 2.0))


def scattered(f: Build, x: Any, a: Any) -> Any:
    """A table updated in a loop, and an accumulation in a branch."""

    def body(g: Build, acc: Any) -> None:
        def one(h: Build, i: Any) -> None:
            v = h.at(a, i)
            h.if_(v < 0.0, lambda k: k.add(acc, [i], h.at(x, i) * v), lambda k: k.add(acc, [i], -h.at(x, i)))

        g.for_("n", "", one)

    t = f.accum([x], body)
    return f.loop("n", [t], lambda g, i, u: g.update(u, [i], g.sin(g.at(a, i)) * (g.at(u, i) - g.at(x, i))))


def constants_of(f: Build, x: Any, a: Any) -> Any:
    """Coefficients are any function of the rest; unused and repeated uses are fine."""
    top = f.for_("n", "max", lambda g, i: g.exp(g.at(a, i)))
    i = f.index([], [], 0, "n")
    return f.pack(f.at(x, i) * top, f.select(top < 3.0, f.at(x, i), f.constant(0.0)) + f.at(x, i))


LINEAR = [
    (matrix_vector, "m n", ["n", "m n"], [(3,), (2, 3)]),
    (recurrence, "n", ["n", "n"], [(4,), (4,)]),
    (scattered, "n", ["n", "n"], [(4,), (4,)]),
    (constants_of, "n", ["n", "n"], [(3,), (3,)]),
]


@pytest.mark.parametrize(("body", "sizes", "types", "shapes"), LINEAR)
def test_transpose_of_a_linear_program(body: Any, sizes: str, types: list[str], shapes: Any) -> None:
    module = expanded(derivative(program(sizes, types, body), "f", ad.TransposeOp, [0], "t"))
    x, a = (RNG.standard_normal(s) for s in shapes)
    ys = run(module, "f", [x, a])
    seeds = [random_like(RNG, y) for y in ys]
    names = {"m": 2, "n": len(x)}
    (cotangent,) = run(module, "t", [a, *seeds], {s: names[s] for s in sizes.split()})
    assert dot([cotangent], [x]) == pytest.approx(dot(seeds, ys), rel=1e-13)


def affine(f: Build, x: Any, a: Any) -> Any:
    return x * a + 1.0


def square(f: Build, x: Any, a: Any) -> Any:
    return x * (a * x)


def sine(f: Build, x: Any, a: Any) -> Any:
    return f.sin(x * a)


def inverse(f: Build, x: Any, a: Any) -> Any:
    return a / x


def constant(f: Build, x: Any, a: Any) -> Any:
    return f.exp(a)


def branches(f: Build, x: Any, a: Any) -> Any:
    return f.if_(x < a, lambda g: x, lambda g: x * 2.0)


def mixed_choice(f: Build, x: Any, a: Any) -> Any:
    return f.select(a < 0.0, x, a)


def largest(f: Build, x: Any, a: Any) -> Any:
    return f.for_("3", "max", lambda g, i: x * a)


def grows(f: Build, x: Any, a: Any) -> Any:
    return f.loop("3", [a], lambda g, i, s: s + x)


def runs_until(f: Build, x: Any, a: Any) -> Any:
    return f.while_([x], lambda g, s: s < 3.0, lambda g, s: s * 2.0)


MIXES = "a part that is linear in the argument with one that does not depend on it"

WRONG = [
    (affine, "arith.addf", f"this combines {MIXES}"),
    (square, "arith.mulf", "both factors depend on the argument"),
    (sine, "math.sin", "'math.sin' is applied to a value that depends on the argument"),
    (inverse, "arith.divf", "the denominator depends on the argument"),
    (constant, "math.exp", "this result does not depend on the argument, so it is a constant"),
    (branches, "arith.cmpf", "'arith.cmpf' is applied to a value that depends on the argument"),
    (mixed_choice, "arith.select", f"this chooses between {MIXES}"),
    (largest, "ix.for", "the reduction 'max' is of values that depend on the argument"),
    (grows, "arith.addf", f"this combines {MIXES}"),
    (runs_until, "arith.cmpf", "'arith.cmpf' is applied to a value that depends on the argument"),
]


@pytest.mark.parametrize(("body", "op", "why"), WRONG)
def test_what_is_not_linear_is_told_at_the_op(body: Any, op: str, why: str) -> None:
    module = program("", [f64, f64], body)
    culprits = number_lines(module, op)
    with pytest.raises(DexTypeError) as raised:
        expanded(derivative(module, "f", ad.TransposeOp, [0], "t"))
    assert raised.value.diagnostic.message == f"the function to transpose is not linear: {why}"
    assert raised.value.diagnostic.span is not None
    assert raised.value.diagnostic.span.line in culprits


def number_lines(module: Any, op: str) -> list[int]:
    """Give every op a line of its own; the lines of the ops of one name."""
    found: list[int] = []
    for line, each in enumerate(module.walk(), start=1):
        each.location = FileLineColLoc(StringAttr("program.py"), IntAttr(line), IntAttr(1))
        found += [line] if each.name == op else []
    return found
