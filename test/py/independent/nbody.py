"""Gravity, softened: F_i = Σ_j m_j (r_j − r_i)(|r_j − r_i|² + 0.01)^(−3/2)."""

import numpy as np

SOFTENING = 0.01
BLOCK = 256  # bodies at a time, so that no n×n×3 temporary exists


def _blocks(r):
    for start in range(0, len(r), BLOCK):
        rows = slice(start, start + BLOCK)
        d = r[None, :, :] - r[rows, None, :]
        yield rows, d, (d * d).sum(axis=2) + r.real.dtype.type(SOFTENING)


def objective(r, m):
    """The forces, [n, 3]."""
    force = np.empty_like(r)
    for rows, d, s in _blocks(r):
        force[rows] = np.einsum("ij,ijc->ic", m / (s * np.sqrt(s)), d)
    return force


def gradient(r, m):
    """The derivative of ½ Σ F² with respect to r, [n, 3]."""
    force = objective(r, m)
    out = np.zeros_like(r)
    for rows, d, s in _blocks(r):
        near = m / (s * np.sqrt(s))
        along = -3 * near / s * np.einsum("ic,ijc->ij", force[rows], d)
        pull = near[:, :, None] * force[rows, None, :] + along[:, :, None] * d
        out += pull.sum(axis=0)
        out[rows] -= pull.sum(axis=1)
    return (out,)
