"""lower-to-cpu: the form that is compiled in this process.

    func.func @f(%x : !ix.tab<[n], f32>) -> f32 { ix.sizes ["n"] … }
    ==>  llvm.func @entry(%frame : !llvm.ptr) { … scf, arith, llvm.load, llvm.store, calls of the runtime … }

Arguments that are contiguous, row by row, go to code whose strides are known; any others to code of its own, which is
made when it is first needed (`pdx_any_strides`, see pydex/pipeline.py).

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

from pydex import processor
from pydex.dialects import eff, ix
from pydex.passes import lower_entry, lower_lane_check, lower_licence, lower_parallel, lower_whole, vector_math
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import Cells, Memory
from pydex.passes.lower_cost import is_short
from pydex.passes.lower_lane_choice import Choice, Choices
from pydex.passes.lower_monoids import is_float
from pydex.passes.lower_powers import half_power
from pydex.passes.lower_rows_choice import Rows, rows
from pydex.passes.lower_rules import RULES
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import element, lanes_of, negation, with_element
from pydex.passes.vector_math import near

RUNTIME = """\
llvm.func @pdx_raise(i64, i64, i64)
llvm.func @pdx_alloc(i64) -> !llvm.ptr
llvm.func @pdx_mark() -> i64
llvm.func @pdx_release(i64)
llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64, i64)
llvm.func @pdx_contract(!llvm.ptr)
llvm.func @pdx_copy(!llvm.ptr, !llvm.ptr, i64)
llvm.func @pdx_fill(!llvm.ptr, i64, i64, i64)
llvm.func @pdx_any_strides() -> !llvm.ptr
"""


@dataclass(frozen=True)
class Lowered:
    """The text of a module, and its `eff.check` ops: site k raises what checks[k] says."""

    text: str
    checks: list[eff.CheckOp]


@dataclass
class Cpu(Memory):
    """The target of in-process code: for parameters that are contiguous (`rows`), or of any strides. `deterministic`:
    nothing may ask for the number of threads."""

    use_threads: bool = True
    rows: bool = True
    deterministic: bool = False
    checks: list[eff.CheckOp] = field(default_factory=list)
    choices: Choices = field(default_factory=Choices)
    needed: set[tuple[str, str]] = field(default_factory=set)
    short: dict[ix.ForOp, bool] = field(default_factory=dict)

    # ---------------------------------------------------------------------------------------- errors and calls

    def check(self, low: Lowering, op: eff.CheckOp) -> None:
        """Calls the runtime with the site and the numbers, which does not return."""
        code, site = low.code, len(self.checks)
        self.checks.append(op)
        numbers = [*(low.value(o) for o in op.operands_), 0, 0][:2]
        wrong = negation(code, low.value(op.condition))
        if lanes_of(wrong.type):
            wrong, numbers = lower_lane_check.first_failure(low, wrong, numbers)
        code.do("scf.if {} {{", wrong)
        with low.frame():
            code.do("llvm.call @pdx_raise({}, {}, {}) : (i64, i64, i64) -> ()", site, *numbers)
        code.do("}}")

    def math(self, low: Lowering, op: Operation) -> Val:
        """A call of our own function, which LLVM vectorises; where there is none, the upstream op."""
        if (power := half_power(low, op)) is not None:
            return power
        operands = low.operands(op)
        types, name = ", ".join(v.type for v in operands), op.name.removeprefix("math.")
        type = with_element(operands[0].type, self.spell(op.results[0].type))
        if name in vector_math.FUNCTIONS and element(type) in ("f32", "f64"):
            if low.near is not None and low.near(op):
                name += near.SUFFIX
            elif name in vector_math.HURRIED and self._is_waited_for(op):
                name += vector_math.SUFFIX
            self.needed.add((name, type))
            call = f"func.call @{vector_math.symbol(name, type)}({', '.join(['{}'] * len(operands))})"
            return low.code.let(type, f"{call} : ({types}) -> {type}", *operands)
        suffix = f"{types.split(', ')[0]}, {types.split(', ')[1]}" if name == "fpowi" else type
        flags = " fastmath<contract>" if is_float(type) else ""
        return low.code.let(type, f"{op.name} {', '.join(['{}'] * len(operands))}{flags} : {suffix}", *operands)

    def _is_waited_for(self, op: Operation) -> bool:
        """Does it stand in a loop of few iterations? However that loop is run: the form of a function changes bits."""
        loop = op.parent_op()
        if not isinstance(loop, ix.ForOp):
            return False
        if loop not in self.short:
            self.short[loop] = is_short(loop)
        return self.short[loop]

    def in_lanes(self, op: ix.ForOp) -> Choice | None:
        made = self.choices.of(op)
        return made if made.width else None

    def in_rows(self, op: ix.ForOp) -> Rows | None:
        return rows(op)

    def parallel(self, low: Lowering, op: ix.ForOp) -> bool:
        if not self.shares(op):
            return False
        lower_parallel.parallel(self, low, op)
        return True

    def shares(self, op: ix.ForOp) -> bool:
        return self.use_threads and lower_parallel.worth_it(op)

    # ---------------------------------------------------------------------------------------- tables as a whole

    def fill(self, low: Lowering, type: Attribute, place: Cells, value: Val) -> bool:
        return self.use_threads and lower_whole.fill(low, type, place, value, self.stored(place.element))

    def copy(self, low: Lowering, type: Attribute, source: Cells, target: Cells) -> bool:
        return self.use_threads and lower_whole.copy(low, type, source, target, self.stored(source.element))

    # -------------------------------------------------------------------------------------------- the function

    def lowering(self) -> Lowering:
        """The state in which a function is lowered."""
        return Lowering(self, RULES)

    def lower(self, function: func.FuncOp) -> Lowered:
        """The module of one function, whose calls have been inlined."""
        self.deterministic = "deterministic" in function.attributes
        checked = self.rows and any(isinstance(type, ix.TableType) for type in function.function_type.inputs)
        parts = [self._body(function, f"{self.entry}.rows" if checked else self.entry)]
        if checked:
            parts.append(lower_entry.dispatch(self, Lowering(self, RULES), function))
        math = vector_math.module_functions(self.needed, scales="avx512f" in processor.instruction_sets())
        allowed = lower_licence.flags_of(function)
        own = [lower_licence.relaxed(part, allowed) for part in (*parts, *self.functions, *self.helpers.values())]
        text = "\n".join([self.aliases(), RUNTIME, *own, math])
        if self.deterministic and (wrong := lower_licence.order_dependent(text)):
            raise AssertionError(f"not deterministic for any number of threads: {', '.join(wrong)}")
        return Lowered(text, self.checks)

    def _body(self, function: func.FuncOp, name: str) -> str:
        """The function that computes."""
        low, block = self.lowering(), function.body.block
        results = lower_entry.unpack(self, low, function, self.rows)
        returned = list(block.last_op.operands) if block.last_op else []
        for value, place in zip(returned, results, strict=True):
            if is_table(value):
                low.want(value, place)
        low.run(block)
        for value, place in zip(returned, results, strict=True):
            if is_table(value):
                low.deliver(value, place)
            else:
                self.store(low, place, [], low.value(value))
        return f"llvm.func @{name}(%frame: !llvm.ptr) {{\n{low.code.text()}\n  llvm.return\n}}\n"


def lower(function: func.FuncOp, entry: str = "entry", parallel: bool = True, rows: bool = True) -> Lowered:
    """The text of the module that computes `function` (whose calls have been inlined), and its raise sites.

    rows: whether there is code for contiguous tables; without it, the code is for tables of any strides.
    """
    return Cpu(entry, use_threads=parallel, rows=rows).lower(function)
