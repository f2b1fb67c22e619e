"""A network of one hidden layer: the mean cross-entropy of a batch; "gradient" is one step of gradient descent."""


def numpy():
    from independent import mlp

    return mlp.objective, mlp.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(w1, b1, w2, b2, x, label, rate):
        score = jax.nn.relu(x @ w1 + b1) @ w2 + b2
        return -jax.nn.log_softmax(score)[jnp.arange(len(x)), label].mean()

    def step(w1, b1, w2, b2, *rest):
        slopes = jax.grad(objective, argnums=(0, 1, 2, 3))(w1, b1, w2, b2, *rest)
        return tuple(p - rest[-1] * s for p, s in zip((w1, b1, w2, b2), slopes, strict=True))

    return objective, step


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(w1, b1, w2, b2, x, label, rate):
        score = torch.relu(torch.addmm(b1, x, w1))
        return torch.nn.functional.cross_entropy(torch.addmm(b2, score, w2), label)

    slope = grad(objective, argnums=(0, 1, 2, 3))

    def stepper(slope):
        def step(w1, b1, w2, b2, *rest):
            slopes = slope(w1, b1, w2, b2, *rest)
            return tuple(p - rest[-1] * s for p, s in zip((w1, b1, w2, b2), slopes, strict=True))

        return step

    step = stepper(slope)
    step.functional = stepper(slope.functional)
    return objective, step
