"""Where an alarm stands: three independent dimensions, from which the letter of ISA-18.2 is derived.

ANSI/ISA-18.2-2016 and IEC 62682:2022 draw the states A to I; which moves lead between them is in `machine.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Letter(Enum):
    """The states as the standard letters them."""

    A = "normal"
    B = "unacknowledged"
    C = "acknowledged"
    D = "returned, unacknowledged"
    E = "latched, unacknowledged"
    F = "latched, acknowledged"
    G = "shelved"
    H = "suppressed by design"
    I = "out of service"  # noqa: E741  the standard's letter


@dataclass(frozen=True, slots=True)
class Definition:
    """What of an alarm's definition matters here.

    latching: stays after its condition has gone until it is reset.  realarm: ns after which an acknowledged alarm
    that still stands is unacknowledged again, 0 never.  acknowledged: whether somebody has to (a journal entry
    asks nobody).  longest_shelf: ns that it may be shelved at most, 0: not at all.  chatter_shelf: ns for which it is
    put aside by itself when it chatters, 0: never.  hidden_by: the worse alarm of the same point, as
    station/point/rule.
    """

    latching: bool = False
    realarm: int = 0
    acknowledged: bool = True
    longest_shelf: int = 0
    chatter_shelf: int = 0
    hidden_by: str = ""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """Condition, attention, service.

    active: the condition holds.  unacknowledged: somebody has yet to see it.  latched: it held, and no reset since.
    realarm_at, shelved_until: deadlines in ns, 0: none.  one_shot: the shelf ends with the condition.
    suppressors: what suppresses it now.  removed: out of service.
    """

    active: bool = False
    unacknowledged: bool = False
    latched: bool = False
    realarm_at: int = 0
    shelved_until: int = 0
    one_shot: bool = False
    suppressors: frozenset[str] = frozenset()
    removed: bool = False

    @property
    def in_service(self) -> bool:
        """Whether it sounds, and may be acknowledged."""
        return not (self.removed or self.suppressors or self.shelved_until)

    @property
    def letter(self) -> Letter:
        """Out of service stands before suppressed, and that before shelved: who did more to it is named."""
        if self.removed:
            return Letter.I
        if self.suppressors:
            return Letter.H
        if self.shelved_until:
            return Letter.G
        if self.active:
            return Letter.B if self.unacknowledged else Letter.C
        if self.latched:
            return Letter.E if self.unacknowledged else Letter.F
        return Letter.D if self.unacknowledged else Letter.A
