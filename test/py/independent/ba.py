"""Bundle adjustment: reprojection residuals and weight residuals, and the blocks of their sparse Jacobian.

A camera is (rotation vector 3, centre 3, focal length, principal point 2, radial distortion 2).
"""

import numpy as np

from independent import rotation


def _project(cam, point):
    """The camera frame [o, 3], the perspective image [o, 2], its squared radius and the distortion factor."""
    frame = np.einsum("oab,ob->oa", rotation.matrix(cam[:, :3]), point - cam[:, 3:6])
    image = frame[:, :2] / frame[:, 2:]
    radius = (image * image).sum(axis=1)
    return frame, image, radius, 1 + cam[:, 9] * radius + cam[:, 10] * radius**2


def objective(cams, points, w, camera, point, feats):
    """(w · (projection − feature) [o, 2], 1 − w² [o])."""
    cam = cams[camera]
    _, image, _, factor = _project(cam, points[point])
    pixel = cam[:, 6:7] * factor[:, None] * image + cam[:, 7:9]
    return w[:, None] * (pixel - feats), 1 - w * w


def gradient(cams, points, w, camera, point, feats):
    """(∂/∂camera [o, 2, 11], ∂/∂point [o, 2, 3], ∂/∂weight [o, 2], ∂(1 − w²)/∂w [o])."""
    cam, centred = cams[camera], points[point] - cams[camera, 3:6]
    frame, image, radius, factor = _project(cam, points[point])
    focal, slope = cam[:, 6], 2 * cam[:, 9] + 4 * cam[:, 10] * radius
    d_image = focal[:, None, None] * (
        factor[:, None, None] * np.eye(2) + slope[:, None, None] * image[:, :, None] * image[:, None, :]
    )
    d_frame = np.zeros((len(w), 2, 3))
    d_frame[:, 0, 0] = d_frame[:, 1, 1] = 1 / frame[:, 2]
    d_frame[:, :, 2] = -image / frame[:, 2:]
    d_frame = w[:, None, None] * (d_image @ d_frame)
    d_point = d_frame @ rotation.matrix(cam[:, :3])
    d_cam = np.empty((len(w), 2, 11))
    d_cam[:, :, 0:3] = d_frame @ rotation.jacobian(cam[:, :3], centred)
    d_cam[:, :, 3:6] = -d_point
    d_cam[:, :, 6] = (w * factor)[:, None] * image
    d_cam[:, :, 7:9] = w[:, None, None] * np.eye(2)
    d_cam[:, :, 9] = (w * focal * radius)[:, None] * image
    d_cam[:, :, 10] = (w * focal * radius**2)[:, None] * image
    pixel = (focal * factor)[:, None] * image + cam[:, 7:9]
    return d_cam, d_point, pixel - feats, -2 * w
