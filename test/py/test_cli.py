"""The command line: what it prints, where, and its exit status. Never a traceback of pydex."""

import linecache
import subprocess
import sys

import numpy as np
import pytest

from pydex.tools import pydex_cli
from pydex.tools.pydex_cli import parse_argument, split_target

PROGRAM = """\
import numpy as np
import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def total(x: f64[n]) -> f64:
    return sum(x[i] for i in n)


slope = dx.grad(total)


def plain(x):
    return x


if __name__ == "__main__":
    import sys
    print(sys.argv[1:], total(np.ones(3)))
"""


@pytest.fixture
def pydex(tmp_path, monkeypatch, capsys):
    """pydex("run", …) in a directory of its own: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    linecache.clearcache()
    (tmp_path / "demo.py").write_text(PROGRAM)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("demo", "two", "some"):
        monkeypatch.setitem(sys.modules, name, None)  # what the commands load goes away again

    def run(*arguments, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(SystemExit) as stopped:
            pydex_cli.main(arguments)
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run


def test_run_a_file(pydex):
    assert pydex("run", "demo.py", "a", "-b") == (0, "['a', '-b'] 3.0\n", "")


def test_run_a_function(pydex):
    assert pydex("run", "demo.py:total", "[1, 2.5]") == (0, "3.5\n", "")


def test_run_a_derivative_by_keyword(pydex):
    assert pydex("run", "demo.py:slope", "x=[1.0, 2.0]") == (0, "[1. 1.]\n", "")


def test_run_with_an_array_file(pydex, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(4.0))
    assert pydex("run", "demo.py:total", "x.npy") == (0, "6.0\n", "")


def test_run_prints_the_parts_of_a_tuple(pydex):
    text = "import pydex as dx\n@dx.jit\ndef f(x: dx.f64):\n    return x, 2 * x\n"
    assert pydex("run", "two.py:f", "1.5", two=text) == (0, "1.5\n3.0\n", "")


WRONG_ARGUMENT = """\
demo.py:9:11: error: x: expected f64[n], found dict
9 | def total(x: f64[n]) -> f64:
  |           ^
"""


def test_an_argument_that_does_not_fit(pydex):
    assert pydex("run", "demo.py:total", "{}") == (1, "", WRONG_ARGUMENT)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing.py", "nothing.py:1:1: error: No such file or directory\n"),
        ("nothing.py:f", "nothing.py:1:1: error: No such file or directory\n"),
        ("demo.py:totl", "demo.py:1:1: error: there is no function totl\nhelp: did you mean total?\n"),
        ("demo.py:f", "demo.py:1:1: error: there is no function f\nhelp: there is total, slope\n"),
        ("demo.py:plain", "demo.py:1:1: error: plain is no compiled function\nhelp: decorate it with @dx.jit\n"),
    ],
)
def test_what_is_not_there(pydex, target, message):
    assert pydex("run", target) == (1, "", message)


def test_an_argument_that_is_no_literal(pydex):
    message = "demo.py:1:1: error: the argument '1..2' is no Python literal and no .npy file\n"
    assert pydex("run", "demo.py:total", "1..2") == (1, "", message)


CALLED = """\
called.py:7:14: error: 3 is not an index of n, whose size is 2
7 |     return x[n.at(k)]
  |              ^
note: called from here
9 | f(np.ones(2), 3)
  | ^
"""


def test_an_error_of_pydex_in_a_program_says_who_called(pydex):
    text = (
        "import numpy as np\nimport pydex as dx\nfrom pydex import f64, i64\nn = dx.index_sets('n')\n"
        "@dx.jit\ndef f(x: f64[n], k: i64):\n    return x[n.at(k)]\n\nf(np.ones(2), 3)\n"
    )
    assert pydex("run", "called.py", called=text) == (1, "", CALLED)


def test_an_error_of_python_in_a_program(pydex):
    text = "def f(x):\n    return 1 / x\n\nf(0)\n"
    expected = "broken.py:2:12: error: ZeroDivisionError: division by zero\n2 |     return 1 / x\n  |            ^\n"
    assert pydex("run", "broken.py", broken=text) == (1, "", expected)


def test_a_file_that_is_no_python(pydex):
    expected = "broken.py:1:8: error: '(' was never closed\n1 | x = sum((1, 2)\n  |        ^\n"
    assert pydex("run", "broken.py", broken="x = sum((1, 2)\n") == (1, "", expected)


def test_the_exit_of_a_program_is_its_own(pydex):
    assert pydex("run", "leaves.py", leaves="import sys\nsys.exit(7)\n")[0] == 7


def test_check_prints_types(pydex):
    types = "total: total(x: f64[n]) -> f64\nslope: grad_total(x: f64[n]) -> f64[n]\n"
    assert pydex("check", "demo.py") == (0, types, "")


def test_check_prints_the_errors_of_all_functions(pydex):
    text = (
        "import pydex as dx\nfrom pydex import f64\n"
        "@dx.jit\ndef f(x: f64) -> f64: return y\n"
        "@dx.jit\ndef g(x: f64) -> f64: return x\n"
        "@dx.jit\ndef any(x): return x\n"
        "@dx.jit\ndef h(x: f64) -> f64: return x.T\n"
    )
    code, out, err = pydex("check", "some.py", some=text)
    assert (code, out) == (1, "g: g(x: f64) -> f64\nany: generic, typed where it is called\n")
    places = [line for line in err.splitlines() if "error:" in line]
    assert places == [
        "some.py:4:30: error: the name y is not defined",
        "some.py:10:30: error: a number has no attribute T",
    ]


def test_check_one_function(pydex):
    assert pydex("check", "demo.py:total") == (0, "total: total(x: f64[n]) -> f64\n", "")


@pytest.mark.parametrize(
    ("options", "contains"),
    [
        (["--stage", "frontend"], "ix.for"),
        (["--after", "inline"], "func.func @total"),
        ([], "ix.for"),
        (["--stage", "mlir"], "scf.for"),
        (["--stage", "llvm"], "llvm.cond_br"),
    ],
)
def test_ir(pydex, options, contains):
    code, out, err = pydex("ir", "demo.py:total", *options)
    assert (code, err) == (0, "")
    assert contains in out


def test_explain(pydex):
    code, out, err = pydex("explain", "demo.py:total")
    assert (code, err) == (0, "")
    assert out.startswith("total(x: f64[n]) -> f64\n  work       n flops\n  memory     n loads, 0 stores: 8*n bytes\n")


def test_explain_of_no_function(pydex):
    message = "demo.py:1:1: error: which function? pydex explain demo.py:FUNCTION\n"
    assert pydex("explain", "demo.py") == (1, "", message)


def test_ir_of_no_function(pydex):
    assert pydex("ir", "demo.py") == (1, "", "demo.py:1:1: error: which function? pydex ir demo.py:FUNCTION\n")


def test_ir_after_no_pass(pydex):
    code, out, err = pydex("ir", "demo.py:total", "--after", "inlin")
    assert (code, out, err) == (1, "", "demo.py:1:1: error: there is no pass inlin here\nhelp: did you mean inline?\n")


@pytest.mark.parametrize("arguments", [[], ["walk"], ["ir", "f.py:f", "--stage", "gpu"]])
def test_a_wrong_command_line_is_told_by_argparse(pydex, arguments):
    code, out, err = pydex(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: pydex")


def test_targets():
    assert split_target("a.py:f") == ("a.py", "f")
    assert split_target("C:/a.py") == ("C:/a.py", "")
    assert split_target("a.py") == ("a.py", "")


def test_arguments():
    assert parse_argument("[1, 2.5]") == [1, 2.5]
    assert parse_argument("-inf") == float("-inf")
    assert parse_argument("{'a': (1, True)}") == {"a": (1, True)}


@pytest.mark.slow
def test_as_a_program_of_its_own(tmp_path):
    (tmp_path / "demo.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "pydex.tools.pydex_cli", "run", "demo.py:total", "[1.0, 2.0]"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3.0\n", "")
