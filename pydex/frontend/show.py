"""`f.type`: the type of a function as text, with its preconditions, what it may raise, and the effects of its loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydex.dialects import eff
from pydex.sizes import readable

if TYPE_CHECKING:
    from pydex.frontend.entry import Program


def show_type(program: Program) -> str:
    """One line for the type, then one for each thing that a caller has to know."""
    params = ", ".join(f"{name}: {type!r}" for name, type in zip(program.names, program.params, strict=True))
    lines = [f" -> {program.result!r}"]
    conditions = dict.fromkeys(_condition(c) for c in program.instance.frame.preconditions)
    lines += [f"  where {', '.join(conditions)}"] * bool(conditions)
    raised = _raised(program)
    lines += [f"  may raise {', '.join(raised)}"] * bool(raised)
    lines += [f"  {effect}" for effect in sorted(program.unit.effects.values(), key=_line)]
    rest = "\n".join(lines)
    return f"{program.entry}({params}){readable(rest)}"


def _condition(condition) -> str:
    """`m ≥ 1`: the constant part is on the right."""
    constant = next((c for monomial, c in condition.size.terms if not monomial), 0)
    if len(condition.size.symbols()) > 1:
        return f"{condition.size - condition.at_least!r} ≥ 0"
    return f"{condition.size - constant!r} ≥ {condition.at_least - constant}"


def _raised(program: Program) -> list[str]:
    found = {op.exception.data: None for op in program.module.walk() if isinstance(op, eff.CheckOp)}
    return sorted(found)


def _line(effect: str) -> int:
    return int(effect.removeprefix("line ").split(",")[0])
