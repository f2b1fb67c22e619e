"""Random programs through every execution of law 1: `make fuzz N=5000`, `python tools/fuzz.py --help`.

The programs and the comparison are tests (test/py/law1), which nothing outside of tests may import: they run in a
process of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    path = os.pathsep.join([str(ROOT), str(ROOT / "test" / "py")])
    command = [sys.executable, "-m", "law1.fuzz", *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}).returncode


if __name__ == "__main__":
    sys.exit(main())
