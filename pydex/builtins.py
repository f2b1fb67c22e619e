"""The functions that pydex adds to Python's, as users name them: `dx.exp`, `dx.zeros`, `dx.stop_gradient`, …

Each is a `Builtin`, a name and nothing else: the frontend recognises it and the reference execution gives it its
meaning. Called from ordinary Python it computes that meaning, on Python numbers and NumPy arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Builtin:
    """A function of the language, known by its name."""

    name: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from pydex.reference.surface import call_builtin  # the reference is built on this

        return call_builtin(self.name, args, kwargs)

    def __repr__(self) -> str:
        return f"dx.{self.name}"


ELEMENTWISE = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf "
    "sigmoid relu abs sign floor ceil trunc round isnan isinf isfinite atan2 pow minimum maximum where"
).split()
"""On scalars, and element by element on tables over the same sets."""

REDUCTIONS = "sum prod max min any all argmax argmin mean".split()
"""Over a generator or a table; `max` and `min` also of several scalars. Python's own `sum`, `max`, … mean these."""

CONSTRUCTORS = "zeros ones full zeros_like ones_like accum".split()
"""`zeros(f32[m])`, `full(f32[m], 2)`, `accum(f32[m], max)`; `zeros_like(x)`."""

STRUCTURE = "stop_gradient parallel argsort bitcast ordinal".split()
"""`bitcast(x, f32)` reads the bits of a scalar as another type of the same width; `ordinal(i)` numbers an index."""

BUILTINS = {name: Builtin(name) for name in ELEMENTWISE + REDUCTIONS + CONSTRUCTORS + STRUCTURE}
