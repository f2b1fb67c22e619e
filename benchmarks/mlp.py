"""A network of one hidden layer: the mean cross-entropy of a batch; "gradient" is one step of gradient descent."""

import pydex as dx
from pydex import f32

batch, pixel, hidden, out = dx.index_sets("batch pixel hidden out")


@dx.jit
def objective(
    w1: f32[pixel, hidden],
    b1: f32[hidden],
    w2: f32[hidden, out],
    b2: f32[out],
    x: f32[batch, pixel],
    label: out.Index[batch],
    rate: f32,
) -> f32:
    total = 0.0
    for s in batch:
        inner = [dx.relu(b1[j] + sum(x[s, i] * w1[i, j] for i in pixel)) for j in hidden]
        score = [b2[c] + sum(inner[j] * w2[j, c] for j in hidden) for c in out]
        top = max(score[c] for c in out)
        total += top + dx.log(sum(dx.exp(score[c] - top) for c in out)) - score[label[s]]
    return total / f32(batch.size)


slope = dx.grad(objective, wrt=("w1", "b1", "w2", "b2"))


@dx.jit
def gradient(
    w1: f32[pixel, hidden],
    b1: f32[hidden],
    w2: f32[hidden, out],
    b2: f32[out],
    x: f32[batch, pixel],
    label: out.Index[batch],
    rate: f32,
):
    """The parameters after the step."""
    dw1, db1, dw2, db2 = slope(w1, b1, w2, b2, x, label, rate)
    return w1 - rate * dw1, b1 - rate * db1, w2 - rate * dw2, b2 - rate * db2
