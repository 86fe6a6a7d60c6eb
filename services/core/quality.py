"""Quality of a reading: one byte, OPC-style good / uncertain / bad with a reason.

Unknown is not good: a bad reading drives no process alarm. A saturated reading is good: it is a measurement,
"at least this much" (DESIGN.md, "Unknown is not good").
"""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """The codes; below 64 good, below 128 uncertain, else bad."""

    GOOD = 0
    SATURATED = 1  # at the top of the instrument's range: the true value is at least this
    UNCERTAIN = 64  # as the source said
    HELD = 65  # held while the point is silent beyond its own limit
    BAD = 128  # as the source said
    OUT_OF_RANGE = 129  # beyond what the instrument's span can give (NAMUR NE 43)
    NOT_A_NUMBER = 130
    NO_SAMPLE = 131  # the analyser's sample flow is lost
    CLOCK = 132  # event time ahead of the receiver's clock
    STALE = 133  # station silent
    NEVER_SEEN = 134  # no reading yet

    @property
    def label(self) -> str:
        """In words, for people."""
        return self.name.lower().replace("_", " ")


FIRST_UNCERTAIN = 64
FIRST_BAD = 128


def is_good(code: int) -> bool:
    """Whether the code is good (saturated included)."""
    return code < FIRST_UNCERTAIN


def is_bad(code: int) -> bool:
    """Whether the code is bad: the value must drive no process alarm."""
    return code >= FIRST_BAD
