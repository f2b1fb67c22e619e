"""Tables of programs for tests: `@programs(args…)` compiles a function and adds it with arguments of a call."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pydex as dx


class Programs(list):
    """Functions with arguments, as parameters of a test."""

    def __call__(self, *args: Any) -> Callable[[Callable[..., Any]], Any]:
        def add(function: Callable[..., Any]) -> Any:
            compiled = dx.jit(function)
            self.append(pytest.param(compiled, args, id=function.__name__))
            return compiled

        return add

    def slow_but(self, *fast: str) -> list[Any]:
        """The programs, all but those with these names marked slow."""
        slow = pytest.mark.slow
        return [p if p.id in fast else pytest.param(*p.values, id=p.id, marks=slow) for p in self]


def numbers(value: Any) -> list[float]:
    """The numbers in a result, in order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
    if isinstance(value, tuple | list):
        return [number for part in value for number in numbers(part)]
    return list(np.asarray(value, dtype=float).ravel())


def assert_agrees_with_reference(function: Any, args: tuple[Any, ...]) -> None:
    """The compiled function gives the numbers that CPython computes from its source."""
    expected = numbers(function.reference(*args))
    assert expected
    np.testing.assert_allclose(numbers(function(*args)), expected, rtol=1e-6)
