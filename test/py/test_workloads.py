"""The workloads as pydex programs, against the independent implementations: by reference and compiled.

`make bench` times the same programs. ADBench's files are read where they lie; without them those tests are skipped.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from independent import gmm
from marks import slow_but

from benchmarks import adbench, oracle
from benchmarks.inputs import SIZES, inputs

FILES = [
    (workload, size)
    for workload, sizes in SIZES.items()
    for size, (_, *source) in sizes.items()
    if source and isinstance(source[0], str)
]
"""Workloads and sizes whose inputs are files of ADBench."""


def program(workload):
    return importlib.import_module(f"benchmarks.{workload}")


def agrees(workload, size, name, found):
    arguments = inputs(workload, size)
    expected = oracle.answers(workload, arguments)[name]
    assert oracle.disagreement(oracle.flatten(found), expected, oracle.limits(workload, arguments)) is None


@pytest.mark.slow
@pytest.mark.parametrize("workload", SIZES)
def test_reference(workload):
    agrees(workload, "small", "objective", program(workload).objective.reference(*inputs(workload, "small")))


@pytest.mark.parametrize("workload", slow_but(["fused", "call_arr", "hist"], SIZES))
def test_objective(workload):
    agrees(workload, "small", "objective", program(workload).objective(*inputs(workload, "small")))


@pytest.mark.slow
@pytest.mark.parametrize("workload", [name for name in SIZES if program(name).gradient])
def test_gradient(workload):
    agrees(workload, "small", "gradient", program(workload).gradient(*inputs(workload, "small")))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["objective", "gradient"])
@pytest.mark.parametrize("workload, size", FILES)
def test_files_of_adbench(workload, size, name):
    if not adbench.DATA.is_dir():
        pytest.skip(f"the files of ADBench are not at {adbench.DATA}")
    agrees(workload, size, name, getattr(program(workload), name)(*inputs(workload, size)))


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["lse_rows", "tri", "nbody", "lstm", "ba", "ht"])
def test_one_compilation_serves_all_strides(workload):
    """Fortran order, and a view of every second element."""
    arguments = inputs(workload, "small")
    expected = oracle.flatten(program(workload).objective(*arguments))
    for change in (np.asfortranarray, lambda array: np.repeat(array, 2, axis=-1)[..., ::2]):
        moved = [change(value) if isinstance(value, np.ndarray) else value for value in arguments]
        found = oracle.flatten(program(workload).objective(*moved))
        assert oracle.disagreement(found, expected, oracle.limits(workload, arguments)) is None


@pytest.mark.parametrize("gamma, m", [(1.0, 0), (1.3, 2)])
def test_normalisation_of_the_mixture(gamma, m):
    from examples.gmm_model import normalisation

    np.testing.assert_allclose(normalisation(1000, 20, 50, gamma, m), gmm.constant(1000, 20, 50, gamma, m), rtol=1e-13)


GROWTH = {
    "fused": [(2 * 10**6,), (4 * 10**6,)],
    "lse_rows": [(1000, 1000), (4000, 1000)],
    "tri": [(1000,), (4000,)],
    "nbody": [(1000,), (3000,)],
    "gmm": [(10, 10, 20_000), (10, 10, 80_000)],
}
"""Two sizes of each workload whose gradient stores nothing per iteration."""

PEAK = """
from benchmarks import child, frameworks, inputs, oracle
arguments = inputs.{workload}(*{numbers})
result = frameworks.prepare("{workload}", "pydex", arguments, 1)["gradient"]()
print(child.peak_bytes(), sum(part.nbytes for part in oracle.flatten([*arguments, result])))
"""


@pytest.mark.slow
@pytest.mark.parametrize("workload", GROWTH)
def test_a_gradient_needs_no_more_than_four_times_the_memory_of_inputs_and_outputs(workload):
    def measured(numbers):
        code = PEAK.format(workload=workload, numbers=numbers)
        root = Path(__file__).resolve().parents[2]
        words = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
        assert words.returncode == 0, words.stderr
        return np.array(words.stdout.split(), dtype=np.int64)

    small, large = map(measured, GROWTH[workload])
    grown, needed = large - small
    assert grown <= 4 * needed + 8 * 2**20  # resident memory is counted in pages, and allocators round
