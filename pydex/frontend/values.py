"""What names stand for while a program is elaborated.

Literal      a number that has met no type: 2, 0.5, True
Int          an integer known as a polynomial in sizes and loop indices: n.size, i, i + 1, 4*f + 2
Scalar       a typed number at run time
Table        tables at run time: one SSA value for each leaf of the element type
Tuple, Record, Struct, Static (a set, a type, None, a string, a module), and functions (functions.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xdsl.ir import SSAValue

from pydex.frontend.kinds import WEAK_FLOAT, WEAK_INT, StaticType, StructOf, UndefinedType, WeakType
from pydex.sets import IndexSet
from pydex.sizes import Size
from pydex.types import ElementType, IndexType, RecordType, TableType, TupleType, Type, bool_


class Value:
    """A value of the elaborator."""

    @property
    def type(self) -> Type:
        raise NotImplementedError(f"{type(self).__name__} must define its type")


@dataclass(frozen=True, eq=False)
class Literal(Value):
    """A number written in the program, or computed from such numbers."""

    value: bool | int | float

    @property
    def type(self) -> Type:
        kind = type(self.value)
        return bool_ if kind is bool else WEAK_INT if kind is int else WEAK_FLOAT


@dataclass(frozen=True, eq=False)
class Int(Value):
    """An integer with a known polynomial; an index of `set`, if it is one."""

    form: Size
    set: IndexSet | None = None

    @property
    def type(self) -> Type:
        return WEAK_INT if self.set is None else IndexType(self.set)


@dataclass(frozen=True, eq=False)
class Scalar(Value):
    """A number at run time; its type is weak if it has met none yet."""

    ssa: SSAValue
    dtype: ElementType | WeakType

    @property
    def type(self) -> Type:
        return self.dtype


@dataclass(frozen=True, eq=False)
class Table(Value):
    """A table; `leaves` are the SSA values of its leaves in order; `store` says whose it is (stores.py)."""

    leaves: tuple[SSAValue, ...]
    table_type: TableType
    store: frozenset[Any] = frozenset()

    @property
    def type(self) -> TableType:
        return self.table_type

    @property
    def axes(self) -> tuple[Any, ...]:
        return self.table_type.axes

    @property
    def element(self) -> Type:
        return self.table_type.element


@dataclass(frozen=True, eq=False)
class Tuple(Value):
    """A static tuple; also an index of a product."""

    items: tuple[Value, ...]

    @property
    def type(self) -> Type:
        return TupleType(tuple(item.type for item in self.items))


@dataclass(frozen=True, eq=False)
class Record(Value):
    """A dict with literal keys."""

    fields: Mapping[str, Value]

    @property
    def type(self) -> Type:
        return RecordType(tuple((name, field.type) for name, field in self.fields.items()))


@dataclass(frozen=True, eq=False)
class Struct(Value):
    """An instance of a struct; also an index of a record set."""

    cls: type
    fields: Mapping[str, Value]

    @property
    def type(self) -> Type:
        return StructOf(self.cls, tuple((name, field.type) for name, field in self.fields.items()))


@dataclass(frozen=True, eq=False)
class Static(Value):
    """A Python object that is known at compile time."""

    value: Any

    @property
    def type(self) -> Type:
        return StaticType(self.value)


@dataclass(frozen=True, eq=False)
class Undefined(Value):
    """A variable that is assigned before it is read."""

    @property
    def type(self) -> Type:
        return UndefinedType()


NONE = Static(None)
NUMBERS = (Literal, Int, Scalar)
