"""A dead letter as it is sent."""

from __future__ import annotations

from services.core.ports import Reject
from services.runtime.cluster.client import MAX_MESSAGE
from services.runtime.cluster.faust_worker.carrier import Message
from services.runtime.cluster.rejects import encode_reject
from services.runtime.cluster.topics import REJECTED

#: Of a payload so much is sent: with its circumstances it must not be larger than a message may be, for a letter that
#: cannot be sent would stop the worker at its place in the log for ever.
_MOST = MAX_MESSAGE - (256 << 10)


def dead_letter(reject: Reject) -> Message:
    """The same form as every writer's; to the partition that its key says. A cut payload says how long it was."""
    key, value, headers = encode_reject(reject)
    cut = (("length", str(len(value)).encode()),) if len(value) > _MOST else ()
    return Message(REJECTED, None, key, value[:_MOST], (*headers, *cut))
