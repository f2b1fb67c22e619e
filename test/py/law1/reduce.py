"""Makes a failing program small: statements are left out, expressions replaced by a part of them or by a number.

A smaller program is kept if it fails in the same way: with an error of the same kind.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace

from law1.trial import Trial


def reduced(trial: Trial, error: Callable[[Trial], str | None]) -> Trial:
    """A program that fails as this one does and from which nothing more can be left out."""
    kind = kind_of(error(trial))
    if kind is None:
        raise ValueError("the program does not fail")
    at = 0
    while True:
        candidates = list(_smaller(trial.source))[at:]
        for k, source in enumerate(candidates):
            smaller = replace(trial, source=source)
            if kind_of(error(smaller)) == kind:
                trial, at = smaller, at + k
                break
        else:
            if at == 0:
                return trial
            at = 0


def kind_of(error: str | None) -> str | None:
    """What stands before the first colon: the class of the error."""
    return None if error is None else error.split(":")[0]


def _smaller(source: str) -> Iterator[str]:
    """The programs that are one step smaller."""
    steps = sum(1 for _ in _steps(ast.parse(source)))
    for number in range(steps):
        tree = ast.parse(source)
        next(step for k, step in enumerate(_steps(tree)) if k == number)()
        text = ast.unparse(tree) + "\n"
        if len(text) < len(source):
            yield text


def _steps(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """Each step changes the tree of `f`, and of what stands before it only by leaving it out."""
    *others, function = tree.body
    yield from (lambda node=node: tree.body.remove(node) for node in others if not isinstance(node, ast.ImportFrom))
    for parent in ast.walk(function):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from (_without(parent, name, k) for k in range(len(value)))
                yield from (_opened(parent, name, k) for k, node in enumerate(value) if hasattr(node, "body"))
            elif isinstance(value, ast.expr) and name not in ("target", "returns", "func", "iter", "annotation"):
                parts = [part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr)]
                yield from (lambda p=parent, n=name, v=part: setattr(p, n, v) for part in parts)
                if not isinstance(value, ast.Constant):
                    yield lambda p=parent, n=name: setattr(p, n, ast.Constant(0.5))


def _without(parent: ast.AST, name: str, place: int) -> Callable[[], None]:
    def step() -> None:
        body = getattr(parent, name)
        del body[place]
        if not body and name == "body":
            body.append(ast.Pass())

    return step


def _opened(parent: ast.AST, name: str, place: int) -> Callable[[], None]:
    """A loop or branch replaced by its body."""

    def step() -> None:
        body = getattr(parent, name)
        body[place : place + 1] = body[place].body

    return step
