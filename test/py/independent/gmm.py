"""The log-posterior of a Gaussian mixture: what the demo's NumPy does, which mentions pydex nowhere either."""

from examples.gmm_numpy import constant, gradient, objective

__all__ = ["constant", "gradient", "objective"]
