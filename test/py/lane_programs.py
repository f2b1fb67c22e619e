"""Programs whose outer loop can run in lanes: one for each thing that lanes do differently."""

import pydex as dx
from pydex import f32, f64, i64

n, m = dx.index_sets("n m")
pair = dx.Fin(2)


@dx.jit
def sums(x: f64[n, m]) -> f64:
    return sum(dx.exp(sum(x[i, j] * x[i, j] for j in m)) for i in n)


@dx.jit
def extremes(x: f64[n, m]):
    low = [min(x[i, j] for j in m) for i in n]
    return low, max(max(x[i, j] for j in m) for i in n), min(low[i] for i in n)


@dx.jit
def winners(x: f64[n, m]):
    """The place of the best in each row, and the value there."""
    best = [dx.argmax(x[i, j] for j in m) for i in n]
    return best, [x[i, best[i]] for i in n]


@dx.jit
def rereads(x: f64[n, m], y: f64[m, m]) -> f64[n, m]:
    """The row x[i] is read again for each a."""
    return [[sum(x[i, b] * y[a, b] for b in m) + x[i, a] for a in m] for i in n]


@dx.jit
def columns(x: f64[m, n], y: f64[m]) -> f64[n]:
    return [sum(x[j, i] * y[j] for j in m) for i in n]


@dx.jit
def recurrence(x: f64[n, m]) -> f64[n]:
    """A sequential loop in each lane."""
    result = dx.zeros(f64[n])
    for i in n:
        a = 0.5
        b = x[i, 0]
        for j in m:
            a, b = a + 0.1 * b, b - 0.1 * a * x[i, j]
        result[i] = a * b
    return result


@dx.jit
def own_tables(x: f64[n, m]) -> f64[n, m]:
    """A table of its own, updated in place, in each lane."""
    result = dx.zeros(f64[n, m])
    for i in n:
        running = dx.zeros(f64[m])
        total = 0.0
        for j in m:
            total += x[i, j]
            running[j] = total
        for j in m:
            result[i, j] = running[j] / (1.0 + total * total)
    return result


@dx.jit
def branches(x: f64[n, m]) -> f64[n, m]:
    """Lanes that go different ways, through tables and elementary functions."""
    result = dx.zeros(f64[n, m])
    for i in n:
        size = sum(x[i, j] * x[i, j] for j in m)
        if size > 2.0:
            scaled = [x[i, j] / dx.sqrt(size) for j in m]
        else:
            scaled = [dx.sin(x[i, j]) for j in m]
        for j in m:
            if x[i, j] > 0.0:
                result[i, j] = scaled[j] - size
    return result


@dx.jit
def shared_cells(x: f64[n, m], y: f64[m]):
    """All lanes add to the same cells: a table, a scalar; and one maximum."""
    by_column = dx.zeros(f64[m])
    total = 0.0
    for i in n:
        for j in m:
            by_column[j] += y[j] * x[i, j]
            total += x[i, j]
    return by_column, total


@dx.jit
def gathers(x: f64[n, m], at: m.Index[n, m], y: f64[m]) -> f64[n]:
    return [sum(y[at[i, j]] * x[i, at[i, j]] for j in m) for i in n]


@dx.jit
def integers(k: i64[n, m]) -> i64[n]:
    """Quotients and remainders by numbers that differ; in lanes that are off nobody looks at the divisor."""
    return [sum(1000 // (1 + abs(k[i, j])) - k[i, j] % 7 for j in m) for i in n]


@dx.jit
def truths(x: f64[n, m], flag: dx.bool[n]):
    every = [flag[i] and all(x[i, j] > -1.5 for j in m) for i in n]
    return every, [any(x[i, j] > 1.0 for j in m) for i in n]


@dx.jit
def single(x: f32[n, m]):
    """f32, and tables of pairs."""
    moments = [[sum(x[i, j] for j in m), sum(x[i, j] * x[i, j] for j in m)] for i in n]
    return moments, sum(moments[i][1] for i in n)


@dx.jit
def converted(x: f64[n, m], k: i64[n, m]) -> f64[n]:
    return [sum(dx.floor(x[i, j] * 3.0) + k[i, j] * 0.5 for j in m) for i in n]
