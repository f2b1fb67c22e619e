"""What a program must give: the reference execution in f64, and dual numbers for its derivatives. It knows no IR."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from law1 import flat
from law1.subject import Subject
from pydex import reference
from pydex.reference import all_floats_in_f64, derivatives, reference_function
from pydex.types import Type

Leaves = list[Any]
COMPONENTS = {1: 24, 2: 6}
"""Cotangents are compared component by component up to this many float inputs, which cost one run each, a run of
second order much more; beyond, by their product with a random direction alone."""


class _Along:
    """The directional derivative of a function, as a function."""

    def __init__(self, function: Any, tangents: tuple[Any, ...]):
        self.function, self.tangents = function, tangents

    def __pydex_reference__(self) -> Callable[..., Any]:
        inner = reference_function(self.function)
        return lambda *args: derivatives.jvp(inner, args, self.tangents)[1]


@dataclass
class Oracle:
    """Flat results of `function(*args)` and of its derivatives, boxed as the subject's results are."""

    function: Any
    args: tuple[Any, ...]
    subject: Subject

    @property
    def params(self) -> list[Type]:
        return self.subject.program.params

    @cached_property
    def _found(self) -> Any:
        with all_floats_in_f64():
            return reference.reference_call(self.function, self.args, {})

    @cached_property
    def value(self) -> Leaves:
        return self._boxed(self._found, list(range(len(self.subject.result_boxes))), None)

    @cached_property
    def masks(self) -> Leaves:
        """Where the results have elements."""
        leaves = flat.flatten(self.subject.program.result, self._found)
        return [flat.elements(shape, leaf) for shape, leaf in zip(self.subject.result_boxes, leaves, strict=True)]

    def jvp(self, *directions: Leaves) -> Leaves:
        """The tangents of the float results along a flat direction of the float arguments; along two: D²f[v, u]."""
        function = self.function
        for direction in directions[:-1]:
            function = _Along(function, self._structured(direction))
        with all_floats_in_f64():
            found = reference.jvp(function, self.args, self._structured(directions[-1]))[1]
        return self._boxed(found, self.subject.float_results, 0.0)

    def pulled_back(self, cotangents: Leaves, *directions: Leaves) -> Leaves | None:
        """For each float argument ⟨cotangents, ∂ jvp(*directions) / ∂ it⟩, or None if that takes too many runs."""
        sizes = [np.size(self.subject.arguments[k]) for k in self.subject.wrt]
        if sum(sizes) > COMPONENTS[1 + len(directions)]:
            return None
        units = iter(dot(cotangents, self.jvp(*directions, unit)) for unit in self._units())
        return [
            np.array([next(units) for _ in range(size)]).reshape(np.shape(self.subject.arguments[k]))
            for k, size in zip(self.subject.wrt, sizes, strict=True)
        ]

    def _units(self) -> Iterator[Leaves]:
        """Directions along one number each. What does not move has no tangent, rather than 0: no 0·inf."""
        for leaf, k in enumerate(self.subject.wrt):
            shape = np.shape(self.subject.arguments[k])
            for at in np.ndindex(shape):
                unit = np.full(shape, None)
                unit[at] = 1.0
                direction: Leaves = [None] * len(self.subject.wrt)
                direction[leaf] = unit if shape else 1.0
                yield direction

    def _structured(self, direction: Leaves) -> tuple[Any, ...]:
        """A flat direction as the tangents of the arguments, None where there are none."""
        by_argument = dict(zip(self.subject.wrt, direction, strict=True))
        stream = iter(by_argument.get(k) for k in range(len(self.subject.arguments)))
        return tuple(flat.unflatten(type, arg, stream) for type, arg in zip(self.params, self.args, strict=True))

    def _boxed(self, found: Any, places: Sequence[int], missing: Any) -> Leaves:
        leaves = flat.flatten(self.subject.program.result, found)
        boxes = self.subject.result_boxes
        kinds = {"f": np.float64, "c": complex}
        made = []
        for k in places:
            leaf = missing if leaves[k] is None else leaves[k]
            if leaf is missing and missing is not None:
                made.append(np.zeros(boxes[k]))
                continue
            dtype = np.asarray(leaf[0] if isinstance(leaf, list) and leaf else leaf).dtype
            made.append(flat.box(boxes[k], leaf, kinds.get(dtype.kind, dtype)))
        return made


def dot(left: Sequence[Any], right: Sequence[Any]) -> float:
    return float(sum(np.sum(np.asarray(a) * np.asarray(b)) for a, b in zip(left, right, strict=True)))
