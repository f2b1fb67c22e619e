"""ADBench's Gaussian mixture: the very function that examples/digits_gmm.py fits to handwritten digits."""

from examples.gmm_model import gradient, log_posterior

objective = log_posterior

__all__ = ["gradient", "objective"]
