"""A network of one hidden layer: the mean cross-entropy of a batch, and the parameters after a step of descent."""

import numpy as np


def _forward(w1, b1, w2, b2, x):
    hidden = x @ w1 + b1
    hidden = np.where(hidden.real > 0, hidden, 0)
    score = hidden @ w2 + b2
    score -= score.real.max(axis=1, keepdims=True)
    e = np.exp(score)
    return hidden, score, e, e.sum(axis=1, keepdims=True)


def objective(w1, b1, w2, b2, x, label, rate):
    """The mean cross-entropy, a scalar."""
    _, score, _, total = _forward(w1, b1, w2, b2, x)
    return (np.log(total[:, 0]) - score[np.arange(len(x)), label]).mean()


def slope(w1, b1, w2, b2, x, label):
    """The derivative of the objective by (w1, b1, w2, b2)."""
    hidden, _, e, total = _forward(w1, b1, w2, b2, x)
    g = e / total
    g[np.arange(len(x)), label] -= 1
    g /= len(x)
    inner = (g @ w2.T) * (hidden > 0)
    return x.T @ inner, inner.sum(axis=0), hidden.T @ g, g.sum(axis=0)


def gradient(w1, b1, w2, b2, x, label, rate):
    """The parameters after one step."""
    parameters = w1, b1, w2, b2
    return tuple(p - rate * s for p, s in zip(parameters, slope(*parameters, x, label), strict=True))
