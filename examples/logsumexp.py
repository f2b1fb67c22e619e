"""log(sum(exp(x))) without overflow, and its gradient, softmax: the program of the README."""

import numpy as np

import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def logsumexp(x: f64[n]) -> f64:
    top = max(x[i] for i in n)
    return top + dx.log(sum(dx.exp(x[i] - top) for i in n))


softmax = dx.grad(logsumexp)

if __name__ == "__main__":
    x = np.array([1.0, 2.0, 3.0])
    print(logsumexp(x))
    print(softmax(x))
