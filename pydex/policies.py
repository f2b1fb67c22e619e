"""What `dx.checkpoint(f, policy)` accepts: which states of its loops reverse mode keeps."""

from __future__ import annotations

from typing import Any, TypeAlias

#: "sqrt", "log", or every so many steps.
Policy: TypeAlias = str | int

#: Longer segments than this have no tape that fits into memory.
LONGEST = 2**31 - 1

POLICY_HELP = 'write "sqrt" (about √n states of n), "log" (log2 n), or a number of steps (every k-th)'


def is_policy(value: Any) -> bool:
    """Whether it is a policy, or None: no loop keeps less than it needs."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 < value <= LONGEST
    return value is None or value in ("sqrt", "log")


def refused_policy(value: Any) -> str:
    """The message for anything else."""
    return f"{value!r} is not a policy of dx.checkpoint"
