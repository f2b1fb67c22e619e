"""One compilation at a time: neither the elaborator's shared state nor MLIR in this process is made for several."""

from __future__ import annotations

import os
import threading

_lock = threading.RLock()


def one_at_a_time() -> threading.RLock:  # type: ignore[valid-type]
    """The lock of all compilations, for `with`. A thread that compiles may enter again."""
    return _lock


def _renew() -> None:
    """A fork copies the lock but not the thread that may hold it."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew)
