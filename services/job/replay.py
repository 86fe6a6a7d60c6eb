"""A recorded file through the same log and the same processors, and how the alarms did."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.aggregator.sinks.parquet import Historian
from services.core.clock import iso
from services.core.ports import Reject
from services.job.folds import Folds
from services.job.follower import Follower, Taker
from services.job.ledger import outputs_of
from services.job.options import LOG_FILE
from services.job.run import RunError
from services.job.summary import Tally, alarm_lines, incident_lines
from services.replay.opening import expected_for, span
from services.replay.pacing import feed
from services.replay.player import records
from services.replay.prepare import Prepared
from services.replay.scorecard import Scorecard, score
from services.runtime.local import LocalLog


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave: counts, alarms, and the scorecard when the event library expects something."""

    summary: dict[str, Any]
    card: Scorecard | None


async def replay(
    prepared: Prepared,
    data: Path,
    events: Path,
    speed: float | None,
    takers: Sequence[Taker],
) -> Replayed:
    """Plays `prepared` into a new log in `data`. RunError when there is one already."""
    if (data / LOG_FILE).exists():
        raise RunError(f"{data} holds a run already: choose another folder with --data, or leave it out")
    started = time.monotonic()
    tally = Tally()
    async with AsyncExitStack() as stack:
        log = LocalLog.open(data / LOG_FILE)
        stack.callback(log.close)
        await log.set_meta("run", f"replay of {prepared.site.id}")
        now = span(prepared)[1]
        await log.reject([
            Reject(row.where, row.reason, row.detail, b"", now) for row in prepared.rejects.examples
        ])  # fmt: skip
        shell = await stack.enter_async_context(Folds(log))
        historian = await stack.enter_async_context(Historian(log, data))
        follower = await stack.enter_async_context(Follower(log, [tally.take, *takers]))
        await feed(records(prepared.frames, prepared.site), log, speed=speed)
        await shell.drain()
        await follower.reach(log.head())
        await historian.drain()
        outputs = list(outputs_of(log))
    expected = expected_for(prepared, events)
    card = score(outputs, expected, *span(prepared)) if expected is not None else None
    wall = time.monotonic() - started
    summary = {
        "site": prepared.site.id,
        "start": iso(span(prepared)[0]),
        "end": iso(span(prepared)[1]),
        "readings": prepared.readings,
        "received": tally.received,
        "rejected": prepared.rejects.total,
        "rejected_by_reason": dict(sorted(prepared.rejects.counts.items())),
        "points": {choice.point: str(choice) for choice in prepared.choices},
        "missing": list(prepared.missing),
        "alarms": alarm_lines(tally.raised),
        "incidents": incident_lines(tally.incidents),
        "scorecard": card.to_json() if card is not None else None,
        "wall_seconds": round(wall, 2),
        "readings_per_second": round(prepared.readings / wall, 1),
    }
    return Replayed(summary, card)
