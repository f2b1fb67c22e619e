"""x² + 3x of one Python float."""


def jax():
    import jax

    def objective(x):
        return x * x + 3.0 * x

    return objective, jax.grad(objective)


def torch():
    from benchmarks.peers.torch_grad import grad

    def objective(x):
        return x * x + 3.0 * x

    return objective, grad(objective)


def numba():
    from numba import njit

    @njit
    def objective(x):
        return x * x + 3.0 * x

    @njit
    def gradient(x):
        return 2.0 * x + 3.0

    return objective, gradient


def numpy():
    """Plain Python: NumPy has nothing to add to one float."""
    from independent import call

    return call.objective, call.gradient


def c():
    import ctypes

    from benchmarks.c import library

    def run(function):
        native = getattr(library("call"), function)
        native.argtypes, native.restype = [ctypes.c_double], ctypes.c_double
        return lambda x: lambda: native(x)

    return run("objective"), run("gradient")
