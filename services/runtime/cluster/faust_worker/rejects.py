"""A dead letter as it is sent."""

from __future__ import annotations

from services.core.ports import Reject
from services.runtime.cluster.faust_worker.carrier import Message
from services.runtime.cluster.rejects import encode_reject
from services.runtime.cluster.topics import REJECTED


def dead_letter(reject: Reject) -> Message:
    """The same form as every writer's; to the partition that its key says."""
    key, value, headers = encode_reject(reject)
    return Message(REJECTED, None, key, value, tuple(headers))
