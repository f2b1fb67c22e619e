"""An object file as an image: bytes to copy anywhere, and the words in it to which an address has to be added.

MLIR makes ELF objects in the large code model, whose references are 8-byte words. Anything else in an object, such as
data that is written to, another kind of relocation, or another format, is `NotAnImage`: such code is not kept.
Format: Tool Interface Standard ELF 1.2; System V ABI, AMD64 supplement, table 4.9 (relocation types).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydex.cache.entry import Image

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")

MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little endian
RELOCATABLE, X86_64 = 1, 62
PROGBITS, SYMTAB, RELA, NOBITS = 1, 2, 4, 8
WRITE, ALLOC, TLS = 1, 2, 0x400
R_64, R_PC64 = 1, 24
UNDEFINED, FIRST_RESERVED = 0, 0xFF00
UNWINDING = ".eh_frame"  # errors leave compiled code by longjmp, which does not unwind


class NotAnImage(Exception):
    """An object that cannot be turned into an image; str() says why."""


@dataclass(frozen=True)
class _Section:
    name: str
    type: int
    flags: int
    data: bytes
    link: int
    info: int
    align: int


def image_of(object: bytes, entry: str) -> Image:
    """The image of an object file that defines the function `entry`. Raises NotAnImage."""
    try:
        return _image(_sections(object), entry)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise NotAnImage(f"the object file is damaged: {error}") from None


def _sections(object: bytes) -> list[_Section]:
    ident, type, machine, _, _, _, at, _, _, _, _, size, count, names = HEADER.unpack_from(object)
    if not ident.startswith(MAGIC) or (type, machine, size) != (RELOCATABLE, X86_64, SECTION.size):
        raise NotAnImage("not a relocatable ELF object for x86-64")
    raw = [SECTION.unpack_from(object, at + k * size) for k in range(count)]
    texts = object[raw[names][4] :]
    return [
        _Section(_text(texts, name), type, flags, object[start : start + length], link, info, align)
        for name, type, flags, _, start, length, link, info, align, _ in raw
    ]


def _text(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()


def _image(sections: list[_Section], entry: str) -> Image:
    image = Image(bytearray(), -1)
    places = _lay_out(sections, image)
    for section in sections:
        if section.type == RELA and section.info in places:
            _relocate(image, sections, section, places)
    symbols = next(s for s in sections if s.type == SYMTAB)
    for k in range(len(symbols.data) // SYMBOL.size):
        name, _, _, home, value, _ = SYMBOL.unpack_from(symbols.data, k * SYMBOL.size)
        if home in places and _text(sections[symbols.link].data, name) == entry:
            image.entry = places[home] + value
    if image.entry < 0:
        raise NotAnImage(f"the object does not define {entry}")
    return image


def _lay_out(sections: list[_Section], image: Image) -> dict[int, int]:
    """Copies what is loaded; the place of each section."""
    places: dict[int, int] = {}
    for number, section in enumerate(sections):
        if not section.flags & ALLOC or section.name == UNWINDING:
            continue
        if section.flags & (WRITE | TLS) or section.type != PROGBITS:
            raise NotAnImage(f"{section.name} is neither code nor constants")
        if section.align > 4096:
            raise NotAnImage(f"{section.name} is aligned to {section.align}")
        image.data += bytes(-len(image.data) % max(section.align, 1))
        places[number] = len(image.data)
        image.data += section.data
    return places


def _relocate(image: Image, sections: list[_Section], table: _Section, places: dict[int, int]) -> None:
    symbols = sections[table.link]
    for k in range(len(table.data) // RELOCATION.size):
        offset, info, addend = RELOCATION.unpack_from(table.data, k * RELOCATION.size)
        kind, number = info & 0xFFFFFFFF, info >> 32
        name, _, _, home, value, _ = SYMBOL.unpack_from(symbols.data, number * SYMBOL.size)
        at = places[table.info] + offset
        if home in places and kind == R_64:
            struct.pack_into("<q", image.data, at, places[home] + value + addend)
            image.own.append(at)
        elif home in places and kind == R_PC64:
            struct.pack_into("<q", image.data, at, places[home] + value + addend - at)
        elif home == UNDEFINED and kind == R_64:
            struct.pack_into("<q", image.data, at, addend)
            image.imports.setdefault(_text(sections[symbols.link].data, name), []).append(at)
        else:
            raise NotAnImage(f"relocation {kind} to section {home}")
