"""Compiled code on disk: found again when nothing has changed, and never otherwise."""

import importlib.util
import itertools
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

import pydex as dx
from pydex import cache, f64, pipeline
from pydex.cache import environment, files
from pydex.cache.fingerprint import Fingerprint, Unknown
from pydex.cache.image import NotAnImage, image_of
from pydex.diagnostics import DexError

pytestmark = pytest.mark.slow

n = dx.index_sets("n")

PROGRAM = """
import pydex as dx
from pydex import f64, i64, u64

n, m = dx.index_sets("n m")
COUNT = 2
RATE = 0.5
PAIR = (1, 2)


@dx.struct
class Point:
    x: f64
    y: f64

    def weight(self):
        return 2.0 * self.x


@dx.jit
def inner(x: f64) -> f64:
    return dx.sin(x)


def plain(x):
    return x + 1.0


def make(offset):
    @dx.jit
    def shifted(x: f64) -> f64:
        return x + offset
    return shifted


shifted = make(3)


@dx.jit
def subject(x: f64[n], k: f64 = 1.0) -> f64[n]:
    return [inner(x[i]) * plain(x[i]) + COUNT * k + RATE + PAIR[1] + Point(x[i], k).weight() + shifted(k) for i in n]


@dx.jit
def scores(x: f64[n, m], at: i64) -> f64[n]:
    return [max(dx.exp(x[i, j]) for j in m) * x[n.at(at), m.at(at)] for i in n]


slope = dx.grad(inner)
generic = dx.jit(lambda x: x + x)


@dx.jit
def noise(seed: u64) -> f64:
    return f64(dx.random.rand(dx.random.new_key(seed)))
"""


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A directory for the cache."""
    monkeypatch.setenv("PYDEX_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def built(monkeypatch):
    """The entries that were compiled, in order."""
    made = []
    build = pipeline.build
    monkeypatch.setattr(pipeline, "build", lambda module, *more: made.append(more[0]) or build(module, *more))
    return made


numbers = itertools.count()


@pytest.fixture
def load(tmp_path):
    """Runs a program as a new process would: a module of its own, from the same file."""
    path = tmp_path / "program.py"

    def run(text=PROGRAM):
        path.write_text(text)
        os.utime(path, ns=(next(numbers) * 10**9,) * 2)
        spec = importlib.util.spec_from_file_location("program", path)
        module = importlib.util.module_from_spec(spec)
        importlib.import_module("linecache").checkcache()
        importlib.import_module("sys").modules["program"] = module
        exec(compile(text, str(path), "exec"), vars(module))
        return module

    return run


def expected(x, k, count=2):
    return np.sin(x) * (x + 1) + count * k + 0.5 + 2 + 2 * x + k + 3


X = np.linspace(-1.0, 2.0, 7)


def test_the_second_process_compiles_nothing(kept, built, load):
    for _ in range(2):
        program = load()
        np.testing.assert_allclose(program.slope(0.5), np.cos(0.5), rtol=1e-15)
        np.testing.assert_array_equal(program.generic(X), 2 * X)
        assert program.generic(3) == 6
        assert isinstance(program.generic(np.float32(1.5)), np.float32)
    assert built == ["grad_inner", "lambda", "lambda", "lambda"]
    assert len(list(kept.iterdir())) == 4


def test_a_program_of_random_numbers_is_kept(kept, built, load):
    assert load().noise(11) == load().noise(11)
    assert built == ["noise"]


def test_what_only_the_frontend_knows_is_asked_for_when_it_is_needed(kept, built, load):
    table = np.arange(12.0).reshape(3, 4) / 12
    right = np.exp(table).max(1) * table[1, 1]
    texts = []
    for _ in range(2):
        scores = load().scores
        np.testing.assert_allclose(scores(table, 1), right, rtol=1e-15)
        np.testing.assert_allclose(scores(table.copy("F"), 1), right, rtol=1e-15)
        np.testing.assert_allclose(scores(table.tolist(), 1), right, rtol=1e-15)
        for wrong in ((table, 3), (table[0], 1), (table, "1"), (np.ones((2, 1)), 1), (np.ones((2, 0)), 0)):
            with pytest.raises(DexError) as caught:
                scores(*wrong)
            texts.append(str(caught.value))
    assert texts[:5] == texts[5:]
    assert built == ["scores"]


@pytest.mark.slow
def test_a_program_that_reads_from_outside_is_elaborated_again_but_not_compiled(kept, built, load):
    for _ in range(2):
        program = load()
        np.testing.assert_allclose(program.subject(X), expected(X, 1.0), rtol=1e-14)
        np.testing.assert_allclose(program.subject(X, k=2.0), expected(X, 2.0), rtol=1e-14)
        program.COUNT = 5
        np.testing.assert_allclose(program.subject(X), expected(X, 1.0, count=5), rtol=1e-14)
    assert built == ["subject", "subject"]


CHANGES = {
    "the function": ("inner(x[i]) *", "1.0 *", lambda: expected(X, 1.0) + (1 - np.sin(X)) * (X + 1)),
    "a callee": ("dx.sin(x)", "dx.cos(x)", lambda: expected(X, 1.0) + (np.cos(X) - np.sin(X)) * (X + 1)),
    "a Python function": ("x + 1.0\n", "x + 2.0\n", lambda: expected(X, 1.0) + np.sin(X)),
    "an integer": ("COUNT = 2", "COUNT = 3", lambda: expected(X, 1.0) + 1),
    "a float": ("RATE = 0.5", "RATE = 1.5", lambda: expected(X, 1.0) + 1),
    "a tuple": ("PAIR = (1, 2)", "PAIR = (1, 3)", lambda: expected(X, 1.0) + 1),
    "a method": ("2.0 * self.x", "3.0 * self.x", lambda: expected(X, 1.0) + X),
    "a closure": ("make(3)", "make(4)", lambda: expected(X, 1.0) + 1),
    "a default": ("k: f64 = 1.0", "k: f64 = 2.0", lambda: expected(X, 2.0)),
    "where it stands": ("\nn, m", "\n\nn, m", lambda: expected(X, 1.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change, kept, built, load):
    load().subject(X)
    old, new, right = CHANGES[change]
    assert PROGRAM.count(old) == 1
    np.testing.assert_allclose(load(PROGRAM.replace(old, new)).subject(X), right(), rtol=1e-14)
    np.testing.assert_allclose(load().subject(X), expected(X, 1.0), rtol=1e-14)
    assert len(built) == 2


@pytest.mark.slow
def test_another_pydex_processor_or_level_is_another_key(kept, built, load, monkeypatch):
    load().slope(0.5)
    monkeypatch.setattr(environment, "_installation", lambda: ("another pydex",))
    load().slope(0.5)
    monkeypatch.setattr(environment, "_processor", lambda: ("another processor",))
    load().slope(0.5)
    monkeypatch.setenv("PYDEX_OPT", "1")
    load().slope(0.5)
    monkeypatch.setenv("PYDEX_THREADS", "2")  # says nothing about the code
    load().slope(0.5)
    assert len(built) == 4


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "swap"])
def test_a_damaged_entry_is_made_again(damage, kept, built, load):
    load().slope(0.5)
    (path,) = kept.iterdir()
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 5)) if damage == "flip" else (len(whole) // 2,):
        broken = bytearray(whole)
        broken[at] ^= 4
        other = whole.replace(path.stem.encode(), b"0" * len(path.stem))
        path.write_bytes({"flip": broken, "cut": whole[:at], "empty": b"", "swap": other}[damage])
        built.clear()
        assert load().slope(0.5) == np.cos(0.5)
        assert built == ["grad_inner"]
        assert path.read_bytes()[:100] == whole[:100]


def test_what_is_not_understood_is_not_kept(kept, built, monkeypatch, capsys):
    monkeypatch.setenv("PYDEX_DEBUG", "1")
    things = types.SimpleNamespace(size=3)
    odd = dx.jit(lambda x: x if things is None else x + 1)
    for f in (odd, dx.jit(odd.function)):
        with pytest.raises(DexError):
            f(1.0)
    assert "is not kept in the cache: it depends on a SimpleNamespace" in capsys.readouterr().err
    monkeypatch.setenv("PYDEX_CACHE", "off")
    assert dx.jit(lambda x: x + 1)(1.0) == 2.0
    assert not kept.exists()


def test_things_that_differ_have_different_fingerprints():
    class Plain:
        pass

    @dx.struct
    class Pair:
        a: f64
        b: f64

    def text(object):
        made = Fingerprint()
        made.add(object)
        return made.text()

    things = [1, 1.0, True, "1", (1,), (1, 1), {"a": 1}, -0.0, 0.0, float("nan"), n, dx.Fin(3), n + 1, n[1:], f64,
              f64[n], np.zeros(2), np.zeros(2, "f4"), np.zeros((2, 2)), dx.exp, np.exp, dx.grad, sum, float, None,
              Pair, Pair(1., 2.), Pair(1., 3.), dx.upto, tuple[f64, f64], dx.grad(lambda x: x),
              dx.jit(lambda x: x)]  # fmt: skip
    assert len({text(thing) for thing in things}) == len(things)
    for thing in (Plain, Plain(), [1], np, object(), {1}, dx.vjp(lambda x: x)):
        with pytest.raises(Unknown):
            text(thing)


def test_the_least_recently_used_go_first(kept, monkeypatch):
    monkeypatch.setenv("PYDEX_CACHE_SIZE", "1")
    for k in range(4):
        files.write(f"{k:064}", bytes(300_000))
        os.utime(kept / f"{k:064}.pydex", ns=(k, k))
        if k == 2:
            assert files.read(f"{0:064}") is not None  # used now
    held = {path.stem.lstrip("0") or "0" for path in kept.iterdir()}
    assert held == {"0", "2", "3"}
    assert files.info().bytes < 1 << 20
    files.write(f"{9:064}", bytes(2 << 20))  # more than may be held
    assert files.read(f"{9:064}") is None


def test_a_directory_that_others_may_write_is_not_used(kept):
    kept.mkdir(mode=0o777)
    kept.chmod(0o777)
    files.write("0" * 64, b"code")
    assert files.read("0" * 64) is None
    assert list(kept.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_no_error(monkeypatch, tmp_path, built):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PYDEX_CACHE", str(tmp_path / "file" / "below"))
    assert dx.jit(lambda x: x + 1)(1.0) == 2.0
    assert files.info().entries == 0


@pytest.mark.slow
def test_entries_are_whole_whoever_writes_them(kept):
    """Six processes write and read one entry, some clear the cache meanwhile: what is read is what somebody wrote."""
    payloads = [bytes([k]) * (1000 + 7919 * k) for k in range(6)]

    def work(k):
        torn = 0
        for i in range(150):
            files.write("a" * 64, payloads[k])
            found = files.read("a" * 64)
            torn += found is not None and found not in payloads
            if k == 0 and i % 40 == 0:
                files.clear()
        os._exit(torn > 0)

    children = []
    for k in range(6):
        child = os.fork()
        if child == 0:
            work(k)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    assert [path.suffix for path in kept.iterdir()] in ([".pydex"], [])


def test_threads_that_want_the_same_code(kept, built, load):
    program = load()
    results = []
    threads = [threading.Thread(target=lambda: results.append(program.slope(0.5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [np.cos(0.5)] * 8
    assert built == ["grad_inner"]


def test_objects_that_are_no_images(kept, monkeypatch):
    objects = []
    keep = cache.keep
    monkeypatch.setattr(
        cache, "keep", lambda key, code, *more: objects.append(code.owner.object_code()) or keep(key, code, *more)
    )
    assert dx.jit(lambda x: dx.sin(x) + 0.1)(0.0) == 0.1
    (whole,) = objects
    assert image_of(whole, "entry").own
    for wrong in (whole[:100], b"", b"MZ" + whole[2:], whole[:18] + b"\x03" + whole[19:]):
        with pytest.raises(NotAnImage):
            image_of(wrong, "entry")
    with pytest.raises(NotAnImage, match="does not define"):
        image_of(whole, "another")
    relocations = [k for k in range(len(whole) - 8) if whole[k : k + 8] == b"\x01\0\0\0\x02\0\0\0"]
    assert relocations
    for at in relocations:
        with pytest.raises(NotAnImage, match="relocation 2"):
            image_of(whole[:at] + b"\x02" + whole[at + 1 :], "entry")


def test_an_offset_outside_of_the_image():
    from pydex.runtime import Image

    assert Image(bytes(16), [(7, np.array([8]).tobytes())]).address % 4096 == 0
    for offset in (-1, 9, 1 << 40):
        with pytest.raises(ValueError, match="outside"):
            Image(bytes(16), [(7, np.array([offset]).tobytes())])
    with pytest.raises(TypeError):
        Image(bytes(16), [7])


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.delenv("PYDEX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert files.directory() in (tmp_path / "pydex", Path.home() / "Library" / "Caches" / "pydex")
    monkeypatch.setenv("PYDEX_CACHE", "off")
    assert files.directory() is None
    assert files.clear() == 0


def test_the_command_line_tells_and_forgets(kept, capsys):
    from pydex.tools.pydex_cli import main

    files.write("0" * 64, bytes(1 << 20))
    answers = ("info", "1 entries, 1.0 MiB of at most 256"), ("clear", "1 entries forgotten"), ("info", "0 entries")
    for action, told in answers:
        with pytest.raises(SystemExit) as ended:
            main(["cache", action])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(told)


@pytest.mark.slow
def test_a_process_that_finds_its_code_loads_no_compiler(kept, tmp_path):
    file = tmp_path / "demo.py"
    text = "import sys\nimport pydex as dx\nf = dx.grad(dx.jit(lambda x: dx.exp(x) * x))\nprint(f(1.5))\n"
    file.write_text(text + "print('xdsl' in sys.modules, 'torch_mlir' in sys.modules, 'islpy' in sys.modules)\n")
    first, second = (subprocess.run([sys.executable, file], capture_output=True, text=True, check=True) for _ in "ab")
    assert first.stdout.splitlines()[0] == second.stdout.splitlines()[0]
    assert float(first.stdout.split()[0]) == pytest.approx(np.exp(1.5) * 2.5, rel=1e-15)
    assert second.stdout.splitlines()[1] == "False False False"


REPLACED = """
import pydex as dx
from pydex import f64

STEPS = 300


def helper(x):
    return 2.0 * x


def other(x):
    return 5.0 * x


@dx.jit
def calls(x: f64) -> f64:
    return helper(x) + STEPS


slope = dx.grad(calls)
"""


def test_code_that_was_found_holds_as_long_as_names_mean_the_same(kept, built, load):
    """Called twice each time: the second call does not go through Python."""
    for _ in range(2):
        program = load(REPLACED)
        assert [program.calls(1.0), program.calls(1.0), program.slope(1.0), program.slope(1.0)] == [302, 302, 2, 2]
        program.helper = program.other
        assert [program.calls(1.0), program.calls(1.0), program.slope(1.0), program.slope(1.0)] == [305, 305, 5, 5]
        program.STEPS = 400
        assert [program.calls(1.0), program.calls(1.0), program.slope(1.0)] == [405, 405, 5]
    assert len(built) == 6
