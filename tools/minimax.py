"""Nearly minimax polynomials, each coefficient rounded to the format that will evaluate them (mpmath, Lawson's
iteration).

    from mpmath import exp
    minimax(lambda r: (exp(r) - 1 - r) / r**2, 9, (-0.3466, 0.3466), "f64", lambda r: r**2 / exp(r))

gives the tail of exp in passes/vector_math: the coefficients, and the largest error of e^r relative to e^r.
Source: C. L. Lawson, thesis, UCLA 1961: iterated weighted least squares converge to the best uniform approximation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import cos, lu_solve, matrix, mpf, pi, workprec

Number = Any  # mpf: a class that mpmath makes when it is imported, which type checkers don't see
Function = Callable[[Number], Number]
BITS = 240
NODES = 90


def minimax(
    f: Function, degree: int, span: tuple[float, float], element: str, weight: Function
) -> tuple[list[float], float]:
    """Coefficients c0 … c_degree, and the largest weight(x) |f(x) - p(x)| over the span's nodes.

    Each coefficient is rounded to f32 or f64 (`element`) before those of higher degree are fitted again. f is never
    taken at the ends of the span nor, if the span is symmetric, at 0.
    """
    with workprec(BITS):
        lo, hi = (mpf(end) for end in span)
        nodes = [lo + (hi - lo) * (1 - cos(pi * (k + mpf(1) / 3) / NODES)) / 2 for k in range(NODES)]
        weights = [weight(x) for x in nodes]
        left = [w * f(x) for w, x in zip(weights, nodes, strict=True)]
        done: list[float] = []
        for power in range(degree + 1):
            rows = [[w * x**p for p in range(power, degree + 1)] for w, x in zip(weights, nodes, strict=True)]
            done.append(rounded(lawson(rows, left, 6 if power else 14)[0], element))
            left = [t - row[0] * done[-1] for t, row in zip(left, rows, strict=True)]
        return done, float(max(abs(t) for t in left))


def rounded(value: Number, element: str) -> float:
    """value rounded to nearest in f32 or f64."""
    return float(value) if element == "f64" else struct.unpack("<f", struct.pack("<f", float(value)))[0]


def lawson(rows: Sequence[Sequence[Number]], targets: Sequence[Number], rounds: int) -> list[Number]:
    """The solution of rows @ c = targets whose largest residual is smallest, among the iterates."""
    weights = [mpf(1)] * len(rows)
    best: tuple[Number, list[Number]] | None = None
    for _ in range(rounds):
        c = least_squares(rows, targets, weights)
        residuals = [
            abs(t - sum(a * b for a, b in zip(c, row, strict=True))) for row, t in zip(rows, targets, strict=True)
        ]
        if best is None or max(residuals) < best[0]:
            best = max(residuals), c
        weights = [w * r for w, r in zip(weights, residuals, strict=True)]
        total = sum(weights)
        if total == 0:
            break
        weights = [w / total for w in weights]
    assert best is not None
    return best[1]


def least_squares(
    rows: Sequence[Sequence[Number]], targets: Sequence[Number], weights: Sequence[Number]
) -> list[Number]:
    """Normal equations: with this many bits their condition does not matter."""
    columns = range(len(rows[0]))
    scaled = [[w * v for v in row] for w, row in zip(weights, rows, strict=True)]
    normal = matrix(
        [[sum(s[i] * row[j] for s, row in zip(scaled, rows, strict=True)) for j in columns] for i in columns]
    )
    right = matrix([sum(s[i] * t for s, t in zip(scaled, targets, strict=True)) for i in columns])
    return list(lu_solve(normal, right))
