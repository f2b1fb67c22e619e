"""Writes the table of docs/performance.md from measured rows: `python -m benchmarks.report rows.json`.

Replaces what lies between the two marks; the text around it is written by hand. A line for each workload and number of
threads: pydex's medians, the best peer in Python, C by hand, their ratios, and the limit.
"""

import argparse
import datetime
import json
import os
import platform
from pathlib import Path

from benchmarks.limits import LIMITS
from benchmarks.table import best, by_hand, ratio

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: python -m benchmarks.report -->", "<!-- end of what was measured -->"
HEADER = (
    "| workload | pydex, ms | best peer, ms | C, ms | pydex ÷ best | pydex ÷ C | gradient ÷ objective | limit, ms | "
    "compile, s | peak, MB |"
)
FUNCTIONS = ("objective", "gradient")


def processor() -> str:
    """The processor's name, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1e3:.3g}"


def _pair(parts: list[str]) -> str:
    return "–" if set(parts) == {"–"} else " / ".join(parts)


def _named(rows: list[dict], function: str) -> str:
    """The best peer's time and name."""
    least = best(rows, f"{function}_s")
    name = next((row["peer"] for row in rows if least is not None and row[f"{function}_s"] == least), None)
    return "–" if name is None else f"{_milliseconds(least)} {name}"


def _line(rows: list[dict]) -> str:
    own = next(row for row in rows if row["peer"] == "pydex")
    names = [f"{function}_s" for function in FUNCTIONS]
    limit = LIMITS.get(own["workload"]) if own["threads"] == 1 else None
    cells = [
        own["workload"],
        _pair([_milliseconds(own[name]) for name in names]),
        _pair([_named(rows, function) for function in FUNCTIONS]),
        _pair([_milliseconds(by_hand(rows, name)) for name in names]),
        _pair([ratio(own[name], best(rows, name)) for name in names]),
        _pair([ratio(own[name], by_hand(rows, name)) for name in names]),
        ratio(own["gradient_s"], own["objective_s"]),
        "–" if limit is None else _pair(["–" if part is None else f"{part:g}" for part in limit[:2]]) + f", {limit.by}",
        _pair(["–" if (part := own[f"{function}_compile_s"]) is None else f"{part:.2f}" for function in FUNCTIONS]),
        "–" if own["peak_bytes"] is None else f"{own['peak_bytes'] / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _peers(rows: list[dict]) -> list[str]:
    """Those that have a time somewhere, pydex aside."""
    return sorted({row["peer"] for row in rows if row["objective_s"] is not None} - {"pydex"})


def tables(rows: list[dict], date: datetime.date) -> str:
    """The measured part of the page: a table for each number of threads; what failed, below."""
    system = f"{processor()}, {os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"
    text = [f"Measured on {date.isoformat()}: {system}. Peers: {', '.join(_peers(rows))}."]
    for threads in sorted({row["threads"] for row in rows}):
        some = [row for row in rows if row["threads"] == threads]
        groups = {name: [row for row in some if row["workload"] == name] for name in {r["workload"]: 0 for r in some}}
        text += ["", f"### {threads} thread{'s' if threads > 1 else ''}", "", HEADER, "|---" * 10 + "|"]
        text += [_line(group) for group in groups.values()]
    failed = [f"* {r['workload']}, {r['peer']}, {r['threads']}: {r['error']}" for r in rows if "error" in r]
    return "\n".join(text + (["", "Not measured:", "", *failed] if failed else []))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path, help="what `python -m benchmarks.run --json` wrote")
    options = parser.parse_args()
    date = datetime.date.fromtimestamp(options.rows.stat().st_mtime)
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    measured = tables(json.loads(options.rows.read_text()), date)
    PAGE.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}")


if __name__ == "__main__":
    main()
