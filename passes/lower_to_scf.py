"""lower-to-scf: the portable form, in upstream dialects alone.

    func.func @f(%x : !ix.tab<[n], f32>) -> (f32, !ix.tab<[n], f32>) { ix.sizes ["n"] … }
    ==>  func.func @f(%n : index, %x : memref<?xf32, strided<[?], offset: ?>>, %r : memref<?xf32>) -> f32
         { … scf, memref, arith, math, cf.assert … }

Arguments: the size symbols, the parameters, and a destination for each table result; scalars are returned. A
released MLIR runs it with nothing of pydex in the process. A loop that may run in parallel is an `scf.parallel` if
it only writes tables. Functions of the module that mention neither `ix` nor `eff` stay as they are.

What it does not do: threads for reductions and accumulators, vector math: that is `lower_to_cpu.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, ClassVar

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.text import parse
from pydex.passes.lower import Frame, Lowering, is_table
from pydex.passes.lower_iteration import iteration
from pydex.passes.lower_parallel import shared_accumulators, worth_it
from pydex.passes.lower_rules import RULES
from pydex.passes.lower_scalars import scalar_type
from pydex.passes.lower_text import Idx, Lines, Val, add

#: How MLIR writes, in a list of numbers, that the number is an operand.
DYNAMIC = -(2**63)


@dataclass(frozen=True, eq=False)
class Memref:
    """A memref, the first indices that are fixed, the number of axes left, and where the table begins along them."""

    memref: Val
    prefix: tuple[Idx, ...]
    rank: int
    element: Attribute
    starts: tuple[Idx, ...] = ()


@dataclass
class Portable:
    """The target of upstream dialects."""

    index: str = "index"
    near_forms: ClassVar[bool] = False
    loop_hints: ClassVar[Mapping[str, str]] = {}

    def spell(self, type: Attribute) -> str:
        return scalar_type(type, self.index)

    def memref_type(self, rank: int, element: Attribute, strided: bool = False) -> str:
        layout = f", strided<[{', '.join('?' * rank)}], offset: ?>" if strided else ""
        return f"memref<{'?x' * rank}{self.spell(element)}{layout}>"

    # ------------------------------------------------------------------------------------------------- memory

    def allocate(self, low: Lowering, extents: Sequence[Idx], element: Attribute, small: bool) -> Memref:
        type, code = self.memref_type(len(extents), element), low.code
        if small:
            sizes = ", ".join(code.use(e) for e in extents)
            memref = code.fresh(type)
            code.head.append(f"{memref.name} = memref.alloca({sizes}) : {type}")
        else:
            memref = code.let(type, f"memref.alloc({', '.join(['{}'] * len(extents))}) : {type}", *extents)
            low.frames[-1].owned.append(memref)
        return Memref(memref, (), len(extents), element)

    def leave(self, low: Lowering, frame: Frame, start: Lines) -> None:
        for memref in frame.owned:
            low.code.do(f"memref.dealloc {{}} : {memref.type}", memref)

    def beside(self, place: Memref, spare: Memref) -> tuple[Memref, Memref]:
        return place, spare

    def view(self, low: Lowering, place: Memref, indices: Sequence[Any]) -> Memref:
        starts = place.starts[len(indices) :]
        return replace(place, prefix=self._at(low, place, indices), rank=place.rank - len(indices), starts=starts)

    def rows_from(self, low: Lowering, place: Memref, axis: int, start: Idx) -> Memref:
        starts = [*place.starts, *[0] * (place.rank - len(place.starts))]
        starts[axis] = add(low.code, starts[axis], start)
        return replace(place, starts=tuple(starts))

    def _at(self, low: Lowering, place: Memref, indices: Sequence[Any]) -> tuple[Any, ...]:
        moved = [add(low.code, i, s) for i, s in zip_longest(indices, place.starts[: len(indices)], fillvalue=0)]
        return (*place.prefix, *moved)

    def load(self, low: Lowering, place: Memref, indices: Sequence[Any]) -> Val:
        at = self._at(low, place, indices)
        line = f"memref.load {{}}[{', '.join(['{}'] * len(at))}] : {place.memref.type}"
        return low.code.let(self.spell(place.element), line, place.memref, *at)

    def store(self, low: Lowering, place: Memref, indices: Sequence[Any], value: Val) -> None:
        at = self._at(low, place, indices)
        line = f"memref.store {{}}, {{}}[{', '.join(['{}'] * len(at))}] : {place.memref.type}"
        low.code.do(line, value, place.memref, *at)

    def carried(self, low: Lowering, place: Memref) -> list[Val]:
        """The memref, as one of any strides."""
        assert not any(place.starts), "rows of a table are not handed on"
        memref, type = place.memref, self.memref_type(place.rank, place.element, strided=True)
        if place.prefix:
            memref = self._subview(low, place)
        if memref.type != type:
            memref = low.code.let(type, f'"memref.cast"({{}}) : ({memref.type}) -> {type}', memref)
        return [memref]

    def _subview(self, low: Lowering, place: Memref) -> Val:
        code, source, fixed = low.code, place.memref, len(place.prefix)
        axes = range(fixed, fixed + place.rank)
        sizes = [code.let("index", f"memref.dim {{}}, {{}} : {source.type}", source, axis) for axis in axes]
        static = {
            "static_offsets": [DYNAMIC] * fixed + [0] * place.rank,
            "static_sizes": [1] * fixed + [DYNAMIC] * place.rank,
            "static_strides": [1] * (fixed + place.rank),
        }
        lists = ", ".join(f"{name} = array<i64: {', '.join(map(str, values))}>" for name, values in static.items())
        segments = f"operandSegmentSizes = array<i32: 1, {fixed}, {place.rank}, 0>"
        operands = ", ".join(["{}"] * (1 + fixed + place.rank))
        types = ", ".join([source.type, *["index"] * (fixed + place.rank)])
        type = self.memref_type(place.rank, place.element, strided=True)
        line = f'"memref.subview"({operands}) <{{{{{lists}, {segments}}}}}> : ({types}) -> {type}'
        return code.let(type, line, source, *place.prefix, *sizes)

    def place_of(self, low: Lowering, like: Memref, values: Sequence[Val]) -> Memref:
        return Memref(values[0], (), like.rank, like.element)

    # ---------------------------------------------------------------------------------------- errors and calls

    def check(self, low: Lowering, op: eff.CheckOp) -> None:
        message = f"{op.exception.data}: {op.message.data}".replace("\\", "\\\\").replace('"', "'")
        low.code.do(f'cf.assert {{}}, "{message.replace("{", "{{").replace("}", "}}")}"', low.value(op.condition))

    def math(self, low: Lowering, op: Operation) -> Val:
        operands = low.operands(op)
        type = self.spell(op.results[0].type)
        suffix = ", ".join(v.type for v in operands) if op.name == "math.fpowi" else type
        return low.code.let(type, f"{op.name} {', '.join(['{}'] * len(operands))} : {suffix}", *operands)

    def fill(self, low: Lowering, type: Attribute, place: Memref, value: Val) -> bool:
        return False

    def copy(self, low: Lowering, type: Attribute, source: Memref, target: Memref) -> bool:
        return False

    def in_lanes(self, op: ix.ForOp) -> None:
        return None

    def turned(self, low: Lowering, type: ix.TableType, source: Any, target: Any) -> bool:
        return False

    def in_rows(self, op: ix.ForOp) -> None:
        return None

    def parallel(self, low: Lowering, op: ix.ForOp) -> bool:
        simple = not any(k in ix.REDUCTIONS for k in op.kind_names) and not shared_accumulators(op)
        if not (simple and worth_it(op)):
            return False
        code = low.code
        before, i = code.slot(), code.fresh("index")
        segments = "<{{operandSegmentSizes = array<i32: 1, 1, 1, 0>}}>"
        code.do(f'"scf.parallel"({{}}, {{}}, {{}}) {segments} ({{{{', 0, low.size(op.size), 1)
        with low.frame(before) as frame:
            frame.before = None  # what an iteration allocates is its own
            code.do(f"^bb0({i.name}: index):")
            start = code.slot()
            iteration(low, op, i)
            self.leave(low, frame, start)
            code.do('"scf.reduce"() : () -> ()')
        code.do("}}) : (index, index, index) -> ()")
        return True

    # -------------------------------------------------------------------------------------------- the function

    def lower(self, function: func.FuncOp) -> str:
        low, block = Lowering(self, RULES), function.body.block
        arguments = self._sizes(low, block) + self._parameters(low, block)
        destinations = self._destinations(low, function, arguments)
        returned = list(block.last_op.operands) if block.last_op else []
        for value, place in zip(returned, destinations, strict=True):
            if is_table(value):
                low.want(value, place)
        low.run(block)
        for value, place in zip(returned, destinations, strict=True):
            if is_table(value):
                low.deliver(value, place)
        self.leave(low, low.frames[0], low.code.slot())
        scalars = [low.value(v) for v in returned if not is_table(v)]
        types = ", ".join(v.type for v in scalars)
        low.code.do(f"func.return {', '.join(['{}'] * len(scalars))}{' : ' * bool(scalars)}{types}", *scalars)
        header = ", ".join(f"{a.name}: {a.type}" for a in arguments)
        arrow = f" -> ({types})" if scalars else ""
        return f"func.func @{function.sym_name.data}({header}){arrow} {{\n{low.code.text()}\n}}\n"

    def _sizes(self, low: Lowering, block: object) -> list[Val]:
        first = getattr(block, "first_op", None)
        symbols = [s.data for s in first.symbols] if isinstance(first, ix.SizesOp) else []
        values = [low.code.fresh("index") for _ in symbols]
        for symbol, value in zip(symbols, values, strict=True):
            low.define(symbol, value)
        return values

    def _parameters(self, low: Lowering, block: object) -> list[Val]:
        arguments: list[Val] = []
        for arg in getattr(block, "args", ()):
            if isinstance(arg.type, ix.TableType):
                type = self.memref_type(arg.type.rank, arg.type.element, strided=True)
                value = low.code.fresh(type)
                low.places[arg] = Memref(value, (), arg.type.rank, arg.type.element)
            else:
                value = low.values[arg] = low.code.fresh(self.spell(arg.type))
            arguments.append(value)
        return arguments

    def _destinations(self, low: Lowering, function: func.FuncOp, arguments: list[Val]) -> list[Memref | None]:
        """A memref argument for each table result."""
        places: list[Memref | None] = []
        for type in function.function_type.outputs:
            if not isinstance(type, ix.TableType):
                places.append(None)
                continue
            value = low.code.fresh(self.memref_type(type.rank, type.element))
            arguments.append(value)
            places.append(Memref(value, (), type.rank, type.element))
        return places


class LowerToScf(ModulePass):
    """Lowers the functions of `ix` and `eff` to scf, memref, arith and math."""

    name: ClassVar[str] = "lower-to-scf"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [f for f in op.ops if isinstance(f, func.FuncOp) and _is_ours(f)]:
            lowered = parse(Portable().lower(function), "lower-to-scf", ctx)
            new = lowered.body.block.first_op
            assert new is not None
            new.detach()
            op.body.block.insert_op_before(new, function)
            function.detach()
            function.erase()


def _is_ours(function: func.FuncOp) -> bool:
    return any(child.name.startswith(("ix.", "eff.")) for child in function.walk())
