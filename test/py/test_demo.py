"""`make demo`: the mixture that it fits finds the digits better than where it began, and its picture is drawn."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.slow
def test_digits_are_found(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    done = subprocess.run([sys.executable, EXAMPLES / "digits_gmm.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    progress = [float(number) for number in re.findall(r"log-posterior +(-[\d.]+)", done.stdout)]
    assert len(progress) == 11 and progress == sorted(progress)
    (begun, found) = (float(number) for number in re.findall(r"adjusted Rand index ([\d.]+)", done.stdout))
    assert found > begun + 0.05 and found > 0.7
    assert (tmp_path / "digits_gmm.png").read_bytes().startswith(b"\x89PNG")
