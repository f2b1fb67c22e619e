"""Compiled code on disk, found again by other processes.

    key(function, types)   what the code depends on, as a digest: syntax.py, fingerprint.py, environment.py
    find(key)              the entry, if there is one: files.py, entry.py
    keep(key, …)           makes one of code that was compiled just now: image.py

A key is computed without the frontend, so that a program that is found is called without importing it. Functions whose
dependence is not wholly understood have no key.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydex import knobs

if TYPE_CHECKING:
    from pydex.cache.entry import Entry
    from pydex.cache.fingerprint import Fingerprint
    from pydex.code import Code
    from pydex.frontend.constants import Guard
    from pydex.runtime.signature import Signature


class Key(NamedTuple):
    """What names the code of a function; and what names outside of it must stand for as long as the code is used."""

    text: str
    guards: tuple[Guard, ...]


def key(function: Any, arguments: Sequence[Any] | None) -> Key | None:
    """The key of the code of a function; None if it is not to be kept.

    arguments: those that give the types, or None for a function whose annotations say all.
    """
    from pydex.cache import files

    if files.directory() is None or knobs.IR.get() or knobs.CHECK.get() or knobs.DEBUG.get() >= 2:
        return None
    types = _types(arguments)
    program = None if types is None else _fingerprint(function)
    if program is None:
        return None
    from pydex.cache.environment import environment

    promised = repr((function.guarantee, function.asked))  # code is kept of kept promises only
    parts = environment(), program.text(), types or "", promised
    return Key(hashlib.sha256("\0".join(parts).encode()).hexdigest(), tuple(program.guards))


def _types(arguments: Sequence[Any] | None) -> str | None:
    from pydex.runtime import type_codes

    if arguments is None:
        return "annotated"
    codes = type_codes(arguments)
    return None if 0 in codes else repr(codes)


def _fingerprint(function: Any) -> Fingerprint | None:
    from pydex.cache.fingerprint import Fingerprint, Unknown

    fingerprint = Fingerprint()
    try:
        fingerprint.add(function)
    except Unknown as unknown:
        _tell(f"{function.__name__} is not kept in the cache: it depends on {unknown}")
        return None
    return fingerprint


def find(key: str) -> Entry | None:
    """The entry of a key."""
    from pydex.cache import entry, files

    data = files.read(key)
    return None if data is None else entry.decode(data)


def keep(key: str, code: Code, signature: Signature, plain: bool) -> None:
    """Keeps code that was compiled just now, if it can be loaded elsewhere."""
    from pydex.cache import files
    from pydex.cache.entry import Entry, signature_data
    from pydex.cache.image import NotAnImage, image_of

    try:
        image = image_of(code.owner.object_code(), "entry")
    except NotAnImage as error:
        return _tell(f"the code is not kept in the cache: {error}")
    entry = Entry(image, code.sites, plain, signature.encode(), signature_data(signature))
    files.write(key, entry.encode())


def _tell(what: str) -> None:
    if knobs.DEBUG.get() >= 1:
        print(f"pydex: {what}", file=sys.stderr)
