"""Bundle adjustment: reprojection errors, and the blocks of their sparse Jacobian, one observation at a time.

A camera is (rotation vector 3, centre 3, focal length, principal point 2, radial distortion 2), as in ADBench.
"""

import pydex as dx
from pydex import f64

n, m, p = dx.index_sets("n m p")  # cameras, points, observations
lens, space, image = dx.Fin(11), dx.Fin(3), dx.Fin(2)


@dx.jit
def rotate(r: f64[space], v: f64[space]) -> f64[space]:
    """v turned by the angle |r| about r: Rodrigues' formula."""
    square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
    cross = [r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0]]
    if square == 0.0:
        return [v[a] + cross[a] for a in space]
    angle = dx.sqrt(square)
    along = (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) * (1.0 - dx.cos(angle)) / square
    return [v[a] * dx.cos(angle) + cross[a] * dx.sin(angle) / angle + r[a] * along for a in space]


@dx.jit
def residual(cam: f64[lens], point: f64[space], w: f64, feat: f64[image]) -> f64[image]:
    """How far the point's image is from the feature, weighted."""
    q = rotate([cam[0], cam[1], cam[2]], [point[0] - cam[3], point[1] - cam[4], point[2] - cam[5]])
    u = q[0] / q[2]
    v = q[1] / q[2]
    radius = u * u + v * v
    scale = cam[6] * (1.0 + cam[9] * radius + cam[10] * radius * radius)
    return [w * (scale * u + cam[7] - feat[0]), w * (scale * v + cam[8] - feat[1])]


@dx.jit
def objective(
    cams: f64[n, lens], points: f64[m, space], w: f64[p], camera: n.Index[p], point: m.Index[p], feats: f64[p, image]
):
    """(The residuals [p, 2], the weight residuals [p])."""
    return [residual(cams[camera[i]], points[point[i]], w[i], feats[i]) for i in p], [1.0 - w[i] * w[i] for i in p]


block = dx.jacobian(residual, wrt=("cam", "point", "w"))


@dx.jit
def gradient(
    cams: f64[n, lens], points: f64[m, space], w: f64[p], camera: n.Index[p], point: m.Index[p], feats: f64[p, image]
):
    """The non-zero blocks: by camera [p, 2, 11], point [p, 2, 3] and weight [p, 2]; of the weight residuals [p]."""
    by_cam = dx.zeros(f64[p, image, lens])
    by_point = dx.zeros(f64[p, image, space])
    by_weight = dx.zeros(f64[p, image])
    for i in p:
        by_cam[i], by_point[i], by_weight[i] = block(cams[camera[i]], points[point[i]], w[i], feats[i])
    return by_cam, by_point, by_weight, [-2.0 * w[i] for i in p]
