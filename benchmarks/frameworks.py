"""How each peer's functions become calls without arguments: arguments converted, functions compiled, results awaited.

Conversion is outside of what is timed, except for the workloads whose subject is the cost of a call from Python.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.c import compiler

VARIANTS = {"jax": ("jax", "jax.expert"), "torch": ("torch", "torch.compile")}
COMPILED = {"pydex", "jax", "jax.expert", "torch.compile", "numba"}
CALLS = {"call", "call_arr"}

Functions = dict[str, Callable[[], Any] | None]


def has(workload: str, peer: str) -> bool:
    """Whether benchmarks/peers can do this workload with this peer."""
    if peer == "pydex":
        return True
    module = importlib.import_module(f"benchmarks.peers.{workload}")
    if peer == "c":
        return hasattr(module, "c") and compiler() is not None
    if peer == "torch.compile":
        return hasattr(module, "torch") and getattr(module, "torch_compile", True) is not None
    return hasattr(module, peer.replace(".", "_"))


def prepare(workload: str, peer: str, inputs: tuple, threads: int) -> Functions:
    """The objective and the gradient as calls without arguments, to be made in a process of their own."""
    module = importlib.import_module(f"benchmarks.{'' if peer == 'pydex' else 'peers.'}{workload}")
    return PEERS[peer](module, inputs, threads, workload in CALLS)


def _bind(functions: Functions, call: Callable[[Callable], Callable[[], Any]]) -> Functions:
    return {name: None if function is None else call(function) for name, function in functions.items()}


def _named(pair: tuple) -> Functions:
    return dict(zip(("objective", "gradient"), pair, strict=True))


def _identity(x):
    return x


def _pydex(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
    import pydex

    pydex.set_num_threads(threads)
    pydex.jit(_identity)(1.0)  # loads the compiler, as importing JAX or Numba loads theirs
    return _bind(_named((module.objective, module.gradient)), lambda f: lambda: f(*inputs))


def _numpy(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
    return _bind(_named(module.numpy()), lambda f: lambda: f(*inputs))


def _numba(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
    return _bind(_named(module.numba()), lambda f: lambda: f(*inputs))


def _c(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
    """What the C peers give are not functions but preparations: from the inputs to a call of native code."""
    return _bind(_named(module.c()), lambda prepared: prepared(*inputs))


def _static(module: ModuleType, inputs: tuple, convert: Callable[[np.ndarray], Any]) -> list:
    """Arrays converted, but those that a framework must know when it traces become tuples of Python integers."""
    fixed = getattr(module, "STATIC", ())
    return [
        value if not isinstance(value, np.ndarray) else tuple(value.tolist()) if i in fixed else convert(value)
        for i, value in enumerate(inputs)
    ]


def _jax_of(name: str) -> Callable[[ModuleType, tuple, int, bool], Functions]:
    def prepared(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
        import jax

        jax.config.update("jax_enable_x64", True)
        arguments = inputs if calls else _static(module, inputs, jax.numpy.asarray)

        def call(function: Callable) -> Callable[[], Any]:
            compiled = jax.jit(function, static_argnums=getattr(module, "STATIC", ()))
            if calls:
                return lambda: np.asarray(compiled(*arguments))
            return lambda: jax.block_until_ready(compiled(*arguments))

        return _bind(_named(getattr(module, name)()), call)

    return prepared


def _torch_of(compile: bool) -> Callable[[ModuleType, tuple, int, bool], Functions]:
    """torch.compile gets the whole function, unless the module says by `torch_compile` which parts it should."""

    def prepared(module: ModuleType, inputs: tuple, threads: int, calls: bool) -> Functions:
        import torch

        torch.set_num_threads(threads)
        parts = getattr(module, "torch_compile", None) if compile else None
        arguments = _static(module, inputs, torch.from_numpy)

        def call(function: Callable) -> Callable[[], Any]:
            run = torch.compile(getattr(function, "functional", function)) if compile and not parts else function
            if calls:
                return lambda: run(*(torch.as_tensor(value, dtype=torch.float64) for value in inputs)).numpy()
            return lambda: run(*arguments)

        return _bind(_named((parts or module.torch)()), call)

    return prepared


PEERS = {
    "pydex": _pydex,
    "numpy": _numpy,
    "jax": _jax_of("jax"),
    "jax.expert": _jax_of("jax_expert"),
    "torch": _torch_of(compile=False),
    "torch.compile": _torch_of(compile=True),
    "numba": _numba,
    "c": _c,
}
