"""IR as text: the dialects that pydex knows, parsing with locations, printing, verifying op by op."""

from __future__ import annotations

from io import StringIO
from typing import Any

from xdsl.context import Context
from xdsl.dialects import get_all_dialects
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, UnknownLoc
from xdsl.ir import Dialect, Operation
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.mlir_lexer import MLIRTokenKind

from .ad import Ad
from .blocks import BlocksOp
from .contract import ContractOp
from .eff import Eff
from .ix import Ix
from .remainder import ARITH
from .sizes import reserve

IX = Dialect("ix", [*Ix.operations, ContractOp, BlocksOp], [*Ix.attributes])
DIALECTS = {"ix": lambda: IX, "eff": lambda: Eff, "ad": lambda: Ad}


class IRError(Exception):
    """Text that is not IR, or IR that is not valid: `file:line:col: error: message`."""

    def __init__(self, message: str, file: str = "<input>", line: int = 1, column: int = 1):
        self.message, self.file, self.line, self.column = message, file, line, column
        super().__init__(f"{file}:{line}:{column}: error: {message}")


def context() -> Context:
    """A context in which pydex's dialects and all of xDSL's are known (loaded when first met)."""
    ctx = Context()
    for name, dialect in {**get_all_dialects(), "arith": lambda: ARITH, **DIALECTS}.items():
        ctx.register_dialect(name, dialect)
    return ctx


class _LocatingParser(Parser):
    """Gives every op that has no `loc(...)` the place where it stands in the text."""

    def parse_operation(self) -> Operation:
        start = self._current_token.span.get_location()
        op = super().parse_operation()
        if isinstance(op.location, UnknownLoc):
            op.location = FileLineColLoc(StringAttr(start.file), IntAttr(start.line), IntAttr(start.col))
        return op

    @property
    def is_at_end(self) -> bool:
        """Is there nothing but comments? Such a text is an empty module, as for mlir-opt."""
        return self._current_token.kind == MLIRTokenKind.EOF


def parse(text: str, file: str = "<input>", ctx: Context | None = None) -> ModuleOp:
    """The module of a text, verified. Raises IRError on any text that is not one."""
    parser = _LocatingParser(ctx or context(), text, file)
    try:
        module = ModuleOp([]) if parser.is_at_end else parser.parse_module()
    except ParseError as error:
        place = error.span.get_location()
        raise IRError(error.msg, place.file, place.line, place.col) from None
    except VerifyException as error:
        place = parser._current_token.span.get_location()  # pyright: ignore[reportPrivateUsage]
        raise IRError(str(error), place.file, place.line, place.col) from None
    except RecursionError:
        raise IRError("the text is nested too deeply", file) from None
    verify(module)
    for op in module.walk():
        if isinstance(symbol := op.properties.get("symbol"), StringAttr):
            reserve(symbol.data)
    return module


def verify(module: Operation) -> None:
    """Verify op by op, so that the error names the innermost op at fault. Raises IRError."""
    for op in module.walk():
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as error:
            raise error_at(op, f"'{op.name}': {_first_line(str(error))}") from None


def error_at(op: Operation, message: str) -> IRError:
    """An IRError at the location of an op."""
    location = op.location
    if isinstance(location, FileLineColLoc):
        return IRError(message, location.filename.data, location.line.data, location.column.data)
    return IRError(message)


def _first_line(text: str) -> str:
    """The message without the module that xDSL prints above it."""
    lines = [line.strip() for line in text.splitlines() if "verif" in line or "Verif" in line]
    line = lines[-1] if lines else text.strip().splitlines()[-1]
    return line.removeprefix("Operation does not verify: ").lstrip("^ |")


def print_module(module: Operation, locations: bool = False, **options: Any) -> str:
    """The text of a module, ending in a newline."""
    stream = StringIO()
    Printer(stream=stream, print_debuginfo=locations, **options).print_op(module)
    return stream.getvalue() + "\n"
