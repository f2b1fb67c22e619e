"""Reverse mode of a sequential loop that keeps only some of its states (`ad_keep`): segment by segment.

    forward:   the loop; with `keep <k, m>` the state at the start of each segment is kept
    reverse:   for each segment, the last first, then for the steps before the first, from the state at its start:
               run it with a tape of its states; walk it backwards

With `keep halving` no state is kept: they are made again, in slots (`ad_halving`). What a loop keeps of tables that it
reads element by element, and tables that it gives, are as long as the loop anyway: these are as without a policy
(`ad_tape`), and the starts of segments are found by running the loop once more.

A step is evaluated once forward, once for the tape of its segment, and once to be walked backwards. Loops inside of it
are run once more, since nothing of them is on the tape of the segment.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from pydex.dialects import eff

from . import ad_vjp_state as state
from .ad_halving import through_slots
from .ad_reverse import Level, Reverse
from .ad_segments import Segments
from .ad_vjp_state import Backwards


def forward_loop(reverse: Reverse, op: eff.LoopOp, level: Level) -> None:
    """The loop, with what its reverse needs."""
    if op.keep is None:
        state.forward_loop(reverse, op, level)
        return
    segments = Segments.of(reverse, op, level, {})
    if op.halving or not segments.is_whole:
        results = state.with_tape(reverse, segments.steps, level, frozenset(segments.states))
    else:
        results, starts = segments.run(level)
        level.kept[op] = {("start", c): t for c, t in zip(segments.states, starts, strict=True)}
    level.values.update(zip(op.results_, results, strict=False))


def backward_loop(reverse: Reverse, op: eff.LoopOp, level: Level) -> None:
    """Back through the loop."""
    if op.keep is None:
        state.backward_loop(reverse, op, level)
        return
    kept = level.kept[op]
    starts = [t for key, t in kept.items() if isinstance(key, tuple) and key[0] == "start"]
    segments = Segments.of(reverse, op, level, kept)

    def build(outer: Level, back: Backwards) -> Sequence[SSAValue]:
        if op.halving:
            before = through_slots(segments, outer, back)
        else:
            before = _through_starts(segments, outer, back, starts or segments.run(outer.rerun())[1])
        return segments.back(outer, back, segments.initial(outer), segments.rest, segments.in_rest, before)

    state.reverse_steps(reverse, segments.steps, level, build)


def _through_starts(
    segments: Segments, level: Level, back: Backwards, starts: Sequence[SSAValue]
) -> Sequence[SSAValue]:
    """Back through all segments, whose first states are in tables."""
    loop = eff.LoopOp(segments.count, back.last, (), True)
    inner = level.within(level.emit.into(loop.body.block), {})
    states = [inner.emit.at(t, [loop.index]) for t in starts]
    before = segments.back(inner, back, states, segments.length, segments.from_segment(loop.index), loop.carried)
    return level.emit.finish_loop(loop, before).results_
