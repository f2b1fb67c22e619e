"""Reverse mode of the order-free loop, of accumulations, and of branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.symbols import fresh, substitute

from .ad_errors import no_rule
from .ad_numbers import Number
from .ad_reductions import Others, with_parts
from .ad_reverse import Level, Reverse, plain
from .ad_store import Kept, forward_body, recall, started, storable, to_store
from .ad_tape import tape_of_loop

# ------------------------------------------------------------------------------------------------- ix.for


def forward_for(reverse: Reverse, op: ix.ForOp, level: Level) -> None:
    """The loop, with what the reverse of its reductions needs as further results; what is on a tape is read."""
    stored = storable(reverse, op.body.block) if level.again else set()
    if not stored and not op.results_:
        plain(reverse, op, level)
        return
    known = level.kept.get(op, {})
    copy, entries = _emit_for(reverse, op, level, stored, known)
    active = [r in reverse.active for r in op.results_]
    final, kept = with_parts(level.emit, copy, active, reverse.target.higher)
    level.values.update(zip(op.results_, final.results_, strict=False))
    kept.update(zip(entries, final.results_[len(op.results_) :], strict=False))
    level.kept[op] = {**kept, **known}


def _emit_for(
    reverse: Reverse, op: ix.ForOp, level: Level, stored: set[Operation], known: Kept
) -> tuple[ix.ForOp, Sequence[Any]]:
    """The loop, with what is stored as further tables; what these are."""
    loop, inner = started(op, level)
    recalled = recall(inner, known, loop.index)
    forward_body(reverse, op.body.block, inner, stored, recalled)
    entries = to_store(inner, op.body.block, stored - recalled, loop.symbol.data if loop.symbol else None)
    values = [*(inner.values[v] for v in op.yielded), *entries.values()]
    return level.emit.finish_for(loop, [*op.kind_names, *("tab" for _ in entries)], values), list(entries)


def backward_for(reverse: Reverse, op: ix.ForOp, level: Level) -> None:
    """The loop again, in any order: ȳ[i] seeds a table's element, ȳ a summand, t̄ is owned as t was.

    The iteration that won a maximum is run by itself, unless what won is reversed in every iteration anyway, or the
    loop adds to cells: run by itself, it would give what it added a cotangent once more.
    """
    seeds = {k: s for k, r in enumerate(op.results_) if (s := level.take(r)) is not None}
    winners = {k for k in seeds if op.kind_names[k] in ("max", "min")}
    everywhere = {op.yielded[k] for k in seeds if k not in winners}
    writes = reverse.writes_active(op)
    alone = {k for k in winners if op.yielded[k] not in everywhere and not writes}
    others = {k: s for k, s in seeds.items() if k not in alone}
    if others or writes:
        _reverse_iterations(reverse, op, level, others)
    for k in sorted(alone):
        _reverse_winner(reverse, op, level, k, level.kept[op][k, "winner"], seeds[k])


def _reverse_iterations(reverse: Reverse, op: ix.ForOp, level: Level, seeds: dict[int, SSAValue]) -> None:
    tables = [k for k, kind in enumerate(op.kind_names) if kind == "own"]
    arguments = op.body.block.args[1:]
    owned = {k: a for k, a in zip(tables, arguments, strict=True) if a in reverse.active}
    for k in owned.keys() - seeds.keys():  # nobody reads the new version, but the body reads the table
        seeds[k] = level.emit.zero(level.type_of(op.results_[k]))

    others = {k: Others(level.emit, level.kept[op], k) for k in seeds if op.kind_names[k] == "mul"}
    winners = {k: level.kept[op][k, "winner"] for k in seeds if op.kind_names[k] in ("max", "min")}

    versions = [] if _on_tape(op, level) else [level.values[t] for t in op.owned]
    absent = set() if versions else tape_of_loop(op).absent

    def build(outer: Level) -> Sequence[SSAValue]:
        symbol = fresh(op.symbol.data) if op.symbol else None
        carried = [*versions, *(seeds[k] for k in owned)]
        loop = ix.ForOp(substitute(op.size, level.sizes), [], [], carried, symbol)  # pyright: ignore[reportArgumentType]
        inner = outer.inside(outer.emit.into(loop.body.block))
        primal, cotangents = loop.body.block.args[1 : 1 + len(versions)], loop.body.block.args[1 + len(versions) :]
        inner.enter(op, loop.index, symbol)
        inner.values.update(zip(arguments, primal, strict=False))
        recalled = recall(inner, level.kept.get(op, {}), loop.index)
        reverse.forward(op.body.block, inner, recalled | absent)
        here = {**seeds, **dict(zip(owned, cotangents, strict=True))}
        for k, seed in here.items():
            # the new version of an owned table may matter to nobody; then what is owned is the old one's cotangent
            value = op.yielded[k] if op.yielded[k] in reverse.active else owned.get(k, op.yielded[k])
            reverse.add(inner, value, _seed(op, inner, k, seed, others.get(k), winners.get(k)))
        reverse.backward(op.body.block, inner)
        yielded = [inner.values[op.yielded[k]] for k in tables if versions]
        yielded += [inner.take_or_zero(a) for a in owned.values()]
        final = outer.emit.finish_for(loop, ["own"] * len(yielded), yielded)
        return final.results_[len(versions) :]

    results = reverse.accumulate(op.body, level, build)
    for k, cotangent in zip(owned, results, strict=True):
        reverse.add(level, op.owned[tables.index(k)], cotangent)


def _on_tape(op: ix.ForOp, level: Level) -> bool:
    """Is the tape of the loop kept by a sequential one? Then the tables that it owned do not exist here."""
    return bool(op.owned) and not any(t in level.values for t in op.owned)


def _seed(
    op: ix.ForOp, inner: Level, k: int, seed: SSAValue, others: Others | None, winner: SSAValue | None
) -> SSAValue:
    """The cotangent of what this iteration yields for result k."""
    match op.kind_names[k]:
        case "add" | "own":
            return seed
        case "tab":
            return inner.emit.at(seed, [inner.values[op.index]])
        case "max" | "min":
            assert winner is not None
            here, there = (inner.emit.insert(ix.OrdOp(i)).result for i in (inner.values[op.index], winner))
            return inner.emit.masked(inner.emit.insert(arith.CmpiOp(here, there, "eq")).result, seed)
        case "mul":
            assert others is not None
            product = others.product(inner.emit, inner.values[op.index], inner.values[op.yielded[k]])
            return (product * Number(seed, inner.emit)).value
        case kind:
            raise no_rule(op, f"it reduces by '{kind}', which has none")


def _reverse_winner(reverse: Reverse, op: ix.ForOp, level: Level, k: int, winner: SSAValue, seed: SSAValue) -> None:
    """r = max_i f(i), attained at w: the body at w, reversed once."""
    inner = level.rerun()
    symbol = fresh(op.symbol.data) if op.symbol else None
    if symbol is not None:
        winner = inner.emit.insert(ix.NameOp(winner, symbol)).result
    inner.enter(op, winner, symbol)
    arguments = op.body.block.args[1:]
    inner.values.update((a, level.values[t]) for a, t in zip(arguments, op.owned, strict=True))
    reverse.forward(op.body.block, inner, recall(inner, level.kept[op], winner))
    reverse.add(inner, op.yielded[k], seed)
    reverse.backward(op.body.block, inner)
    for argument, table in zip(arguments, op.owned, strict=True):
        reverse.add(level, table, inner.take(argument))


# ---------------------------------------------------------------------------------------------- eff.accum


def forward_accum(reverse: Reverse, op: eff.AccumOp, level: Level) -> None:
    """What the region computes at its own level is also yielded, so that the reverse need not run it again."""
    accum = eff.AccumOp([level.values[i] for i in op.initial], op.monoids)
    inner = level.within(level.emit.into(accum.body.block), {})
    inner.values.update(zip(op.accumulators, accum.accumulators, strict=True))
    reverse.forward(op.body.block, inner)
    computed = [r for o in op.body.block.ops for r in o.results if r in inner.values]
    kept = [(o, key) for o in op.body.block.ops for key in inner.kept.get(o, {})]
    yielded = [inner.values[v] for v in (*op.yielded, *computed)] + [inner.kept[o][key] for o, key in kept]
    final = iter(level.emit.finish_accum(accum, yielded).results_)
    level.values.update(zip((*op.results_, *computed), final, strict=False))
    level.kept.update((o, {}) for o in inner.kept)
    for (o, key), value in zip(kept, final, strict=True):
        level.kept[o][key] = value


def backward_accum(reverse: Reverse, op: eff.AccumOp, level: Level) -> None:
    """acc = r0; acc[φ] += x: the cotangent of the contents is a table that the reversed region reads; r̄0 += it."""
    contents = [level.take(r) for r in op.results_[: len(op.initial)]]
    for accumulator, monoid, cotangent in zip(op.accumulators, op.monoids, contents, strict=True):
        if cotangent is not None:
            if monoid != "add":
                raise no_rule(op, f"it combines by '{monoid}', which has none; carry the value in a loop instead")
            reverse.contents[accumulator] = cotangent
    for value, result in zip(op.yielded, op.results_[len(op.initial) :], strict=True):
        reverse.add(level, value, level.take(result))
    reverse.backward(op.body.block, level)
    for initial, accumulator, cotangent in zip(op.initial, op.accumulators, contents, strict=True):
        reverse.contents.pop(accumulator, None)
        reverse.add(level, initial, cotangent)


# ------------------------------------------------------------------------------------------------- scf.if


def backward_if(reverse: Reverse, op: scf.IfOp, level: Level) -> None:
    """The branch again, reversed; cotangents of values from outside go through it."""
    seeds = [level.take(r) for r in op.results]
    outer = reverse.outer_values(level, *op.regions)
    blocks = [_reverse_branch(reverse, region, level, seeds, outer) for region in op.regions]
    types = [level.type_of(v) for v in outer]
    final = level.emit.insert(scf.IfOp(level.values[op.cond], types, [blocks[0]], [blocks[1]]))
    level.cotangents.update(zip(outer, final.results, strict=True))


def _reverse_branch(
    reverse: Reverse, region: Region, level: Level, seeds: Sequence[SSAValue | None], outer: Sequence[SSAValue]
) -> Block:
    block = Block()
    inner = level.inside(level.emit.into(block))
    inner.cotangents.update((v, level.cotangents[v]) for v in outer if v in level.cotangents)
    if region.blocks:
        reverse.forward(region.block, inner)
        assert region.block.last_op is not None
        for value, seed in zip(region.block.last_op.operands, seeds, strict=True):
            reverse.add(inner, value, seed)
        reverse.backward(region.block, inner)
    inner.emit.insert(scf.YieldOp(*(inner.take_or_zero(v) for v in outer)))
    return block
