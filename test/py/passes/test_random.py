"""Random programs compute the same before and after the passes, in any order of iterations."""

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from pydex.dialects.text import print_module, verify
from pydex.passes.verify_scope import check_scope

from .random_programs import random_module
from .running import arguments, assert_same, functions, outcome, run_passes

PIPELINES = [
    ["simplify"],
    ["ix-fuse", "simplify"],
    ["unroll", "licm", "cse"],
    ["licm", "ix-sink", "licm", "dce"],
    ["accum-to-table", "dce"],
    "simplify ix-fuse simplify unroll simplify accum-to-table simplify ix-fuse simplify licm cse".split(),
]


def check(seed: int) -> None:
    before = random_module(seed)
    verify(before)
    check_scope(before)
    rng = np.random.default_rng(seed)
    calls = [arguments(functions(before)["f"], rng) for _ in range(2)]
    expected = [outcome(before, "f", *call) for call in calls]
    for pipeline in PIPELINES:
        after: ModuleOp = before.clone()
        try:
            run_passes(after, pipeline)
            for call, answer in zip(calls, expected, strict=True):
                assert_same(outcome(after, "f", *call, "random"), answer, f"{call[0]}", 1e-9)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {','.join(pipeline)}: {error}\n{print_module(before)}") from error


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_random_programs(seed):
    check(seed)
