"""Reading a finished or running log from its beginning."""

from __future__ import annotations

from collections.abc import Iterator

from services.core.codec import ALARM, INCIDENT, decode_output
from services.core.journal import canonical_journal
from services.core.records import Output
from services.runtime.local import LogView


def outputs_of(view: LogView, topics: tuple[str, ...] = (ALARM, INCIDENT)) -> Iterator[Output]:
    """Every output of `topics`, in log order. Rejected when an entry is damaged."""
    after = 0
    while entries := view.read(topics, after, 1000):
        for entry in entries:
            yield decode_output(entry.topic, entry.data)
        after = entries[-1].offset


def journal_of(view: LogView) -> Iterator[str]:
    """The canonical journal's lines."""
    return canonical_journal(outputs_of(view))
