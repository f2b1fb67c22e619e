"""Hand tracking, ADBench's "complicated" variant.

Automatic peers push 28 tangents forward: one for each of a point's own coordinates (all points at once: their rows
of the Jacobian do not meet) and one for each pose parameter.
"""

# Where the pose parameters 6…25 go: for each finger (flexion, abduction) of one joint, the flexion of the next two.
FLEXION = [bone + 4 * finger for finger in range(5) for bone in (2, 3, 4)]
FLEXED_BY = [6 + 4 * finger + offset for finger in range(5) for offset in (0, 2, 3)]
ABDUCTION = [2 + 4 * finger for finger in range(5)]
ABDUCTED_BY = [7 + 4 * finger for finger in range(5)]


def numpy():
    from independent import ht

    return ht.objective, ht.gradient


def _points(xp, flexion, abduction, theta, us, parents, base, inverse, positions, weights, triangles, which, points):
    """The residuals, from the angles of every bone; `xp` is jax.numpy or torch."""
    cx, sx, cz, sz = xp.cos(flexion), xp.sin(flexion), xp.cos(abduction), xp.sin(abduction)
    zero, one = 0 * cx, 0 * cx + 1
    rows = [cz, -sz * cx, sz * sx, zero, sz, cz * cx, -cz * sx, zero, zero, sx, cx, zero, zero, zero, zero, one]
    relative = base @ xp.stack(rows, -1).reshape(22, 4, 4)
    placed = []
    for bone, parent in enumerate(parents):
        placed.append(relative[bone] if parent == bone else placed[parent] @ relative[bone])
    blended = xp.einsum("vs,sae->vae", weights, xp.stack(placed) @ inverse)
    local = xp.einsum("vae,ve->va", blended[:, :3, :3], positions) + blended[:, :3, 3]
    skin = local @ _rotation(xp, theta[:3]).T + theta[3:6]
    share = xp.stack([us[:, 0], us[:, 1], 1 - us[:, 0] - us[:, 1]], -1)
    return points - xp.einsum("pe,pea->pa", share, skin[triangles[which]])


def _rotation(xp, r):
    angle = xp.sqrt((r * r).sum())
    x, y, z = r / angle
    s, c = xp.sin(angle), xp.cos(angle)
    rows = [
        x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s,
        x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s,
        x * z * (1 - c) - y * s, y * z * (1 - c) + x * s, z * z + (1 - z * z) * c,
    ]  # fmt: skip
    return xp.stack(rows).reshape(3, 3)


STATIC = (2,)  # the tree of bones is unrolled


def jax():
    import jax
    import jax.numpy as jnp

    def objective(theta, us, parents, *rest):
        flexion = jnp.zeros(22).at[jnp.array(FLEXION)].set(theta[jnp.array(FLEXED_BY)])
        abduction = jnp.zeros(22).at[jnp.array(ABDUCTION)].set(theta[jnp.array(ABDUCTED_BY)])
        return _points(jnp, flexion, abduction, theta, us, parents, *rest)

    def gradient(theta, us, *rest):
        poses, own = jnp.vstack([jnp.zeros((2, 26)), jnp.eye(26)]), jnp.zeros((28, *us.shape))
        own = own.at[0, :, 0].set(1).at[1, :, 1].set(1)

        def along(pose, us_dot):
            return jax.jvp(lambda t, u: objective(t, u, *rest), (theta, us), (pose, us_dot))[1]

        every = jax.vmap(along, out_axes=-1)(poses, own)
        return every[:, :, :2], every[:, :, 2:]

    return objective, gradient


def torch():
    import torch

    def objective(theta, us, parents, *rest):
        zeros = torch.zeros(22, dtype=theta.dtype)
        flexion = zeros.index_put((torch.tensor(FLEXION),), theta[FLEXED_BY])
        abduction = zeros.index_put((torch.tensor(ABDUCTION),), theta[ABDUCTED_BY])
        return _points(torch, flexion, abduction, theta, us, parents, *rest)

    def gradient(theta, us, *rest):
        poses = torch.cat([torch.zeros((2, 26), dtype=theta.dtype), torch.eye(26, dtype=theta.dtype)])
        own = torch.zeros((28, *us.shape), dtype=theta.dtype)
        own[0, :, 0] = own[1, :, 1] = 1

        def along(pose, us_dot):
            return torch.func.jvp(lambda t, u: objective(t, u, *rest), (theta, us), (pose, us_dot))[1]

        every = torch.vmap(along, out_dims=-1)(poses, own)
        return every[:, :, :2], every[:, :, 2:]

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(*inputs):
        sizes, out = (len(inputs[5]), len(inputs[9])), np.empty_like(inputs[9])
        return call("ht", "objective", *inputs, *sizes, out, result=out)

    def gradient(*inputs):
        *used, points = inputs
        sizes, out = (len(inputs[5]), len(points)), tuple(np.empty((*points.shape, wrt)) for wrt in (2, 26))
        return call("ht", "gradient", *used, *sizes, *out, result=out)

    return objective, gradient
