"""ad.checkpoint in both modes and to second order; checks of a program are made once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp, StringAttr, f64
from xdsl.dialects.func import FuncOp

from ad.build import Build, program, table
from ad.programs import check, derivative, expanded
from pydex.dialects import ad, eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.interpreter import run


def inner(f: Build, x: Any, s: Any) -> Any:
    return f.loop("n", [s], lambda g, i, t: (g.sin(t) * g.at(x, i), t * t))


def outer(f: Build, x: Any, s: Any) -> Any:
    sizes = [SizeAttr.of("n")]
    op = f.emit.insert(ad.CheckpointOp("inner", sizes, [x.value, (s * s).value], [f64, table(["n"])]))
    last, squares = (f.number(r) for r in op.results_)
    return last * s, f.sum("n", lambda g, i: g.at(squares, i) * g.at(x, i))


def checkpointed() -> ModuleOp:
    module = program("n", ["n", ""], outer)
    (function,) = program("n", ["n", ""], inner, "inner").body.block.ops
    function.detach()
    function.properties["sym_visibility"] = StringAttr("private")
    module.body.block.add_op(function)
    return module


ARGUMENTS = [np.array([0.3, -1.2, 0.7]), 0.6]


def test_checkpoint_in_both_modes() -> None:
    check(checkpointed(), ARGUMENTS, [0, 1])


@pytest.mark.parametrize("mode", [ad.JvpOp, ad.VjpOp])
def test_checkpoint_to_second_order(mode: type[ad.Derivative]) -> None:
    module = derivative(checkpointed(), "f", mode, [0, 1], "d")
    seeds = [np.array([0.5, 0.1, -0.4]), 1.5] if mode is ad.JvpOp else [0.8, -1.1]
    check(module, [*ARGUMENTS, *seeds], [0, 1, 2, 3], "d", rtol=1e-6)


def guarded(f: Build, x: Any) -> Any:
    def one(g: Build, i: Any) -> Any:
        v = g.at(x, i)
        g.emit.insert(eff.CheckOp((v < 10.0).value, "ValueError", "too large"))
        return g.sin(v)

    return f.sum("n", one)


def test_checks_stay_with_the_primal() -> None:
    module = expanded(derivative(program("n", ["n"], guarded), "f", ad.VjpOp, [0], "d"))
    (function,) = (f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == "d")
    loops = [op for op in function.walk() if isinstance(op, ix.ForOp)]
    checks = [[c for c in op.walk() if isinstance(c, eff.CheckOp)] for op in loops]
    assert [len(c) for c in checks] == [1, 0]
    assert not [op for op in loops[1].walk() if isinstance(op, arith.CmpfOp) and op.result.first_use]
    assert run(module, "d", [[0.0, 1.0], 1.0])[1] == pytest.approx([1.0, np.cos(1.0)])
    with pytest.raises(ValueError, match="too large"):
        run(module, "d", [[0.0, 11.0], 1.0])
