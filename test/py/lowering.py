"""Compiles IR for the tests of the lowering: no frontend, and no pass but the given ones."""

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from pydex.dialects import ix
from pydex.dialects.text import parse
from pydex.pipeline import Options, compile
from pydex.runtime.signature import Signature, Value


def native(
    program: str | ModuleOp, passes: Sequence[str] = ("ix-own",), parallel: bool = True, name: str | None = None
) -> Callable[..., Any]:
    """A function of the program (the first one, if no name is given) as a Python callable over arrays and numbers.

    A module is consumed.
    """
    module = parse(program) if isinstance(program, str) else program
    function = next(op for op in module.ops if isinstance(op, FuncOp) and name in (None, op.sym_name.data))
    signature = signature_of(function)
    return compile(module, function.sym_name.data, signature, Options(passes=tuple(passes), parallel=parallel))


def signature_of(function: FuncOp) -> Signature:
    """What a caller of the function passes and gets."""
    first = function.body.block.first_op
    symbols = tuple(s.data for s in first.symbols) if isinstance(first, ix.SizesOp) else ()
    params = [_value(f"p{k}", type) for k, type in enumerate(function.function_type.inputs)]
    params += [Value(s, "size", extents=(((1, (s,)),),)) for s in unbound(function)]
    results = tuple(_value(f"r{k}", type) for k, type in enumerate(function.function_type.outputs))
    return Signature(symbols, tuple(params), results)


def unbound(function: FuncOp) -> list[str]:
    """The size symbols that no extent of a parameter mentions; the caller passes them after the parameters."""
    first = function.body.block.first_op
    symbols = [s.data for s in first.symbols] if isinstance(first, ix.SizesOp) else []
    tables = [type for type in function.function_type.inputs if isinstance(type, ix.TableType)]
    found = {s for type in tables for size in ix.bounding_sizes(type) for s in size.symbols()}
    return [s for s in symbols if s not in found]


def _value(name: str, type: Attribute) -> Value:
    if isinstance(type, ix.TableType):
        extents = tuple(tuple((c, m) for m, c in size.data) for size in ix.bounding_sizes(type))
        return Value(name, "table", _dtype(type.element), extents)
    return Value(name, "scalar", _dtype(type))


def _dtype(element: Attribute) -> str:
    return {"i1": "bool", "index": "i64"}.get(str(element), "i64" if isinstance(element, ix.IdxType) else str(element))
