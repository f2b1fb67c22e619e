"""An entry of the cache as bytes: a line of JSON, then the image of the code."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydex.code import Site
from pydex.diagnostics import Span
from pydex.runtime import Image as Loaded


@dataclass
class Image:
    """Code: the address of its own first byte is added to the words at `own`, those of symbols at `imports[name]`."""

    data: bytearray
    entry: int
    own: list[int] = field(default_factory=list)
    imports: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """What is needed to call a program without elaborating it."""

    image: Image
    sites: tuple[Site, ...]
    plain: bool  # its arguments and results are passed as they are
    program: bytes  # of runtime/src/program.h
    signature: Any  # of `signature_data`

    def encode(self) -> bytes:
        head = {
            "sites": [asdict(site) for site in self.sites],
            "plain": self.plain,
            "program": self.program.hex(),
            "signature": self.signature,
            "entry": self.image.entry,
            "own": self.image.own,
            "imports": self.image.imports,
        }
        return json.dumps(head).encode() + b"\n" + self.image.data


def decode(data: bytes) -> Entry:
    """The entry that `encode` wrote."""
    line, code = data.split(b"\n", 1)
    head = json.loads(line)
    sites = tuple(_site(**site) for site in head["sites"])
    image = Image(bytearray(code), head["entry"], head["own"], head["imports"])
    return Entry(image, sites, head["plain"], bytes.fromhex(head["program"]), head["signature"])


def _site(exception: str, message: str, span: dict[str, Any] | None) -> Site:
    return Site(exception, message, None if span is None else Span(**span))


def load(image: Image, symbols: dict[str, int]) -> tuple[int, Loaded]:
    """The address of the entry in memory, and what owns the memory. KeyError for a symbol that is not given."""
    addresses: list[tuple[int | None, bytes]] = [(None, _words(image.own))]
    addresses += [(symbols[name], _words(offsets)) for name, offsets in image.imports.items()]
    loaded = Loaded(image.data, addresses)
    return loaded.address + image.entry, loaded


def _words(offsets: list[int]) -> bytes:
    return array("q", offsets).tobytes()


def signature_data(value: Any) -> Any:
    """A signature, or a part of it, as lists for JSON: dataclasses by the name of their class."""
    if hasattr(value, "__dataclass_fields__"):
        return {type(value).__name__: [signature_data(getattr(value, part.name)) for part in fields(value)]}
    return [signature_data(item) for item in value] if isinstance(value, tuple) else value


def signature_of(data: Any) -> Any:
    """The signature that `signature_data` wrote down."""
    from pydex.runtime import signature

    if isinstance(data, dict):
        ((name, parts),) = data.items()
        return getattr(signature, name)(*map(signature_of, parts))
    return tuple(map(signature_of, data)) if isinstance(data, list) else data
