"""Programs of the IR as Python expressions: `program("n", ["n"], lambda f, x: f.sum("n", lambda g, i: g.at(x, i)))`.

Scalars are f64. Values are `Number`s, so `+ - * /` write arith ops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects import arith, math, scf
from xdsl.dialects.builtin import ModuleOp, UnknownLoc, f64
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region
from xdsl.parser import Parser
from xdsl.rewriter import InsertPoint

from pydex.dialects import ad, eff, ix
from pydex.dialects.sizes import SizeAttr, parse_size
from pydex.dialects.text import context, verify
from pydex.passes.ad_emit import Emitter
from pydex.passes.ad_numbers import Number

Value = Number
CONTEXT = context()


def size(text: str) -> SizeAttr:
    """`n + 1`"""
    return parse_size(Parser(CONTEXT, text))


def table(sizes: Sequence[str], element: Any = f64) -> Any:
    """The table type over these axes; the element for none."""
    return ix.TableType.of([size(s) for s in sizes], element)


@dataclass
class Build:
    """Writes ops; regions are given as functions of their block arguments. All share one emitter, which follows."""

    emit: Emitter

    def number(self, value: Any) -> Value:
        return Number(value, self.emit)

    def constant(self, value: float) -> Value:
        return self.number(self.emit.constant(value, f64))

    def index(self, terms: Sequence[Value], coefs: Sequence[int], offset: int | str, of: str) -> Value:
        """The index sum_k coefs[k]*terms[k] + offset."""
        op = ix.IndexOp([t.value for t in terms], list(coefs), size(str(offset)), size(of))
        return self.number(self.emit.insert(op).result)

    def at(self, t: Value, *indices: Value) -> Value:
        return self.number(self.emit.at(t.value, [i.value for i in indices]))

    def update(self, t: Value, indices: Sequence[Value], value: Value) -> Value:
        return self.number(self.emit.update(t.value, [i.value for i in indices], value.value))

    def fill(self, value: Value, *sizes: str) -> Value:
        return self.number(self.emit.insert(ix.FillOp(value.value, table(sizes))).result)

    def pack(self, *values: Value) -> Value:
        return self.number(self.emit.insert(ix.PackOp([v.value for v in values])).result)

    def call(self, op: Any, *operands: Value) -> Value:
        """The result of a scalar op."""
        return self.number(self.emit.insert(op(*(o.value for o in operands))).result)

    def sin(self, x: Value) -> Value:
        return self.call(math.SinOp, x)

    def exp(self, x: Value) -> Value:
        return self.call(math.ExpOp, x)

    def stop(self, x: Value) -> Value:
        return self.call(ad.StopOp, x)

    def select(self, c: Value, a: Value, b: Value) -> Value:
        return self.call(arith.SelectOp, c, a, b)

    def for_(
        self, of: str, kinds: str, body: Callable[..., Any], own: Sequence[Value] = (), name: str | None = None
    ) -> Any:
        """An `ix.for` with results of these kinds; the body is given the index and the owned tables."""
        op = ix.ForOp(size(of), [], [], [t.value for t in own], name)
        values = _run(op.body.block, body, self.emit)
        final = self.emit.finish_for(op, kinds.split(), values)
        return _results(self, final.results_)

    def sum(self, of: str, body: Callable[..., Any], name: str | None = None) -> Value:
        return self.for_(of, "add", body, (), name)

    def tab(self, of: str, body: Callable[..., Any], name: str | None = None) -> Value:
        return self.for_(of, "tab", body, (), name)

    def loop(
        self,
        of: str,
        initial: Sequence[Value],
        body: Callable[..., Any],
        reverse: bool = False,
        name: str | None = None,
    ) -> Any:
        """An `eff.loop`; the body is given the index and the carried values, and returns them, then table elements."""
        op = eff.LoopOp(size(of), [i.value for i in initial], (), reverse, name)
        return _results(self, self.emit.finish_loop(op, _run(op.body.block, body, self.emit)).results_)

    def while_(self, initial: Sequence[Value], condition: Callable[..., Value], body: Callable[..., Any]) -> Any:
        """An `eff.while`; the results are the carried values."""
        op = eff.WhileOp([i.value for i in initial])
        (go_on,) = _run(op.condition.block, condition, self.emit)
        op.condition.block.add_op(eff.ConditionOp(go_on))
        op.body.block.add_op(eff.YieldOp(_run(op.body.block, body, self.emit)))
        return _results(self, self.emit.insert(op).results_[:-1])

    def if_(self, condition: Value, then: Callable[[Build], Any], otherwise: Callable[[Build], Any]) -> Any:
        blocks = [Block(), Block()]
        values = [_run(b, f, self.emit) for b, f in zip(blocks, (then, otherwise), strict=True)]
        for block, yielded in zip(blocks, values, strict=True):
            block.add_op(scf.YieldOp(*yielded))
        types = [v.type for v in values[0]]
        return _results(self, self.emit.insert(scf.IfOp(condition.value, types, [blocks[0]], [blocks[1]])).results)

    def accum(self, initial: Sequence[Value], body: Callable[..., Any], monoid: str = "add") -> Any:
        """An `eff.accum`; the body is given the accumulators."""
        monoids = monoid.split() if " " in monoid else [monoid] * len(initial)
        op = eff.AccumOp([i.value for i in initial], monoids)
        return _results(self, self.emit.finish_accum(op, _run(op.body.block, body, self.emit)).results_)

    def add(self, accumulator: Value, indices: Sequence[Value], value: Value) -> None:
        self.emit.insert(eff.AddOp(accumulator.value, [i.value for i in indices], value.value))


def _run(block: Block, body: Callable[..., Any], emit: Emitter) -> list[Any]:
    """Write a region: `body(build, *arguments)`; the values it returns."""
    outside, emit.point = emit.point, InsertPoint.at_end(block)
    inner = Build(emit)
    result = body(inner, *(inner.number(a) for a in block.args))
    emit.point = outside
    values = result if isinstance(result, tuple) else () if result is None else (result,)
    return [v.value for v in values]


def _results(build: Build, results: Sequence[Any]) -> Any:
    values = tuple(build.number(r) for r in results)
    return values[0] if len(values) == 1 else values


def program(sizes: str, arguments: Sequence[Any], body: Callable[..., Any], name: str = "f") -> ModuleOp:
    """A module with one function. An argument is "" (a number), "n m" (a table), or a type."""
    types = [table(a.split(",") if "," in a else a.split()) if isinstance(a, str) else a for a in arguments]
    block = Block(arg_types=types)
    if sizes:
        block.add_op(ix.SizesOp(sizes.split()))
    values = _run(block, body, Emitter(InsertPoint.at_end(block), UnknownLoc()))
    block.add_op(ReturnOp(*values))
    module = ModuleOp([FuncOp(name, (types, [v.type for v in values]), Region(block))])
    verify(module)
    return module
