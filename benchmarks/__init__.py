"""The workloads pydex is held to, one file each, and their peers: `python -m benchmarks.run`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "py"))  # `independent`: the oracles
