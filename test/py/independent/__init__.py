"""Independent implementations of the workloads: NumPy from the definitions, derivatives worked out by hand.

Each module has `objective(*inputs)` and `gradient(*inputs)` over the inputs of the benchmark of the same name, and
mentions pydex nowhere. They compute in the precision of their inputs, so the same function is the oracle (float64) and
the NumPy peer (the workload's own precision); and they accept complex numbers, so that `test_independent.py` can hold
each derivative against a complex step of its objective.
"""
