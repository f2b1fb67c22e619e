"""Rotations given by a rotation vector: the matrix, and how a rotated point moves with the vector."""

import numpy as np


def cross_matrix(v):
    """[v]× for v[..., 3]: cross_matrix(v) @ p = v × p."""
    x, y, z = np.moveaxis(v, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(v.shape + (3,))


def matrix(r):
    """Rodrigues' formula for r[..., 3]; the identity to first order at r = 0."""
    square = (r * r).sum(axis=-1)[..., None, None]
    still = square == 0
    angle = np.sqrt(np.where(still, 1, square))
    k = cross_matrix(r)
    rotated = np.eye(3) + np.sin(angle) / angle * k + (1 - np.cos(angle)) / angle**2 * (k @ k)
    return np.where(still, np.eye(3) + k, rotated)


def jacobian(r, p):
    """∂(R(r) p)/∂r for r[..., 3] and p[..., 3].

    Source: Gallego & Yezzi, J. Math. Imaging Vis. 51 (2015), doi:10.1007/s10851-014-0528-x, equation 8.
    """
    rotate = matrix(r)
    square = (r * r).sum(axis=-1)[..., None, None]
    still = square == 0
    outer = r[..., :, None] * r[..., None, :]
    turned = (outer + (np.swapaxes(rotate, -1, -2) - np.eye(3)) @ cross_matrix(r)) / np.where(still, 1, square)
    return -rotate @ cross_matrix(p) @ np.where(still, np.eye(3), turned)
