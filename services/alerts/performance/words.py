"""What counts as an alarm here, and the numbers that the figures are held against, each with its source."""

from __future__ import annotations

from typing import Literal

from services.core.clock import DAY, MINUTE
from services.core.records import AlarmEvent

#: Where the alarms of a site go that names no position.
DISPATCH = "dispatch"

#: Transitions by which an alarm can come to be heard.
SOUNDING = frozenset(("raised", "realarmed", "unshelved", "unsuppressed", "returned"))

#: Transitions that tell of a command and of no alarm.
OF_COMMANDS = frozenset(("refused", "planned", "planned_over"))

#: A figure's verdict; "" where there is no target.
Verdict = Literal["good", "manageable", "poor", "too little record", ""]

#: ns of record that percentages over time are asked to rest on (ANSI/ISA-18.2: at least 30 days).
ENOUGH = 30 * DAY

# The numbers of ANSI/ISA-18.2-2016 and IEC 62682:2022 (their table of alarm performance metrics) and of EEMUA 191:

#: About one alarm in ten minutes (6 an hour, 144 a day) is acceptable, two (12, 288) are the most that is manageable.
ACCEPTABLE, MANAGEABLE = 1.0, 2.0
#: At most ten in any of the fixed ten minutes, more than ten in less than 1 % of them; less than 1 % of time in flood.
PEAK, SHARE = 10, 0.01
#: The ten most frequent alarms make up 1 % to 5 % of all at most.
TOP, TOP_GOOD, TOP_MOST = 10, 0.01, 0.05
#: Three in a minute is chattering: none should.
CHATTER_TIMES, CHATTER_WINDOW = 3, MINUTE
#: Active for more than 24 h is stale: fewer than five at any time.
STALE, STALE_MOST = DAY, 5
#: None should be fleeting. No standard says how short that is; ours is a minute from horn to clear, as chattering's.
FLEETING = MINUTE
#: Of what sounds about 80 % low, 15 % middle, 5 % top priority; ours are medium, high, critical.
SPLIT = {"medium": 0.80, "high": 0.15, "critical": 0.05}

SOURCE = "ISA-18.2, IEC 62682, EEMUA 191"


def sounds(event: AlarmEvent) -> bool:
    """Whether the operator heard it: not what came after its time, what a command was refused, or what is hidden."""
    return event.annunciated and not event.lane and event.transition in SOUNDING


def name_of(event: AlarmEvent) -> str:
    """The alarm as site/station/point/rule."""
    return f"{event.site}/{event.station}/{event.point}/{event.rule}"
