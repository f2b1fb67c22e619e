"""pdx_contract beside NumPy's einsum: every way in which tables may lie in memory."""

import ctypes
import mmap
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


@pytest.fixture(params=[16, 32, 64])
def vectors(request):
    """Each width of vectors that this machine may have."""
    LIBRARY.pdx_set_vectors(ctypes.c_int64(request.param))
    yield request.param
    LIBRARY.pdx_set_vectors(ctypes.c_int64(64))


def _whole(shape, dtype, seed):
    """Small whole numbers, whose products and sums are exact."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(dtype)


def _windows(x, side, stride):
    return np.lib.stride_tricks.sliding_window_view(x, side, (1, 2))[:, ::stride, ::stride]


def _scattered(w, g, shape, stride):
    """The cotangent of x, cell by cell of the filter."""
    out, (height, width) = np.zeros(shape), g.shape[1:]
    for u, v in np.ndindex(w.shape[2:]):
        down, right = slice(u, u + stride * height, stride), slice(v, v + stride * width, stride)
        out[:, down, right][:, :height, :width] += np.einsum("oc,oij->cij", w[:, :, u, v], g)
    return out


#: Channels, height, width, channels made, sides of the filter, stride. Widths above and below that of a tile, and of
#: two; fewer rows than a tile, few columns, many terms; rows of a tile that share cells (one channel).
IMAGES = [
    (1, 28, 28, 6, (5, 5), 1), (3, 37, 30, 5, (7, 7), 2), (16, 9, 9, 33, (3, 3), 1), (2, 3, 70, 4, (3, 3), 1),
    (40, 12, 12, 50, (3, 3), 1), (1, 20, 65, 70, (1, 4), 1), (5, 1, 300, 9, (1, 9), 3), (130, 6, 7, 3, (3, 2), 1),
    (3, 64, 67, 24, (3, 3), 1), (1, 3, 3, 1, (3, 3), 1), (36, 40, 34, 64, (3, 3), 1),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_images(image, dtype, vectors):
    """The three products of a moving window are exact where numbers are whole, and write their own cells only."""
    channels, height, width, made, side, stride = image
    x, w = _whole((channels, height, width), dtype, 1), _whole((made, channels, *side), dtype, 2)
    windows = _windows(x, side, stride)
    g = _whole((made, *windows.shape[1:3]), dtype, 3)
    y = _guarded(g.shape, dtype)
    contract("ocuv,cijuv->oij", w, windows, y)
    np.testing.assert_array_equal(y, np.einsum("ocuv,cijuv->oij", w, windows))
    dw = _guarded(w.shape, dtype)
    contract("cijuv,oij->ocuv", windows, g, dw)
    np.testing.assert_array_equal(dw, np.einsum("oij,cijuv->ocuv", g, windows))
    dx = _guarded(x.shape, dtype)
    dx[...] = 1
    cells = np.lib.stride_tricks.as_strided(dx, windows.shape, _windows(dx, side, stride).strides)
    contract("ocuv,oij->cijuv", w, g, cells, add=True, overlap=True)
    np.testing.assert_array_equal(dx, 1 + _scattered(w, g, x.shape, stride))
    for table in (y, dw, dx):
        around = table.base
        assert around is not None and np.isnan(around[..., -3:]).all() and np.isnan(around[[0, -1]]).all()


def _guarded(shape, dtype):
    """A table in the middle of a larger one, which is full of NaN."""
    around = np.full((shape[0] + 2, *shape[1:-1], shape[-1] + 3), np.nan, dtype)
    return around[1:-1, ..., :-3]


def test_long_sums(vectors):
    """More terms than are added at once, to cells that lie side by side and to others."""
    a, b = _whole((9, 5000), np.float32, 1), _whole((5000, 40), np.float32, 2)
    for out in (np.zeros((9, 80), np.float32)[:, ::2], np.zeros((40, 9), np.float32).T, np.zeros((9, 50), np.float32)):
        found = contract("ik,kj->ij", a[:, ::-1], b[::-1], out[:, :40])
        np.testing.assert_array_equal(found, a @ b)
        np.testing.assert_array_equal(contract("ik,kj->ij", a[:, ::-1], b[::-1], found, add=True), 2 * (a @ b))


def test_nothing_else_is_read(vectors):
    """Tables end where memory does, on both sides."""
    page, libc = mmap.PAGESIZE, ctypes.CDLL(None)
    memory = mmap.mmap(-1, 6 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (0, 3, 5):
        assert libc.mprotect(ctypes.c_void_p(start + guard * page), page, 0) == 0
    for dtype in (np.float32, np.float64):
        first = np.frombuffer(memory, dtype, 2 * page // dtype().itemsize, page)
        last = np.frombuffer(memory, dtype, page // dtype().itemsize, 4 * page)
        first[:], last[:] = 1, 2
        for width in (15, 31, 33, 64):
            for whole in (first, last):
                for x in (whole[-width * 7 :], whole[: width * 7]):
                    windows = np.lib.stride_tricks.sliding_window_view(x.reshape(7, width), (3, 2))
                    w = np.ones((5, 3, 2), dtype)
                    y = contract("ouv,ijuv->oij", w, windows, np.zeros((5, 5, width - 1), dtype))
                    assert (y == 6 * x[0]).all()
    del first, last, whole, x, windows
    assert libc.mprotect(ctypes.c_void_p(start), 6 * page, mmap.PROT_READ | mmap.PROT_WRITE) == 0


def _in_threads(make):
    before, results = runtime.get_threads(), []
    for threads in (1, 2, 3):
        runtime.set_threads(threads)
        results.append(make())
    runtime.set_threads(before)
    return all(np.array_equal(r, results[0]) for r in results)


def test_threads_do_not_change_results():
    a, b = _random((700, 600), np.float32), _random((600, 650), np.float32)
    assert _in_threads(lambda: contract("ik,kj->ij", a, b, np.empty((700, 650), np.float32)))


def test_threads_do_not_change_images():
    """Sizes that are cut in tasks; also where cells are shared, a slice of the channels in each."""
    x, w = _random((40, 46, 46), np.float32), _random((64, 40, 3, 3), np.float32)
    windows, g = _windows(x, (3, 3), 1), _random((64, 44, 44), np.float32)

    def scatter():
        dx = np.zeros_like(x)
        cells = np.lib.stride_tricks.as_strided(dx, windows.shape, windows.strides)
        contract("ocuv,oij->cijuv", w, g, cells, add=True, overlap=True)
        return dx

    assert _in_threads(lambda: contract("ocuv,cijuv->oij", w, windows, np.empty(g.shape, np.float32)))
    assert _in_threads(lambda: contract("oij,cijuv->ocuv", g, windows, np.empty(w.shape, np.float32)))
    assert _in_threads(scatter)
    np.testing.assert_allclose(scatter(), _scattered(w, g, x.shape, 1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", ["ik,kj->ij", "ki,kj->ij", "ki,kj->ji", "ikl,lkj->ij", "ilk,lkj->ji", "ijk,kl->ijl"])
@pytest.mark.parametrize("layout", [{}, {"stretch": 2}, {"flip": True}], ids=str)
def test_few_cells_of_many_terms(text, dtype, layout):
    """The terms are shared out. Whole numbers, so that sums are exact; c lies anywhere, and is added to or not."""
    sizes = {"i": 36, "j": 50, "k": 4100, "l": 3}
    left, right, result = text.replace("->", ",").split(",")
    a, b = (np.rint(_random([sizes[x] for x in letters], dtype, **layout)) for letters in (left, right))
    expected = np.einsum(text, a, b, optimize=True)
    for out in (np.full(expected.shape, np.nan, dtype), np.full((*expected.shape[:-1], 90), np.nan, dtype)[..., ::-1]):
        out = out[..., : expected.shape[-1]]
        np.testing.assert_array_equal(contract(text, a, b, out), expected)
        np.testing.assert_array_equal(contract(text, a, b, out, add=True), 2 * expected)
    assert _in_threads(lambda: contract(text, a, b, np.empty(expected.shape, dtype)))


@pytest.mark.parametrize(("stretch", "tasks"), [(1, 4), (2, 53)])
def test_parts_of_terms_are_added_in_order(stretch, tasks):
    """Numbers of which a sum in another order has other bits; 216e6 products, as matrices or in blocks."""
    a, b = (_random((60_000, n), np.float32, stretch=stretch) for n in (59, 61))
    total = np.zeros((59, 61), np.float32)
    for task in range(tasks):
        some = slice(len(a) * task // tasks, len(a) * (task + 1) // tasks)
        total += contract("ki,kj->ij", a[some], b[some], np.empty((59, 61), np.float32))
    np.testing.assert_array_equal(contract("ki,kj->ij", a, b, np.empty((59, 61), np.float32)), total)
    assert _in_threads(lambda: contract("ki,kj->ij", a, b, np.empty((59, 61), np.float32)))


def test_not_a_number():
    """0 · NaN and 0 · ∞ are NaN, and what c held before does not matter."""
    a, b = np.zeros((40, 40)), np.ones((40, 40))
    b[0, 0], b[1, 1] = np.nan, np.inf
    out = contract("ik,kj->ij", a, b, np.full((40, 40), np.nan))
    assert np.isnan(out[:, :2]).all() and (out[:, 2:] == 0).all()


def test_not_a_number_in_blocks(vectors):
    """The same where BLAS does not read in place; columns that fill up a tile are no one's."""
    a, b = np.zeros((40, 80))[:, ::2], np.ones((40, 82))[:, ::2]
    b[0, 0], b[1, 1] = np.nan, np.inf
    for add in (False, True):
        out = np.full((40, 82), 0.0 if add else np.nan)[:, ::2]
        contract("ik,kj->ij", a, b, out, add=add)
        assert np.isnan(out[:, :2]).all() and (out[:, 2:] == 0).all()


def test_the_library_is_there():
    a = np.ones((2, 2))
    contract("ik,kj->ij", a, a, np.empty((2, 2)))
    assert "openblas" in runtime.blas()
