"""The IR interpreter: runs `ix` + `eff` + arith/math/scf.if after any pass, slowly and obviously.

It is one of the four executions that must agree (the source in CPython, this, the CPU, the GPU). Derivative ops must
have been expanded. Tables are NumPy arrays; a table with dependent axes is an array of its bounding box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from pydex.dialects import ix
from pydex.interpreter.machine import InterpreterError, Machine, Order
from pydex.interpreter.scalars import dtype_of, scalar

__all__ = ["InterpreterError", "Machine", "run"]


def run(
    module: ModuleOp,
    name: str,
    arguments: Sequence[Any],
    sizes: Mapping[str, int] | None = None,
    order: Order = "forward",
    machine: Machine | None = None,
) -> list[Any]:
    """Results of calling function `name` with NumPy arrays and Python numbers.

    `sizes`: values of the function's size symbols; those that are the whole extent of some argument may be left out.
    `order`: the order of iterations in order-free loops; results that depend on it betray a wrong `ix.for`.
    Raises the Python exception of a failed `eff.check`; InterpreterError where the IR breaks its own promises.
    """
    machine = machine or Machine(module, order)
    block = machine.functions[name].body.block
    symbols = dict(sizes or {})
    values: list[Any] = []
    for parameter, argument in zip(block.args, arguments, strict=True):
        if isinstance(parameter.type, ix.TableType):
            array = np.asarray(argument, dtype_of(parameter.type.element))
            _bind_sizes(parameter.type, array.shape, symbols)
            values.append(array)
        else:
            values.append(scalar(argument, parameter.type))
    return machine.call(name, values, symbols)


def _bind_sizes(type: ix.TableType, shape: tuple[int, ...], symbols: dict[str, int]) -> None:
    """Bind the symbols that are an extent by themselves."""
    for size, extent in zip(type.sizes, shape, strict=True):
        if len(size.data) == 1 and len(size.data[0][0]) == 1 and size.data[0][1] == 1:
            symbol = size.data[0][0][0]
            if not symbol.startswith("#"):
                symbols.setdefault(symbol, extent)
