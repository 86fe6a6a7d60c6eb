"""What the dispatch of pages decides, and why: every line of "why did it not page me?"."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.core.records import AlarmEvent


class Kind(StrEnum):
    """What is done."""

    PAGE = "page"  # a message goes to a person
    HOLD = "hold"  # it pages nobody, now
    SENT = "sent"  # a channel took a message
    FAILED = "failed"  # a channel did not
    STOP = "stop"  # no further pages
    RESUME = "resume"  # it is worth a page again
    UNREACHED = "unreached"  # nobody could be told, or nobody answered: an alarm of its own
    CLOSED = "closed"  # the problem is over
    DIGEST = "digest"  # the morning's summary


class Why(StrEnum):
    """The reason, as a constant; `detail` has the names and times."""

    NEW = "a new problem"
    WORSE = "worse than before"
    REPEAT = "nobody has acknowledged"
    ESCALATE = "nobody has acknowledged: the next in line"
    NEXT_WAY = "the channel before it failed"
    AGAIN = "stands again, and nobody has seen it"
    LAST_RESORT = "nobody was reached or answered: the last resort"
    UNSILENCED = "its silence has ended"
    NEW_RULES = "its policy is gone: the one that fits now"
    HISTORICAL = "came after its time"
    JOURNAL = "a journal entry asks nobody"
    ASIDE = "shelved, suppressed or out of service"
    QUIET = "did not sound"
    JOINED = "belongs to a problem that is being paged"
    ANSWERED = "belongs to a problem that somebody has acknowledged, and makes it no worse"
    NO_POLICY = "no policy fits"
    NO_STEPS = "its policy pages nobody"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    GONE = "nothing of it stands any more"
    ALL_FAILED = "every channel failed"
    NOBODY_ON_CALL = "nobody is on call"
    NO_ANSWER = "everybody was told, and nobody answered"
    TAKEN = "the channel took it"
    REFUSED = "the channel did not take it"
    MORNING = "the morning digest"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision at `time` (ns) on a problem.

    page: names the message, the same on every run, so that a channel can know one that comes twice.
    way: which of the person's ways it goes.  number: of the decision, from 1, over all problems.
    """

    time: int
    problem: str
    number: int
    kind: Kind
    why: Why
    detail: str = ""
    occurrence: str = ""
    page: str = ""
    person: str = ""
    channel: str = ""
    urgency: str = ""
    way: int = 0
    text: dict[str, object] = field(default_factory=dict)


def why_nobody(event: AlarmEvent) -> Why | None:
    """Why an alarm that has just been raised pages nobody, if that can be seen from itself."""
    if event.transition != "raised":
        return None
    if event.lane:
        return Why.HISTORICAL
    if event.priority == "journal":
        return Why.JOURNAL
    if event.state in ("G", "H", "I"):
        return Why.ASIDE
    return None if event.annunciated else Why.QUIET
