"""2x + 1 of eight numbers."""


def _objective(x):
    return 2.0 * x + 1.0


def numpy():
    """Plain Python on a NumPy array."""
    from independent import call_arr

    return call_arr.objective, call_arr.gradient


def jax():
    return _objective, None


def torch():
    return _objective, None


def numba():
    from numba import njit

    return njit(_objective), None
