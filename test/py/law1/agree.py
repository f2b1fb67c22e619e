"""Law 1 for one call of one program: every execution agrees with the reference, for the value and its derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from law1 import executions, flat
from law1.executions import Run
from law1.oracle import Leaves, Oracle, dot
from law1.subject import DERIVATIVES, Subject, random_like, subject
from law1.tolerance import Disagreement, Scale, bound, compare, watched

ORDERS = ("forward", "random")
FIRST = ("jvp", "vjp")


@dataclass
class Task:
    """A function of the module, its flat arguments, and what it must give.

    `expected`: leaves, None where nothing is known of one; `masks`: where a leaf has elements, None for everywhere.
    `products`: equations ⟨u, found[places]⟩ = terms summed up, for what is not known component by component.
    """

    name: str
    arguments: list[Any]
    expected: list[Any]
    masks: list[Any]
    products: list[tuple[Leaves, range, float]] = field(default_factory=list)
    scale: Scale = field(default_factory=Scale)


class Law1:
    """One call; `derivatives` are the names of those that are compared, and `value` says whether the program is that
    they are taken of: their results have its results among them."""

    def __init__(
        self,
        function: Any,
        args: Sequence[Any],
        kwargs: dict[str, Any] | None = None,
        derivatives: Sequence[str] = tuple(DERIVATIVES),
        value: bool = True,
    ):
        self.function, self.derivatives = function, derivatives
        self.args, _ = function._arguments(tuple(args), kwargs or {})
        self._made = made = subject(function, self.args)
        if made.is_differentiable:
            made.add_derivatives(derivatives)
        self.entry, self.dtype = made.entry, _narrowest(made)
        self.is_differentiable = made.is_differentiable
        self.tasks = [task for task in self._tasks(made) if value or task.name != made.entry]
        made.hide_all_but([task.name for task in self.tasks])
        self._expanded = self.subject()
        self._measure()

    def subject(self) -> Subject:
        """A module of its own, with the derivatives."""
        program = self._made.program
        return replace(self._made, program=replace(program, module=program.module.clone()))

    def check(self, every_pass: bool = True, orders: Sequence[str] = ORDERS, compiled: Sequence[str] = ()) -> int:
        """How many results were compared. Raises Disagreement. `compiled`: names of functions of `executions`."""
        count = 0
        for run in self._runs(every_pass, orders, compiled):
            for task in self.tasks:
                if task.name == self.entry or not run.only_entry:
                    count += self.check_run(run, task)
        return count

    def check_run(self, run: Run, task: Task) -> int:
        """Compare one function in one execution."""
        where = f"{task.name} by {run.name}"
        try:
            found = run.call(task.name, task.arguments)
        except Exception as error:
            error.add_note(where)
            raise
        if len(found) != len(task.expected):
            raise Disagreement(f"{where}: {len(found)} results, expected {len(task.expected)}")
        for k, (leaf, expected, mask) in enumerate(zip(found, task.expected, task.masks, strict=True)):
            if expected is not None:
                compare(leaf, expected, mask, task.scale.value, self.dtype, f"{where}, result {k}")
        for u, places, expected in task.products:
            self._check_product(u, [found[k] for k in places], expected, where)
        return len(found)

    def _check_product(self, u: Leaves, found: Leaves, expected: float, where: str) -> None:
        pairs = [(np.asarray(d), np.asarray(x)) for d, x in zip(u, found, strict=True)]
        terms = [np.where(d == 0, 0.0, d * x) for d, x in pairs]
        total, scale = sum(float(t.sum()) for t in terms), sum(float(np.abs(t).sum()) for t in terms)
        if np.isfinite(expected) and not abs(total - expected) <= bound(max(scale, 1.0) * self._greatest, self.dtype):
            raise Disagreement(f"{where}: product with a direction {total!r}, by dual numbers {expected!r}")

    @property
    def _greatest(self) -> float:
        return max(task.scale.value for task in self.tasks)

    def _runs(self, every_pass: bool, orders: Sequence[str], compiled: Sequence[str]) -> Iterator[Run]:
        """Each pipeline runs over one module, which is interpreted and then compiled."""
        made = self.subject()
        if orders:
            yield from executions.interpreted(made, orders, every_pass)
        for name in compiled:
            if name == "plain":
                yield executions.plain(self._expanded, executions.OWNED)
            elif name == "optimised" and orders:
                yield executions.optimised(made, ())
            else:
                yield getattr(executions, name)(self.subject())

    def _measure(self) -> None:
        run = executions.unoptimised(self._expanded)
        for task in self.tasks:
            with watched() as task.scale:
                run.call(task.name, task.arguments)
            self.check_run(run, task)

    # -------------------------------------------------------------------------------------------------- tasks

    def _tasks(self, made: Subject) -> Iterator[Task]:
        oracle = Oracle(self.function, tuple(self.args), made)
        value, masks = oracle.value, oracle.masks
        yield Task(self.entry, made.arguments, value, masks)
        if not self.derivatives or not made.is_differentiable:
            return
        rng = np.random.default_rng(len(made.arguments))
        floats = [masks[k] for k in made.float_results]
        inputs = self._input_masks(made)
        v, u = (_drawn(rng, [made.arguments[k] for k in made.wrt], inputs) for _ in range(2))
        seeds = _drawn(rng, [value[k].astype(made.result_dtypes[k]) for k in made.float_results], floats)
        unknown = [None] * len(inputs)
        numbers = [_where_a_number(value[k], masks[k]) for k in made.float_results]  # 0/0 has no tangent to compare
        forward, back = oracle.jvp(v), oracle.pulled_back(seeds) or unknown
        if "jvp" in self.derivatives:
            yield Task("jvp", [*made.arguments, *v], [*value, *forward], [*masks, *numbers])
        if "vjp" in self.derivatives:
            task = Task("vjp", [*made.arguments, *seeds], [*value, *back], [*masks, *inputs])
            task.products = [(v, _last(inputs, task), dot(seeds, forward))]
            yield task
        if set(self.derivatives) - set(FIRST):
            curved, product = oracle.pulled_back(seeds, v) or unknown, dot(seeds, oracle.jvp(v, u))
            still = [0 * s for s in seeds]
            for task in (
                Task("jvp_vjp", [*made.arguments, *seeds, *v], [*value, *back, *forward, *curved],
                     [*masks, *inputs, *numbers, *inputs]),
                Task("vjp_jvp", [*made.arguments, *v, *still, *seeds], [*value, *forward, *curved],
                     [*masks, *numbers, *inputs]),
                Task("vjp_vjp", [*made.arguments, *seeds, *still, *v], [*value, *back, *curved],
                     [*masks, *inputs, *inputs]),
            ):  # fmt: skip
                task.products = [(u, _last(inputs, task), product)]
                if task.name in self.derivatives:
                    yield task

    def _input_masks(self, made: Subject) -> list[Any]:
        """Where the float arguments have elements."""
        leaves = [x for type, arg in zip(made.program.params, self.args, strict=True) for x in flat.flatten(type, arg)]
        return [flat.elements(np.shape(made.arguments[k]), leaves[k]) for k in made.wrt]


def _drawn(rng: np.random.Generator, values: Leaves, masks: Leaves) -> Leaves:
    """A direction for each value, 0 where a mask has no element."""
    return [_masked(random_like(rng, value), mask) for value, mask in zip(values, masks, strict=True)]


def _masked(value: Any, mask: Any) -> Any:
    return value if np.ndim(value) == 0 else np.where(mask, value, np.zeros_like(value))


def _where_a_number(value: Any, mask: Any) -> Any:
    """Where a result is no NaN, of the elements that the mask has."""
    numbers = ~np.isnan(np.asarray(value))
    return numbers if mask is None else numbers & mask


def _last(inputs: Sequence[Any], task: Task) -> range:
    return range(len(task.expected) - len(inputs), len(task.expected))


def _narrowest(made: Subject) -> str:
    types = [*made.function.function_type.inputs, *made.function.function_type.outputs]
    return "float32" if any("f32" in str(type) for type in types) else "float64"
