"""Readers of ADBench's input files: ../shared/data/adbench from the project's root, no part of the project.

The formats are those of ADBench's own readers: whitespace-separated numbers, the hand model colon-separated.
Each reader returns the arguments of the workload, in order. Raises FileNotFoundError where a file is absent.
"""

from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "adbench"


def _numbers(name: str) -> np.ndarray:
    return np.array((DATA / name).read_text().split(), dtype=np.float64)


def _cut(numbers: np.ndarray, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Consecutive arrays of the given shapes, which must use up all numbers."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    if ends[-1] != len(numbers):
        raise ValueError(f"expected {ends[-1]} numbers after the header, found {len(numbers)}")
    return [part.reshape(shape) for part, shape in zip(np.split(numbers, ends[:-1]), shapes, strict=True)]


def strict_lower(flat: np.ndarray, d: int) -> np.ndarray:
    """Strict lower triangles, stored column by column in flat[k, d(d−1)/2], as square matrices [k, d, d]."""
    square = np.zeros((len(flat), d, d))
    column, row = np.triu_indices(d, 1)
    square[:, row, column] = flat
    return square


def gmm(name: str) -> tuple:
    """(alpha[k], mu[k, d], q[k, d], l[k, d, d], x[n, d], gamma, m)."""
    numbers = _numbers(name)
    d, k, n = map(int, numbers[:3])
    alpha, mu, icf, x, prior = _cut(numbers[3:], (k,), (k, d), (k, d * (d + 1) // 2), (n, d), (2,))
    return alpha, mu, np.ascontiguousarray(icf[:, :d]), strict_lower(icf[:, d:], d), x, float(prior[0]), int(prior[1])


def ba(name: str) -> tuple:
    """(cams[n, 11], points[m, 3], w[p], camera[p], point[p], feats[p, 2]): the file has one of each."""
    numbers = _numbers(name)
    n, m, p = map(int, numbers[:3])
    cam, point, w, feat = _cut(numbers[3:], (11,), (3,), (1,), (2,))
    observation = np.arange(p)
    cams, points, feats = np.tile(cam, (n, 1)), np.tile(point, (m, 1)), np.tile(feat, (p, 1))
    return cams, points, np.tile(w, p), observation % n, observation % m, feats


def lstm(name: str) -> tuple:
    """(main[l, 2, 4, b], extra[3, b], state[l, 2, b], text[c, b]); see benchmarks/lstm.py."""
    numbers = _numbers(name)
    layers, c, b = map(int, numbers[:3])
    return tuple(_cut(numbers[3:], (layers, 2, 4, b), (3, b), (layers, 2, b), (c, b)))


def ht(name: str, model: str) -> tuple:
    """(theta, us, parents, base, inverse, positions, weights, triangles, which, points); see benchmarks/ht.py."""
    lines = (DATA / name).read_text().split("\n")
    n, pose = map(int, lines[0].split())
    measured = np.array([line.split() for line in lines[1 : n + 1]], dtype=np.float64)
    us, theta = _cut(np.array(" ".join(lines[n + 1 :]).split(), dtype=np.float64), (n, 2), (pose,))
    which, points = measured[:, 0].astype(np.int64), np.ascontiguousarray(measured[:, 1:])
    return theta, us, *_bones(model), *_vertices(model), _triangles(model), which, points


def _rows(model: str, name: str) -> list[list[str]]:
    return [line.split(":") for line in (DATA / model / name).read_text().split("\n") if line]


def _bones(model: str) -> tuple:
    """Parents (the root is its own), transforms relative to the parent, inverses of the transforms at rest."""
    rows = _rows(model, "bones.txt")
    parents = np.array([int(row[1]) for row in rows])
    parents[parents < 0] = np.flatnonzero(parents < 0)
    numbers = np.array([row[2:] for row in rows], dtype=np.float64).reshape(len(rows), 2, 4, 4)
    return parents, np.ascontiguousarray(numbers[:, 0]), np.ascontiguousarray(numbers[:, 1])


def _vertices(model: str) -> tuple:
    """Positions [v, 3] and skinning weights [v, bones], pairs (bone, weight) in the file."""
    rows = _rows(model, "vertices.txt")
    weights = np.zeros((len(rows), len(_rows(model, "bones.txt"))))
    for vertex, row in enumerate(rows):
        pairs = np.array(row[9:], dtype=np.float64).reshape(int(row[8]), 2)
        weights[vertex, pairs[:, 0].astype(int)] = pairs[:, 1]
    return np.array([row[:3] for row in rows], dtype=np.float64), weights


def _triangles(model: str) -> np.ndarray:
    return np.array(_rows(model, "triangles.txt"), dtype=np.int64)
