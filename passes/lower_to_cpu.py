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

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xdsl.dialects import func
from xdsl.ir import Attribute, Operation

from pydex.dialects import eff, ix
from pydex.passes import lower_parallel, vector_math
from pydex.passes.lower import Frame, Lowering, is_table
from pydex.passes.lower_rules import RULES
from pydex.passes.lower_scalars import scalar_type
from pydex.passes.lower_text import Idx, Lines, Val, add, mul

POINTER = "!llvm.ptr"

#: Alias scopes in one module; beyond, scopes are shared, which only says less.
MAX_SCOPES = 64

RUNTIME = """\
llvm.func @pdx_raise(i64, i64, i64)
llvm.func @pdx_alloc(i64) -> !llvm.ptr
llvm.func @pdx_mark() -> i64
llvm.func @pdx_release(i64)
llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64)
"""


@dataclass(frozen=True, eq=False)
class Cells:
    """A table in memory: its first cell, the distance of neighbours along each axis in elements, and the alias scope
    of the memory (None: nobody writes it)."""

    pointer: Val
    strides: tuple[Idx, ...]
    element: Attribute
    scope: int | None


@dataclass(frozen=True)
class Lowered:
    """The text of a module, and its `eff.check` ops: site k raises what checks[k] says."""

    text: str
    checks: list[eff.CheckOp]


@dataclass
class Cpu:
    """The target of in-process code."""

    entry: str = "entry"
    use_threads: bool = True
    index: str = "i64"
    scopes: int = 0
    checks: list[eff.CheckOp] = field(default_factory=list)
    needed: set[tuple[str, str]] = field(default_factory=set)
    functions: list[str] = field(default_factory=list)

    def spell(self, type: Attribute) -> str:
        return scalar_type(type, self.index)

    # ------------------------------------------------------------------------------------------------- memory

    def stored(self, element: Attribute) -> str:
        """The type of an element in memory: a bool is a byte."""
        type = self.spell(element)
        return "i8" if type == "i1" else type

    def new_scope(self) -> int:
        self.scopes += 1
        return (self.scopes - 1) % MAX_SCOPES

    def allocate(self, low: Lowering, extents: Sequence[Idx], element: Attribute, small: bool) -> Cells:
        strides: list[Idx] = [1]
        for extent in reversed(extents):
            strides.insert(0, mul(low.code, extent, strides[0]))
        type, code = self.stored(element), low.code
        if small:
            count = code.use(strides[0])
            pointer = code.fresh(POINTER)
            code.head.append(f"{pointer.name} = llvm.alloca {count} x {type} {{alignment = 64}} : (i64) -> !llvm.ptr")
        else:
            bytes_ = mul(code, strides[0], size_of(type))
            pointer = code.let(POINTER, "llvm.call @pdx_alloc({}) : (i64) -> !llvm.ptr", bytes_)
        return Cells(pointer, tuple(strides[1:]), element, self.new_scope())

    def beside(self, place: Cells, spare: Cells) -> Cells:
        """The spare as memory that trades places with `place`."""
        return replace(spare, scope=place.scope)

    def view(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Cells:
        pointer = self._address(low, place, indices)
        return replace(place, pointer=pointer, strides=place.strides[len(indices) :])

    def _address(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Val:
        offset: Idx = 0
        for i, stride in zip(indices, place.strides, strict=False):
            offset = add(low.code, offset, mul(low.code, i, stride))
        if offset == 0:
            return place.pointer
        type = self.stored(place.element)
        if isinstance(offset, int):
            line = f"llvm.getelementptr inbounds {{}}[{offset}] : (!llvm.ptr) -> !llvm.ptr, {type}"
            return low.code.let(POINTER, line, place.pointer)
        line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
        return low.code.let(POINTER, line, place.pointer, offset)

    def load(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Val:
        address, type = self._address(low, place, indices), self.stored(place.element)
        line = f"llvm.load {{}}{self._aliases(place)} : !llvm.ptr -> {type}"
        value = low.code.let(type, line, address)
        if self.spell(place.element) == "i1":
            return low.code.let("i1", "arith.trunci {} : i8 to i1", value)
        return value

    def store(self, low: Lowering, place: Cells, indices: Sequence[Idx], value: Val) -> None:
        address, type = self._address(low, place, indices), self.stored(place.element)
        if value.type == "i1":
            value = low.code.let("i8", "arith.extui {} : i1 to i8", value)
        low.code.do(f"llvm.store {{}}, {{}}{self._aliases(place)} : {type}, !llvm.ptr", value, address)

    def _aliases(self, place: Cells) -> str:
        if place.scope is None:
            return " {{noalias_scopes = #written}}"
        return f" {{{{alias_scopes = #in{place.scope}, noalias_scopes = #not{place.scope}}}}}"

    def carried(self, low: Lowering, place: Cells) -> list[Val]:
        return [place.pointer, *(low.code.number(s) for s in place.strides)]

    def place_of(self, low: Lowering, like: Cells, values: Sequence[Val]) -> Cells:
        return replace(like, pointer=values[0], strides=tuple(values[1:]))

    def leave(self, low: Lowering, frame: Frame, start: Lines) -> None:
        """A loop's body that allocates gives it all back; the runtime does so for the function."""
        if frame.is_loop and frame.allocates:
            with low.code.at(start):
                mark = low.code.let("i64", "llvm.call @pdx_mark() : () -> i64")
            low.code.do("llvm.call @pdx_release({}) : (i64) -> ()", mark)

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

    def aliases(self) -> str:
        """The alias scopes, and for each the list of it alone and that of all others."""
        count = min(self.scopes, MAX_SCOPES)
        lines = ['#domain = #llvm.alias_scope_domain<id = distinct[0]<>, description = "tables">']
        for k in range(count):
            lines.append(f"#s{k} = #llvm.alias_scope<id = distinct[{k + 1}]<>, domain = #domain>")
        for k in range(count):
            others = ", ".join(f"#s{other}" for other in range(count) if other != k)
            lines += [f"#in{k} = [#s{k}]", f"#not{k} = [{others}]"]
        lines.append(f"#written = [{', '.join(f'#s{k}' for k in range(count))}]")
        return "\n".join(lines)

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


def size_of(type: str) -> int:
    """The bytes of an element in memory."""
    return 2 if type == "bf16" else max(1, int(type[1:]) // 8)


def lower(function: func.FuncOp, entry: str = "entry", parallel: bool = True) -> Lowered:
    """The text of the module that computes `function` (whose calls have been inlined), and its raise sites."""
    return Cpu(entry, parallel).lower(function)
