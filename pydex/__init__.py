"""pydex: a statically typed, pointful array language inside Python.

Names are imported when they are first used, so that `import pydex` costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

EXPORTS = {
    "pydex.api": (
        "jit grad value_and_grad jvp vjp linearize transpose jacobian hessian hvp checkpoint "
        "set_num_threads get_num_threads"
    ),
    "pydex.builtins": (
        "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf "
        "sigmoid relu abs sign floor ceil trunc round isnan isinf isfinite atan2 pow minimum maximum where "
        "sum prod max min any all argmax argmin mean zeros ones full zeros_like ones_like accum "
        "stop_gradient parallel argsort bitcast ordinal"
    ),
    "pydex.diagnostics": "DexError",
    "pydex.explaining": "check explain",
    "pydex.explaining.guarantee": "Guarantee",
    "pydex.gradients": "check_grads",
    "pydex.sets": "Fin above below index_sets starting upto",
    "pydex.structs": "struct",
    "pydex.types": "Size Tuple bf16 bool f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64",
}
"""Public names, by the module that defines them. `pydex.random` is a module and is imported as one."""

_HOME = {name: module for module, names in EXPORTS.items() for name in names.split()}

__all__ = sorted([*_HOME, "random"])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "random":
        return import_module("pydex.random")
    if name not in _HOME and find_spec(f"{__name__}.{name}") is not None:
        raise AttributeError(name)  # asked for by `from pydex import name`, which then imports the module
    if name not in _HOME:
        from pydex.diagnostics import did_you_mean

        close = did_you_mean(name, __all__)
        raise AttributeError(f"module 'pydex' has no attribute {name!r}{f'; {close}' if close else ''}")
    value = _lookup(_HOME[name], name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _lookup(module: str, name: str) -> Any:
    home = import_module(module)
    if module == "pydex.builtins":
        return home.BUILTINS[name]
    return home.bool_ if name == "bool" else getattr(home, name)
