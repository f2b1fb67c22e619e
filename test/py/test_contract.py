"""Contractions: what is recognised means what the loops mean, in every execution, whatever the sizes."""

import numpy as np
import pytest
from contractions import PROGRAMS, Program, product
from law1.agree import FIRST, Law1
from law1.executions import contracted_passes
from law1.subject import subject
from xdsl.dialects import scf

from pydex import interpreter, pipeline
from pydex.dialects.contract import ContractOp
from pydex.passes.pipelines import CPU

LARGE, SMALL = 40, 5
"""Sizes that are, and are not, worth the call of a library."""


def named(program: Program) -> str:
    return program.name


def contractions(program: Program) -> int:
    """How many there are when the sizes do not matter, after all passes."""
    made = subject(program.function, program.arguments(SMALL))
    pipeline.run_passes(made.module, contracted_passes())
    return sum(isinstance(op, ContractOp) for op in made.module.walk())


FAST = {"product", "guarded"}
EACH = [pytest.param(p, marks=[] if p.name in FAST else pytest.mark.slow, id=p.name) for p in PROGRAMS]


@pytest.mark.parametrize("program", EACH)
def test_found(program):
    assert contractions(program) == program.found


@pytest.mark.parametrize("program", EACH)
def test_values(program):
    """Large, small and without any element; and arguments that lie in memory in every way."""
    for size in (LARGE, SMALL, 1, 0):
        arguments = program.arguments(size)
        expected = program.meaning(*arguments)
        tolerance = 1e-4 if program.dtype is np.float32 else 1e-10
        for form in FORMS:
            found = program.function(*map(form, arguments))
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=form.__name__)


def plain(x):
    return x


def by_columns(x):
    return np.asfortranarray(x) if np.ndim(x) > 1 else x


def backwards(x):
    return np.ascontiguousarray(x[..., ::-1])[..., ::-1] if np.ndim(x) else x


def every_third(x):
    return np.repeat(x, 3, axis=-1)[..., ::3] if np.ndim(x) else x


FORMS = (plain, by_columns, backwards, every_third)


DIFFERENTIATED = "batched accumulated prologue chain windows one_row_of_many per_step raising".split()


@pytest.mark.slow
@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.name in DIFFERENTIATED], ids=named)
def test_derivatives(program):
    """jvp and vjp beside dual numbers, by contractions of any size."""
    Law1(program.function, program.arguments(3), derivatives=FIRST).check(False, (), ("contracted",))


@pytest.mark.slow
def test_interpreted():
    """The interpreter knows the op, and checks its places."""
    program = next(p for p in PROGRAMS if p.name == "chain")
    made = subject(program.function, arguments := program.arguments(SMALL))
    pipeline.run_passes(made.module, contracted_passes())
    found = interpreter.run(made.module, made.entry, made.arguments, made.sizes, "random")
    np.testing.assert_allclose(found[0], program.meaning(*arguments), rtol=1e-12)


def test_not_a_number():
    """0 · NaN and 0 · ∞ are NaN in a large product as in a small one."""
    for size in (4, LARGE):
        x, y = np.zeros((size, size)), np.ones((size, size))
        y[0, 0], y[1, 1] = np.nan, np.inf
        found = product(x, y)
        assert np.isnan(found[:, :2]).all() and (found[:, 2:] == 0).all()


def test_sizes_decide():
    """Both versions are in one compilation: products of 16 · 16 · 16 and more are contracted."""
    made = subject(product, [np.ones((2, 2)), np.ones((2, 2))])
    pipeline.run_passes(made.module, CPU)
    branches = [op for op in made.module.walk() if isinstance(op, scf.IfOp)]
    assert [[isinstance(o, ContractOp) for o in b.true_region.walk()].count(True) for b in branches] == [1]
    assert not any(isinstance(o, ContractOp) for o in branches[0].false_region.walk())
