"""What the tests of derivatives share: IR text in, derivatives through the interpreter out, checks against numbers
that know nothing of it (central differences of the primal program)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import AnyFloat, ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Region

from pydex.dialects import ad, ix
from pydex.dialects.sizes import SizeAttr
from pydex.dialects.text import context, verify
from pydex.interpreter import Order, run
from pydex.passes.ad_expand import AdExpand
from pydex.passes.verify_scope import check_scope


def is_float(type: Attribute) -> bool:
    return isinstance(type.element if isinstance(type, ix.TableType) else type, AnyFloat)


def derivative(module: ModuleOp, callee: str, op: type[ad.Derivative], wrt: Sequence[int], name: str) -> ModuleOp:
    """Add to a module the public function `name`: the derivative op on @callee, seeds as further parameters."""
    function = next(f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == callee)
    header = function.body.block.first_op
    sizes = [s.data for s in header.symbols] if isinstance(header, ix.SizesOp) else []
    inputs, outputs = list(function.function_type.inputs), list(function.function_type.outputs)
    floats = [t for t in outputs if is_float(t)]
    seeds = [inputs[i] for i in wrt] if op is ad.JvpOp else floats
    kept = [t for i, t in enumerate(inputs) if i not in wrt] if op is ad.TransposeOp else inputs
    results = floats if op is ad.JvpOp else [inputs[i] for i in wrt]
    results = results if op is ad.TransposeOp else [*outputs, *results]
    block = Block(arg_types=[*kept, *seeds])
    if sizes:
        block.add_op(ix.SizesOp(sizes))
    arguments, seed_values = block.args[: len(kept)], block.args[len(kept) :]
    made = op(callee, [SizeAttr.of(s) for s in sizes], wrt, arguments, seed_values, results)
    block.add_ops([made, ReturnOp(*made.results)])
    module.body.block.add_op(FuncOp(name, ((*kept, *seeds), results), Region(block)))
    return module


def expanded(module: ModuleOp) -> ModuleOp:
    """The module after ad-expand, verified before and after."""
    verify(module)
    check_scope(module)
    AdExpand().apply(context(), module)
    verify(module)
    check_scope(module)
    return module


def directional(
    module: ModuleOp, name: str, arguments: Sequence[Any], wrt: Sequence[int], tangents: Sequence[Any], step: float
) -> list[Any]:
    """Central differences of the float results of a function along a direction, by Richardson's extrapolation."""

    def at(t: float) -> list[Any]:
        moved = list(arguments)
        for i, v in zip(wrt, tangents, strict=True):
            moved[i] = np.asarray(arguments[i]) + t * np.asarray(v)
        return [np.asarray(r) for r in run(module, name, moved)]

    def slope(h: float) -> list[Any]:
        return [(p - m) / (2 * h) if p.dtype.kind == "f" else None for p, m in zip(at(h), at(-h), strict=True)]

    coarse, fine = slope(step), slope(step / 2)
    return [(4 * f - c) / 3 for c, f in zip(coarse, fine, strict=True) if c is not None]


def random_like(rng: np.random.Generator, value: Any) -> Any:
    return rng.standard_normal(np.shape(value)) if np.shape(value) else float(rng.standard_normal())


def zero_holes(values: Sequence[Any], primal: Sequence[Any]) -> list[Any]:
    """Tables with dependent axes are padded: what is NaN in the primal belongs to no element."""
    return [np.where(np.isnan(p), 0.0, v) for v, p in zip(values, primal, strict=True)]


def dot(a: Iterable[Any], b: Iterable[Any]) -> float:
    return float(sum(np.sum(np.asarray(x) * np.asarray(y)) for x, y in zip(a, b, strict=True)))


def check(
    program: ModuleOp,
    arguments: Sequence[Any],
    wrt: Sequence[int],
    name: str = "f",
    step: float = 1e-3,
    rtol: float = 1e-7,
    orders: Sequence[Order] = ("forward", "reverse", "random"),
) -> None:
    """Forward mode agrees with central differences, and reverse mode with forward mode: <ȳ, J ẋ> = <Jᵀ ȳ, ẋ>.

    One random direction for each order of iterations; primal results are those of the program.
    """
    module = derivative(derivative(program, name, ad.VjpOp, wrt, "vjp"), name, ad.JvpOp, wrt, "jvp")
    outputs = _function(module, name).function_type.outputs
    expanded(module)
    rng = np.random.default_rng(0)
    primal = run(module, name, arguments)
    floats = [r for r, t in zip(primal, outputs, strict=True) if is_float(t)]
    for order in orders:
        tangents = [random_like(rng, arguments[i]) for i in wrt]
        slopes = zero_holes(directional(module, name, arguments, wrt, tangents, step), floats)
        forward = run(module, "jvp", [*arguments, *tangents], order=order)
        for got, expected in zip(zero_holes(forward[len(primal) :], floats), slopes, strict=True):
            np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * (1 + np.max(np.abs(expected))))
        seeds = zero_holes([random_like(rng, r) for r in floats], floats)
        reverse = run(module, "vjp", [*arguments, *seeds], order=order)
        for got, also, expected in zip(reverse, forward, primal, strict=False):
            np.testing.assert_allclose(got, expected, rtol=1e-12)
            np.testing.assert_allclose(also, expected, rtol=1e-12)
        pairs = zip(seeds, zero_holes(forward[len(primal) :], floats), strict=True)
        terms = [float(np.sum(np.asarray(s) * np.asarray(t))) for s, t in pairs]
        got = dot(reverse[len(primal) :], tangents)
        scale = sum(map(abs, terms)) + dot(map(abs, tangents), map(abs, reverse[len(primal) :])) + 1e-3
        assert abs(got - sum(terms)) <= 1e-11 * scale, f"reverse mode {got}, forward mode {sum(terms)}"


def _function(module: ModuleOp, name: str) -> FuncOp:
    return next(f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == name)
