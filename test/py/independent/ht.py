"""Hand tracking, ADBench's "complicated" variant: a skinned hand against measured points on its triangles.

theta[26] is (rotation vector 3, translation 3, then for each finger the flexion and abduction of its first joint
and the flexion of the next two); us[n, 2] are barycentric coordinates of the points in their triangles. Bone 1 +
4f + j is the j-th bone of finger f; the first bone of a finger, the wrist (0) and the forearm (21) are not bent.
The wrist is its own parent.
"""

import numpy as np

from independent import rotation

FINGERS, BONES, POSE = 5, 22, 26


def _joints():
    """For each bent joint: (bone, index in theta of its flexion, index of its abduction or None)."""
    for finger in range(FINGERS):
        bone, first = 2 + 4 * finger, 6 + 4 * finger
        yield bone, first, first + 1
        yield bone + 1, first + 2, None
        yield bone + 2, first + 3, None


def _bend(flexion, abduction):
    """Rz(abduction) · Rx(flexion) as a 4×4 matrix, and its derivatives by flexion and by abduction."""
    cx, sx, cz, sz = np.cos(flexion), np.sin(flexion), np.cos(abduction), np.sin(abduction)
    bent = np.array([[cz, -sz * cx, sz * sx, 0], [sz, cz * cx, -cz * sx, 0], [0, sx, cx, 0], [0, 0, 0, 1]])
    by_flexion = np.array([[0, sz * sx, sz * cx, 0], [0, -cz * sx, -cz * cx, 0], [0, cx, -sx, 0], [0] * 4])
    by_abduction = np.array([[-sz, -cz * cx, cz * sx, 0], [cz, -sz * cx, sz * sx, 0], [0] * 4, [0] * 4])
    return bent, by_flexion, by_abduction


def _relatives(theta, base):
    """Each bone's transform in its parent's frame, and its derivatives by the pose [26, bones, 4, 4]."""
    relative = base.astype(theta.dtype)
    slope = np.zeros((POSE,) + relative.shape, theta.dtype)
    for bone, flexion, abduction in _joints():
        bent, by_flexion, by_abduction = _bend(theta[flexion], 0 * theta[0] if abduction is None else theta[abduction])
        relative[bone] = base[bone] @ bent
        slope[flexion, bone] = base[bone] @ by_flexion
        if abduction is not None:
            slope[abduction, bone] = base[bone] @ by_abduction
    return relative, slope


def _absolutes(parents, relative, slope):
    """Each bone's transform in the frame of the hand, and its derivatives by the pose."""
    absolute, moved = relative.copy(), slope.copy()
    for bone, parent in enumerate(parents):
        if parent != bone:
            absolute[bone] = absolute[parent] @ relative[bone]
            moved[:, bone] = moved[:, parent] @ relative[bone] + absolute[parent] @ slope[:, bone]
    return absolute, moved


def _skin(transform, positions, weights):
    """The vertices [..., v, 3] under transforms [..., bones, 4, 4], blended by weights [v, bones]."""
    blended = np.tensordot(weights, transform, axes=(1, -3))  # [v, ..., 4, 4]
    blended = np.moveaxis(blended, 0, -3)
    return np.einsum("...vij,vj->...vi", blended[..., :3, :3], positions) + blended[..., :3, 3]


def _posed(theta, parents, base, inverse, positions, weights):
    """The vertices of the bent hand before the global transform [v, 3], and by the pose [26, v, 3]."""
    absolute, moved = _absolutes(parents, *_relatives(theta, base))
    return _skin(absolute @ inverse, positions, weights), _skin(moved @ inverse, positions, weights)


def _blend(us, corners):
    """Points in triangles: corners[..., n, 3 corners, 3]."""
    share = np.concatenate([us, 1 - us.sum(axis=1, keepdims=True)], axis=1)
    return np.einsum("nk,...nki->...ni", share, corners)


def objective(theta, us, parents, base, inverse, positions, weights, triangles, which, points):
    """points − the model's points, [n, 3]."""
    local, _ = _posed(theta, parents, base, inverse, positions, weights)
    vertices = local @ rotation.matrix(theta[:3]).T + theta[3:6]
    return points - _blend(us, vertices[triangles[which]])


def gradient(theta, us, parents, base, inverse, positions, weights, triangles, which, points):
    """The Jacobian: each point by its own two coordinates [n, 3, 2], and by the pose [n, 3, 26]."""
    local, bent = _posed(theta, parents, base, inverse, positions, weights)
    rotate = rotation.matrix(theta[:3])
    by_pose = bent @ rotate.T
    by_pose[:3] = np.moveaxis(rotation.jacobian(theta[:3], local), -1, 0)
    by_pose[3:6] = np.eye(3)[:, None, :]
    corners = triangles[which]
    a, b, c = np.moveaxis((local @ rotate.T + theta[3:6])[corners], 1, 0)
    return np.stack([c - a, c - b], axis=-1), -np.moveaxis(_blend(us, by_pose[:, corners]), 0, -1)
