"""pdx_contract beside NumPy's einsum: every way in which tables may lie in memory."""

import ctypes
from math import prod

import numpy as np
import pytest

from pydex import runtime

LIBRARY = ctypes.CDLL(str(runtime.library()))
KINDS = ([True, True, True], [True, False, True], [False, True, True], [True, True, False])


def contract(text, a, b, out, add=False, overlap=False):
    """out[…] (+)= a[…] * b[…], summed as the einsum text says."""
    (left, right), result = text.split("->")[0].split(","), text.split("->")[1]
    pairs = ((left, a), (right, b), (result, out))
    steps = [_steps(letters, table) for letters, table in pairs]
    counts = {x: n for letters, table in pairs for x, n in zip(letters, table.shape, strict=True)}
    kinds = [[x for x in counts if [x in s for s in steps] == kind] for kind in KINDS]
    dims = [v for kind in kinds for x in kind for v in (counts[x], *(s.get(x, 0) for s in steps))]
    head = [a.dtype == np.float64, add, overlap, *map(len, kinds), a.ctypes.data, b.ctypes.data, out.ctypes.data]
    LIBRARY.pdx_contract((ctypes.c_int64 * (len(head) + len(dims)))(*head, *dims))
    return out


def _steps(letters, table):
    return {x: s // table.itemsize for x, s in zip(letters, table.strides, strict=True)}


def _random(shape, dtype, order=None, stretch=1, flip=False):
    """Numbers that lie in memory in this order of axes, `stretch` elements apart, maybe backwards."""
    rng = np.random.default_rng(prod(shape) + len(shape))
    order = order or range(len(shape))
    memory = rng.standard_normal([shape[k] for k in order[:-1]] + [shape[order[-1]] * stretch]).astype(dtype)
    table = memory[..., ::stretch].transpose(np.argsort(order))
    return table[..., ::-1] if flip else table


FORMS = [
    "ik,kj->ij", "ki,kj->ij", "ik,jk->ij", "ki,jk->ij", "ik,kj->ji", "jk,ki->ji", "k,kj->j", "ik,k->i",
    "bik,bkj->bij", "ibk,kbj->ijb", "bik,kj->bij", "ikl,lkj->ij", "ij,kl->kilj", "ijk,kl->jil",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", FORMS)
def test_forms(text, dtype):
    sizes = {"b": 3, "i": 17, "j": 33, "k": 29, "l": 5}
    left, right, result = text.replace("->", ",").split(",")
    for layout in ({}, {"stretch": 2}, {"flip": True}):
        a, b = (_random([sizes[x] for x in letters], dtype, **layout) for letters in (left, right))
        out = np.full([sizes[x] for x in result], np.nan, dtype)
        tolerance = 1e-4 if dtype is np.float32 else 1e-12
        expected = np.einsum(text, a.astype(np.float64), b.astype(np.float64))
        np.testing.assert_allclose(contract(text, a, b, out), expected, rtol=tolerance, atol=tolerance)


SIZES = [(1, 1, 1), (0, 3, 4), (3, 0, 4), (3, 4, 0), (1, 700, 3), (1100, 2, 300), (2, 1030, 517)]


@pytest.mark.parametrize("m, n, k", SIZES)
def test_sizes(m, n, k):
    """Empty ones, and more than one tile in each direction; also where nothing lies as BLAS wants it."""
    for stretch in (1, 3):
        a, b = _random((m, k), np.float64, stretch=stretch), _random((k, n), np.float64, stretch=stretch)
        out = np.full((m, n * 2), 7.0)[:, ::2]
        np.testing.assert_allclose(contract("ik,kj->ij", a, b, out), a @ b, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(contract("ik,kj->ij", a, b, out, add=True), 2 * (a @ b), rtol=1e-11, atol=1e-11)


def test_windows():
    """x[c, i + u, j + v] · w[o, c, u, v], and the two products of its gradient."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((3, 40, 41)), rng.standard_normal((4, 3, 3, 2))
    height, width = 38, 40
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (1, 2))
    y = contract("ocuv,cijuv->oij", w, windows, np.full((4, height, width), np.nan))
    np.testing.assert_allclose(y, np.einsum("ocuv,cijuv->oij", w, windows), rtol=1e-12, atol=1e-12)
    g = rng.standard_normal(y.shape)
    dw = contract("oij,cijuv->ocuv", g, windows, np.full(w.shape, np.nan))
    np.testing.assert_allclose(dw, np.einsum("oij,cijuv->ocuv", g, windows), rtol=1e-12, atol=1e-12)
    dx, expected = np.zeros_like(x), np.zeros_like(x)
    scattered = np.lib.stride_tricks.as_strided(dx, windows.shape, windows.strides)
    contract("ocuv,oij->cijuv", w, g, scattered, add=True, overlap=True)
    for u in range(3):
        for v in range(2):
            expected[:, u : u + height, v : v + width] += np.einsum("oc,oij->cij", w[:, :, u, v], g)
    np.testing.assert_allclose(dx, expected, rtol=1e-12, atol=1e-12)


def test_threads_do_not_change_results():
    a, b = _random((700, 600), np.float32), _random((600, 650), np.float32)
    before, results = runtime.get_threads(), []
    for threads in (1, 2, 3):
        runtime.set_threads(threads)
        results.append(contract("ik,kj->ij", a, b, np.empty((700, 650), np.float32)))
    runtime.set_threads(before)
    assert all(np.array_equal(r, results[0]) for r in results)


def test_not_a_number():
    """0 · NaN and 0 · ∞ are NaN, and what c held before does not matter."""
    a, b = np.zeros((40, 40)), np.ones((40, 40))
    b[0, 0], b[1, 1] = np.nan, np.inf
    out = contract("ik,kj->ij", a, b, np.full((40, 40), np.nan))
    assert np.isnan(out[:, :2]).all() and (out[:, 2:] == 0).all()


def test_the_library_is_there():
    a = np.ones((2, 2))
    contract("ik,kj->ij", a, a, np.empty((2, 2)))
    assert "openblas" in runtime.blas()
