"""x² + 3x."""


def objective(x):
    """The value, a scalar."""
    return x * x + 3 * x


def gradient(x):
    """With respect to x."""
    return 2 * x + 3
