"""Blocks of points: results do not depend on them, and vectors of all points are never there at once."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from law1.agree import FIRST, Law1
from law1.arena import run_compiled
from law1.executions import contracted_passes
from law1.subject import Subject, check_uses, subject
from layers import LAYERS, Layers
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation

import pydex as dx
from pydex import interpreter, pipeline
from pydex.dialects import ix
from pydex.dialects.blocks import BlocksOp
from pydex.passes.cost import function_cost
from pydex.passes.cost_scope import Scope
from pydex.passes.cost_span import peak
from pydex.passes.pipelines import CPU
from pydex.pipeline import Options

SMALL = {"d": 3, "h": 4, "o": 2}
FAST = {"layer", "same_weights"}
EACH = [pytest.param(x, marks=[] if x.name in FAST else pytest.mark.slow, id=x.name) for x in LAYERS]
DIFFERENTIATED = [p for p in EACH if LAYERS[EACH.index(p)].wrt]


def made(layers: Layers, function: Any, points: int, passes: tuple[str, ...], **sizes: int) -> Subject:
    found = subject(function, layers.arguments(points, **sizes))
    pipeline.run_passes(found.module, passes)
    return found


def called(found: Subject) -> list[Any]:
    code = pipeline.compile(found.module, found.entry, found.signature, Options((), opt_level=0))
    results = code(*found.passed)
    return list(results) if isinstance(results, tuple) else [results]


def blocks_in(root: Operation) -> int:
    return sum(isinstance(op, BlocksOp) for op in root.walk())


@pytest.mark.parametrize("layers", EACH)
def test_values(layers: Layers) -> None:
    """Of points that fill blocks and that do not, of one and of none, in the interpreter in any order and compiled."""
    tolerance = 2e-5 if layers.dtype is np.float32 else 1e-11
    for points, block in ((7, 2), (6, 3), (5, 1), (2, 7), (1, 1), (0, 2)):
        if points < layers.least:
            continue
        expected = layers.meaning(*(a.astype(np.float64) for a in layers.arguments(points, **SMALL)))
        found = made(layers, layers.function, points, contracted_passes(block), **SMALL)
        machine = interpreter.run(found.module, found.entry, found.arguments, found.sizes, "random")
        for results in (machine, called(found)):
            for a, b in zip(results, expected if isinstance(expected, tuple) else [expected], strict=True):
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=f"{points} by {block}")


@pytest.mark.parametrize("layers", DIFFERENTIATED)
def test_gradients(layers: Layers) -> None:
    """Beside differences of NumPy, in a random direction."""
    gradient, tolerance = dx.grad(layers.function, wrt=layers.wrt), 1e-4 if layers.dtype is np.float32 else 1e-7
    for points, block in ((7, 2), (5, 1), (3, 3), (2, 7), (1, 1), (0, 2)):
        if points < layers.least:
            continue
        found = made(layers, gradient, points, contracted_passes(block), **SMALL)
        assert blocks_in(found.function) or layers.name == "covariance"
        rng, exact = np.random.default_rng(1), [a.astype(np.float64) for a in layers.arguments(points, **SMALL)]
        along = {k: rng.standard_normal(exact[k].shape) for k in layers.wrt}
        moved = [[a + s * along[k] if k in along else a for k, a in enumerate(exact)] for s in (1e-5, -1e-5)]
        slope = (layers.meaning(*moved[0]) - layers.meaning(*moved[1])) / 2e-5
        inner = sum(float((a * along[k]).sum()) for k, a in zip(layers.wrt, called(found), strict=True))
        assert inner == pytest.approx(slope, rel=tolerance, abs=tolerance), f"{points} by {block}"


@pytest.mark.slow
@pytest.mark.parametrize("layers", [x for x in LAYERS if x.wrt], ids=lambda x: x.name)
def test_derivatives(layers: Layers) -> None:
    """jvp and vjp beside dual numbers."""
    Law1(layers.function, layers.arguments(5, **SMALL), derivatives=FIRST).check(False, (), ("contracted",))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layer", "same_weights", "batches", "rows"])
def test_threads(name: str) -> None:
    """The same bits, whoever shares them."""
    layers = next(x for x in LAYERS if x.name == name)
    function = dx.grad(layers.function, wrt=layers.wrt) if layers.wrt else layers.function
    arguments, before, found = layers.arguments(700, **{**layers.wide, "e": 3}), dx.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            dx.set_num_threads(threads)
            result = function(*arguments)
            found.append([np.asarray(r).tobytes() for r in (result if isinstance(result, tuple) else [result])])
    finally:
        dx.set_num_threads(before)
    assert found[0] == found[1] == found[2]


# ------------------------------------------------------------------------------------------ what stands between loops


def outermost(block: Block) -> list[Operation]:
    """The ops of a block that are in no parallel loop."""
    found = []
    for op in block.ops:
        found.append(op)
        if not isinstance(op, ix.ForOp | BlocksOp):
            found += [o for region in op.regions for inner in region.blocks for o in outermost(inner)]
    return found


def cells(type: object) -> list[Counter[str]]:
    """How many a table has, as products of sizes."""
    total = [Counter[str]()]
    for size in ix.bounding_sizes(type) if isinstance(type, ix.TableType) else ():
        total = [a + Counter(monomial) for a in total for monomial, _ in size.data]
    return total


def crossing(function: FuncOp, kept: list[object]) -> list[str]:
    """The tables between outermost parallel loops that are not bounded by one that goes in, comes out or is kept."""
    last = function.body.block.last_op
    assert last is not None
    ends = [v.type for v in (*function.body.block.args, *last.operands)]
    known = [c for type in (*ends, *kept) if isinstance(type, ix.TableType) for c in cells(type)]
    made = [r.type for op in outermost(function.body.block) for r in op.results if isinstance(r.type, ix.TableType)]
    return [str(type) for type in made if any(not any(c <= k for k in known) for c in cells(type))]


def named(layers: Layers) -> list[object]:
    """The tables that the objective says are there."""
    found = made(layers, layers.function, 2, ("inline",), **SMALL)
    return [r.type for op in found.function.body.block.ops for r in op.results if isinstance(r.type, ix.TableType)]


@pytest.mark.parametrize("layers", EACH)
@pytest.mark.parametrize("passes", [contracted_passes(), CPU], ids=["contracted", "by size"])
def test_no_vector_of_a_point_crosses_an_outermost_loop(layers: Layers, passes: tuple[str, ...]) -> None:
    """Rule R1 in the IR, of contractions: in the objective and in the gradient."""
    kept = named(layers)
    functions = [layers.function, *([dx.grad(layers.function, wrt=layers.wrt)] if layers.wrt else [])]
    for function in functions:
        found = made(layers, function, 2, passes, **SMALL).function
        assert crossing(found, kept) == [], f"{found}"


@pytest.mark.parametrize("layers", DIFFERENTIATED)
def test_no_pass_leaves_users_behind(layers: Layers) -> None:
    found = subject(dx.grad(layers.function, wrt=layers.wrt), layers.arguments(7, **SMALL))
    for name in contracted_passes(2):
        pipeline.run_passes(found.module, (name,))
        check_uses(found.module)


def test_without_blocks_they_cross() -> None:
    """What the test above finds."""
    layers = next(x for x in LAYERS if x.name == "layer")
    passes = tuple(name for name in contracted_passes() if not name.startswith("ix-blocks"))
    found = made(layers, dx.grad(layers.function, wrt=layers.wrt), 2, passes, **SMALL).function
    assert crossing(found, named(layers)).count("!ix.tab<[p, h], f32>") == 4


@pytest.mark.slow
@pytest.mark.parametrize("points", [2000, 8000])
@pytest.mark.parametrize("layers", [x for x in LAYERS if x.wrt], ids=lambda x: x.name)
def test_memory(layers: Layers, points: int) -> None:
    """At most four times what goes in, comes out and is kept by the objective; and no more than is said."""
    points = points // 8 if layers.name == "selves" else points // 3 if layers.name == "batches" else points
    found = made(layers, dx.grad(layers.function, wrt=layers.wrt), points, CPU, **layers.wide)
    function = found.function
    bound = peak(function.body.block, function_cost(function).memory, Scope(function))
    arena = run_compiled(found)
    arguments = [np.asarray(a).nbytes for a in layers.arguments(points, **layers.wide)]
    needed = sum(arguments) + sum(arguments[k] for k in layers.wrt) + layers.kept_bytes(points)
    assert arena.peak <= 4 * needed
    known = {**found.sizes, "threads": 1}
    most = bound.evaluate(lambda atom: 64 if str(atom).startswith("copies") else known[str(atom)])
    assert arena.peak <= most


@pytest.mark.slow
def test_costs_in_blocks() -> None:
    """Formulas count what the interpreter does, block by block."""
    from test_cost import assert_counted

    for layers in (x for x in LAYERS if x.wrt):
        for points in (7, 3, 1):
            found = made(layers, dx.grad(layers.function, wrt=layers.wrt), points, contracted_passes(), **SMALL)
            assert_counted(found, found.entry, found.arguments)
