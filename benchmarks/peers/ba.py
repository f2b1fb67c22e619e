"""Bundle adjustment: residuals, and the blocks of their sparse Jacobian.

JAX and PyTorch differentiate one observation and map that over all of them.
"""


def numpy():
    from independent import ba

    return ba.objective, ba.gradient


def _residual(xp, where, cross, cam, point, w, feat):
    r, v = cam[:3], point - cam[3:6]
    square = (r * r).sum()
    still = square == 0
    angle = xp.sqrt(where(still, 1.0, square))
    turned = (
        v * xp.cos(angle) + cross(r, v) * (xp.sin(angle) / angle) + r * ((r * v).sum() * (1 - xp.cos(angle)) / angle**2)
    )
    q = where(still, v + cross(r, v), turned)
    image = q[:2] / q[2]
    radius = (image * image).sum()
    return w * (cam[6] * (1 + cam[9] * radius + cam[10] * radius**2) * image + cam[7:9] - feat)


def _mapped(vmap, jacobian, residual):
    """(objective, gradient) over all observations, from a framework's vmap and Jacobian."""
    every, blocks = vmap(residual), vmap(jacobian(residual, argnums=(0, 1, 2)))

    def objective(cams, points, w, camera, point, feats):
        return every(cams[camera], points[point], w, feats), 1 - w * w

    def gradient(cams, points, w, camera, point, feats):
        return *blocks(cams[camera], points[point], w, feats), -2 * w

    return objective, gradient


def jax():
    import jax
    import jax.numpy as jnp

    def residual(cam, point, w, feat):
        return _residual(jnp, jnp.where, jnp.cross, cam, point, w, feat)

    return _mapped(jax.vmap, jax.jacrev, residual)


def torch():
    import torch

    def residual(cam, point, w, feat):
        return _residual(torch, torch.where, torch.linalg.cross, cam, point, w, feat)

    return _mapped(torch.vmap, torch.func.jacrev, residual)


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True)
    def turn(cam, x, y, z):
        a, b, c = cam[0], cam[1], cam[2]
        square = a * a + b * b + c * c
        u, v, w = b * z - c * y, c * x - a * z, a * y - b * x
        if square == 0:
            return x + u, y + v, z + w
        angle = math.sqrt(square)
        cosine, sine = math.cos(angle), math.sin(angle) / angle
        along = (a * x + b * y + c * z) * (1 - cosine) / square
        return x * cosine + u * sine + a * along, y * cosine + v * sine + b * along, z * cosine + w * sine + c * along

    @njit(fastmath=True, parallel=True)
    def objective(cams, points, w, camera, point, feats):
        errors, weights = np.empty_like(feats), np.empty_like(w)
        for i in prange(len(w)):
            cam, at = cams[camera[i]], points[point[i]]
            x, y, z = turn(cam, at[0] - cam[3], at[1] - cam[4], at[2] - cam[5])
            u, v = x / z, y / z
            radius = u * u + v * v
            scale = cam[6] * (1 + cam[9] * radius + cam[10] * radius * radius)
            errors[i, 0] = w[i] * (scale * u + cam[7] - feats[i, 0])
            errors[i, 1] = w[i] * (scale * v + cam[8] - feats[i, 1])
            weights[i] = 1 - w[i] * w[i]
        return errors, weights

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def run(function, *shapes):
        def prepared(*inputs):
            p = len(inputs[2])
            out = tuple(np.empty((p, *shape)) for shape in shapes)
            return call("ba", function, *inputs, p, *out, result=out)

        return prepared

    return run("objective", (2,), ()), run("gradient", (2, 11), (2, 3), (2,), ())
