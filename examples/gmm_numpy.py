"""The log-posterior of a Gaussian mixture under a Wishart prior: ADBench's, with GradBench's sign of the prior.

Q_k has the diagonal exp(q_k) and below it what lower_k has there; the precision of component k is Q_kᵀ Q_k.
"""

import numpy as np
from scipy.special import multigammaln


def constant(n, d, k, gamma, m):
    """What no parameter enters: the log-normalisers of n Gaussians of dimension d and of k Wishart densities."""
    freedom = d + m + 1
    wishart = freedom * d * (np.log(gamma) - 0.5 * np.log(2)) - multigammaln(0.5 * freedom, d)
    return -n * d / 2 * np.log(2 * np.pi) + k * wishart


def _factors(q, lower):
    return np.tril(lower, -1) + np.exp(q)[:, :, None] * np.eye(q.shape[1])


def _logsumexp(v):
    top = v.real.max(axis=-1)
    return top + np.log(np.exp(v - top[..., None]).sum(axis=-1))


def _terms(alpha, mu, q, lower, x):
    """Q_k [k, d, d], x_i − μ_k [k, n, d], Q_k (x_i − μ_k) [k, n, d] and the log of the joint density [n, k]."""
    factor = _factors(q, lower)
    centred = x[None, :, :] - mu[:, None, :]
    scaled = centred @ factor.transpose(0, 2, 1)
    joint = alpha + q.sum(axis=1) - 0.5 * (scaled * scaled).sum(axis=2).T
    return factor, centred, scaled, joint


def objective(alpha, mu, q, lower, x, gamma, m, constant):
    """The log-posterior, a scalar."""
    factor, _, _, joint = _terms(alpha, mu, q, lower, x)
    prior = 0.5 * gamma**2 * (factor * factor).sum() - m * q.sum()
    return _logsumexp(joint).sum() - len(x) * _logsumexp(alpha) - prior + constant


def gradient(alpha, mu, q, lower, x, gamma, m, constant):
    """With respect to (alpha, mu, q, lower)."""
    factor, centred, scaled, joint = _terms(alpha, mu, q, lower, x)
    duty = np.exp(joint - _logsumexp(joint)[:, None]).T
    weighted = duty[:, :, None] * scaled
    d_factor = -weighted.transpose(0, 2, 1) @ centred - gamma**2 * factor
    total = duty.sum(axis=1)
    d_alpha = total - len(x) * np.exp(alpha - _logsumexp(alpha))
    d_mu = (weighted @ factor).sum(axis=1)
    d_q = np.diagonal(d_factor, axis1=1, axis2=2) * np.exp(q) + total[:, None] + m
    return d_alpha, d_mu, d_q, np.tril(d_factor, -1)
