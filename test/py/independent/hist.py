"""How many of the numbers x, all in [0, 1), lie in each of so many bins of equal width."""

import numpy as np


def objective(x, bins):
    """The counts, [bins]."""
    return np.bincount((x * x.dtype.type(bins)).astype(np.int64), minlength=bins)


gradient = None
