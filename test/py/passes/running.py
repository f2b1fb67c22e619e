"""Programs of programs.mlir with random arguments, run by the interpreter."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from law1.subject import check_uses
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.utils.arg_spec import parse_spec

from pydex import interpreter
from pydex.dialects import ix
from pydex.dialects.text import context, parse, print_module, verify
from pydex.interpreter import dtype_of
from pydex.passes.verify_scope import check_scope
from pydex.universe import available_passes

TEXT = (Path(__file__).parent / "programs.mlir").read_text()


def module() -> ModuleOp:
    """The programs, in a module of the caller's own."""
    return _parsed().clone()


@cache
def _parsed() -> ModuleOp:
    return parse(TEXT, "programs.mlir")


def functions(found: ModuleOp) -> dict[str, FuncOp]:
    """The public functions."""
    every = [op for op in found.ops if isinstance(op, FuncOp)]
    return {f.sym_name.data: f for f in every if f.sym_visibility is None}


def run_passes(found: ModuleOp, names: Sequence[str]) -> None:
    """Apply passes; after each the module is valid, in scope, and its text is read back as the same."""
    for name in names:
        spec = parse_spec(name)
        available_passes()[spec.name]().from_pass_spec(spec).apply(context(), found)
        verify(found)
        check_scope(found)
        check_uses(found)
    text = print_module(found)
    assert print_module(parse(text)) == text


def arguments(function: FuncOp, rng: np.random.Generator) -> tuple[dict[str, int], list]:
    """Random sizes (0 to 4) and arguments for a function."""
    first = function.body.block.first_op
    names = [s.data for s in first.symbols] if isinstance(first, ix.SizesOp) else []
    sizes = {n: int(rng.integers(0, 5)) for n in names}
    return sizes, [_argument(a.type, sizes, rng) for a in function.body.block.args]


def _argument(type, sizes, rng):
    if not isinstance(type, ix.TableType):
        return _numbers(type, (), sizes, rng)[()]
    return _numbers(type.element, tuple(max(s.evaluate(sizes), 0) for s in ix.bounding_sizes(type)), sizes, rng)


def _numbers(type, shape, sizes, rng):
    if isinstance(type, ix.IdxType):
        return rng.integers(0, max(type.size.evaluate(sizes), 1), shape)
    dtype = dtype_of(type)
    if dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape), dtype)
    return np.asarray(rng.integers(0, 2, shape) if dtype.kind == "b" else rng.integers(0, 6, shape), dtype)


def outcome(found: ModuleOp, name: str, sizes: dict[str, int], args: list, order: str = "forward"):
    """The results of a call, or the exception that it raises."""
    try:
        return interpreter.run(found, name, args, dict(sizes), order)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        return f"{type(error).__name__}: {error}"


def assert_same(found, expected, what: str, tolerance: float = 1e-12) -> None:
    """The same exception, or the same numbers up to the order of sums."""
    if isinstance(expected, str):
        assert found == expected, what
        return
    assert not isinstance(found, str), f"{what}: {found}"
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=f"{what}, result {k}")
