"""Threads of the runtime: a caller that shares out chunks is never slower than one that does not, as it waits for no
thread that has not begun a chunk."""

import os
import platform
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from pydex import runtime
from pydex.runtime.signature import Signature, Value

N = ((1, ("n",)),)
MS, SECOND = 1_000_000, 1_000_000_000


class Raised(Exception):
    """What on_raise makes in these tests: args are site, a, b."""


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = runtime.get_threads()
    runtime.set_threads(2)
    yield
    runtime.set_threads(before)


@pytest.fixture(scope="module")
def kernels(compiled_c):
    def kernel(name, *scalars, table, type="i64", extent=N, results=()):
        values = (Value(table, "table", type, (extent,)), *(Value(s, "scalar", "i64") for s in scalars))
        return compiled_c(name, Signature(("n",), values, tuple(Value(r, "scalar", "i64") for r in results)), Raised)

    return kernel


@pytest.fixture(scope="module")
def visit(kernels):
    """visit(n chunks, nap of each, nanoseconds that are expected): the thread of each chunk, and that of the caller."""
    kernel = kernels("visit", "nap", "expected", table="threads", results=("caller",))

    def threads_of(chunks, nap=MS, expected=SECOND):
        found = np.zeros(chunks, np.int64)
        caller = kernel(found, nap, expected)
        return found.tolist(), caller

    return threads_of


@pytest.fixture(scope="module")
def hold(kernels):
    return kernels("hold", table="state", extent=((1, ("n",)), (1, ())))


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_so_many_threads_take_chunks(visit, threads):
    runtime.set_threads(threads)
    found, caller = visit(40)
    assert 0 not in found and caller in found
    assert len(set(found)) == threads


def test_as_many_threads_as_are_wanted_now(visit):
    runtime.set_threads(4)
    assert len(set(visit(40)[0])) == 4
    runtime.set_threads(2)
    assert len(set(visit(40)[0])) == 2
    runtime.set_threads(1)
    found, caller = visit(40)
    assert set(found) == {caller}


def test_a_caller_ends_alone_while_all_helpers_are_busy(hold, visit):
    state = np.zeros(3, np.int64)
    other = threading.Thread(target=hold, args=(state,))
    other.start()
    assert until(lambda: state[1:].all())  # the other caller and the only helper are inside
    found, caller = visit(100, 0)
    assert set(found) == {caller} and state.tolist() == [0, 1, 1]
    state[0] = 1
    other.join()
    assert state.tolist() == [1, 2, 2]
    assert len(set(visit(40)[0])) == 2  # and the helper is back


def test_a_caller_waits_for_chunks_that_have_begun(hold):
    state = np.zeros(3, np.int64)
    threading.Timer(0.05, lambda: state.__setitem__(0, 1)).start()
    hold(state)
    assert state.tolist() == [1, 2, 2]


def test_helpers_that_sleep_are_not_woken_for_little(visit):
    assert len(set(visit(4)[0])) == 2
    alone = 0
    for _ in range(20):
        time.sleep(0.01)
        found, caller = visit(8, nap=0, expected=0)
        alone += set(found) == {caller}
    assert alone > 10  # a caller that is interrupted takes its chunks for long ones


def test_helpers_are_woken_when_chunks_turn_out_to_be_long(visit):
    time.sleep(0.01)
    assert len(set(visit(40, expected=0)[0])) == 2


def test_more_callers_than_posts(hold, visit):
    """Each holds a loop open; those that find no post run theirs alone."""
    states = [np.zeros(3, np.int64) for _ in range(20)]
    callers = [threading.Thread(target=hold, args=(state,)) for state in states]
    for caller in callers:
        caller.start()
    assert until(lambda: all(state[1] for state in states))
    found, caller = visit(10, 0)
    assert set(found) == {caller}
    for state in states:
        state[0] = 1
    for each in callers:
        each.join()
    assert all(state.tolist() == [1, 2, 2] for state in states)
    assert len(set(visit(40)[0])) == 2


def test_two_callers_at_a_time(visit):
    runtime.set_threads(3)
    found = []
    callers = [threading.Thread(target=lambda: found.append(visit(60))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for threads, caller in found:
        assert 0 not in threads and caller in threads and 2 <= len(set(threads)) <= 3


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86's control register")
def test_floats_are_rounded_as_in_the_caller(kernels):
    subnormals = kernels("subnormals", table="x", type="f64")
    x = np.ones(40)
    subnormals(x)
    assert (x == 0).all()
    assert np.float64(1e-200) * 1e-110 != 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_loops_after_a_fork(visit):
    assert len(set(visit(40)[0])) == 2
    child = os.fork()
    if child == 0:
        os._exit(0 if all(len(set(visit(40)[0])) == 2 for _ in range(3)) else 1)
    deadline = time.monotonic() + 30
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert ended == (child, 0), "the child hung" if ended == (0, 0) else "the child failed"
    assert len(set(visit(40)[0])) == 2
