"""x ** (-k/2) in the lanes of vectors, from estimates of the processor: accuracy, special numbers, where it is used."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, mlir, processor
from pydex.passes.lower_estimates import has_estimates, negative_half_power
from pydex.passes.lower_text import Code, Val

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("avx512f" not in processor.instruction_sets(), reason="the processor has no AVX-512"),
]

TYPES = {"f32": np.float32, "f64": np.float64}
LANES = {"f32": 16, "f64": 8}
#: Half powers, and whether s ** -1 is beside them, with the error in units in the last place that docs/math.md states.
FORMS = [(1, False, 2), (3, False, 6), (5, False, 10), (7, False, 14), (3, True, 6), (5, True, 10), (7, True, 14)]
SPECIAL = (0.0, np.inf, np.nan, -1.0, -1e-30, 1.0, 4.0, 2.0**-126, 2.0**-140, 1e-45, 2.0**-1060, 3e38, 1e308)


def run(x: np.ndarray, kind: str, k: int, reciprocal: bool, registers: int = 1) -> np.ndarray:
    """The power of every element, a vector of so many registers at a time."""
    lanes = LANES[kind] * registers
    code, type = Code("i64"), f"vector<{lanes}x{kind}>"
    s = Val("%s", type, code)
    value = negative_half_power(code, s, k, reciprocal)
    padded = np.ones(-(-len(x) // lanes) * lanes, TYPES[kind])
    padded[: len(x)] = x
    out = np.empty_like(padded)
    text = f"""llvm.func @entry(%frame: !llvm.ptr) {{
      %n = llvm.load %frame : !llvm.ptr -> i64
      %at1 = llvm.getelementptr %frame[1] : (!llvm.ptr) -> !llvm.ptr, i64
      %at2 = llvm.getelementptr %frame[2] : (!llvm.ptr) -> !llvm.ptr, i64
      %from = llvm.load %at1 : !llvm.ptr -> !llvm.ptr
      %to = llvm.load %at2 : !llvm.ptr -> !llvm.ptr
      %begin = arith.constant 0 : i64
      %lanes = arith.constant {lanes} : i64
      scf.for %i = %begin to %n step %lanes : i64 {{
        %p = llvm.getelementptr %from[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {kind}
        %q = llvm.getelementptr %to[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {kind}
        %s = llvm.load %p {{alignment = 4 : i64}} : !llvm.ptr -> {type}
{code.text()}
        llvm.store {value.name}, %q {{alignment = 4 : i64}} : {type}, !llvm.ptr
      }}
      llvm.return
    }}"""
    compiled = mlir.compile(text)
    frame = (ctypes.c_int64 * 3)(len(padded), padded.ctypes.data, out.ctypes.data)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(compiled.address)(ctypes.addressof(frame))
    return out[: len(x)]


def samples(kind: str) -> np.ndarray:
    """Random bits without a sign, one binade by steps, and usual numbers."""
    rng, type = np.random.default_rng(3), TYPES[kind]
    bits = np.abs(np.frombuffer(rng.bytes(100_000 * type().itemsize), type))
    return np.concatenate(
        [bits, np.linspace(1, 4, 100_000, dtype=type), (10 ** rng.uniform(-9, 9, 50_000)).astype(type)]
    )


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("k", "reciprocal", "bound"), FORMS)
def test_accuracy(kind, k, reciprocal, bound) -> None:
    x = samples(kind)
    got = run(x, kind, k, reciprocal)
    with np.errstate(all="ignore"):
        want = x.astype(np.longdouble) ** (np.longdouble(-k) / 2)
        nearest = want.astype(TYPES[kind])
        error = np.abs(got - want) / np.spacing(nearest).astype(np.longdouble)
    finite = np.isfinite(nearest)
    assert error[finite].max() <= bound
    assert np.isnan(got[np.isnan(x)]).all()
    largest = np.finfo(TYPES[kind]).max
    assert (got[np.isinf(nearest)] >= largest * (1 - 1e-6)).all()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("k", "reciprocal", "bound"), FORMS)
def test_special_numbers(kind, k, reciprocal, bound) -> None:
    with np.errstate(over="ignore"):
        x = np.array(SPECIAL, TYPES[kind])
    got = run(x, kind, k, reciprocal)
    with np.errstate(all="ignore"):
        want = (x.astype(np.longdouble) ** (np.longdouble(-k) / 2)).astype(TYPES[kind])
    np.testing.assert_allclose(
        got, want, rtol=20 * np.finfo(TYPES[kind]).eps, atol=3 * np.finfo(TYPES[kind]).smallest_subnormal
    )


@pytest.mark.parametrize("kind", TYPES)
def test_several_registers_at_once(kind) -> None:
    x = samples(kind)[:1001]
    np.testing.assert_array_equal(run(x, kind, 3, False, registers=4), run(x, kind, 3, False))


def test_whole_registers_of_two_types_have_estimates() -> None:
    yes = ["vector<16xf32>", "vector<64xf32>", "vector<8xf64>"]
    no = ["f32", "f64", "vector<8xf32>", "vector<4xf64>", "vector<16xf16>", "vector<24xf32>"]
    assert all(map(has_estimates, yes)) and not any(map(has_estimates, no))


n, k = dx.index_sets("n k")
axis = dx.Fin(3)


@dx.jit
def by_power(r: f32[n, axis], p: f32[k, axis]) -> f32[k]:
    return [sum((sum((r[j, a] - p[i, a]) * (r[j, a] - p[i, a]) for a in axis)) ** -1.5 for j in n) for i in k]


@dx.jit
def by_division(r: f32[n, axis], p: f32[k, axis]) -> f32[k]:
    result = dx.zeros(f32[k])
    for i in k:
        for j in n:
            s = sum((r[j, a] - p[i, a]) * (r[j, a] - p[i, a]) for a in axis) + 0.01
            result[i] += 1.0 / (s * dx.sqrt(s))
    return result


def test_powers_use_them_and_divisions_do_not() -> None:
    assert "rsqrt14" in by_power.ir("mlir") and "math.sqrt" not in by_power.ir("mlir")
    text = by_division.ir("mlir")
    assert "rsqrt14" not in text and "rcp14" not in text and "arith.divf" in text


def test_what_cannot_be_negative_is_not_tested_for_it() -> None:
    @dx.jit
    def any_sign(r: f64[n, axis], m: f64[n]) -> f64[n]:
        return [sum(m[j] * (r[j, 0] * r[i, 1] + r[j, 2] * r[i, 0]) ** -1.5 for j in n) for i in n]

    minus_infinity = "0xFFF0000000000000"
    assert minus_infinity in any_sign.ir("mlir")
    assert "0xFF800000" not in by_power.ir("mlir")


def test_bodies_in_one_place_attract_each_other_infinitely() -> None:
    r = np.zeros((20, 3), np.float32)
    assert np.isinf(by_power(r, r)).all()
    r[:, 0] = np.inf
    r[0] = 0
    assert np.isnan(by_power(r, r)[1:]).all()
