"""The directory of the cache: one file for each entry, named by its key.

An entry appears whole, by renaming, whoever else writes it; its checksum is verified when it is read, and what does
not fit is no entry. The directory belongs to the user and is writable by nobody else, since its files are executed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pydex import knobs

MAGIC = b"pydex code 1\n"
SUFFIX = ".pydex"


def directory() -> Path | None:
    """Where entries are kept: what the knob says, or the user's cache directory; None: nowhere."""
    named = knobs.CACHE.get()
    if named == "off":
        return None
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pydex"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pydex"


def read(key: str) -> bytes | None:
    """The entry of a key, if there is a whole one; it counts as used now."""
    folder = directory()
    if folder is None or not _is_ours(folder):
        return None
    path = folder / (key + SUFFIX)
    try:
        data = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    head = MAGIC + key.encode()
    payload = data[len(head) + 32 :]
    whole = data.startswith(head) and data[len(head) : len(head) + 32] == hashlib.sha256(payload).digest()
    return payload if whole else None


def write(key: str, payload: bytes) -> None:
    """Keeps an entry. A directory that cannot be written is no error: the next process compiles again."""
    folder = directory()
    limit = knobs.CACHE_SIZE.get() << 20
    if folder is None or len(payload) > limit:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder):
            return
        _write_whole(folder / (key + SUFFIX), MAGIC + key.encode() + hashlib.sha256(payload).digest() + payload)
        _evict(folder, limit)
    except OSError:
        return


def _write_whole(path: Path, data: bytes) -> None:
    import tempfile  # 8 ms, which only writers should wait for

    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_ours(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _evict(folder: Path, limit: int) -> None:
    """Forgets what was not used longest, until the rest is within nine tenths of the limit."""
    entries = _entries(folder)
    total = sum(size for _, size, _ in entries)
    if total <= limit:
        return
    for _, size, path in sorted(entries):
        path.unlink(missing_ok=True)
        total -= size
        if total <= limit * 9 // 10:
            return


def _entries(folder: Path) -> list[tuple[int, int, Path]]:
    """When each file was used last, its size, its path; those that a process left half written among them."""
    found = []
    for path in folder.glob("*"):
        if path.suffix == SUFFIX or path.name.startswith(".new-"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # another process was faster
            found.append((status.st_mtime_ns, status.st_size, path))
    return found


@dataclass(frozen=True)
class Info:
    """What the cache holds."""

    directory: Path | None
    entries: int
    bytes: int


def info() -> Info:
    """How many entries there are, and how large they are together."""
    folder = directory()
    entries = [] if folder is None else _entries(folder)
    return Info(folder, len(entries), sum(size for _, size, _ in entries))


def clear() -> int:
    """Forgets all entries; how many there were."""
    folder = directory()
    entries = [] if folder is None else _entries(folder)
    for _, _, path in entries:
        path.unlink(missing_ok=True)
    return len(entries)
