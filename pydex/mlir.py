"""The only module that talks to MLIR: upstream passes, and the JIT.

`compile(text, entry)` runs the upstream pipeline over a module of the dialects arith, cf, func, index, linalg, llvm,
math, memref, scf, ub and vector, makes machine code for this processor, and returns the address of the entry.

What a module looks like
------------------------
The entry is `llvm.func @entry(%frame: !llvm.ptr)`; the frame is an array of 8-byte slots (pydex/runtime/signature.py).
A table is a memref made of its pointer by way of MLIR's own descriptor, which `reconcile-unrealized-casts` removes:

    llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64, i64)              // declare what is called of the runtime
    llvm.func @entry(%frame: !llvm.ptr) {
      %n = llvm.load %frame : !llvm.ptr -> i64                           // slot 0
      %at = llvm.getelementptr %frame[1] : (!llvm.ptr) -> !llvm.ptr, i64
      %p = llvm.load %at : !llvm.ptr -> !llvm.ptr                        // slot 1
      …
      %d0 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
      %d1 = llvm.insertvalue %p, %d0[0] : …                              // what was allocated: the same pointer
      %d2 = llvm.insertvalue %p, %d1[1] : …                              // the first element
      %d3 = llvm.insertvalue %zero, %d2[2] : …                           // offset
      %d4 = llvm.insertvalue %n, %d3[3, 0] : …                           // extents
      %d5 = llvm.insertvalue %s, %d4[4, 0] : …                           // strides, in elements
      %x = builtin.unrealized_conversion_cast %d5 : … to memref<?xf64, strided<[?]>>     // row-major: memref<?xf64>
      … scf, arith, math, vector, memref on %x …
      llvm.return
    }

For a memref of rank 0 the struct is `<(ptr, ptr, i64)>`. An i64 becomes an index, and back, by `arith.index_cast`.
A parallel loop is an outlined `llvm.func @body(%env: !llvm.ptr, %chunk: i64)`; its captured values are stored into an
environment (`llvm.alloca` of a struct; at the entry of the function, or a loop grows the stack), and

    %f = llvm.mlir.addressof @body : !llvm.ptr
    llvm.call @pdx_parallel(%f, %env, %chunks, %ns) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()

Functions may call each other with func.call. All but the entry become internal here, so LLVM may inline and drop them;
vector registers are used at their full width, which LLVM avoids on Intel by default (measured: 0 to 40 % slower so);
and runtime functions are declared for what they are (pdx_raise does not return, pdx_alloc returns new aligned memory).

MLIR's C++ ends the process on some bad input. So `compile` refuses what is not wholly lowered, and passes that a person
chose run in a child process: `run_passes`.
"""

from __future__ import annotations

import ctypes
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydex.compiling import one_at_a_time

PIPELINE = (
    "convert-linalg-to-loops",
    "canonicalize",
    "cse",
    "convert-vector-to-scf",
    "convert-scf-to-cf",
    "expand-strided-metadata",
    "lower-affine",
    "convert-math-to-llvm",
    "convert-math-to-libm",  # after math-to-llvm: what has no intrinsic
    "convert-vector-to-llvm",
    "finalize-memref-to-llvm",
    "convert-func-to-llvm",
    "convert-arith-to-llvm",
    "convert-cf-to-llvm",
    "convert-index-to-llvm",
    "convert-ub-to-llvm",
    "reconcile-unrealized-casts",  # last: every conversion before it leaves casts
)

RUNTIME_ATTRIBUTES = {
    "pdx_raise": '["noreturn", "cold", "nounwind"]',
    "pdx_alloc": '["nounwind"]',
    "pdx_mark": '["nounwind"]',
    "pdx_release": '["nounwind"]',
}

#: What LLVM is told once in a process: both passes take a fifth of its time, and brought no program any speed.
#: Strength reduction tries out ways to step through all addresses of a loop; they are affine already, and the machine
#: adds a scaled index for nothing. Unswitching writes a loop once for each outcome of a condition.
LLVM_OPTIONS = ("-disable-lsr", "-unswitch-threshold=0")

ADDRESS = "pydex_entry_address"  # a function that is added: it stores the entry's address


class BackendError(Exception):
    """MLIR did not accept what pydex gave it. `ir` is the text in question."""

    def __init__(self, message: str, ir: str = "") -> None:
        super().__init__(message)
        self.ir = ir


@dataclass(frozen=True)
class JitCode:
    """Machine code in this process; it lives as long as this object."""

    address: int
    engine: Any = field(repr=False)
    seconds: Mapping[str, float] = field(default_factory=dict)  # of CPU time, by step

    def object_code(self) -> bytes:
        """The object file that was loaded."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "code.o"
            self.engine.dump_to_object_file(str(path))
            return path.read_bytes()

    def assembly(self) -> str:
        """The machine code, disassembled by binutils' objdump. Raises FileNotFoundError without one."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "code.o"
            path.write_bytes(self.object_code())
            command = ["objdump", "--disassemble", "--no-show-raw-insn", str(path)]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def _bindings() -> tuple[Any, Any, Any]:
    """MLIR's modules ir, passmanager and execution_engine."""
    package = "mlir" if find_spec("mlir") and find_spec("mlir.ir") else "torch_mlir"
    modules = tuple(import_module(f"{package}.{name}") for name in ("ir", "passmanager", "execution_engine"))
    _set_llvm_options(Path(str(modules[0].__file__)).parent / "_mlir_libs")
    return modules  # type: ignore


def _set_llvm_options(libraries: Path) -> None:
    """Sets LLVM_OPTIONS. LLVM ignores those that it does not know."""
    for path in libraries.glob("lib*CAPI.so*"):
        parse = getattr(ctypes.CDLL(str(path)), "LLVMParseCommandLineOptions", None)
        if parse is not None:
            words = [b"pydex", *(option.encode() for option in LLVM_OPTIONS)]
            parse(len(words), (ctypes.c_char_p * len(words))(*words), b"")
            return


def _runtime_symbols() -> dict[str, int]:
    from pydex import runtime

    return runtime.addresses(runtime.SYMBOLS)


def _context() -> Any:
    ir, _, _ = _bindings()
    context = ir.Context(load_on_create_dialects=[])  # on demand: loading all of them takes 8 ms
    context.enable_multithreading(False)  # nothing here is wide enough to pay for it, and threads do not survive a fork
    return context


def _lower(text: str, pipeline: Sequence[str], seconds: dict[str, float]) -> Any:
    """The module after the pipeline; its context is the current one."""
    ir, passmanager, _ = _bindings()
    start = time.thread_time()
    try:
        module = ir.Module.parse(text)
        parsed = time.thread_time()
        passes = passmanager.PassManager.parse(f"builtin.module({','.join(pipeline)})")
        passes.enable_verifier(False)  # after each pass it takes longer than most passes; parsing has verified, too
        passes.run(module.operation)
        module.operation.verify()
    except (ir.MLIRError, ValueError) as error:
        raise BackendError(str(error), text) from None
    seconds |= {"MLIR: parsing": parsed - start, "MLIR: upstream passes": time.thread_time() - parsed}
    return module


def lower(text: str, pipeline: Sequence[str] = PIPELINE) -> str:
    """The text of the module after a pipeline that is known not to crash. Raises BackendError."""
    ir, _, _ = _bindings()
    with _context(), ir.Location.unknown():
        return str(_lower(text, pipeline, {}))


def compile(
    text: str,
    entry: str = "entry",
    symbols: Mapping[str, int] | None = None,
    opt_level: int = 3,
    pipeline: Sequence[str] = PIPELINE,
) -> JitCode:
    """Machine code of a module, for this processor.

    symbols: addresses of functions that the module declares, besides those of the runtime and of the C library.
    Raises BackendError if MLIR refuses the module, or if the pipeline left an op that is not LLVM's.
    """
    ir, _, execution_engine = _bindings()
    seconds: dict[str, float] = {}
    with one_at_a_time(), _context(), ir.Location.unknown():
        module = _lower(text, pipeline, seconds)
        _refuse_unlowered(module)
        _prepare(module, entry)
        start = time.thread_time()
        engine = execution_engine.ExecutionEngine(module, opt_level=opt_level)
        optimised = time.thread_time()
        for name, address in {**_runtime_symbols(), **(symbols or {})}.items():
            engine.raw_register_runtime(name, ctypes.c_void_p(address))
        address = _entry_address(engine)
        seconds |= {"LLVM: optimisation": optimised - start, "LLVM: code and linking": time.thread_time() - optimised}
    return JitCode(address, engine, seconds)


def _refuse_unlowered(module: Any) -> None:
    # The translation to LLVM IR crashes on an op that it does not know.
    ir, _, _ = _bindings()
    left: set[str] = set()

    def visit(op: Any) -> Any:
        if not op.name.startswith("llvm.") and op.name != "builtin.module":
            left.add(op.name)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    if left:
        raise BackendError(f"not lowered to LLVM: {', '.join(sorted(left))}", str(module))


def _prepare(module: Any, entry: str) -> None:
    """Linkage and attributes of every function, and the function that tells the entry's address."""
    ir, _, _ = _bindings()
    internal = ir.Attribute.parse("#llvm.linkage<internal>")
    width = ir.Attribute.parse('[["prefer-vector-width", "512"]]') if platform.machine() == "x86_64" else None
    found = False
    for op in module.body.operations:
        if op.operation.name != "llvm.func":
            continue
        name = ir.StringAttr(op.attributes["sym_name"]).value
        if not op.regions[0].blocks:
            if name in RUNTIME_ATTRIBUTES:
                op.attributes["passthrough"] = ir.Attribute.parse(RUNTIME_ATTRIBUTES[name])
            continue
        if width is not None:
            given = op.attributes["passthrough"] if "passthrough" in op.attributes else []
            op.attributes["passthrough"] = ir.ArrayAttr.get([*given, *width])
        if name == entry:
            found = True
            op.attributes["no_inline"] = ir.UnitAttr.get()  # or LLVM would compile it again inside MLIR's wrapper
        else:
            op.attributes["linkage"] = internal
    if not found:
        raise BackendError(f"the module does not define @{entry}", str(module))
    _add_address_function(module, entry)


def _add_address_function(module: Any, entry: str) -> None:
    ir, _, _ = _bindings()
    text = f"""llvm.func @{ADDRESS}(%to: !llvm.ptr) {{
      %address = llvm.mlir.addressof @{entry} : !llvm.ptr
      llvm.store %address, %to : !llvm.ptr, !llvm.ptr
      llvm.return
    }}
    llvm.func @{entry}(!llvm.ptr)"""
    source = ir.Module.parse(text)  # alive until its op has been copied
    source.body.operations[0].operation.clone(ir.InsertionPoint(module.body))


def _entry_address(engine: Any) -> int:
    # The engine only finds MLIR's wrappers, which take an array of pointers to the arguments.
    call = engine.raw_lookup(ADDRESS)
    if not call:
        raise BackendError("LLVM made no code")
    result = ctypes.c_void_p()
    argument = ctypes.c_void_p(ctypes.addressof(result))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(call)(ctypes.addressof(ctypes.c_void_p(ctypes.addressof(argument))))
    return result.value or 0


# ---- passes that a person chose, in a child process


def run_passes(text: str, pipeline: str, timeout: float = 120.0) -> str:
    """The module after an upstream pipeline, `canonicalize,cse` or `builtin.module(…)`. Raises BackendError: with
    MLIR's message, or saying that MLIR crashed."""
    command = [sys.executable, "-m", "pydex.mlir", pipeline]
    try:
        child = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise BackendError(f"MLIR's passes {pipeline} did not end within {timeout:g} s", text) from None
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise BackendError(f"MLIR crashed ({name}) in {pipeline}", text)
    if child.returncode:
        raise BackendError(child.stderr.strip(), text)
    return child.stdout


def _child() -> int:
    pipeline = sys.argv[1]
    if pipeline.startswith("builtin.module(") and pipeline.endswith(")"):
        pipeline = pipeline.removeprefix("builtin.module(")[:-1]
    try:
        print(lower(sys.stdin.read(), [pipeline]))
    except BackendError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_child())
