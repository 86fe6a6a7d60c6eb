"""The console's place in the log: reads it from the beginning, then waits for what comes."""

from __future__ import annotations

import asyncio

from services.console.live import LiveView
from services.core.codec import ALARM, DERIVED, INCIDENT, decode_output, decode_record
from services.core.errors import Rejected
from services.core.ports import LogReader

#: Entries and bytes taken at once, between two of which the event loop serves the pages.
BATCH = 200
BATCH_BYTES = 1 << 20


async def follow(view: LiveView, log: LogReader, *, records: str = "sites", since: int = 0) -> None:
    """Applies everything beyond offset `since`, for ever. `records` is the topic of the sites' records.

    An entry that cannot be decoded is counted in `passed_over`. LogError when the log fails: whoever runs this
    must then say so on the page, since nothing new will be seen.
    """
    topics = (records, ALARM, INCIDENT, DERIVED)
    while True:
        entries = log.read(topics, since, BATCH, BATCH_BYTES)
        for entry in entries:
            since = entry.offset
            try:
                if entry.topic == records:
                    view.apply(decode_record(entry.data))
                else:
                    view.apply(decode_output(entry.topic, entry.data))
            except Rejected:
                view.passed_over += 1
        if entries:
            await asyncio.sleep(0)
        else:
            await log.wait_beyond(since, topics=topics)
