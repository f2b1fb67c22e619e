"""The same workloads in NumPy, JAX, PyTorch, Numba and C: for each peer a function that gives (objective, gradient).

Plain functions over the framework's own arrays, in the order of `benchmarks.inputs`; `benchmarks.frameworks`
converts the arguments and compiles. `jax_expert` is a rewrite that an expert would make for the sake of memory or
registers; `torch_compile` says what torch.compile gets where that is not the whole function (None: nothing). What `c`
gives are preparations: from the arguments to a call of native code. A gradient that a peer can't give (or not within
minutes) is None, and a peer that is absent from a file can't do the workload at all. NumPy's are the independent
implementations of test/py/independent; Numba has no AD: its gradients are written by hand, as those in C are.
"""
