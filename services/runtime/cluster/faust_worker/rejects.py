"""A dead letter as it is sent."""

from __future__ import annotations

from services.core.ports import Reject
from services.runtime.cluster.faust_worker.carrier import Message
from services.runtime.cluster.topics import REJECTED

#: Of a source's name and of a detail this much is sent.
_NAME, _DETAIL = 200, 8000


def dead_letter(reject: Reject) -> Message:
    """Key: the source; value: the payload as it came; why, and when, in the headers."""
    source = reject.source[:_NAME].encode()
    headers = (
        ("reason", reject.reason.encode()),
        ("detail", reject.detail[:_DETAIL].encode()),
        ("source", source),
        ("received", str(reject.received).encode()),
    )
    return Message(REJECTED, None, source, reject.payload, headers)
