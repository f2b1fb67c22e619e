"""A program and a call of it, as the executions of law 1 take them: a module, flat arguments, sizes.

`Subject.add_derivatives` adds to the module functions that hold derivative ops on the entry, so that one run of a
pipeline serves the value and all derivatives:

    jvp       the results, and their tangents for tangents of all float arguments
    vjp       the results, and the cotangents of all float arguments for cotangents of the float results
    jvp_vjp, vjp_jvp, vjp_vjp     derivatives of these by the float arguments of the program
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ad.programs import derivative, is_float
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp

from pydex.dialects import ad, ix
from pydex.dialects.sizes import SizeAttr
from pydex.frontend.entry import Program, elaborate
from pydex.frontend.marshal import flatten_argument
from pydex.interpreter.scalars import dtype_of
from pydex.runtime.call import bind
from pydex.runtime.signature import Signature
from pydex.runtime.signature import Value as Parameter
from pydex.signatures import quotients_of, signatures_of

DERIVATIVES: dict[str, tuple[str, type[ad.Derivative]]] = {
    "jvp": ("", ad.JvpOp),
    "vjp": ("", ad.VjpOp),
    "jvp_vjp": ("vjp", ad.JvpOp),
    "vjp_jvp": ("jvp", ad.VjpOp),
    "vjp_vjp": ("vjp", ad.VjpOp),
}
"""The derivative functions: the one that each differentiates ("": the entry), and how."""


@dataclass
class Subject:
    """An elaborated program and its flat arguments; `sizes` are the values of its size symbols by their IR names.

    `arguments` are what the IR takes, `passed` what compiled code takes: sizes as well. `takes_derivatives`: the
    program itself has derivatives in it.
    """

    program: Program
    signature: Signature
    arguments: list[Any]
    passed: list[Any]
    sizes: dict[str, int]
    takes_derivatives: bool

    @property
    def module(self) -> ModuleOp:
        return self.program.module

    @property
    def entry(self) -> str:
        return self.program.entry

    @property
    def function(self) -> FuncOp:
        return function(self.module, self.entry)

    @property
    def wrt(self) -> list[int]:
        """The flat arguments that hold floats, but for what the program reads from outside."""
        given = len(self.arguments) - len(self.program.instance.hidden)
        return [k for k, type in enumerate(list(self.function.function_type.inputs)[:given]) if is_float(type)]

    @property
    def float_results(self) -> list[int]:
        return [k for k, type in enumerate(self.function.function_type.outputs) if is_float(type)]

    @property
    def is_differentiable(self) -> bool:
        return bool(self.wrt and self.float_results)

    @property
    def result_dtypes(self) -> list[Any]:
        return [dtype_of(getattr(type, "element", type)) for type in self.function.function_type.outputs]

    @property
    def result_boxes(self) -> list[tuple[int, ...]]:
        return [shape(type, self.sizes) for type in self.function.function_type.outputs]

    def add_derivatives(self, names: Sequence[str]) -> None:
        """Add these functions of derivatives to the module, and those of first ones that they differentiate."""
        needed = {DERIVATIVES[name][0] for name in names} | set(names)
        for name, (inner, op) in DERIVATIVES.items():
            if name in needed:
                derivative(self.module, inner or self.entry, op, self.wrt, name)

    def hide_all_but(self, names: Sequence[str]) -> None:
        """Make these functions the only ones that passes keep; the others are there to be called by them."""
        for op in self.module.ops:
            if isinstance(op, FuncOp):
                op.properties["sym_visibility"] = StringAttr("public" if op.sym_name.data in names else "private")

    def signature_for(self, name: str) -> Signature:
        """The signature of a derivative function: seeds follow the parameters of the entry."""
        made = function(self.module, name)
        inputs, outputs = made.function_type.inputs, made.function_type.outputs
        extra = [_parameter(f"seed{k}", type) for k, type in enumerate(list(inputs)[len(self.arguments) :])]
        results = tuple(_parameter(f"result{k}", type) for k, type in enumerate(outputs))
        params, conditions = (*self.signature.params, *extra), self.signature.preconditions
        return Signature(self.signature.symbols, params, results, conditions)


def subject(compiled: Any, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Subject:
    """The program of a `@dx.jit` function or of a derivative of one, for these arguments."""
    values, types = compiled._arguments(tuple(args), kwargs or {})
    program = elaborate(compiled.__pydex_compiled__, types)
    signature, without_quotients = signatures_of(program)
    named = zip(program.params, values, program.names, strict=True)
    flat = [x for type, value, name in named for x in flatten_argument(type, value, name)]
    flat += [hidden.outside.read() for hidden in program.instance.hidden]
    smaller = bind(without_quotients, flat, {})[1]
    flat += [quotient(smaller) for quotient in quotients_of(program)]
    converted, sizes = bind(signature, flat, {})
    passed = [value for value, param in zip(converted, signature.params, strict=True) if param.kind != "size"]
    takes = any(isinstance(op, ad.Derivative) for op in program.module.walk())
    return Subject(program, signature, passed, flat, sizes, takes)


def function(module: ModuleOp, name: str) -> FuncOp:
    return next(op for op in module.ops if isinstance(op, FuncOp) and op.sym_name.data == name)


def shape(type: Any, sizes: dict[str, int]) -> tuple[int, ...]:
    """The padded box of a flat value."""
    return tuple(max(s.evaluate(sizes), 0) for s in ix.bounding_sizes(type)) if isinstance(type, ix.TableType) else ()


def _parameter(name: str, type: Any) -> Parameter:
    element = type.element if isinstance(type, ix.TableType) else type
    dtype = {"i1": "bool", "index": "i64"}.get(str(element), "i64" if isinstance(element, ix.IdxType) else str(element))
    if isinstance(type, ix.TableType):
        return Parameter(name, "table", dtype, tuple(_poly(size) for size in ix.bounding_sizes(type)))
    return Parameter(name, "scalar", dtype)


def _poly(size: SizeAttr) -> tuple[Any, ...]:
    return tuple((coefficient, monomial) for monomial, coefficient in size.data)


def random_like(rng: np.random.Generator, value: Any) -> Any:
    """A direction: numbers of order one in the type of `value`."""
    array = np.asarray(value)
    drawn = rng.standard_normal(array.shape).astype(array.dtype if array.dtype.kind == "f" else np.float64)
    return drawn if array.ndim else float(drawn)


def check_uses(found: ModuleOp) -> None:
    """Nothing outside of the module uses its values: passes ask who uses a value, and would count what was given up."""
    inside = set(found.walk())
    for op in inside:
        values = [*op.results, *(a for region in op.regions for block in region.blocks for a in block.args)]
        for value in values:
            assert {use.operation for use in value.uses} <= inside, f"something that was given up uses {value}"
