"""A Gaussian mixture with full precision matrices: the log-posterior of its parameters, as plain loops.

The precision of component c is QᵀQ, where Q is lower triangular with the diagonal exp(q[c]) and what lower[c] has
below its diagonal; its prior is a Wishart distribution with d + m + 1 degrees of freedom and scale matrix γ⁻² I.
The objective is the one of ADBench (https://github.com/microsoft/ADBench), with the sign of the prior as in
GradBench.
"""

import math

import pydex as dx
from pydex import f64, i64

n, k, d = dx.index_sets("n k d")  # points, components, dimensions


@dx.jit
def logsumexp(v: f64[k]) -> f64:
    """log Σ exp(v), without overflow."""
    top = max(v[c] for c in k)
    return top + dx.log(sum(dx.exp(v[c] - top) for c in k))


@dx.jit
def log_posterior(
    alpha: f64[k],
    mu: f64[k, d],
    q: f64[k, d],
    lower: f64[k, d, d],
    x: f64[n, d],
    gamma: f64,
    m: i64,
    constant: f64,
) -> f64:
    """The log-posterior of the parameters (alpha, mu, q, lower), given the points x.

    alpha: logarithms of the weights, up to a constant.   mu: means.
    constant: what no parameter enters; `normalisation` gives it.
    """
    scale = [[dx.exp(q[c, a]) for a in d] for c in k]
    weight = [alpha[c] + sum(q[c, a] for a in d) for c in k]
    total = 0.0
    for i in n:
        joint = dx.zeros(f64[k])
        for c in k:
            y = [x[i, a] - mu[c, a] for a in d]
            z = [scale[c, a] * y[a] + sum(lower[c, a, b] * y[b] for b in dx.below(a)) for a in d]
            joint[c] = weight[c] - 0.5 * sum(z[a] * z[a] for a in d)
        total += logsumexp(joint)

    prior = 0.0
    for c in k:
        for a in d:
            square = scale[c, a] * scale[c, a] + sum(lower[c, a, b] * lower[c, a, b] for b in dx.below(a))
            prior += 0.5 * gamma * gamma * square - m * q[c, a]
    return total - n.size * logsumexp(alpha) - prior + constant


gradient = dx.grad(log_posterior, wrt=("alpha", "mu", "q", "lower"))


def normalisation(n: int, d: int, k: int, gamma: float, m: int) -> float:
    """The log-normalisers of n Gaussians in d dimensions and of the k Wishart priors."""
    half = (d + m + 1) / 2
    multigamma = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma(half - j / 2) for j in range(d))
    wishart = 2 * half * d * (math.log(gamma) - 0.5 * math.log(2)) - multigamma
    return -n * d / 2 * math.log(2 * math.pi) + k * wishart
