"""Programs of loops in lanes whose inner iterations read the same: one for each thing that jamming does differently."""

import pydex as dx
from pydex import f32, f64, i32

n, m, d = dx.index_sets("n m d")


@dx.jit
def products(x: f64[n, m], y: f64[d, m]) -> f64[n, d]:
    """Rows of y share x[i, j]."""
    return [[sum(y[a, j] * x[i, j] for j in m) for a in d] for i in n]


@dx.jit
def triangular(x: f64[n, d], y: f64[d, d]) -> f64:
    """Each row is one longer than the one before."""
    return sum(sum(dx.exp(-abs(sum(y[a, b] * x[i, b] for b in dx.below(a)))) for a in d) for i in n)


@dx.jit
def deeper(x: f64[n, d], y: f64[m, d]) -> f64[n]:
    """The loop two below is the one that grows."""
    return [sum(sum(y[b, a] + x[i, a] * sum(y[b, c] * x[i, c] for c in dx.upto(a)) for b in m) for a in d) for i in n]


@dx.jit
def steps(x: f64[n, d]) -> f64[n]:
    """A loop inside grows, and by turns of its own the one inside of that."""
    return [sum(sum(x[i, a] * sum(x[i, c] * x[i, b] for c in dx.upto(b)) for b in dx.below(a)) for a in d) for i in n]


@dx.jit
def outer_products(x: f64[n, d], w: f64[n]) -> f64[d, d]:
    """All lanes add to the same cells."""
    total = dx.zeros(f64[d, d])
    for i in n:
        for a in d:
            pull = w[i] * dx.exp(-sum(x[i, b] ** 2 for b in dx.below(a)))
            for b in dx.below(a):
                total[a, b] += pull * x[i, b]
    return total


@dx.jit
def scaled(x: f64[n, d], y: f64[d, d]) -> f64[d, d]:
    """The sum of the pulls alone would overflow: a factor that all lanes share stays in the terms."""
    total = dx.zeros(f64[d, d])
    for i in n:
        for a in d:
            pull = 1e308 * dx.exp(-sum(x[i, b] ** 2 for b in dx.below(a)))
            for b in dx.below(a):
                total[a, b] += (1e-300 * y[a, b]) * pull
    return total


@dx.jit
def several(x: f64[n, m], y: f64[d, m]) -> tuple[f64[n], f64]:
    """A sum, a maximum and the place of a minimum of each row; of them the largest sum."""
    best = dx.zeros(f64[n])
    for i in n:
        top = 0.0
        for a in d:
            size = sum(y[a, j] * x[i, j] for j in m)
            high = max(y[a, j] - x[i, j] for j in m)
            where = dx.argmin(y[a, j] + x[i, j] for j in m)
            top += size * high + x[i, where]
        best[i] = top
    return best, max(best[i] for i in n)


@dx.jit
def single(x: f32[n, m], y: f32[d, m]) -> f32[n]:
    """Sums of f32 are made in blocks."""
    return [sum(dx.exp(-(sum(y[a, j] * x[i, j] for j in m) ** 2)) for a in d) for i in n]


@dx.jit
def shrinking(x: f64[n, d], y: f64[d, d]) -> f64[n]:
    """Each row is one shorter than the one before: not jammed."""
    return [sum(sum(y[a, b] * x[i, b] for b in dx.above(a)) ** 2 for a in d) for i in n]


@dx.jit
def tiles(x: f64[n, m], y: f64[n, d]) -> f64[d, m]:
    """Cells that lie side by side from turn to turn, in each iteration a row of their own."""
    total = dx.zeros(f64[d, m])
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                total[a, j] += pull * x[i, j]
    return total


@dx.jit
def one_row(x: f64[n, m], y: f64[n, d]) -> f64[m]:
    """All iterations add to the same row."""
    total = dx.zeros(f64[m])
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                total[j] += pull * x[i, j]
    return total


@dx.jit
def tops(x: f32[n, m], y: f32[n, d]) -> f32[d, m]:
    """The greatest of all lanes, NaN where there is one."""
    best = dx.accum(f32[d, m], max)
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                best[a, j] += pull * x[i, j]
    return best


@dx.jit
def counts(x: i32[n, m], y: f64[n, d]) -> tuple[i32[d, m], f64[d], f64]:
    """Integers, and beside them cells of other shapes."""
    total, single, all = dx.zeros(i32[d, m]), dx.zeros(f64[d]), 0.0
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                total[a, j] += dx.where(pull < 0.5, x[i, j], 1)
            single[a] += pull
            all += pull * pull
    return total, single, all


@dx.jit
def shifted(x: f64[n, m], y: f64[n, d]) -> f64[d, m, dx.Fin(2)]:
    """Turns lie two cells apart."""
    total = dx.zeros(f64[d, m, dx.Fin(2)])
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                total[a, j, 1] += pull * x[i, j]
    return total


@dx.jit
def quadratic(x: f64[n, d], y: f64[d, d], middle: f64[d]) -> f64:
    """In its gradient sums over lanes go to cells of their own, and, times y, to cells that iterations share."""
    total = 0.0
    for i in n:
        z = [(x[i, a] - middle[a]) * y[a, a] + sum(y[a, b] * (x[i, b] - middle[b]) for b in dx.below(a)) for a in d]
        total += dx.exp(-0.1 * sum(z[a] * z[a] for a in d))
    return total


quadratic_slopes = dx.grad(quadratic, wrt=("y", "middle"))


@dx.jit
def two_monoids(x: f64[n, m], y: f64[n, d]) -> tuple[f64[m], f64[m], f32[m]]:
    """The same number goes to cells of three kinds, and does not change in the loop that puts it there."""
    total, best, single = dx.zeros(f64[m]), dx.accum(f64[m], max), dx.zeros(f32[m])
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for j in m:
                total[j] += pull
                best[j] += pull
                single[j] += f32(pull)
    return total, best, single


@dx.jit
def steady_below(x: f64[n, m], y: f64[n, d]) -> tuple[f64[m], f64[m]]:
    """What does not change in the innermost loop is made in one that grows, so it is made in several places."""
    total, pushed = dx.zeros(f64[m]), dx.zeros(f64[m])
    for i in n:
        for a in d:
            pull = dx.exp(-sum(y[i, b] ** 2 for b in dx.below(a)))
            for b in dx.below(a):
                push = dx.exp(-pull * y[i, b] ** 2)
                for j in m:
                    total[j] += push
                    pushed[j] += push * x[i, j]
    return total, pushed
