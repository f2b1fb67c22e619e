"""The types that annotations evaluate to.

    Type = ElementType                           f32, i64, bool, …
         | IndexType(set)                        n.Index
         | TableType(axes, element)              f32[n, m], Point[n], n.Index[p], f64[n, dx.upto]
         | TupleType(items)                      tuple[f32, f64], dx.Tuple[f32, n.Index][p]
         | RecordType(fields)                    {"w": f32[n, m], "b": f32[m]}
         | StructType(cls)                       a class decorated with @dx.struct
         | SizeType(set)                         dx.Size[m]: an argument that is the size of m

Types are immutable and compare by structure. Untyped literals have no type here: they are Python numbers until they
meet a type, as in NEP 50.
"""

from __future__ import annotations

import types as python_types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, get_args, get_origin

import numpy as np

from pydex.sets import Axis, IndexSet, as_axis, as_index_set
from pydex.structs import struct_fields


class Type:
    """What an annotation may say; `T[n, m]` is the type of tables of T over n and m."""

    def __getitem__(self, axes: Any) -> TableType:
        axes = axes if isinstance(axes, tuple) else (axes,)
        if not axes:
            raise TypeError(f"a table type needs an index set: {self!r}[n]")
        return TableType(tuple(as_axis(axis) for axis in axes), self)


@dataclass(frozen=True)
class ElementType(Type):
    """A scalar type: `kind` is f (float), i (signed), u (unsigned) or b (bool); `bits` its width in memory."""

    name: str
    kind: str
    bits: int

    @property
    def is_float(self) -> bool:
        return self.kind == "f"

    @property
    def is_integer(self) -> bool:
        return self.kind in "iu"

    @property
    def is_storage_only(self) -> bool:
        """f16 and bf16 hold data; arithmetic on them is done in f32."""
        return self.is_float and self.bits == 16

    @cached_property
    def dtype(self) -> np.dtype:
        """The NumPy type of the same values. TypeError for bf16, which NumPy has not."""
        if self.name == "bf16":
            raise TypeError("NumPy has no bf16; convert to f32 first")
        return np.dtype("bool" if self.kind == "b" else f"{self.kind}{self.bits // 8}")

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest value of an integer type."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def __call__(self, value: Any) -> Any:
        """`value`, a scalar or a table, converted: floats to integers saturate and NaN gives 0; integers wrap."""
        from pydex.reference.elementwise import convert  # outside of compiled code, its meaning is the reference's

        return convert(value, self)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class IndexType(Type):
    """Indices of a set, as data."""

    set: IndexSet

    def __repr__(self) -> str:
        return f"{_parenthesised(self.set)}.Index"


@dataclass(frozen=True)
class TableType(Type):
    """A total map from the axes to the element; an element is never itself a table: `f32[m][n]` is `f32[n, m]`."""

    axes: tuple[Axis, ...]
    element: Type

    def __init__(self, axes: tuple[Axis, ...], element: Type):
        if isinstance(element, TableType):
            axes, element = axes + element.axes, element.element
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "element", element)

    def __repr__(self) -> str:
        return f"{self.element!r}[{', '.join(repr(axis) for axis in self.axes)}]"


@dataclass(frozen=True)
class TupleType(Type):
    """A static, heterogeneous tuple."""

    items: tuple[Type, ...]

    def __repr__(self) -> str:
        return f"tuple[{', '.join(repr(item) for item in self.items)}]"


@dataclass(frozen=True)
class RecordType(Type):
    """A dict with these literal keys, in this order."""

    fields: tuple[tuple[str, Type], ...]

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {field!r}" for name, field in self.fields) + "}"


@dataclass(frozen=True)
class StructType(Type):
    """A class decorated with `@dx.struct`; a field without annotation in pydex's types has None for its type."""

    cls: type

    @property
    def fields(self) -> tuple[tuple[str, Type | None], ...]:
        return tuple((name, None if note is Any else as_type(note)) for name, note in struct_fields(self.cls) or ())

    def __repr__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class SizeType(Type):
    """The type of an integer argument that is the size of `set`."""

    set: IndexSet

    def __repr__(self) -> str:
        return f"Size[{self.set!r}]"


class Size:
    """`dx.Size[m]` in an annotation: this argument is the size of m."""

    def __class_getitem__(cls, index_set: Any) -> SizeType:
        return SizeType(as_index_set(index_set))


class Tuple:
    """`dx.Tuple[f32, f64]`: what `tuple[f32, f64]` says, but `dx.Tuple[f32, f64][n]` is a table of them."""

    def __class_getitem__(cls, items: Any) -> TupleType:
        return TupleType(tuple(as_type(item) for item in (items if isinstance(items, tuple) else (items,))))


f16, bf16 = ElementType("f16", "f", 16), ElementType("bf16", "f", 16)
f32, f64 = ElementType("f32", "f", 32), ElementType("f64", "f", 64)
i8, i16, i32, i64 = (ElementType(f"i{bits}", "i", bits) for bits in (8, 16, 32, 64))
u8, u16, u32, u64 = (ElementType(f"u{bits}", "u", bits) for bits in (8, 16, 32, 64))
bool_ = ElementType("bool", "b", 8)

ELEMENT_TYPES = {type.name: type for type in (f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, bool_)}
PYTHON_TYPES = {bool: bool_, int: i64, float: f64}


def as_type(annotation: Any) -> Type:
    """The type that an annotation stands for. TypeError if it is none."""
    if isinstance(annotation, Type):
        return annotation
    if isinstance(annotation, type) and annotation in PYTHON_TYPES:
        return PYTHON_TYPES[annotation]
    if get_origin(annotation) is tuple:
        return TupleType(tuple(as_type(item) for item in get_args(annotation)))
    if isinstance(annotation, tuple):
        return TupleType(tuple(as_type(item) for item in annotation))
    if isinstance(annotation, Mapping):
        return RecordType(tuple((name, as_type(field)) for name, field in annotation.items()))
    if isinstance(annotation, type) and struct_fields(annotation) is not None:
        return StructType(annotation)
    if isinstance(annotation, python_types.GenericAlias) or not isinstance(annotation, type):
        raise TypeError(f"{annotation!r} is not a pydex type")
    raise TypeError(f"{annotation.__name__} is not a pydex type; a class becomes one with @dx.struct")


def element_type_of(value: Any) -> ElementType | None:
    """The element type of a NumPy scalar or dtype; None for a Python number, which is untyped."""
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return bool_ if isinstance(value, bool) else None
    return _element_type(value if isinstance(value, np.dtype) else value.dtype)


@cache
def _element_type(dtype: np.dtype[Any]) -> ElementType:
    found = ELEMENT_TYPES.get("bool" if dtype.kind == "b" else f"{dtype.kind}{dtype.itemsize * 8}")
    if found is None:
        raise TypeError(f"pydex has no element type for NumPy's {dtype}")
    return found


def promote(left: ElementType, right: ElementType) -> ElementType:
    """The type in which arithmetic on two typed scalars is done.

    Bools count as integers (`True + True` is the i64 2); f16 and bf16 compute in f32; otherwise it is NumPy's
    promotion, which never narrows, except that i64 with u64 is a TypeError (NumPy's answer is f64).
    """
    if left.kind == right.kind == "b":
        return i64
    if left.kind == "b" or right.kind == "b" or left == right:
        widest = right if left.kind == "b" else left
        return f32 if widest.is_storage_only else widest
    left, right = (f32 if type.is_storage_only else type for type in (left, right))
    found = element_type_of(np.promote_types(left.dtype, right.dtype))
    assert found is not None, f"{left} and {right} are typed"
    if found.is_float and left.is_integer and right.is_integer:
        raise TypeError(f"no integer type holds both {left} and {right}: convert one of them")
    return found


def promote_untyped(typed: ElementType, literal: int | float | type) -> ElementType:
    """The type in which arithmetic of a typed scalar with an untyped literal is done (NEP 50).

    The literal takes the other's type, except that a float literal makes an integer or a bool f64, and an int literal
    makes a bool i64. `literal` is the Python number, or just its type.
    """
    kind = literal if isinstance(literal, type) else type(literal)
    if typed.is_storage_only:
        return f32
    if kind is float and not typed.is_float:
        return f64
    return i64 if typed.kind == "b" else typed


def default_type(literal: int | float | type) -> ElementType:
    """The type of a literal that met no other by the end: i64 or f64."""
    kind = literal if isinstance(literal, type) else type(literal)
    return PYTHON_TYPES[kind]


def _parenthesised(index_set: IndexSet) -> str:
    text = repr(index_set)
    return f"({text})" if " " in text else text
