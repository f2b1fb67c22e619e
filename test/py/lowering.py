"""Compiles IR text for the tests of the lowering: no frontend, and no pass but the given ones."""

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from pydex.dialects import ix
from pydex.dialects.text import parse
from pydex.pipeline import Options, compile
from pydex.runtime.signature import Signature, Value


def native(text: str, passes: Sequence[str] = ("ix-own",), parallel: bool = True) -> Callable[..., Any]:
    """The first function of the text as a Python callable over arrays and numbers."""
    module = parse(text)
    function = next(op for op in module.ops if isinstance(op, FuncOp))
    signature = signature_of(function)
    return compile(module, function.sym_name.data, signature, Options(passes=tuple(passes), parallel=parallel))


def signature_of(function: FuncOp) -> Signature:
    """What a caller of the function passes and gets."""
    first = function.body.block.first_op
    symbols = tuple(s.data for s in first.symbols) if isinstance(first, ix.SizesOp) else ()
    params = tuple(_value(f"p{k}", type) for k, type in enumerate(function.function_type.inputs))
    results = tuple(_value(f"r{k}", type) for k, type in enumerate(function.function_type.outputs))
    return Signature(symbols, params, results)


def _value(name: str, type: Attribute) -> Value:
    if isinstance(type, ix.TableType):
        extents = tuple(tuple((c, m) for m, c in size.data) for size in ix.bounding_sizes(type))
        return Value(name, "table", _dtype(type.element), extents)
    return Value(name, "scalar", _dtype(type))


def _dtype(element: Attribute) -> str:
    return {"i1": "bool", "index": "i64"}.get(str(element), "i64" if isinstance(element, ix.IdxType) else str(element))
