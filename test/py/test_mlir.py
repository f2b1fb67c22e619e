"""The backend: modules written by hand, compiled in this process and called through the native runtime."""

import ctypes
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pydex import mlir, runtime
from pydex.runtime.signature import Signature, Value

N = ((1, ("n",)),)
DESCRIPTOR = "!llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>"
DECLARATIONS = """
llvm.func @pdx_raise(i64, i64, i64)
llvm.func @pdx_alloc(i64) -> !llvm.ptr
llvm.func @pdx_mark() -> i64
llvm.func @pdx_release(i64)
llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64, i64)
"""


class Raised(Exception):
    """args are site, a, b."""


def scalar(name, dtype="f64"):
    return Value(name, "scalar", dtype)


def table(name, dtype="f64"):
    return Value(name, "table", dtype, (N,))


def slot(name, index, type, frame="%frame"):
    """Reads slot `index` of a frame."""
    return f"""
      %{name}_at = llvm.getelementptr {frame}[{index}] : (!llvm.ptr) -> !llvm.ptr, i64
      %{name} = llvm.load %{name}_at : !llvm.ptr -> {type}"""


def memref(name, pointer, extent, stride, type):
    """The recipe of pydex/mlir.py's docstring, for rank 1."""
    return f"""
      %{name}_0 = llvm.mlir.poison : {DESCRIPTOR}
      %{name}_1 = llvm.insertvalue {pointer}, %{name}_0[0] : {DESCRIPTOR}
      %{name}_2 = llvm.insertvalue {pointer}, %{name}_1[1] : {DESCRIPTOR}
      %{name}_3 = llvm.insertvalue %zero, %{name}_2[2] : {DESCRIPTOR}
      %{name}_4 = llvm.insertvalue {extent}, %{name}_3[3, 0] : {DESCRIPTOR}
      %{name}_5 = llvm.insertvalue {stride}, %{name}_4[4, 0] : {DESCRIPTOR}
      %{name} = builtin.unrealized_conversion_cast %{name}_5 : {DESCRIPTOR} to {type}"""


CONSTANTS = """
      %zero = llvm.mlir.constant(0 : i64) : i64
      %one = llvm.mlir.constant(1 : i64) : i64
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index"""


def entry(body):
    return f"llvm.func @entry(%frame: !llvm.ptr) {{{CONSTANTS}{body}\n      llvm.return\n    }}"


def compiled(text, params, results, symbols=(), **options):
    code = mlir.compile(DECLARATIONS + text, **options)
    return runtime.function(code.address, Signature(symbols, params, results), Raised, code)


MAP = entry(
    slot("n", 0, "i64")
    + slot("px", 1, "!llvm.ptr")
    + slot("sx", 2, "i64")
    + slot("py", 3, "!llvm.ptr")
    + memref("x", "%px", "%n", "%sx", "memref<?xf64, strided<[?]>>")
    + memref("y", "%py", "%n", "%one", "memref<?xf64>")
    + """
      %ni = arith.index_cast %n : i64 to index
      %two = arith.constant 2.0 : f64
      scf.for %i = %c0 to %ni step %c1 {
        %v = memref.load %x[%i] : memref<?xf64, strided<[?]>>
        %w = arith.mulf %v, %two : f64
        memref.store %w, %y[%i] : memref<?xf64>
      }"""
)


@pytest.mark.parametrize("opt_level", [0, 1, 2, 3])
def test_a_loop_over_a_memref(opt_level):
    f = compiled(MAP, (table("x"),), (table("y"),), ("n",), opt_level=opt_level)
    x = np.arange(100.0)
    for view in (x, x[::-3], x[:0], np.broadcast_to(x[3:4], 7)):
        assert np.array_equal(f(view), 2 * view)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86 only")
def test_loops_use_the_whole_vector_register():
    flags = Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    register = "zmm" if " avx512f " in flags else "ymm" if " avx2 " in flags else "xmm"
    assert f"%{register}" in mlir.compile(MAP).assembly()


MATH = {
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "tanh": math.tanh,
    "erf": math.erf,
    "sqrt": math.sqrt,
    "atan": math.atan,
    "cbrt": math.cbrt,
    "log1p": math.log1p,
}


def test_math_functions_are_found():
    lines = [f"%r{i} = math.{name} %x : f64" for i, name in enumerate(MATH)]
    stores = [
        f"%a{i} = llvm.getelementptr %frame[{i + 1}] : (!llvm.ptr) -> !llvm.ptr, i64\n"
        f"      llvm.store %r{i}, %a{i} : f64, !llvm.ptr"
        for i in range(len(MATH))
    ]
    text = entry(slot("x", 0, "f64") + "\n      " + "\n      ".join(lines + stores))
    f = compiled(text, (scalar("x"),), tuple(scalar(name) for name in MATH))
    assert f(0.75) == pytest.approx([function(0.75) for function in MATH.values()], rel=1e-15)


def test_raise_leaves_compiled_code():
    text = entry(
        slot("x", 0, "i64")
        + """
      %bad = arith.cmpi slt, %x, %zero : i64
      scf.if %bad {
        %site = llvm.mlir.constant(4 : i64) : i64
        llvm.call @pdx_raise(%site, %x, %zero) : (i64, i64, i64) -> ()
      }
      %to = llvm.getelementptr %frame[1] : (!llvm.ptr) -> !llvm.ptr, i64
      llvm.store %x, %to : i64, !llvm.ptr"""
    )
    f = compiled(text, (scalar("x", "i64"),), (scalar("y", "i64"),))
    assert f(3) == 3
    with pytest.raises(Raised) as caught:
        f(-3)
    assert caught.value.args == (4, -3, 0)


def test_temporaries_come_from_the_arena():
    text = entry(
        slot("n", 0, "i64")
        + """
      %eight = llvm.mlir.constant(8 : i64) : i64
      %mark = llvm.call @pdx_mark() : () -> i64
      %bytes = llvm.mul %n, %eight : i64
      %p = llvm.call @pdx_alloc(%bytes) : (i64) -> !llvm.ptr"""
        + memref("t", "%p", "%n", "%one", "memref<?xi64>")
        + """
      %ni = arith.index_cast %n : i64 to index
      scf.for %i = %c0 to %ni step %c1 {
        %v = arith.index_cast %i : index to i64
        memref.store %v, %t[%i] : memref<?xi64>
      }
      %sum = scf.for %i = %c0 to %ni step %c1 iter_args(%s = %zero) -> (i64) {
        %v = memref.load %t[%i] : memref<?xi64>
        %next = arith.addi %s, %v : i64
        scf.yield %next : i64
      }
      llvm.call @pdx_release(%mark) : (i64) -> ()
      %to = llvm.getelementptr %frame[1] : (!llvm.ptr) -> !llvm.ptr, i64
      llvm.store %sum, %to : i64, !llvm.ptr"""
    )
    f = compiled(text, (Value("n", "size", "i64", (N,)),), (scalar("s", "i64"),), ("n",))
    for n in (0, 1, 10, 100_000):
        assert f(n) == n * (n - 1) // 2
    with pytest.raises(MemoryError, match="cannot allocate 8796093022208 bytes"):
        f(2**40)


PARALLEL = """
    llvm.func @body(%env: !llvm.ptr, %chunk: i64) {
      %hundred = llvm.mlir.constant(100 : i64) : i64
      %limit = llvm.load %env : !llvm.ptr -> i64
      %py_at = llvm.getelementptr %env[1] : (!llvm.ptr) -> !llvm.ptr, i64
      %py = llvm.load %py_at : !llvm.ptr -> !llvm.ptr
      %bad = llvm.icmp "sge" %chunk, %limit : i64
      scf.if %bad {
        llvm.call @pdx_raise(%chunk, %limit, %chunk) : (i64, i64, i64) -> ()
      }
      %to = llvm.getelementptr %py[%chunk] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %v = func.call @scaled(%chunk, %hundred) : (i64, i64) -> i64
      llvm.store %v, %to : i64, !llvm.ptr
      llvm.return
    }
    func.func @scaled(%a: i64, %b: i64) -> i64 {
      %c = arith.muli %a, %b : i64
      return %c : i64
    }
    """ + entry(
    slot("n", 0, "i64")
    + slot("limit", 1, "i64")
    + slot("py", 2, "!llvm.ptr")
    + """
      %env = llvm.alloca %one x !llvm.struct<(i64, ptr)> : (i64) -> !llvm.ptr
      llvm.store %limit, %env : i64, !llvm.ptr
      %env_1 = llvm.getelementptr %env[0, 1] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(i64, ptr)>
      llvm.store %py, %env_1 : !llvm.ptr, !llvm.ptr
      %f = llvm.mlir.addressof @body : !llvm.ptr
      llvm.call @pdx_parallel(%f, %env, %n, %n) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()"""
)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_parallel_loops(threads):
    before = runtime.get_threads()
    runtime.set_threads(threads)
    try:
        params = (Value("n", "size", "i64", (N,)), scalar("limit", "i64"))
        f = compiled(PARALLEL, params, (table("y", "i64"),), ("n",))
        assert f(50, 50).tolist() == [100 * i for i in range(50)]
        with pytest.raises(Raised) as caught:
            f(50, 20)
        assert caught.value.args == (20, 20, 20)
    finally:
        runtime.set_threads(before)


def test_only_the_entry_stays_visible():
    names = [
        line.split("<")[1].split(">")[0]
        for line in mlir.compile(DECLARATIONS + PARALLEL).assembly().splitlines()
        if line.endswith(">:")
    ]
    assert "scaled" not in names and "_mlir_body" not in names and "entry" in names


def test_other_symbols_may_be_given():
    address = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p).value
    text = "llvm.func @ready() -> i32\n" + entry("""
      %r = llvm.call @ready() : () -> i32
      llvm.store %r, %frame : i32, !llvm.ptr""")
    code = mlir.compile(DECLARATIONS + text, symbols={"ready": address})
    f = runtime.function(code.address, Signature((), (), (scalar("r", "i32"),)), Raised, code)
    assert f() == 1


# ---- what MLIR would crash on, or refuses


def test_what_is_not_lowered_is_refused():
    text = entry("""
      %m = "test.unknown"() : () -> i64""")
    with pytest.raises(mlir.BackendError):
        mlir.compile(text)
    left = "func.func @entry(%t: tensor<4xf64>) -> tensor<4xf64> { return %t : tensor<4xf64> }"
    with pytest.raises(mlir.BackendError, match="not lowered to LLVM: builtin.unrealized_conversion_cast|func.func"):
        mlir.compile(left)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("llvm.func @other() { llvm.return }", "the module does not define @entry"),
        ("llvm.func @entry(", "expected"),
        ("llvm.func @entry(%f: !llvm.ptr) { llvm.return %f : !llvm.ptr }", "expected no operands"),
    ],
)
def test_bad_modules(text, message):
    with pytest.raises(mlir.BackendError, match=message) as caught:
        mlir.compile(text)
    assert caught.value.ir


@pytest.mark.slow
def test_run_passes():
    text = "func.func @f(%x: i64) -> i64 { %a = arith.addi %x, %x : i64 %b = arith.addi %x, %x : i64 return %a : i64 }"
    for pipeline in ("cse", "builtin.module(cse)", "func.func(cse)"):
        assert mlir.run_passes(text, pipeline).count("arith.addi") == 1


@pytest.mark.slow
def test_run_passes_reports():
    with pytest.raises(mlir.BackendError, match="no-such-pass"):
        mlir.run_passes("module {}", "no-such-pass")
    with pytest.raises(mlir.BackendError, match="expected"):
        mlir.run_passes("module {", "cse")


@pytest.mark.slow
def test_a_crash_of_mlir_is_an_error_here():
    deep = "module {" * 200_000  # the C++ parser is recursive
    with pytest.raises(mlir.BackendError, match="MLIR crashed \\(SIG"):
        mlir.run_passes(deep, "cse")


def test_pydex_does_not_import_mlir():
    code = "import pydex, sys; print(*(name for name in sys.modules if 'mlir' in name))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == ""


@pytest.mark.slow
def test_compilations_do_not_accumulate():
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(20):
        mlir.compile(MAP)
    before = resident()
    for _ in range(50):
        mlir.compile(MAP)
    assert resident() - before < 50 * 100_000


def test_llvm_knows_the_options_that_it_is_given():
    """It says nothing about one that it does not know. `-help-hidden` prints all it knows, and exits."""
    program = """if True:
        from pydex import mlir
        mlir.LLVM_OPTIONS = ("-help-hidden",)
        mlir._bindings()"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    known = {word.split("=")[0].replace("--", "-") for word in found.stdout.split()}
    assert {option.split("=")[0] for option in mlir.LLVM_OPTIONS} <= known
