"""benchmarks.run: what it measures is right, its rows have the form that others read, and what fails is said."""

import datetime
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import c, child, frameworks, oracle, plot, report, run, table
from benchmarks.inputs import SIZES, inputs

ROOT = Path(__file__).resolve().parents[2]
KEYS = "workload peer threads objective_s gradient_s objective_compile_s gradient_compile_s peak_bytes".split()

PEERS = ("numpy", "jax", "jax.expert", "torch", "numba", "c")
WORKLOADS = [(workload, peer) for workload in SIZES for peer in PEERS]


@pytest.mark.slow
@pytest.mark.parametrize("workload, peer", [pair for pair in WORKLOADS if frameworks.has(*pair)])
def test_every_peer_agrees_with_the_oracle(workload, peer):
    if peer not in ("numpy", "c"):
        pytest.importorskip(peer.split(".")[0])
    arguments = inputs(workload, "small")
    expected = oracle.answers(workload, arguments)
    for name, function in frameworks.prepare(workload, peer, arguments, 1).items():
        if function is not None:
            found = oracle.flatten(function())
            assert oracle.disagreement(found, expected[name], oracle.limits(workload, arguments)) is None, name


@pytest.mark.parametrize(
    "found, problem",
    [
        ([[1.0, 2.0]], None),
        ([[1.0, 2.0 + 1e-8]], "result 0 differs from the oracle's by 5.0e-09 of its largest element"),
        ([[1.0, np.nan]], "result 0 differs from the oracle's by nan of its largest element"),
        ([[1.0]], "result 0 has the shape (1,), the oracle's (2,)"),
        ([[1.0, 2.0], [3.0]], "gives 2 arrays where the oracle gives 1"),
    ],
)
def test_disagreement_is_said(found, problem):
    assert oracle.disagreement([np.array(part) for part in found], [np.array([1.0, 2.0])], (1e-9, 0.0)) == problem


@pytest.mark.parametrize(
    "share, problem", [(0.25, None), (0.2, "result 0 differs from the oracle's at 2.5e-01 of its elements")]
)
def test_integers_are_equal_but_for_a_share(share, problem):
    assert oracle.disagreement([np.array([1, 2, 3, 5])], [np.array([1, 2, 3, 4])], (1.0, share)) == problem


def test_single_precision_is_held_to_less_and_chaos_to_a_share():
    assert oracle.limits("tri", inputs("tri", "small")) == (1e-9, 0.0)
    assert oracle.limits("hist", inputs("hist", "small")) == (1e-4, 0.0)
    assert oracle.limits("mandel", inputs("mandel", "small")) == (1e-4, 0.01)


def test_gradients_exist_where_the_workload_has_one():
    for workload in SIZES:
        module = importlib.import_module(f"independent.{workload}")
        assert (module.gradient is None) == (workload in ("call_arr", "hist", "mandel"))


def command(*words):
    return subprocess.run([sys.executable, "-m", "benchmarks.run", *words], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_rows_of_a_run(tmp_path):
    file = tmp_path / "rows.json"
    done = command(
        "tri:small", "call_arr:small", "--peers", "numpy", "--threads", "1,2", "--rounds", "2", "--json", file
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    rows = json.loads(file.read_text())
    assert [(row["workload"], row["peer"], row["threads"]) for row in rows] == [
        (workload, peer, threads)
        for workload in ("tri:small", "call_arr:small")
        for threads in (1, 2)
        for peer in ("pydex", "numpy")
    ]
    for row in rows:
        assert list(row) == KEYS
        assert row["objective_s"] > 0 and row["peak_bytes"] > 10**6
        assert (row["gradient_s"] is None) == (row["workload"] == "call_arr:small")
        assert (row["objective_compile_s"] is None) == (row["peer"] == "numpy")


@pytest.mark.slow
def test_unknown_names_are_refused_with_the_known_ones():
    assert "fusd is not a workload; there are: fused:small fused lse_rows:small" in command("fusd").stderr
    assert "cupy is not a peer; there are: pydex numpy jax" in command("--peers", "cupy").stderr
    assert "at least one thread" in command("--threads", "0").stderr


def peer(name="numpy", workload="call", timeout=60.0):
    return run.Peer(workload, "small", name, 1, timeout)


@pytest.mark.slow
def test_a_wrong_result_is_not_timed(monkeypatch):
    monkeypatch.setattr(oracle, "cached", lambda *_: {"objective": [np.array(-1.0)], "gradient": None})
    (numpy,) = run.measure("call", "small", ["numpy"], 1, run._parser().parse_args([]))
    row = numpy.row()
    assert row["error"].startswith("objective: result 0 differs from the oracle's by")
    assert "gradient: the workload has no such function" in row["error"]
    assert row["objective_s"] is None and row["gradient_s"] is None


def test_an_absent_file_is_an_error_of_every_row(monkeypatch, tmp_path):
    from benchmarks import adbench

    monkeypatch.setattr(adbench, "DATA", tmp_path)
    inputs.cache_clear()
    peers = run.measure("ba", "ba10", ["pydex", "numpy"], 1, run._parser().parse_args([]))
    assert ["FileNotFoundError" in row["error"] for row in (peer.row() for peer in peers)] == [True, True]
    assert all(peer.row()["objective_s"] is None for peer in peers)


@pytest.mark.slow
def test_a_process_that_dies_is_an_error():
    one = peer()
    one.start()
    one.process.kill()
    one.process.wait()
    assert one.ask("peak")["error"].startswith("process ended with status -9")
    one.stop()


def test_a_process_that_does_not_answer_is_an_error():
    one = peer(timeout=0.001)
    one.start()
    assert one.error == "no answer within 0 s"
    one.stop()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not pin processes")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_peer_has_as_many_processors_as_threads(threads):
    if os.cpu_count() < threads:
        pytest.skip(f"this machine has fewer than {threads} processors")
    one = run.Peer("call", "small", "numpy", threads, 60.0)
    one.start()
    assert len(os.sched_getaffinity(one.process.pid)) == threads
    one.stop()


def test_processes_are_told_their_threads_before_they_import():
    told = run.environment(2)
    assert {told[name] for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"2"}
    assert "intra_op_parallelism_threads=1" in run.environment(1)["XLA_FLAGS"]


@pytest.mark.slow
def test_peak_memory_does_not_count_the_parents():
    weight = np.ones(30_000_000)  # 240 MB, which `fork` would show to the child
    one = peer()
    one.start()
    peak = one.ask("peak")["bytes"]
    one.stop()
    assert 10**6 < peak < weight.nbytes


def rows(**times):
    """Rows of one workload: objective and gradient of each peer, in seconds."""
    return [
        dict(zip(KEYS, ("tri", peer.replace("_", "."), 1, *pair, None, None, 10**7), strict=True))
        for peer, pair in times.items()
    ]


MEASURED = rows(pydex=(2e-3, 4e-3), numpy=(9e-3, None), jax_expert=(3e-3, 2e-3), c=(1e-3, 1e-3))


def test_the_best_peer_is_one_of_python():
    assert table.best(MEASURED, "objective_s") == 3e-3
    assert table.best(MEASURED, "gradient_s") == 2e-3
    assert table.by_hand(MEASURED, "gradient_s") == 1e-3
    assert table.best(MEASURED[:1], "objective_s") is None


def test_a_line_of_the_report():
    text = report.tables([*MEASURED, *({**row, "threads": 2} for row in MEASURED)], datetime.date(2000, 1, 2))
    first, second = (line for line in text.splitlines() if line.startswith("| tri"))
    cells = "| tri | 2 / 4 | 3 jax.expert / 2 jax.expert | 1 / 1 | 0.67 / 2.00 | 2.00 / 4.00 | 2.00 |"
    assert first == f"{cells} 2 / 2.5, operations | – | 10 |"
    assert second == f"{cells} – | – | 10 |", "the limits are those of one thread"
    assert "Measured on 2000-01-02: " in text and "Not measured" not in text
    assert "Peers: c, jax.expert, numpy." in text


def test_the_report_says_what_failed():
    (row,) = rows(pydex=(None, None))
    text = report.tables([row | {"error": "objective: no"}], datetime.date(2000, 1, 2))
    assert text.splitlines()[-1] == "* tri, pydex, 1: objective: no"
    assert "| tri | – | – | – | – | – | – | 2 / 2.5, operations | – | 10 |" in text


def test_the_report_keeps_the_text_around_it(monkeypatch, tmp_path):
    page, file = tmp_path / "page.md", tmp_path / "rows.json"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    file.write_text(json.dumps(MEASURED))
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(sys, "argv", ["report", str(file)])
    report.main()
    report.main()
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n") and text.endswith(f"\n{report.END}\nafter\n")
    assert text.count("| tri |") == 1 and "old" not in text


@pytest.mark.slow
def test_a_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    plot.picture(MEASURED, tmp_path / "rows.png")
    assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_compiler_c_is_absent(monkeypatch):
    monkeypatch.setattr(frameworks, "compiler", lambda: None)
    assert not frameworks.has("tri", "c")
    (one,) = run.measure("tri", "small", ["c"], 1, run._parser().parse_args([]))
    assert one.row()["objective_s"] is None and "error" not in one.row()


@pytest.mark.skipif(c.compiler() is None, reason="this machine has no C compiler")
def test_c_that_does_not_compile_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "wrong.c").write_text("this is not C\n")
    monkeypatch.setattr(c, "HERE", tmp_path)
    monkeypatch.setattr(c, "BUILD", tmp_path / "build")
    with pytest.raises(RuntimeError, match=r"wrong\.c: .*error"):
        c.library("wrong")


def test_a_long_call_is_not_made_again(monkeypatch):
    one = peer()
    monkeypatch.setattr(one, "ask", lambda command: {"seconds": 11.0, "wall": 12.0})
    monkeypatch.setattr(one, "_compare", lambda *_: None)
    one.check("objective", [], (0.0, 0.0))
    run.take_turns([one], 3, 1.0)
    assert one.samples == {"objective": [11.0]}


@pytest.mark.slow
def test_seconds_of_one_thread_are_those_of_the_processor(tmp_path):
    one = child.Child("call", "small", "numpy", "1", tmp_path)
    one.functions["objective"] = lambda: time.sleep(0.1)
    assert one.time("objective")["seconds"] < 0.05
    two = child.Child("call", "small", "numpy", "2", tmp_path)
    two.functions["objective"] = lambda: time.sleep(0.1)
    assert two.time("objective")["seconds"] >= 0.1


def test_c_leaves_denormal_numbers_alone():
    from benchmarks import c

    if c.compiler() is None:
        pytest.skip("no C compiler")
    c.library("call")
    tiny = np.array([5e-324])
    assert (tiny * np.array([1.0]))[0] > 0.0
