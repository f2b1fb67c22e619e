"""From a site (see contract_sites) to an `ix.contract`: which loops are rows, columns and terms, where the tables lie.

`analyse` looks, and raises Refused; `rewrite` changes the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul

from xdsl.dialects import arith
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp, start, step
from pydex.dialects.sizes import SizeAttr

from .affine import affine
from .contract_nest import Nest, Refused
from .contract_sites import Site
from .edit import erase, insert
from .monoids import is_identity
from .symbols import defined_symbols, fresh

ROWS, COLUMNS, TERMS, BATCH = (True, False, True), (False, True, True), (True, True, False), (True, True, True)

#: An extent known to be so small is that of vectors in registers (there are 32): loops keep what a point makes there,
#: between its contractions too. (Hand tracking, 12 * 22 for each vertex: 2.0 ms in loops, 2.6 ms by products.)
REGISTERS = 24
#: So many products are worth the call of a library: 16 * 16 * 16 take as long in loops, more take longer (measured).
WORK = 4096
MOST_LOOPS = 32


@dataclass
class Plan:
    """A site with the loops that take part, and its extents: rows, columns, terms."""

    site: Site
    extents: tuple[SizeAttr, SizeAttr, SizeAttr]


# ------------------------------------------------------------------------------------------------------ analysis


def analyse(site: Site, anchor: Operation, always: bool = False) -> Plan:
    """The plan of a site; its extents are known in front of `anchor`. Raises Refused, of small ones unless `always`."""
    kinds = _kinds(site)
    while kinds and kinds[0] in (BATCH, None):
        site = _without_outermost(site)
        kinds = _kinds(site)
    if None in kinds or not {ROWS, COLUMNS, TERMS} <= set(kinds):
        raise Refused("no product of matrices")
    sizes = [loop.size for loop in site.nest.loops]
    if len(sizes) > MOST_LOOPS:
        raise Refused("more loops than the runtime takes")
    if not defined_symbols(anchor).isdisjoint(s for size in sizes for s in size.symbols()):
        raise Refused("sizes that are made inside")
    rows, columns, terms = (
        reduce(mul, (n for n, k in zip(sizes, kinds, strict=True) if k == kind), SizeAttr.of(1))
        for kind in (ROWS, COLUMNS, TERMS)
    )
    plan = Plan(site, (rows, columns, terms))
    if is_large(plan) is False and not always:
        raise Refused("small")
    return plan


def is_large(plan: Plan) -> bool | None:
    """Is the contraction worth a call? None: to be decided at run time."""
    if any(e.constant is not None and e.constant <= REGISTERS for e in plan.extents):
        return False
    work = reduce(mul, plan.extents).constant
    return None if work is None else work >= WORK


def _without_outermost(site: Site) -> Site:
    if len(site.nest.loops) == 1 or (site.outer == 0 and isinstance(site.end, ix.ForOp)):
        raise Refused("no product of matrices")
    nest = Nest(site.nest.loops[1:])
    return replace(site, nest=nest, inner=min(site.inner, len(nest.loops)))


def _kinds(site: Site) -> list[tuple[bool, bool, bool] | None]:
    """For each loop, whether lhs, rhs and the place of the sum depend on it; None where that is nothing known."""
    nest, product = site.nest, site.product
    lhs, rhs = nest.depends(product.lhs), nest.depends(product.rhs)
    out = set(range(site.outer))
    if isinstance(site.end, eff.AddOp):
        if not isinstance(site.end.accumulator, BlockArgument):
            raise Refused("an accumulator of a caller")
        for index in site.end.indices:
            out |= {k for k in range(len(nest.loops)) if f"#{k}" in place(nest, index, False).symbols()}
    kinds = [(k in lhs, k in rhs, k in out) for k in range(len(nest.loops))]
    return [kind if kind in (ROWS, COLUMNS, TERMS, BATCH) else None for kind in kinds]


def place(nest: Nest, index: SSAValue, name: bool = True) -> SizeAttr:
    """The ordinal of an index, `#k` being that of loop k. Other indices in it get names, if `name`. Raises Refused."""
    form = affine(index)
    numbers = {loop.symbol.data: SizeAttr.of(f"#{k}") for k, loop in enumerate(nest.loops) if loop.symbol is not None}
    total = form.offset
    for value, coef in form.terms.items():
        total = total + coef * _ordinal(nest, value, name)
    total = total.substitute(numbers)
    rebuilt = start(total)
    for k in range(len(nest.loops)):
        rebuilt = rebuilt + step(total, k) * f"#{k}"
    if rebuilt != total or not nest.symbols.isdisjoint(total.symbols()):
        raise Refused("a place that is not affine")
    return total


def _ordinal(nest: Nest, value: SSAValue, name: bool) -> SizeAttr:
    for k, loop in enumerate(nest.loops):
        if value is loop.index:
            return SizeAttr.of(f"#{k}")
    if nest.depends(value) or not isinstance(value.type, ix.IdxType):
        raise Refused("an index that is read or computed")
    known = ix.ordinal(value)
    if known is not None or not name:
        return SizeAttr.of(0) if known is None else known
    return SizeAttr.of(_named(value))


def _named(value: SSAValue) -> str:
    """A new symbol for an index from outside of the nest."""
    symbol = fresh("i")
    if isinstance(value, BlockArgument):
        loop = value.block.parent_op()
        assert isinstance(loop, ix.ForOp | eff.LoopOp)
        loop.properties["symbol"] = StringAttr(symbol)
    else:
        op = value.owner
        assert isinstance(op, Operation) and op.parent is not None
        name = ix.NameOp(value, symbol)
        name.location = op.location
        op.parent.insert_op_after(name, op)
    return symbol


# ------------------------------------------------------------------------------------------------------- rewriting


def rewrite(plan: Plan) -> None:
    """Put the contraction in front of the nest, and let the program read it."""
    site, nest = plan.site, plan.site.nest
    leading, out = _out(site)
    lhs, rhs = site.product.lhs, site.product.rhs
    if site.negative:
        minus = insert(arith.NegfOp(lhs), site.product)
        lhs = minus.results[0]
    operands = [_operand(nest, factor) for factor in (lhs, rhs)]
    op = ContractOp([loop.size for loop in nest.loops], operands[0], operands[1], out)
    insert(op, nest.root)
    op.location = site.end.location
    try:
        op.verify(verify_nested_ops=False)
    except VerifyException as error:
        raise AssertionError(f"{error}: {op}") from None
    if isinstance(site.end, eff.AddOp):
        _add(site, site.end, op.result, leading)
    else:
        read = insert(ix.AtOp(op.result, [loop.index for loop in nest.loops[: site.outer]]), site.end)
        site.end.results[site.position].replace_all_uses_with(read.results[0])


def _out(site: Site) -> tuple[Sequence[SSAValue], tuple[ix.TableType, list[SizeAttr]]]:
    """The accumulator's first indices, if they come from outside; type and places of what they leave."""
    nest = site.nest
    places = [SizeAttr.of(f"#{k}") for k in range(site.outer)]
    outer = [loop.size for loop in nest.loops[: site.outer]]
    element, leading, content = site.product.result.type, [], []
    if isinstance(site.end, eff.AddOp):
        inside = [place(nest, i) for i in site.end.indices]
        while inside and not site.outer and not any(s.startswith("#") for s in inside[0].symbols()):
            leading.append(site.end.indices[len(leading)])
            inside.pop(0)
        if any(not isinstance(i, BlockArgument) and i.owner.parent in nest.blocks for i in leading):
            raise Refused("an index that is made in the nest")
        assert isinstance(site.end.accumulator.type, eff.AccType)
        rest = ix.element_type(site.end.accumulator.type.content, leading)
        content = list(rest.sizes) if isinstance(rest, ix.TableType) else []
        places += inside
    if any(ix.axis_dependent(s) or not nest.symbols.isdisjoint(s.symbols()) for s in (*outer, *content)):
        raise Refused("a ragged result")
    type = ix.TableType.of([*outer, *content], element)
    assert isinstance(type, ix.TableType)
    return leading, (type, places)


def _operand(nest: Nest, factor: SSAValue) -> tuple[SSAValue, list[SizeAttr]]:
    """A factor as elements of a table that is there before the nest: made if need be."""
    try:
        table, indices = _read(factor)
        places = [place(nest, i) for i in indices]
    except Refused:
        table, places = factor, []
    if nest.depends(table):
        table, levels = nest.hoisted(table)
        places = [*(SizeAttr.of(f"#{k}") for k in levels), *places]
    return table, places


def _read(factor: SSAValue) -> tuple[SSAValue, list[SSAValue]]:
    """The table and the indices that a factor is read by, through rows of rows."""
    table, indices = factor, []
    while isinstance(op := table.owner, ix.AtOp):
        table, indices = op.table, [*op.indices, *indices]
    if not indices:
        raise Refused("a factor that is computed")
    return table, indices


def _add(site: Site, end: eff.AddOp, sums: SSAValue, leading: Sequence[SSAValue]) -> None:
    """Add all sums at once, where the accumulator is at hand; if nothing else is added, they are what it holds."""
    accumulator, nest = end.accumulator, site.nest
    assert isinstance(accumulator, BlockArgument)
    erase(end)
    if not site.outer:
        insert(eff.AddOp(accumulator, leading, sums), nest.root)
        return
    home = accumulator.block.parent_op()
    indices = [loop.index for loop in nest.loops[: site.outer]]
    assert isinstance(home, eff.AccumOp)
    row = insert(ix.AtOp(sums, indices), home).results[0]
    if accumulator.first_use is None and is_identity("add", home.initial[accumulator.index]):
        home.results[accumulator.index].replace_all_uses_with(row)
    else:
        first = home.body.block.first_op
        assert first is not None
        insert(eff.AddOp(accumulator, [], row), first)
