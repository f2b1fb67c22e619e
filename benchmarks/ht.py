"""Hand tracking: how far measured points lie from a posed hand, and the Jacobian. ADBench calls it "complicated".

theta[26] is (rotation vector 3, translation 3, then for each finger the flexion and abduction of its first joint
and the flexion of the next two). us[p, 2] places each point in its triangle. Bone 1 + 4f + j is the j-th bone of
finger f; the first bone of a finger, the wrist (0) and the forearm (21) are not bent. The wrist is its own parent,
and a parent precedes its children.
"""

import pydex as dx
from benchmarks.ba import rotate
from pydex import f64

vertices, triangles, p = dx.index_sets("vertices triangles p")
pose, bones, fingers = dx.Fin(26), dx.Fin(22), dx.Fin(5)
space, affine, corners, own = dx.Fin(3), dx.Fin(4), dx.Fin(3), dx.Fin(2)


@dx.jit
def bend(flexion: f64, abduction: f64) -> f64[affine, affine]:
    """Turn by flexion about x, then by abduction about z."""
    cx = dx.cos(flexion)
    sx = dx.sin(flexion)
    cz = dx.cos(abduction)
    sz = dx.sin(abduction)
    return [[cz, -sz * cx, sz * sx, 0.0], [sz, cz * cx, -cz * sx, 0.0], [0.0, sx, cx, 0.0], [0.0, 0.0, 0.0, 1.0]]


@dx.jit
def product(a: f64[affine, affine], b: f64[affine, affine]) -> f64[affine, affine]:
    return [[sum(a[i, k] * b[k, j] for k in affine) for j in affine] for i in affine]


@dx.jit
def transforms(
    theta: f64[pose],
    parents: bones.Index[bones],
    base: f64[bones, affine, affine],
    inverse: f64[bones, affine, affine],
) -> f64[bones, affine, affine]:
    """Where each bone has gone from its place at rest."""
    flexion = dx.zeros(f64[bones])
    abduction = dx.zeros(f64[bones])
    for f in fingers:
        flexion[4 * f + 2] = theta[4 * f + 6]
        abduction[4 * f + 2] = theta[4 * f + 7]
        flexion[4 * f + 3] = theta[4 * f + 8]
        flexion[4 * f + 4] = theta[4 * f + 9]

    placed = dx.zeros(f64[bones, affine, affine])
    for bone in bones:
        relative = product(base[bone], bend(flexion[bone], abduction[bone]))
        if parents[bone] == bone:
            placed[bone] = relative
        else:
            placed[bone] = product(placed[parents[bone]], relative)
    return [product(placed[bone], inverse[bone]) for bone in bones]


@dx.jit
def skinned(
    theta: f64[pose],
    parents: bones.Index[bones],
    base: f64[bones, affine, affine],
    inverse: f64[bones, affine, affine],
    positions: f64[vertices, space],
    weights: f64[vertices, bones],
) -> f64[vertices, space]:
    """The vertices of the posed hand: each moves with its bones, then with the whole hand."""
    moved = transforms(theta, parents, base, inverse)
    skin = dx.zeros(f64[vertices, space])
    for v in vertices:
        blended = [[sum(weights[v, s] * moved[s, a, e] for s in bones) for e in affine] for a in space]
        local = [sum(blended[a, e] * positions[v, e] for e in space) + blended[a, 3] for a in space]
        turned = rotate([theta[0], theta[1], theta[2]], local)
        for a in space:
            skin[v, a] = turned[a] + theta[a + 3]
    return skin


@dx.jit
def distance(u: f64[own], triangle: f64[corners, space], point: f64[space]) -> f64[space]:
    """From the place u in a triangle to a point."""
    share = [u[0], u[1], 1.0 - u[0] - u[1]]
    return [point[a] - sum(share[e] * triangle[e, a] for e in corners) for a in space]


@dx.jit
def objective(
    theta: f64[pose],
    us: f64[p, own],
    parents: bones.Index[bones],
    base: f64[bones, affine, affine],
    inverse: f64[bones, affine, affine],
    positions: f64[vertices, space],
    weights: f64[vertices, bones],
    corner: vertices.Index[triangles, corners],
    which: triangles.Index[p],
    points: f64[p, space],
) -> f64[p, space]:
    """The measured points minus the points of the model."""
    skin = skinned(theta, parents, base, inverse, positions, weights)
    return [distance(us[i], [skin[corner[which[i], e]] for e in corners], points[i]) for i in p]


by_pose = dx.jacobian(objective, wrt="theta")
by_own = dx.jacobian(distance, wrt="u")


@dx.jit
def gradient(
    theta: f64[pose],
    us: f64[p, own],
    parents: bones.Index[bones],
    base: f64[bones, affine, affine],
    inverse: f64[bones, affine, affine],
    positions: f64[vertices, space],
    weights: f64[vertices, bones],
    corner: vertices.Index[triangles, corners],
    which: triangles.Index[p],
    points: f64[p, space],
):
    """The Jacobian: each point by its own two coordinates [p, 3, 2], and by the pose [p, 3, 26]."""
    skin = skinned(theta, parents, base, inverse, positions, weights)
    blocks = [by_own(us[i], [skin[corner[which[i], e]] for e in corners], points[i]) for i in p]
    return blocks, by_pose(theta, us, parents, base, inverse, positions, weights, corner, which, points)
