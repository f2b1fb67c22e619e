"""Vector math: special values, bounds in ulp, and that loops are vectorised."""

from __future__ import annotations

import math
import platform
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from math_kernels import DTYPE, Kernel, call, compiled, kernel
from math_reference import EXTENDED, every, reference, scattered, scattered_pairs, ulp_error

from pydex.passes.vector_math import FUNCTIONS, HURRIED, SUFFIX, module_functions

pytestmark = pytest.mark.slow

INF, NAN = math.inf, math.nan
ELEMENTS = ["f32", "f64"]
UNARY = [op for op, function in FUNCTIONS.items() if function.arity == 1]
BINARY = [op for op, function in FUNCTIONS.items() if function.arity == 2]
DOC = Path(__file__).parents[2] / "docs" / "math.md"

# op -> (argument, value), exact in both formats.
SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e30, INF), (-1e30, 0.0)],
    "exp2": [(0.0, 1.0), (10.0, 1024.0), (-3.0, 0.125), (INF, INF), (-INF, 0.0), (NAN, NAN)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e-30, 1e-30)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN)],
    "log2": [(0.0, -INF), (1.0, 0.0), (1024.0, 10.0), (0.125, -3.0), (INF, INF), (-1.0, NAN), (NAN, NAN)],
    "log10": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-1.0, NAN), (NAN, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-2.0, NAN), (NAN, NAN), (1e-30, 1e-30)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-30, 1e-30)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-30, 1.0)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-30, 1e-30)],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (1e-30, 1e-30)],
    "cosh": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (1e-30, 1.0)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e-30, 1e-30), (100.0, 1.0)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (NAN, NAN), (1e-30, 1e-30)],
    "acos": [(1.0, 0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (NAN, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, math.pi / 2), (-INF, -math.pi / 2), (NAN, NAN), (1e-30, 1e-30)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (9.0, 1.0)],
    "erfc": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (-9.0, 2.0), (40.0, 0.0)],
    "cbrt": [(0.0, 0.0), (-0.0, -0.0), (27.0, 3.0), (-8.0, -2.0), (INF, INF), (-INF, -INF), (NAN, NAN)],
}


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", UNARY)
def test_special_values(op: str, element: str) -> None:
    points, expected = np.array(SPECIAL[op]).T
    got = kernel(op, element)(points)
    np.testing.assert_array_equal(got, expected.astype(got.dtype))
    assert_same_signs(got, expected)


SCALED = {"exp": 800, "exp2": 1200, "cosh": 800, "erfc": 30, "powf": 1.0}
"""Functions that multiply by a power of two, and how far arguments reach: beyond what overflows, and what vanishes."""


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", SCALED)
def test_an_instruction_that_scales_changes_no_bit(op: str, element: str) -> None:
    rng, odd = np.random.default_rng(5), [0.0, -0.0, INF, -INF, NAN, 1e300, -1e300, 5e-324]
    x = np.concatenate([rng.uniform(-1, 1, 40_001) * SCALED[op], rng.normal(size=999), odd])
    with np.errstate(over="ignore"):
        x = np.concatenate([x, x[:20_000] / (8 if element == "f32" else 1)]).astype(DTYPE[element])
    args = (np.abs(x) + 1, rng.permutation(x) * 1500) if op == "powf" else (x,)
    np.testing.assert_array_equal(kernel(op, element, scales=True)(*args), kernel(op, element)(*args))


# C11, annex F.10.1.4 and F.10.4.4: results that NumPy takes from the C library, signs included.
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", BINARY)
def test_special_pairs(op: str, element: str) -> None:
    values = np.array([0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, INF, -INF, NAN])
    x, y = (grid.ravel() for grid in np.meshgrid(values, values))
    got = kernel(op, element)(x, y)
    expected = reference(op, element, x, y).astype(got.dtype)
    exact = ~np.isfinite(expected) | (expected == np.round(expected))
    np.testing.assert_array_equal(got[exact], expected[exact])
    assert_same_signs(got, expected)


@pytest.mark.parametrize("element", ELEMENTS)
def test_exact_results(element: str) -> None:
    """Powers of two, denormal ones too, through exp2 and log2; powers of ten through log10; cubes through cbrt."""
    powers = np.arange(-149, 128.0) if element == "f32" else np.arange(-1074, 1024.0)
    exact = np.ldexp(1.0, powers.astype(int))
    np.testing.assert_array_equal(kernel("exp2", element)(powers), exact)
    np.testing.assert_array_equal(kernel("log2", element)(exact), powers)
    decimal = np.arange(-37, 39) if element == "f32" else np.arange(-307, 309)
    tens = np.array([float(f"1e{k}") for k in decimal])
    np.testing.assert_array_equal(kernel("log10", element)(tens), decimal)
    numbers = np.arange(-255.0, 256.0)
    np.testing.assert_array_equal(kernel("cbrt", element)(numbers**3), numbers)


def assert_same_signs(got: np.ndarray, expected: np.ndarray) -> None:
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


@pytest.mark.parametrize("op", UNARY)
def test_error_f32(op: str) -> None:
    assert_accurate(op, "f32", every(30011))


@pytest.mark.slow
@pytest.mark.parametrize("op", UNARY)
def test_error_f32_dense(op: str) -> None:
    assert_accurate(op, "f32", every(1001))


@pytest.mark.parametrize("op", UNARY)
def test_error_f64(op: str) -> None:
    assert_accurate(op, "f64", scattered(op, 3000 if quick_reference(op) else 100))


@pytest.mark.slow
@pytest.mark.parametrize("op", UNARY)
def test_error_f64_dense(op: str) -> None:
    assert_accurate(op, "f64", scattered(op, 60000 if quick_reference(op) else 2000))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", BINARY)
def test_error_of_pairs(op: str, element: str) -> None:
    assert_accurate(op, element, *scattered_pairs(op, 3000 if element == "f32" or EXTENDED else 100, element))


@pytest.mark.slow
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", BINARY)
def test_error_of_pairs_dense(op: str, element: str) -> None:
    assert_accurate(op, element, *scattered_pairs(op, 60000 if element == "f32" or EXTENDED else 1000, element))


def quick_reference(op: str) -> bool:
    """Whether the reference is NumPy's long double, not mpmath."""
    return EXTENDED and op not in ("erf", "erfc")


@pytest.mark.parametrize("op", sorted(HURRIED))
def test_who_waits_gets_the_same_accuracy(op: str) -> None:
    points = scattered(op, 30000)
    assert_accurate(op, "f64", points, form=SUFFIX)
    specials, expected = np.array(SPECIAL[op]).T
    got = kernel(op + SUFFIX, "f64", scales=True)(specials)
    np.testing.assert_array_equal(got, expected)
    assert_same_signs(got, expected)
    assert not np.array_equal(kernel(op + SUFFIX, "f64")(points), kernel(op, "f64")(points)), "it is the same form"


def assert_accurate(op: str, element: str, *points: np.ndarray, form: str = "") -> None:
    error = ulp_error(kernel(op + form, element)(*points), reference(op, element, *points), element)
    worst = int(np.argmax(error))
    bound = getattr(FUNCTIONS[op], f"ulp_{element}")
    assert error[worst] <= bound, f"{op} of {[p[worst] for p in points]} is off by {error[worst]} ulp"


@pytest.mark.parametrize("op", ["exp", "sin", "powf"])
def test_position_does_not_matter(op: str) -> None:
    """A lane, the remainder of a loop and a scalar give the same bits; far and near arguments in one vector too."""
    rng = np.random.default_rng(1)
    points = [np.abs(rng.normal(size=37)) * 10.0 ** rng.integers(-3, 15, 37) for _ in range(FUNCTIONS[op].arity)]
    run = kernel(op, "f64")
    alone = [run(*(p[k : k + 1] for p in points))[0] for k in range(37)]
    np.testing.assert_array_equal(run(*points), alone)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", FUNCTIONS)
def test_lanes_of_explicit_vectors(op: str, element: str) -> None:
    vector = f"vector<8x{element}>"
    rng = np.random.default_rng(2)
    points = [rng.uniform(0.1, 0.9, 64).astype(DTYPE[element]) for _ in range(FUNCTIONS[op].arity)]
    points[0][::7] *= 1e15
    body = [
        "%eight = arith.constant 8 : i64",
        "%lane = arith.remsi %i, %eight : i64",
        "%index = arith.index_cast %lane : i64 to index",
    ]
    names = []
    for k in range(FUNCTIONS[op].arity):
        body += [f"%s{k} = vector.broadcast %v{k} : {element} to {vector}"]
        names.append(f"%s{k}")
    body += [call("w", op, vector, names), f"%r = vector.extract %w[%index] : {element} from {vector}"]
    lanes = compiled(body, {(op, vector)}, FUNCTIONS[op].arity, element)
    np.testing.assert_array_equal(lanes(*points), kernel(op, element)(*points))


needs_disassembly = pytest.mark.skipif(
    platform.machine() != "x86_64" or not shutil.which("objdump"), reason="reads x86-64 code through objdump"
)


def instructions(loop: Kernel, pattern: str) -> list[str]:
    """The instructions of the entry that match."""
    text = loop.code.assembly()
    entry = text[text.index("<entry>:") :]
    return re.findall(pattern, entry.split("\n\n")[0])


@needs_disassembly
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("op", FUNCTIONS)
def test_loops_are_vectorised(op: str, element: str) -> None:
    loop = kernel(op, element)
    wide_type = "pd" if element == "f64" or op == "powf" else "ps"
    assert instructions(loop, rf"vfn?m(?:add|sub)\w+{wide_type}\s.*%[yz]mm")
    if op not in ("sin", "cos", "tan"):
        assert not instructions(loop, r"\bcall\b")


@needs_disassembly
@pytest.mark.parametrize("element", ELEMENTS)
def test_sine_and_cosine_share_the_work(element: str) -> None:
    both = [call("s", "sin", element), call("c", "cos", element), f"%r = arith.addf %s, %c : {element}"]
    fused = r"vfn?m(?:add|sub)\w+p[ds]\s"
    together = instructions(compiled(both, {("sin", element), ("cos", element)}, 1, element), fused)
    assert len(together) == len(instructions(kernel("sin", element), fused)) > 10


@needs_disassembly
def test_a_condition_does_not_stop_the_vectoriser() -> None:
    body = [
        "%zero_f = arith.constant 0.0 : f64",
        "%positive = arith.cmpf ogt, %v0, %zero_f : f64",
        "%r = scf.if %positive -> (f64) {",
        call("s", "sin", "f64"),
        "scf.yield %s : f64",
        "} else {",
        "scf.yield %v0 : f64",
        "}",
    ]
    loop = compiled(body, {("sin", "f64")}, 1, "f64")
    assert instructions(loop, r"vfn?m(?:add|sub)\w+pd\s.*%[yz]mm")
    points = np.array([1.0, -1.0, 1e300, -1e300])
    np.testing.assert_allclose(loop(points), np.where(points > 0, np.sin(points), points), rtol=1e-15)


@needs_disassembly
def test_unused_functions_leave_nothing() -> None:
    loop = compiled(["%r = arith.addf %v0, %v0 : f64"], {("exp", "f64"), ("powf", "f64")}, 1, "f64")
    assert "pdx_" not in loop.code.assembly().replace("pdx_raise", "")


def test_each_definition_is_written_once() -> None:
    text = module_functions({("sin", "f32"), ("cos", "f32"), ("sin", "f64"), ("exp", "f32")})
    names = re.findall(r"func(?: private| internal)? @(\w+)", text)
    assert len(names) == len(set(names)) and {"pdx_sin_f32", "pdx_cos_f32", "pdx_sin_f64", "pdx_exp_f32"} <= set(names)


def test_a_gpu_gets_no_vector_variants() -> None:
    text = module_functions({("sin", "f32")}, variants=False)
    assert "vector" not in text and "llvm.compiler.used" not in text


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="vector math is defined on f32, f64 and vectors of them, not on f16"):
        module_functions({("exp", "f16")})


def test_the_document_states_the_bounds() -> None:
    rows = {
        row[0]: row[1:] for row in re.findall(r"^\| (\w+) \| ([\d.]+) \(.*?\) \| ([\d.]+) \(", DOC.read_text(), re.M)
    }
    assert rows == {op: (f"{f.ulp_f32:g}", f"{f.ulp_f64:g}") for op, f in FUNCTIONS.items()}
