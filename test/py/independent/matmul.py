"""A · B."""


def objective(a, b):
    """The product."""
    return a @ b


def gradient(a, b):
    """The derivative of the sum of its squares, by a and by b."""
    c = 2 * (a @ b)
    return c @ b.T, a.T @ c
