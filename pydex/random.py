"""Random numbers from explicit keys: the same numbers everywhere, in any order.

A key is a u64. `new_key(seed)` starts, `ixkey(key, i)` gives every index its own key, `split_key(key)` two independent
ones. The generator is threefry2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
SC 2011).
These functions are pydex programs: every execution runs this very source.
"""

import pydex as dx
from pydex import f32, u32, u64

ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)


@dx.jit
def four_rounds(x: u32, y: u32, rotations) -> tuple[u32, u32]:
    """Four rounds of threefry2x32: add, rotate, exclusive or."""
    for r in rotations:
        x = x + y
        y = ((y << r) | (y >> (32 - r))) ^ x
    return x, y


@dx.jit
def threefry2x32(key: u64, counter: u64) -> u64:
    """The block cipher: a bijection of the counters for every key. High words first."""
    k0 = u32(key >> 32)
    k1 = u32(key & 0xFFFFFFFF)
    schedule = k1, k0 ^ k1 ^ 0x1BD11BDA, k0
    x = u32(counter >> 32) + k0
    y = u32(counter & 0xFFFFFFFF) + k1
    for group in (0, 1, 2, 3, 4):
        x, y = four_rounds(x, y, ROTATIONS[group % 2])
        x = x + schedule[group % 3]
        y = y + schedule[(group + 1) % 3] + (group + 1)
    return (u64(x) << 32) | u64(y)


@dx.jit
def hash(key: u64, n: u64) -> u64:
    """A key that depends on `key` and on `n`."""
    return threefry2x32(key, n)


@dx.jit
def new_key(seed: u64) -> u64:
    """The key of a seed."""
    return hash(u64(0), seed)


@dx.jit
def ixkey(key: u64, i) -> u64:
    """The key of the index i, or of the tuple of indices i."""
    return hash(key, u64(dx.ordinal(i)))


@dx.jit
def split_key(key: u64) -> tuple[u64, u64]:
    """Two keys that are independent of each other."""
    return hash(key, u64(0)), hash(key, u64(1))


@dx.jit
def rand(key: u64) -> f32:
    """Uniform in [0, 1): 23 random bits."""
    return dx.bitcast(u32(key & 0x7FFFFF) | 0x3F800000, f32) - 1.0


@dx.jit
def randn(key: u64) -> f32:
    """Normally distributed with mean 0 and variance 1, by Box and Muller's cosine."""
    k0, k1 = split_key(key)
    return dx.sqrt(-2.0 * dx.log(1.0 - rand(k0))) * dx.cos(6.283185307179586 * rand(k1))
