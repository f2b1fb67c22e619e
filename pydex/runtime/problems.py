"""What can be wrong with the arguments of a call, as data. The API turns a Problem into an error that shows the
function's source; `ArgumentError` is what is raised without it."""

from dataclasses import dataclass
from typing import ClassVar

from pydex.runtime.signature import Poly, Value, show, symbols_of


@dataclass(frozen=True)
class Place:
    """An extent that the caller chose: one axis of a table argument, or (axis None) the value of a size argument."""

    param: Value
    axis: int | None

    def __str__(self) -> str:
        return f"the size {self.param.name}" if self.axis is None else f"axis {self.axis} of {self.param.name}"


@dataclass(frozen=True)
class Binding:
    """symbol = value, because of what stands at a place."""

    symbol: str
    value: int
    place: Place

    def __str__(self) -> str:
        return f"{self.symbol} = {self.value} from {self.place}"


def _because(bindings: tuple[Binding, ...]) -> str:
    return f" ({', '.join(map(str, bindings))})" if bindings else ""


@dataclass(frozen=True)
class Problem:
    """One mistake in the arguments of a call; str() is one line for people."""

    raises: ClassVar[type[Exception]] = TypeError


@dataclass(frozen=True)
class WrongCount(Problem):
    """Arguments are missing, too many, given twice, or of a name that no parameter has."""

    expected: tuple[str, ...]
    given: int
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()

    def __str__(self) -> str:
        for names, what in (
            (self.unknown, "there is no parameter"),
            (self.twice, "given twice:"),
            (self.missing, "missing:"),
        ):
            if names:
                return f"{what} {', '.join(names)}; the parameters are ({', '.join(self.expected)})"
        count = "1 argument" if len(self.expected) == 1 else f"{len(self.expected)} arguments"
        return f"expected {count} ({', '.join(self.expected)}), found {self.given}"


@dataclass(frozen=True)
class WrongType(Problem):
    """An argument is nothing that could be read as the parameter's type."""

    param: Value
    found: str
    help: str = ""

    def __str__(self) -> str:
        help = f"; {self.help}" if self.help else ""
        return f"{self.param.name}: expected {self.param.type_text()}, found {self.found}{help}"


@dataclass(frozen=True)
class WrongRank(Problem):
    """A table argument has too many or too few axes."""

    param: Value
    shape: tuple[int, ...]

    def __str__(self) -> str:
        axes = "1 axis" if self.param.rank == 1 else f"{self.param.rank} axes"
        return f"{self.param.name}: {self.param.type_text()} has {axes}, the argument's shape is {self.shape}"


@dataclass(frozen=True)
class OutOfRange(Problem):
    """An int is no value of the parameter's element type, or a float too large for it."""

    raises: ClassVar[type[Exception]] = OverflowError
    param: Value
    value: str

    def __str__(self) -> str:
        return f"{self.param.name}: {self.value} is not a value of {self.param.dtype}"


@dataclass(frozen=True)
class SizeConflict(Problem):
    """An extent differs from what other arguments require it to be."""

    raises: ClassVar[type[Exception]] = ValueError
    place: Place
    extent: Poly
    found: int
    required: int
    because: tuple[Binding, ...]

    def __str__(self) -> str:
        if not symbols_of(self.extent):
            return f"{self.place} has size {self.found}, expected {self.required}"
        return f"{self.place} has size {self.found}, but {show(self.extent)} is {self.required}{_because(self.because)}"


@dataclass(frozen=True)
class NoSuchSize(Problem):
    """No natural number makes the extent equal to what was found: 2*n == 7, or n + 1 == 0."""

    raises: ClassVar[type[Exception]] = ValueError
    place: Place
    extent: Poly
    found: int
    symbol: str
    because: tuple[Binding, ...]

    def __str__(self) -> str:
        return (
            f"{self.place} has size {self.found}, and no {self.symbol} >= 0 makes "
            f"{show(self.extent)} equal to it{_because(self.because)}"
        )


@dataclass(frozen=True)
class PreconditionFailed(Problem):
    """The sizes of the arguments are refused by a precondition of the function."""

    raises: ClassVar[type[Exception]] = ValueError
    message: str
    because: tuple[Binding, ...]

    def __str__(self) -> str:
        return f"{self.message}{_because(self.because)}"


@dataclass(frozen=True)
class TooLarge(Problem):
    """A result has more elements than can be addressed."""

    raises: ClassVar[type[Exception]] = MemoryError
    result: Value
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"the result {self.result.type_text()} of shape {self.shape} does not fit into memory"


class ArgumentError(Exception):
    """The arguments of a call do not fit; `problem` says how. Always also an instance of `problem.raises`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class ArgumentTypeError(ArgumentError, TypeError):
    """The types of the arguments do not fit."""


class ArgumentValueError(ArgumentError, ValueError):
    """The sizes of the arguments do not fit."""


class ArgumentOverflowError(ArgumentError, OverflowError):
    """A number is out of the range of its parameter."""


class ArgumentMemoryError(ArgumentError, MemoryError):
    """The sizes of the arguments ask for more memory than there is."""


_ERRORS = {
    TypeError: ArgumentTypeError,
    ValueError: ArgumentValueError,
    OverflowError: ArgumentOverflowError,
    MemoryError: ArgumentMemoryError,
}


def argument_error(problem: Problem) -> ArgumentError:
    """The problem as an exception."""
    return _ERRORS[problem.raises](problem)
