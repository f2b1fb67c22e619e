"""One compilation: the module, its functions, and what of the surrounding Python program it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation

from pydex.frontend.constants import LIBRARIES, Constant
from pydex.frontend.scope import Scope

if TYPE_CHECKING:
    from pydex.frontend.hidden import Outside
    from pydex.frontend.instances import Instance
    from pydex.sizes import Size, Symbol
    from pydex.types import Type


class Unit:
    """What a compilation makes (`module`) and what it remembers."""

    def __init__(self, equal: Mapping[Symbol, Size] | None = None) -> None:
        self.equal: Mapping[Symbol, Size] = equal or {}  # flexible sizes that have to be equal to others
        self.roots = 0  # how many functions that know the sizes of their own only are being elaborated
        self.module = ModuleOp([])
        self.instances: dict[Any, Instance] = {}
        self.active: list[Any] = []
        self.sequential: dict[Any, dict[str, Any]] = {}
        self.effects: dict[Any, str] = {}  # what is shown of each loop
        self.outside: dict[tuple[int, str], Outside] = {}
        self.constants: dict[tuple[int, str], Constant] = {}
        self.result: Type | None = None  # of the entry, before indices became integers
        self._names: set[str] = set()
        self._files: dict[str, StringAttr] = {}

    def file_attr(self, file: str) -> StringAttr:
        if file not in self._files:
            self._files[file] = StringAttr(file)
        return self._files[file]

    def new_name(self, name: str) -> str:
        """A function name that the module does not have."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") or "lambda"
        made, k = base, 1
        while made in self._names:
            k += 1
            made = f"{base}_{k}"
        self._names.add(made)
        return made

    def add(self, op: Operation) -> None:
        self.module.body.block.add_op(op)

    def depends_on(self, scope: Scope, name: str, value: Any) -> None:
        """The program was compiled for this value of a name outside of it."""
        while scope.parent is not None:
            scope = scope.parent
        if scope.python is not None:
            self.constants[id(scope.python), name] = Constant.of(scope.python, name, value)

    def depends_on_attribute(self, owner: Any, name: str, value: Any) -> None:
        """The program was compiled for this value of an attribute of a module or class."""
        if getattr(owner, "__name__", "").split(".")[0] not in LIBRARIES:
            self.constants[id(owner), name] = Constant.of(owner, name, value)
