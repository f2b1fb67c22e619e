"""The programs of the passes' tests, compiled with and without optimisation, give what the interpreter gives."""

import itertools

import numpy as np
import pytest
from lowering import native, unbound

from pydex import interpreter
from pydex.dialects import ix
from pydex.passes.pipelines import CPU, PLAIN

from .running import _argument, arguments, functions, module

PIPELINES = {"plain": PLAIN, "optimised": CPU}
EXPECTED = (IndexError, ValueError, ZeroDivisionError)


def larger(function, rng):
    """Arguments of which one size is large enough for loops to be vectorised."""
    first = function.body.block.first_op
    names = [s.data for s in first.symbols] if isinstance(first, ix.SizesOp) else []
    sizes = {n: int(rng.integers(1, 4)) for n in names}
    if names:
        sizes[str(rng.choice(names))] = int(rng.integers(33, 40))
    return sizes, [_argument(a.type, sizes, rng) for a in function.body.block.args]


def outcome(call, args):
    """The results as a list, or the kind of exception."""
    try:
        results = call(*args)
    except EXPECTED as error:
        return next(kind for kind in EXPECTED if isinstance(error, kind))
    return list(results) if isinstance(results, tuple | list) else [results]


def cells(type, sizes):
    """Which elements of the box of a table type are elements of the table."""
    box = [s.evaluate(sizes) for s in ix.bounding_sizes(type)]
    inside = np.zeros(box, bool)
    for at in itertools.product(*map(range, box)):
        here = sizes | {f"#{k}": i for k, i in enumerate(at)}
        inside[at] = all(i < s.evaluate(here) for i, s in zip(at, type.sizes, strict=True))
    return inside


def assert_same(found, expected, function, sizes):
    if isinstance(expected, type) or isinstance(found, type):
        assert found is expected
        return
    types = function.function_type.outputs
    for k, (a, b, kind) in enumerate(zip(found, expected, types, strict=True)):
        a, b = np.asarray(a), np.asarray(b)
        if isinstance(kind, ix.TableType):
            inside = cells(kind, sizes)
            a, b = a[inside], b[inside]
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=f"result {k}, {sizes}")


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("name", functions(module()))
def test_compiled_as_interpreted(name, pipeline):
    source = module()
    function = functions(source)[name]
    compiled = native(module(), PIPELINES[pipeline], name=name)
    for seed in range(8):
        sizes, args = (larger if seed > 5 else arguments)(function, np.random.default_rng(seed))
        expected = outcome(lambda *a, s=sizes: interpreter.run(source, name, list(a), dict(s), "forward"), args)
        extra = [sizes[s] for s in unbound(function)]
        assert_same(outcome(compiled, [*args, *extra]), expected, function, sizes)
