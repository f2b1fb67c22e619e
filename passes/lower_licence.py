"""What the user allows and demands of the lowered text: `fastmath` and `deterministic` of the entry function.

    func.func @f(…) attributes {fastmath = #arith.fastmath<nnan,nsz>}
    ==>  arith.addf … fastmath<contract>   becomes   arith.addf … fastmath<nnan,nsz,contract>

Every op of the program that may be contracted may do what is allowed; the functions of vector math keep their own
flags, since compensated sums are wrong with others. It is done on the text: nothing that writes float ops is forgotten.

`deterministic` is checked: no op of the text can tell how many threads there are, or which was first. Threads run
chunks (lower_parallel), whose number depends on sizes; what chunks share is combined afterwards, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.func import FuncOp

#: Functions of the runtime whose results do not depend on the number of threads, and why.
INDEPENDENT = {
    "pdx_raise": "of several chunks that fail the lowest wins",
    "pdx_alloc": "memory has no value before it is written",
    "pdx_mark": "as pdx_alloc",
    "pdx_release": "as pdx_alloc",
    "pdx_parallel": "each chunk runs once, wherever; chunks do not know each other",
    "pdx_contract": "tiles depend on sizes and strides",
    "pdx_copy": "each cell is written once",
    "pdx_fill": "as pdx_copy",
    "pdx_any_strides": "the address of code",
}

_FLAGS = re.compile(r"fastmath<([a-z,]+)>")
_CALLED = re.compile(r"(?:llvm|func)\.call @([\w.$]+)")
_DEFINED = re.compile(r"^\s*(?:llvm|func)\.func [^@\n]*@([\w.$]+)\(.*\{\s*$", re.MULTILINE)
_UNORDERED = ("atomicrmw", "cmpxchg", "atomic_rmw", "omp.", "scf.parallel", "gpu.")


def flags_of(function: FuncOp) -> list[str]:
    """The flags that the user allows."""
    flags = function.attributes.get("fastmath")
    return sorted(flag.value for flag in flags.data) if isinstance(flags, FastMathFlagsAttr) else []


def relaxed(text: str, allowed: Collection[str]) -> str:
    """The text with further flags on its float ops."""
    if not allowed:
        return text
    return _FLAGS.sub(lambda found: f"fastmath<{','.join(sorted({*found[1].split(','), *allowed}))}>", text)


def order_dependent(text: str) -> list[str]:
    """What in a lowered module might give results that depend on threads; nothing, if pydex is right."""
    defined = set(_DEFINED.findall(text))
    called = {name for name in _CALLED.findall(text) if name not in defined and name not in INDEPENDENT}
    return sorted(called) + [op for op in _UNORDERED if op in text]
