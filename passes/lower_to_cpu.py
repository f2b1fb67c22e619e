"""lower-to-cpu: the form that is compiled in this process.

    func.func @f(%x : !ix.tab<[n], f32>) -> f32 { ix.sizes ["n"] … }
    ==>  llvm.func @entry(%frame : !llvm.ptr) { … scf, arith, llvm.load, llvm.store, calls of the runtime … }

Tables are pointers and strides, not memrefs: half the text, and each access says which memory it cannot touch.
Memory that is written (results, temporaries) has an alias scope of its own; what parameters point to is never
written. So LLVM hoists loads over stores and vectorises without checks at run time, which it would not do for more
than a few tables.

What it does not do: decide anything about the program; `lower.py` does. The frame is described in
pydex/runtime/signature.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.ir import Attribute, Operation

from pydex.dialects import eff, ix
from pydex.passes import lower_parallel, vector_math
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import POINTER, Cells, Memory
from pydex.passes.lower_rules import RULES
from pydex.passes.lower_text import Idx, Val, mul

RUNTIME = """\
llvm.func @pdx_raise(i64, i64, i64)
llvm.func @pdx_alloc(i64) -> !llvm.ptr
llvm.func @pdx_mark() -> i64
llvm.func @pdx_release(i64)
llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64)
"""


@dataclass(frozen=True)
class Lowered:
    """The text of a module, and its `eff.check` ops: site k raises what checks[k] says."""

    text: str
    checks: list[eff.CheckOp]


@dataclass
class Cpu(Memory):
    """The target of in-process code."""

    use_threads: bool = True
    checks: list[eff.CheckOp] = field(default_factory=list)
    needed: set[tuple[str, str]] = field(default_factory=set)

    # ---------------------------------------------------------------------------------------- errors and calls

    def check(self, low: Lowering, op: eff.CheckOp) -> None:
        """Calls the runtime with the site and the numbers, which does not return."""
        code, site = low.code, len(self.checks)
        self.checks.append(op)
        numbers = [*(low.values[o] for o in op.operands_), 0, 0][:2]
        wrong = code.let("i1", "arith.xori {}, {} : i1", low.values[op.condition], code.constant("true", "i1"))
        code.do("scf.if {} {{", wrong)
        with low.frame():
            code.do("llvm.call @pdx_raise({}, {}, {}) : (i64, i64, i64) -> ()", site, *numbers)
        code.do("}}")

    def math(self, low: Lowering, op: Operation) -> Val:
        """A call of our own function, which LLVM vectorises; where there is none, the upstream op."""
        operands = [low.values[o] for o in op.operands]
        type, name = self.spell(op.results[0].type), op.name.removeprefix("math.")
        types = ", ".join(v.type for v in operands)
        if name in vector_math.FUNCTIONS and type in ("f32", "f64"):
            self.needed.add((name, type))
            call = f"func.call @{vector_math.symbol(name, type)}({', '.join(['{}'] * len(operands))})"
            return low.code.let(type, f"{call} : ({types}) -> {type}", *operands)
        suffix = f"{types.split(', ')[0]}, {types.split(', ')[1]}" if name == "fpowi" else type
        flags = " fastmath<contract>" if type[0] in "fb" else ""
        return low.code.let(type, f"{op.name} {', '.join(['{}'] * len(operands))}{flags} : {suffix}", *operands)

    def parallel(self, low: Lowering, op: ix.ForOp) -> bool:
        if not (self.use_threads and lower_parallel.worth_it(op)):
            return False
        lower_parallel.parallel(self, low, op)
        return True

    # -------------------------------------------------------------------------------------------- the function

    def lower(self, function: func.FuncOp) -> Lowered:
        """The module of one function, whose calls have been inlined."""
        low = Lowering(self, RULES)
        block = function.body.block
        results = self._unpack(low, function)
        returned = list(block.last_op.operands) if block.last_op else []
        for value, place in zip(returned, results, strict=True):
            if is_table(value):
                low.want(value, place)
        low.run(block)
        for value, place in zip(returned, results, strict=True):
            if is_table(value):
                low.deliver(value, place)
            else:
                self.store(low, place, [], low.values[value])
        text = f"llvm.func @{self.entry}(%frame: !llvm.ptr) {{\n{low.code.text()}\n  llvm.return\n}}\n"
        math = vector_math.module_functions(self.needed)
        return Lowered("\n".join([self.aliases(), RUNTIME, text, *self.functions, math]), self.checks)

    def _unpack(self, low: Lowering, function: func.FuncOp) -> list[Cells]:
        """Sizes and parameters become values and places; the places of the results."""
        frame = CallFrame(self, low)
        first = function.body.block.first_op
        for symbol in first.symbols if isinstance(first, ix.SizesOp) else ():
            low.define(symbol.data, frame.next("i64"))
        for arg in function.body.block.args:
            if isinstance(arg.type, ix.TableType):
                pointer = frame.next(POINTER)
                strides = tuple(frame.next("i64") for _ in range(arg.type.rank))
                low.places[arg] = Cells(pointer, strides, arg.type.element, None)
            else:
                low.values[arg] = frame.scalar(arg.type)
        return [frame.result(low, type) for type in function.function_type.outputs]


class CallFrame:
    """Reads the frame slot by slot."""

    def __init__(self, cpu: Cpu, low: Lowering):
        self.cpu = cpu
        self.low = low
        self.slot = 0

    def _address(self) -> Val:
        self.slot += 1
        line = f"llvm.getelementptr inbounds %frame[{self.slot - 1}] : (!llvm.ptr) -> !llvm.ptr, i64"
        return self.low.code.let(POINTER, line)

    def next(self, type: str) -> Val:
        return self.low.code.let(type, f"llvm.load {{}} : !llvm.ptr -> {type}", self._address())

    def scalar(self, type: Attribute) -> Val:
        return self.cpu.load(self.low, Cells(self._address(), (), type, None), [])

    def result(self, low: Lowering, type: Attribute) -> Cells:
        if not isinstance(type, ix.TableType):
            return Cells(self._address(), (), type, self.cpu.new_scope())
        pointer = self.next(POINTER)
        strides: list[Idx] = [1]
        for size in reversed(ix.bounding_sizes(type)[1:]):
            strides.insert(0, mul(low.code, low.size(size), strides[0]))
        return Cells(pointer, tuple(strides), type.element, self.cpu.new_scope())


def lower(function: func.FuncOp, entry: str = "entry", parallel: bool = True) -> Lowered:
    """The text of the module that computes `function` (whose calls have been inlined), and its raise sites."""
    return Cpu(entry, use_threads=parallel).lower(function)
