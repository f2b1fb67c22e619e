"""The rows of one workload for people: medians (minima), beside the best peer in Python and beside C."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.run import Peer

HEADER = ("peer", "objective", "gradient", "gradient/objective", "vs best", "vs C", "compile s", "peak MB")


def _time(samples: list[float] | None, middle: float | None) -> str:
    if not samples or middle is None:
        return "–"
    unit, scale = ("ms", 1e3) if middle >= 1e-4 else ("µs", 1e6)
    return f"{middle * scale:.3g} ({min(samples) * scale:.3g}) {unit}"


def best(rows: list[dict], name: str) -> float | None:
    """The least median of the peers in Python: pydex and C by hand aside."""
    return min((row[name] for row in rows if row["peer"] not in ("pydex", "c") and row[name] is not None), default=None)


def by_hand(rows: list[dict], name: str) -> float | None:
    """The median of C by hand."""
    return next((row[name] for row in rows if row["peer"] == "c"), None)


def ratio(above: float | None, below: float | None) -> str:
    return f"{above / below:.2f}" if above and below else "–"


def _line(peer: "Peer", row: dict, rows: list[dict]) -> tuple[str, ...]:
    times = [_time(peer.samples.get(name), row[f"{name}_s"]) for name in ("objective", "gradient")]
    against = [
        " / ".join(ratio(row[name], least(rows, name)) for name in ("objective_s", "gradient_s"))
        for least in (best, by_hand)
    ]
    compiled = [row["objective_compile_s"], row["gradient_compile_s"]]
    return (
        row["peer"],
        *times,
        ratio(row["gradient_s"], row["objective_s"]),
        *against,
        " + ".join("–" if seconds is None else f"{seconds:.2f}" for seconds in compiled),
        "–" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 1e6:.0f}",
    )


def table(peers: "list[Peer]") -> str:
    """A table of one workload with one number of threads; under it what failed."""
    rows = [peer.row() for peer in peers]
    lines = [HEADER, *(_line(peer, row, rows) for peer, row in zip(peers, rows, strict=True))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    first, plural = rows[0], "s" if rows[0]["threads"] > 1 else ""
    title = f"{first['workload']}, {first['threads']} thread{plural}: median (minimum)"
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    failures = [f"  {row['peer']} failed: {row['error']}" for row in rows if "error" in row]
    return "\n".join([title, *text, *failures, ""])
