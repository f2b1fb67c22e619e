"""What is differentiated: a function at given sizes, with respect to some of its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr, SizeListAttr
from pydex.dialects.text import error_at

from .inline import Functions
from .symbols import Sizes, Values, clone, substitute


@dataclass(frozen=True)
class Target:
    """The function has no calls and no derivative ops. `sizes`: its size symbols in the terms of where it is emitted.
    `higher`: will the result be differentiated again? `functions`: callees of ad.checkpoint. `same`: values of the
    function that are differentiated -> values that are equal, and cheaper."""

    function: FuncOp
    wrt: Sequence[int]
    sizes: Sizes
    functions: Functions
    higher: bool
    same: Values = field(default_factory=dict)

    @staticmethod
    def of(op: Operation, wrt: Sequence[int], functions: Functions, higher: bool) -> Target:
        """The target of a derivative op or of a call."""
        callee, sizes = op.properties["callee"], op.properties["sizes"]
        assert isinstance(callee, SymbolRefAttr) and isinstance(sizes, SizeListAttr)
        function = functions.get(callee.root_reference.data)
        if function is None or not function.body.blocks:
            raise error_at(op, f"'{op.name}': there is no body of function @{callee.root_reference.data}")
        header = function.body.block.first_op
        names = [s.data for s in header.symbols] if isinstance(header, ix.SizesOp) else []
        if len(names) != len(sizes.data):
            raise error_at(op, f"'{op.name}': {len(sizes.data)} sizes for {len(names)} of @{function.sym_name.data}")
        return Target(function, wrt, dict(zip(names, sizes.data, strict=True)), functions, higher)

    def copied(self) -> Target:
        """The same, of a copy of the function that may be changed."""
        copy = clone(self.function, {})
        assert isinstance(copy, FuncOp)
        return replace(self, function=copy)

    def called_by(self, call: Operation, wrt: Sequence[int], sizes: Sizes) -> Target:
        """The target of a call inside this one; `sizes` are the caller's symbols where it is emitted."""
        inner = Target.of(call, wrt, self.functions, self.higher)
        return replace(inner, sizes={n: _size(s, sizes) for n, s in inner.sizes.items()})


def _size(size: SizeAttr, sizes: Sizes) -> SizeAttr:
    result = substitute(size, sizes)
    assert isinstance(result, SizeAttr)
    return result
