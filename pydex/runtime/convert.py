"""Arguments that the native fast path does not read itself, converted to what it reads, or refused.

A conversion never changes a value or an element type that the caller chose; it only finds the numbers in lists,
buffers, DLPack objects and badly aligned arrays. Numbers without a type of their own (Python's) take the parameter's.
"""

import math
import operator
from typing import Any

import numpy as np

from pydex.runtime.problems import OutOfRange, Problem, WrongRank, WrongType
from pydex.runtime.signature import Value, numpy_dtype


class Refused(Exception):
    """An argument does not fit its parameter. Only between `convert` and its caller."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def convert(param: Value, argument: Any) -> Any:
    """The argument as the native side reads it: an int, float, bool, NumPy scalar or plain aligned array. Raises
    Refused."""
    return {"scalar": _scalar, "size": _size, "table": _table}[param.kind](param, argument)


def describe(argument: Any) -> str:
    """What an argument is, in an error: `an array of float32, shape (2, 3)`, `str`."""
    if isinstance(argument, np.ndarray):
        return f"an array of {argument.dtype}, shape {argument.shape}"
    return type(argument).__name__


def _wrong(param: Value, argument: Any, help: str = "") -> Refused:
    return Refused(WrongType(param, describe(argument), help))


# ---- numbers


def _size(param: Value, argument: Any) -> int:
    if isinstance(argument, (bool, np.bool_)) or not hasattr(argument, "__index__"):
        raise _wrong(param, argument)
    return _int_in_range(param, argument)


def _int_in_range(param: Value, argument: Any) -> int:
    try:
        number = operator.index(argument)
    except TypeError:
        raise _wrong(param, argument) from None
    limits = np.iinfo(numpy_dtype(param.dtype))
    if not limits.min <= number <= limits.max:
        raise Refused(OutOfRange(param, str(number)))
    return number


def _scalar(param: Value, argument: Any) -> Any:
    if not isinstance(argument, np.generic) and hasattr(argument, "__dlpack__"):
        argument = _from_dlpack(param, argument)[()]
    dtype = numpy_dtype(param.dtype)
    if isinstance(argument, (np.generic, np.ndarray)):
        if argument.ndim or argument.dtype != dtype:
            name = argument.dtype.name
            raise Refused(WrongType(param, describe(argument) if argument.ndim else name, _cast_help(param)))
        return argument
    if param.dtype == "bool" or isinstance(argument, bool):
        raise _wrong(param, argument, _cast_help(param))
    if dtype.kind == "f":
        return _float_in_range(param, argument)
    if isinstance(argument, float):
        raise _wrong(param, argument, _cast_help(param))
    return _int_in_range(param, argument)


def _cast_help(param: Value) -> str:
    name = {"f64": "float", "i64": "int", "bool": "bool"}.get(param.dtype, f"np.{numpy_dtype(param.dtype).name}")
    return f"convert it with {name}({param.name})"


def _float_in_range(param: Value, argument: Any) -> float:
    if not isinstance(argument, float) and not hasattr(argument, "__index__"):
        raise _wrong(param, argument)
    try:
        number = float(argument)
    except OverflowError:
        raise Refused(OutOfRange(param, str(argument))) from None
    if math.isfinite(number) and abs(number) > float(np.finfo(numpy_dtype(param.dtype)).max):
        raise Refused(OutOfRange(param, str(argument)))
    return number


# ---- tables


def _table(param: Value, argument: Any) -> np.ndarray:
    array = _as_array(param, argument)
    if array.ndim != param.rank:
        raise Refused(WrongRank(param, array.shape))
    dtype = numpy_dtype(param.dtype)
    if param.index and (array.dtype.kind in "iu" or not array.size):
        return _readable(_indices(param, array, dtype), dtype)
    if array.dtype.newbyteorder("=") != dtype:
        raise _wrong(param, array, f"convert it with {param.name}.astype(np.{dtype.name})")
    return _readable(array, dtype)


def _indices(param: Value, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Integers of any type as numbers of indices, which have a sign."""
    greatest = np.iinfo(dtype).max
    if array.dtype.kind == "u" and array.size and (largest := array.max()) > greatest:
        raise Refused(OutOfRange(param, str(largest)))
    return array.astype(dtype, copy=False)


def _readable(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    whole_strides = all(stride % dtype.itemsize == 0 for stride in array.strides)
    if array.dtype.isnative and array.flags.aligned and whole_strides:
        return array.view(np.ndarray)
    return np.array(array, dtype=dtype, order="C", subok=False)


def _as_array(param: Value, argument: Any) -> np.ndarray:
    if isinstance(argument, np.ma.MaskedArray):
        raise _wrong(param, argument, "say what masked elements are with filled()")
    if isinstance(argument, np.ndarray):
        return argument
    if isinstance(argument, (list, tuple)):
        return _from_list(param, argument)
    if hasattr(argument, "__dlpack__"):
        return _from_dlpack(param, argument)
    if hasattr(argument, "__array__"):
        return np.asarray(argument)
    try:
        return np.asarray(memoryview(argument))
    except (TypeError, ValueError):
        raise _wrong(param, argument) from None


def _from_dlpack(param: Value, argument: Any) -> np.ndarray:
    if isinstance(argument, np.ndarray):
        return argument
    try:
        return np.from_dlpack(argument)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise _wrong(param, argument, f"DLPack: {error}") from None


# What the elements of a list may be, by the kind of the parameter's element type.
_LIST_KINDS = {"f": "iuf", "i": "iu", "u": "iu", "b": "b"}


def _from_list(param: Value, argument: Any) -> np.ndarray:
    dtype = numpy_dtype(param.dtype)
    try:
        array = np.array(argument)
    except ValueError:
        raise Refused(WrongType(param, f"a {type(argument).__name__} whose rows differ in shape")) from None
    if array.size and array.dtype.kind not in _LIST_KINDS[dtype.kind]:
        of = "str" if array.dtype.kind == "U" else array.dtype.name  # NumPy's name counts the bits of the longest
        raise Refused(WrongType(param, f"a {type(argument).__name__} of {of}"))
    if array.size and dtype.kind in "iu":
        for number in (array.min(), array.max()):
            _int_in_range(param, number)
    with np.errstate(over="ignore"):
        typed = array.astype(dtype)
    if dtype.kind == "f" and not np.array_equal(np.isinf(typed), np.isinf(array)):
        raise Refused(OutOfRange(param, str(array[np.isinf(typed) & ~np.isinf(array)].flat[0])))
    return typed
