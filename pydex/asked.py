"""What `@dx.jit(fastmath=…, deterministic=…)` asks of compiled code, beyond what the program says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydex.diagnostics import DexTypeError, DexValueError, Diagnostic

#: LLVM's fast-math flags, in the order in which they are shown.
FLAGS = ("reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn")

HELP = f"write True for all flags, or a set of some of {', '.join(FLAGS)}"


@dataclass(frozen=True)
class Asked:
    """fastmath: flags that all float operations have, besides those that pydex gives them. deterministic: a promise."""

    fastmath: tuple[str, ...] = ()
    deterministic: bool = False


def fastmath_flags(value: Any) -> tuple[str, ...]:
    """The flags that `fastmath=value` means. Raises DexTypeError, DexValueError."""
    if isinstance(value, bool):
        return FLAGS if value else ()
    if isinstance(value, str) or not isinstance(value, Collection):
        raise DexTypeError(Diagnostic(f"fastmath is a bool or a set of flags, found {value!r}", help=HELP))
    for name in value:
        if name not in FLAGS:
            raise DexValueError(Diagnostic(f"{name!r} is not a flag of fastmath", help=HELP))
    return tuple(name for name in FLAGS if name in value)


def is_deterministic(value: Any) -> bool:
    """What `deterministic=value` means. Raises DexTypeError."""
    if not isinstance(value, bool):
        raise DexTypeError(Diagnostic(f"deterministic is True or False, found {value!r}"))
    return value
