"""ADBench's LSTM with diagonal weights."""

SEGMENT = 32  # steps between the checkpoints of jax_expert


def numpy():
    from independent import lstm

    return lstm.objective, lstm.gradient


def _jax(scan):
    """The loss, given a way to scan `step` over the pairs of consecutive characters."""
    import jax
    import jax.numpy as jnp

    def objective(main, extra, state, text):
        def step(carry, pair):
            hidden, cell = list(carry[0]), list(carry[1])
            now, gold = pair
            value = now * extra[0]
            for layer in range(len(hidden)):
                weight, bias = main[layer]
                gates = jnp.stack([value, hidden[layer], value, hidden[layer]]) * weight + bias
                forget, into, out = jax.nn.sigmoid(gates[:3])
                cell[layer] = cell[layer] * forget + into * jnp.tanh(gates[3])
                value = hidden[layer] = out * jnp.tanh(cell[layer])
            guess = value * extra[1] + extra[2]
            return (hidden, cell), (gold * (guess - jnp.log(2 + jnp.exp(guess).sum()))).sum()

        start = [list(state[:, 0]), list(state[:, 1])]
        return -scan(step, tuple(start), (text[:-1], text[1:])).sum() / text[1:].size

    return objective, jax.grad(objective, argnums=(0, 1))


def jax():
    import jax

    return _jax(lambda step, start, pairs: jax.lax.scan(step, start, pairs)[1])


def jax_expert():
    """Keeps only the state at every 32nd step, and recomputes the steps between."""
    import jax
    import jax.numpy as jnp

    def scan(step, start, pairs):
        steps = len(pairs[0]) // SEGMENT * SEGMENT
        segments = jax.tree.map(lambda v: v[:steps].reshape(-1, SEGMENT, *v.shape[1:]), pairs)
        segment = jax.checkpoint(lambda carry, part: jax.lax.scan(step, carry, part))
        middle, most = jax.lax.scan(segment, start, segments)
        rest = jax.lax.scan(step, middle, jax.tree.map(lambda v: v[steps:], pairs))[1]
        return jnp.concatenate([most.ravel(), rest])

    return _jax(scan)


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(main, extra, state, text):
        hidden, cell = list(state[:, 0]), list(state[:, 1])
        weights, biases = list(main[:, 0]), list(main[:, 1])
        scale_in, scale_out, shift = extra
        total = 0.0
        for letter, gold in zip(text[:-1], text[1:], strict=True):
            value = letter * scale_in
            for layer in range(len(hidden)):
                gates = torch.stack([value, hidden[layer], value, hidden[layer]]) * weights[layer] + biases[layer]
                forget, into, out = torch.sigmoid(gates[:3])
                cell[layer] = cell[layer] * forget + into * torch.tanh(gates[3])
                value = hidden[layer] = out * torch.tanh(cell[layer])
            guess = value * scale_out + shift
            total = total + (gold * (guess - torch.log(2 + torch.exp(guess).sum()))).sum()
        return -total / text[1:].numel()

    return objective, grad(objective, argnums=(0, 1))


torch_compile = None  # unrolls the thousand steps: minutes of compilation


def numba():
    import math

    import numpy as np
    from numba import njit

    @njit(fastmath=True)
    def sigmoid(v):
        return 1 / (1 + math.exp(-v))

    @njit(fastmath=True)
    def objective(main, extra, state, text):
        hidden, cell = state[:, 0].copy(), state[:, 1].copy()
        bits = text.shape[1]
        value = np.empty(bits)
        total = 0.0
        for t in range(len(text) - 1):
            value[:] = text[t] * extra[0]
            for s in range(len(main)):
                weight, bias = main[s, 0], main[s, 1]
                for i in range(bits):
                    forget = sigmoid(value[i] * weight[0, i] + bias[0, i])
                    into = sigmoid(hidden[s, i] * weight[1, i] + bias[1, i])
                    out = sigmoid(value[i] * weight[2, i] + bias[2, i])
                    change = math.tanh(hidden[s, i] * weight[3, i] + bias[3, i])
                    cell[s, i] = cell[s, i] * forget + into * change
                    value[i] = hidden[s, i] = out * math.tanh(cell[s, i])
            partition = 2.0
            for i in range(bits):
                value[i] = value[i] * extra[1, i] + extra[2, i]
                partition += math.exp(value[i])
            partition = math.log(partition)
            for i in range(bits):
                total += text[t + 1, i] * (value[i] - partition)
        return -total / ((len(text) - 1) * bits)

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(main, extra, state, text):
        return call("lstm", "objective", main, extra, state, text, len(main), *text.shape)

    def gradient(main, extra, state, text):
        tape = np.empty((len(text) * (7 * len(main) + 1), text.shape[1] + 7))  # bits are padded to eights
        out = np.empty_like(main), np.empty_like(extra)
        return call("lstm", "gradient", main, extra, state, text, len(main), *text.shape, tape, *out, result=out)

    return objective, gradient
