"""A loop over a tuple, or over the items of a record, is written out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.frontend.branches import DIVERGED, Diverged, fork
from pydex.frontend.patterns import bind
from pydex.frontend.values import Literal, Scalar, Tuple, Value

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def unroll(el: Elaborator, node: ast.For, items: Tuple) -> Value | None:
    """Executes the body once for each item."""
    from pydex.frontend.plans import flags

    stops = flags(node)
    with el.loop(node):
        for item in items.items:
            outcome = _turn(el, node, item, stops)
            if isinstance(outcome, Diverged):
                return DIVERGED
    return None


def _turn(el: Elaborator, node: ast.For, item: Value, stops: list[str]) -> Value | None:
    from pydex.frontend.expressions import negation
    from pydex.frontend.statements import run_block

    def body() -> Value | None:
        bind(el, node.target, item)
        return run_block(el, node.body)

    if not stops:
        return body()
    going: Literal | Scalar = Literal(True)
    for name in stops:
        flag = el.scope.names[name]
        assert isinstance(flag, Literal | Scalar)
        going = negation(el, flag) if isinstance(going, Literal) else going  # type: ignore[assignment]
    fork(el, going, body, lambda: None)
    return None
