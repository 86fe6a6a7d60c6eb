"""The player: makes the site log of a record, with ticks in event time, and folds it in memory.

It owns the run's clock (DESIGN.md, "Time is data"); nothing here reads one. `pacing` adds the
speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from services.core.catalogue import Site, to_json, version_of
from services.core.clock import DAY, MINUTE
from services.core.frame import Frame
from services.core.processor import Processor
from services.core.records import Config, Output, Record, Tick

#: How often the clock ticks while the record is silent: the granularity at which silence is
#: noticed.
TICK = 5 * MINUTE
BATCH = 256


def records(frames: Iterable[Frame], site: Site, version: str | None = None, *, tick: int = TICK) -> Iterator[Record]:
    """The site log of `frames` (in order of `through`): Config, then frames and ticks, then the
    end.

    A tick of time T follows everything up to T: one after each frame, and every `tick` ns in a gap
    (after the first day of it, once a day: by then all that can expire has expired). `version`
    defaults to the site's own. Without frames there is no time to begin at, and no log.
    Raises ValueError when frames are out of order or `tick` is not positive.
    """
    if tick <= 0:
        raise ValueError(f"tick {tick} ns must be above 0")
    text = to_json(site)
    now: int | None = None
    pending: Tick | None = None
    for frame in frames:
        first = int(frame.times[0]) if len(frame) else frame.through
        if now is None:
            yield Config(site.id, version or version_of(text), text, first)
        elif frame.through < now:
            raise ValueError(f"frame through {frame.through} after the clock stood at {now}")
        else:
            # The last frame's own tick waits until it is known that no other station's frame shares
            # its time.
            if pending is not None and frame.through > pending.time:
                yield pending
                yield from map(Tick, _gap(now, first, tick))
        yield frame
        now = frame.through
        pending = Tick(now)
    if now is not None:
        yield Tick(now, end=True)


def _gap(now: int, until: int, tick: int) -> Iterator[int]:
    """Tick times strictly between: a record may pause for years."""
    time = (now // tick + 1) * tick
    while time < until:
        yield time
        time += tick if time < now + DAY else max(tick, DAY)


def play(log: Iterable[Record], processor: Processor, site: str, *, batch: int = BATCH) -> list[Output]:
    """Folds `log` of one site through `processor`, in batches as a shell does.

    All outputs in order.
    For tests and what-if: no store, nothing to resume. The same outputs for every `batch`.
    """
    outputs: list[Output] = []
    source = iter(log)
    while part := list(islice(source, batch)):
        outputs += processor.step(site, part)
    return outputs
