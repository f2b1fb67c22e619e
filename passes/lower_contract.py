"""`ix.contract`: in process a call of the runtime, which calls a BLAS; elsewhere plain loops.

    %c = ix.contract [n, m, k] %a[#0, #2], %b[#2, #1] -> [#0, #1]
    ==>  pdx_contract({f32, kinds of loops, a, b, c, for each loop: n, and its strides in a, b and c})
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import Float64Type

from pydex.dialects import ix
from pydex.dialects.contract import ContractOp, start, step
from pydex.dialects.sizes import SizeAttr
from pydex.passes.lower import Lowering
from pydex.passes.lower_cells import POINTER, Cells, Memory
from pydex.passes.lower_monoids import combine
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Idx, Val, add, mul
from pydex.passes.lower_vectors import negation

#: The kinds of indices, in the order of the runtime: which of lhs, rhs and result mention the index.
KINDS = ((True, True, True), (True, False, True), (False, True, True), (True, True, False))


def kinds(op: ContractOp) -> list[list[int]]:
    """The indices of the box by kind: batches, rows, columns, terms."""
    found: list[list[int]] = [[] for _ in KINDS]
    for axis in range(len(op.sizes.data)):
        mentions = tuple(any(f"#{axis}" in p.symbols() for p in place) for _, place in op.places)
        found[KINDS.index(mentions)].append(axis)
    return found


def contract(low: Lowering, op: ContractOp) -> None:
    """Fills the result's place, or adds to what is there."""
    low.places[op.result] = low.result(op.result)
    covers, added = _covers(op), low.added.get(op.result)
    if not covers or not isinstance(low.target, Memory):
        if added is None:
            _clear(low, op)
        else:
            low.code.do("scf.if {} {{", negation(low.code, added))
            with low.frame():
                _clear(low, op)
            low.code.do("}}")
    if isinstance(low.target, Memory):
        _call(low.target, low, op, added if covers and added is not None else int(not covers))
    else:
        _loops(low, op)


def _clear(low: Lowering, op: ContractOp) -> None:
    place, element = low.places[op.result], low.target.spell(op.result.type.element)  # pyright: ignore
    zero = low.code.constant(float_literal(0.0, element), element)
    low.fill(op.result.type, place, zero)


def _covers(op: ContractOp) -> bool:
    """Is each cell of the result the place of exactly one choice of the indices that it depends on?"""
    assert isinstance(op.result.type, ix.TableType)
    axes = {f"#{k}": size for k, size in enumerate(op.sizes.data)}
    whole = all(axes.get(str(p)) == n for p, n in zip(op.out_place.data, op.result.type.sizes, strict=True))
    return whole and len(set(op.out_place.data)) == len(op.out_place.data)


def _overlaps(op: ContractOp) -> bool:
    """May two choices of the indices that the result depends on have one cell?"""
    mentioned = [[s for s in p.symbols() if s.startswith("#")] for p in op.out_place.data]
    flat = [s for symbols in mentioned for s in symbols]
    return any(len(symbols) > 1 for symbols in mentioned) or len(set(flat)) < len(flat)


def _call(cpu: Memory, low: Lowering, op: ContractOp, adds: Idx) -> None:
    code, sorted_axes = low.code, kinds(op)
    wide = isinstance(op.result.type.element, Float64Type)  # pyright: ignore
    tables = [low.places[table] for table, _ in op.places]
    if isinstance(adds, Val):
        adds = code.let("i64", "arith.extui {} : i1 to i64", adds)
    words: list[Idx] = [int(wide), adds, int(_overlaps(op)), *map(len, sorted_axes)]
    words += [_first(low, cells, place) for cells, (_, place) in zip(tables, op.places, strict=True)]
    for axis in (a for axes in sorted_axes for a in axes):
        words.append(low.size(op.sizes.data[axis]))
        for cells, (_, place) in zip(tables, op.places, strict=True):
            words.append(_stride(low, cells, place, axis))
    count, memory = code.use(len(words)), code.fresh(POINTER)
    code.head.append(f"{memory.name} = llvm.alloca {count} x i64 {{alignment = 64}} : (i64) -> !llvm.ptr")
    for k, word in enumerate(words):
        slot = code.let(POINTER, f"llvm.getelementptr inbounds {{}}[{k}] : (!llvm.ptr) -> !llvm.ptr, i64", memory)
        value = code.number(word)
        code.do(f"llvm.store {{}}, {{}} : {value.type}, !llvm.ptr", value, slot)
    code.do("llvm.call @pdx_contract({}) : (!llvm.ptr) -> ()", memory)


def _first(low: Lowering, cells: Cells, place: Sequence[SizeAttr]) -> Val:
    """Where the table's cell of indices 0, 0, … is."""
    return low.target.view(low, cells, [low.size(start(p)) for p in place]).pointer


def _stride(low: Lowering, cells: Cells, place: Sequence[SizeAttr], axis: int) -> Idx:
    total: Idx = 0
    for part, stride in zip(place, cells.strides, strict=True):
        total = add(low.code, total, mul(low.code, low.size(step(part, axis)), stride))
    return total


def _loops(low: Lowering, op: ContractOp) -> None:
    """for all indices: c[…] += a[…] * b[…]"""
    order = [axis for axes in kinds(op) for axis in axes]

    def level(depth: int, found: dict[int, Val]) -> None:
        if depth < len(order):

            def one(i: Val, _: list[Val]) -> list[Val]:
                level(depth + 1, {**found, order[depth]: i})
                return []

            low.loop(0, low.size(op.sizes.data[order[depth]]), [], one)
            return
        (lhs, left), (rhs, right), (out, place) = ((low.places[t], _indices(low, p, found)) for t, p in op.places)
        x, y = low.target.load(low, lhs, left), low.target.load(low, rhs, right)
        term = low.code.let(x.type, f"arith.mulf {{}}, {{}} fastmath<contract> : {x.type}", x, y)
        total = combine(low.code, "add", low.target.load(low, out, place), term)
        low.target.store(low, out, place, total)

    level(0, {})


def _indices(low: Lowering, place: Sequence[SizeAttr], found: dict[int, Val]) -> list[Idx]:
    indices: list[Idx] = []
    for part in place:
        total = low.size(start(part))
        for axis, i in found.items():
            total = add(low.code, total, mul(low.code, low.size(step(part, axis)), i))
        indices.append(total)
    return indices
