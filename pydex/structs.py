"""`@dx.struct`: records with methods and operators.

A struct is a frozen dataclass: like every pydex value it is never changed in place, `s.replace(x=…)` makes another one.
`S[n]` is the type of tables of S over n.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def struct(cls: type[T]) -> type[T]:
    """The class as a struct. Its fields are its annotations; TypeError if it has none."""
    cls.__class_getitem__ = classmethod(_table_of)  # type: ignore[attr-defined]
    cls.replace = _replace  # type: ignore[attr-defined]
    made = dataclasses.dataclass(frozen=True)(cls)
    if not dataclasses.fields(made):  # type: ignore[arg-type]
        raise TypeError(f"struct {cls.__name__} has no annotated fields")
    made.__pydex_struct__ = True  # type: ignore[attr-defined]
    return made


def struct_fields(cls: type) -> tuple[tuple[str, Any], ...] | None:
    """Names and annotations of a struct's fields; None if `cls` is no struct."""
    if not getattr(cls, "__pydex_struct__", False):
        return None
    return tuple((field.name, _annotation(cls, field.type)) for field in dataclasses.fields(cls))


def _annotation(cls: type, annotation: Any) -> Any:
    """The annotation's value; it is a string under `from __future__ import annotations`."""
    return eval(annotation, vars(sys.modules[cls.__module__])) if isinstance(annotation, str) else annotation


def _table_of(cls: type, axes: Any) -> Any:
    from pydex.types import StructType  # types are built on structs

    return StructType(cls)[axes]


def _replace(self: Any, **changes: Any) -> Any:
    """This struct with some fields changed."""
    return dataclasses.replace(self, **changes)
