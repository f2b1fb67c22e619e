"""The environment variables."""

import os
import subprocess
import sys

import pytest

from pydex import knobs


@pytest.mark.parametrize("knob", knobs.KNOBS, ids=lambda knob: knob.name)
def test_unset_and_empty_mean_the_default(knob, monkeypatch):
    monkeypatch.delenv(knob.name, raising=False)
    assert knob.get() == knob.default
    monkeypatch.setenv(knob.name, "")
    assert knob.get() == knob.default
    assert knob.name.startswith("PYDEX_") and knob.name in knobs.table()


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [
        (knobs.IR, "out", "out"),
        (knobs.DEBUG, "4", 4),
        (knobs.CHECK, "1", True),
        (knobs.CHECK, "0", False),
        (knobs.THREADS, "3", 3),
        (knobs.OPT_LEVEL, "0", 0),
    ],
)
def test_values(knob, text, value, monkeypatch):
    monkeypatch.setenv(knob.name, text)
    assert knob.get() == value


@pytest.mark.parametrize(
    ("knob", "text", "message"),
    [
        (knobs.DEBUG, "5", "PYDEX_DEBUG=5: expected 0 to 4"),
        (knobs.CHECK, "yes", "PYDEX_CHECK=yes: expected 0 or 1"),
        (knobs.THREADS, "all", "PYDEX_THREADS=all: expected 0 to 1024"),
    ],
)
def test_text_that_is_not_understood(knob, text, message, monkeypatch):
    monkeypatch.setenv(knob.name, text)
    with pytest.raises(ValueError, match=f"^{message}$"):
        knob.get()


@pytest.mark.slow
def test_threads_of_a_process():
    code = "from pydex import runtime; print(runtime.get_threads())"
    for text, threads in (("3", 3), ("0", len(os.sched_getaffinity(0)))):
        environment = {**os.environ, "PYDEX_THREADS": text}
        child = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert int(child.stdout) == threads
