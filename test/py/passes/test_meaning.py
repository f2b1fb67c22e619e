"""No pass changes what a program computes: the interpreter, before and after, on random arguments."""

import numpy as np
import pytest

from .running import arguments, assert_same, functions, module, outcome, run_passes

PIPELINES = [
    ["inline"],
    ["inline{checkpoints=true}", "dce"],
    ["fold"],
    ["cse"],
    ["dce"],
    ["ix-fuse"],
    ["carry-narrow"],
    ["licm"],
    ["licm-rows"],
    ["ix-share"],
    ["ix-sink"],
    ["licm", "ix-sink", "simplify", "licm", "dce"],
    ["accum-to-table"],
    ["simplify"],
    ["ix-interchange"],
    ["ix-skip-zeros"],
    ["ad-directions"],
    ["own-to-table"],
    ["carry-element"],
    ["late-last"],
    ["inline", "simplify", "own-to-table", "ix-fuse", "licm-rows", "licm", "dce", "carry-element", "late-last", "dce"],
    ["inline", "simplify", "ix-fuse", "simplify", "licm"],
    ["inline", "simplify", "accum-to-table", "simplify", "ix-fuse", "simplify", "licm"],
    ["inline", "licm", "accum-to-table", "ix-fuse", "ix-fuse", "cse", "fold", "dce", "accum-to-table"],
]


@pytest.fixture(scope="module")
def calls():
    """(function, sizes, arguments, outcome) of calls of every program as it is written."""
    before = module()
    return [
        (name, *call, outcome(before, name, *call))
        for name, function in functions(before).items()
        for call in (arguments(function, np.random.default_rng(seed)) for seed in range(4))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", PIPELINES, ids=",".join)
def test_same_results(pipeline, calls):
    after = module()
    run_passes(after, pipeline)
    for name, sizes, args, expected in calls:
        assert_same(outcome(after, name, sizes, args, "random"), expected, f"@{name} {sizes}")
