"""The parts of tuples, records and structs at the boundary, with the types that an annotation gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydex.types import RecordType, TupleType, Type


@dataclass(frozen=True)
class KnownStruct(Type):
    """A struct with the types of its fields as they are in one call; None for a field of any type."""

    cls: type
    fields: tuple[tuple[str, Type | None], ...]

    def __repr__(self) -> str:
        return self.cls.__name__


COMPOSITE = (TupleType, RecordType, KnownStruct)


def fields(type: Type, value: Any, where: str) -> list[tuple[str, Type | None, Any]]:
    """For each part how messages call it, its type and its value. TypeError if the value has other parts."""
    match type:
        case TupleType(items) if isinstance(value, tuple) and len(value) == len(items):
            return [(f"{where}[{k}]", item, value[k]) for k, item in enumerate(items)]
        case RecordType(named) if isinstance(value, dict) and set(value) == {name for name, _ in named}:
            return [(f"{where}[{name!r}]", part, value[name]) for name, part in named]
        case KnownStruct(cls, named) if isinstance(value, cls):
            return [(f"{where}.{name}", part, getattr(value, name)) for name, part in named]
    raise TypeError(f"{where}: expected {type!r}, found {value!r}")


def rebuild(type: Type, parts: list[Any]) -> Any:
    """A value of a composite type, of these parts."""
    match type:
        case RecordType(named):
            return dict(zip((name for name, _ in named), parts, strict=True))
        case KnownStruct(cls):
            return cls(*parts)
    return tuple(parts)
