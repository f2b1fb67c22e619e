"""The processor that this process runs on: its name and its instruction sets, as /proc/cpuinfo tells them."""

from functools import cache

TOLD = ("vendor_id", "cpu family", "model", "stepping", "flags")


@cache
def described() -> tuple[str, ...]:
    """The lines about the first processor; none where there is no such file."""
    lines: list[str] = []
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if not line.strip():
                    break
                if line.startswith(TOLD):
                    lines.append(line)
    except OSError:
        pass
    return tuple(lines)


@cache
def instruction_sets() -> frozenset[str]:
    """Their names, such as avx512f."""
    flags = next((line for line in described() if line.startswith("flags")), ":")
    return frozenset(flags.split(":", 1)[1].split())
