"""Chattering: an alarm that sounds three times in a minute says nothing more, and covers what others say.

EEMUA 191 and ISA-18.2 call an alarm chattering that comes three times or more within a minute. Such a one is put
aside by itself for a while, told and numbered as a shelf that an operator would have given it, and judged anew at its
end. What must not be put aside goes on sounding and is only named: critical alarms, and those that may not be shelved.
"""

from __future__ import annotations

from services.core.catalogue import Rule
from services.core.clock import DAY, MINUTE

#: So often, within so long (ns; EEMUA 191).
TIMES, WITHIN = 3, MINUTE

#: Who puts it aside.
WHO = "headworks"

PUT_ASIDE = "chattering: raised 3 times within 1 minute"
SOUNDS_ON = "raised 3 times within 1 minute; it is not put aside by itself"

#: Nothing live is told so long (ns) after its time that older raises could still matter.
FORGOTTEN_AFTER = DAY


def shelf(rule: Rule) -> int:
    """For how long (ns) an alarm by this rule is put aside by itself, never for longer than a person may; 0: never."""
    return 0 if rule.priority == "critical" else min(rule.chatter_shelf, rule.longest_shelf)


def counted(earlier: tuple[int, ...], now: int) -> tuple[int, ...]:
    """The raises (ns) that count at `now`, this one included: TIMES of them are chattering."""
    return (*(time for time in earlier if now - time <= WITHIN), now)
