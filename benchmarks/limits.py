"""What the machine allows: the time of one thread that bytes, operations or a chain of them need, in milliseconds.

Bytes that must move over the rates of a 2-core machine with AVX-512 (one thread: 24 GB/s read, 14 GB/s triad,
125 GFLOP/s in float32, 63 in float64), with tiling where it helps. They are the lines of the picture and a column of
docs/performance.md; another machine has others.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    objective: float | None
    gradient: float | None
    by: str


LIMITS = {
    "fused": Limit(3.5, 8, "bytes"),
    "lse_rows": Limit(1.5, 2, "bytes"),
    "tri": Limit(2, 2.5, "operations"),
    "nbody": Limit(0.7, 2, "operations"),
    "stencil": Limit(40, 90, "bytes, with several steps to a pass"),
    "hist": Limit(3, None, "bytes"),
    "whist": Limit(4, 7, "bytes"),
    "mandel": Limit(15, None, "operations, all lanes busy"),
    "matmul": Limit(17, 52, "operations"),
    "conv": Limit(2.4, 7.2, "operations"),
    "mlp": Limit(2, 3.4, "operations"),
    "gmm": Limit(0.4, 1.1, "operations"),
    "ba": Limit(0.3, 1.2, "bytes"),
    "ht": Limit(0.06, 0.5, "operations"),
    "lstm": Limit(0.7, 2.5, "a chain of operations"),
    "lv_ode": Limit(13, 27, "a chain of operations"),
}
