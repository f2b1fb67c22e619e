"""The rows as bars, one panel for objective and one for gradient, with the limits of the machine as lines."""

from pathlib import Path

from benchmarks.limits import LIMITS

ORDER = ("pydex", "c", "numba", "jax", "jax.expert", "torch", "torch.compile", "numpy")


def _names(rows: list[dict], function: str) -> list[str]:
    """The workloads of which some row has this function, in the order of the rows."""
    return list(dict.fromkeys(row["workload"] for row in rows if row[f"{function}_s"] is not None))


def _bars(axes, rows: list[dict], function: str) -> None:
    names = _names(rows, function)
    peers = [peer for peer in ORDER if any(row["peer"] == peer for row in rows)]
    width = 0.8 / len(peers)
    for which, peer in enumerate(peers):
        times = {row["workload"]: row[f"{function}_s"] for row in rows if row["peer"] == peer}
        bars = [(x, times[name] * 1e3) for x, name in enumerate(names) if times.get(name)]
        places = [x + (which - (len(peers) - 1) / 2) * width for x, _ in bars]
        axes.bar(places, [time for _, time in bars], width, label=peer, color=f"C{which}")
    for x, name in enumerate(names):
        limit = getattr(LIMITS.get(name), function, None)
        if limit:
            axes.hlines(limit, x - 0.42, x + 0.42, color="black", linewidth=1.2)
    axes.set_xticks(range(len(names)), names)
    axes.set_yscale("log")
    axes.set_ylabel(f"{function}, ms")
    axes.grid(axis="y", alpha=0.3)


def picture(rows: list[dict], target: Path) -> None:
    """Draws the rows of the least number of threads. Raises ModuleNotFoundError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    threads = min(row["threads"] for row in rows)
    few = [row for row in rows if row["threads"] == threads]
    figure, panels = pyplot.subplots(2, 1, figsize=(16, 9), layout="constrained")
    for axes, function in zip(panels, ("objective", "gradient"), strict=True):
        _bars(axes, few, function)
    panels[0].legend(ncols=len(ORDER), loc="upper left", fontsize="small")
    panels[0].set_title(f"{threads} thread{'s' if threads > 1 else ''}: medians; black lines: what the machine allows")
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
