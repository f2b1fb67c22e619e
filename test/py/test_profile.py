"""Where a compilation took its time."""

import pydex as dx
from pydex import profile


def test_a_compilation_is_told_by_step(monkeypatch, capsys):
    monkeypatch.setenv("PYDEX_DEBUG", "1")
    assert dx.grad(lambda x: x * x)(3.0) == 6.0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("pydex: grad__lambda was compiled in ")
    names = [line.split("%", 1)[1].strip() for line in told[1:]]
    for name in ("frontend", "simplify", "ad-expand", "lower-to-cpu", "MLIR: parsing", "LLVM: optimisation"):
        assert names.count(name) == 1
    shares = [float(line.split("%")[0].split()[-1]) for line in told[1:]]
    assert shares == sorted(shares, reverse=True)
    assert abs(sum(shares) - 100) < 2


def test_steps_of_one_name_are_added():
    text = profile.table("f", {"b": 0.25, "a": 0.75})
    assert text.splitlines() == [
        "pydex: f was compiled in 1000 ms of CPU time",
        "     750.0 ms  75.0%  a",
        "     250.0 ms  25.0%  b",
    ]
