"""Fits a Gaussian mixture to scikit-learn's handwritten digits, with a gradient that pydex derives: `make demo`.

The objective is `log_posterior` of gmm_model.py, plain loops. The digits are projected to 20 principal
coordinates; k-means says where to begin; Adam climbs. At the end: how well the clusters match the labels, which
the fit never saw, the time of objective and gradient beside NumPy's, and a picture of the cluster means.
"""

import sys
import time

import gmm_numpy
import numpy as np
from gmm_model import gradient, log_posterior, normalisation
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

COORDINATES, CLUSTERS, STEPS, RATE = 20, 10, 250, 0.03
GAMMA, M = 1.0, 0
PICTURE = "digits_gmm.png"


def principal_coordinates(images):
    """The coordinates, scaled to variance 1 on average, and the way back to images."""
    pca = PCA(COORDINATES, random_state=0)
    x = pca.fit_transform(images)
    scale = np.sqrt(x.var(axis=0).mean())
    return x / scale, lambda z: pca.inverse_transform(z * scale)


def starting_point(x):
    """(alpha, mu, q, lower): the centres of k-means, with round components of its overall width; and its clusters."""
    means = KMeans(CLUSTERS, n_init=10, random_state=0).fit(x)
    width = np.sqrt(((x - means.cluster_centers_[means.labels_]) ** 2).mean())
    alpha = np.log(np.bincount(means.labels_, minlength=CLUSTERS) / len(x))
    q = np.full((CLUSTERS, COORDINATES), -np.log(width))
    return [alpha, means.cluster_centers_, q, np.zeros((CLUSTERS, COORDINATES, COORDINATES))], means.labels_


def climb(parameters, data):
    """Adam (Kingma & Ba, arXiv:1412.6980), uphill, the rate falling to zero along a cosine; shows its progress."""
    first, second = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for step in range(1, STEPS + 1):
        slopes = gradient(*parameters, *data)
        rate = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        for p, m, v, g in zip(parameters, first, second, slopes, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p += rate * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.99**step)) + 1e-12)
        if step == 1 or step % 25 == 0:
            per_digit = log_posterior(*parameters, *data) / len(data[0])
            norm = np.sqrt(sum((g * g).sum() for g in slopes))
            print(f"  step {step:3}   log-posterior {per_digit:10.5f} a digit   |gradient| {norm:8.2f}", flush=True)


def check_gradient(parameters, data):
    """The slope along a random direction, by the gradient and by differences of fourth order, which must agree."""
    rng, h = np.random.default_rng(0), 1e-4
    direction = [rng.standard_normal(p.shape) for p in parameters]

    def along(t):
        return log_posterior(*(p + t * v for p, v in zip(parameters, direction, strict=True)), *data)

    slope = sum((g * v).sum() for g, v in zip(gradient(*parameters, *data), direction, strict=True))
    difference = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    error = abs(difference - slope) / abs(slope)
    print(f"gradient along a random direction: {slope:.6f}; by finite differences: {difference:.6f}")
    if not error < 1e-6:
        sys.exit(f"the gradient is wrong: relative error {error:.1e}")


def match(clusters, labels):
    """The share of digits with the label of their cluster, one label for each; and the labels of the clusters."""
    counts = np.zeros((CLUSTERS, CLUSTERS), int)
    np.add.at(counts, (clusters, labels), 1)
    cluster, label = linear_sum_assignment(-counts)
    return counts[cluster, label].sum() / len(labels), label


def most_likely(parameters, x):
    """The component with the greatest joint density, for each point."""
    alpha, mu, q, lower = parameters
    factor = np.tril(lower, -1) + np.exp(q)[:, :, None] * np.eye(COORDINATES)
    scaled = np.einsum("kab,nkb->nka", factor, x[:, None, :] - mu)
    return (alpha + q.sum(axis=1) - 0.5 * (scaled**2).sum(axis=2)).argmax(axis=1)


def milliseconds(function, *arguments):
    """The median of some calls."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return 1e3 * np.median(times)


def draw(images, labels):
    """The means as 8×8 images, each above the digit it was matched with."""
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    order = np.argsort(labels)
    for axes, image, label in zip(figure.subplots(2, 5).flat, images[order], labels[order], strict=True):
        axes.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        axes.set(title=str(label), xticks=[], yticks=[])
    figure.savefig(PICTURE, dpi=120)


def main():
    images, labels = load_digits(return_X_y=True)
    x, to_images = principal_coordinates(images)
    parameters, begun = starting_point(x)
    data = x, GAMMA, M, normalisation(*x.shape, CLUSTERS, GAMMA, M)
    print(
        f"{len(x)} digits, {COORDINATES} coordinates, {CLUSTERS} clusters, {sum(p.size for p in parameters)} parameters"
    )

    start = time.perf_counter()
    check_gradient(parameters, data)
    print(f"  (compiled in {time.perf_counter() - start:.1f} s)")
    climb(parameters, data)
    check_gradient(parameters, data)

    clusters = most_likely(parameters, x)
    share, label = match(clusters, labels)
    print(
        f"k-means:  adjusted Rand index {adjusted_rand_score(labels, begun):.3f}, {match(begun, labels)[0]:.1%} matched"
    )
    print(f"mixture:  adjusted Rand index {adjusted_rand_score(labels, clusters):.3f}, {share:.1%} matched")

    for name, ours, numpys in [
        ("objective", log_posterior, gmm_numpy.objective),
        ("gradient", gradient, gmm_numpy.gradient),
    ]:
        pydex_ms, numpy_ms = (milliseconds(f, *parameters, *data) for f in (ours, numpys))
        print(
            f"{name:9} pydex {pydex_ms:6.2f} ms   NumPy, by hand {numpy_ms:6.2f} ms   ({numpy_ms / pydex_ms:.1f} times)"
        )

    draw(to_images(parameters[1]), label)
    print(f"the means of the clusters are drawn in {PICTURE}")


if __name__ == "__main__":
    main()
