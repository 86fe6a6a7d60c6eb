"""The priority of an alarm, derived from what happens if nobody acts and from the time that there is to act.

ISA-18.2 / IEC 62682 and EEMUA 191 ask that priority follow from severity of consequence and time to respond, by rule and
not by taste, so that "high" means the same at every station. The classes and the matrix are each utility's to decide;
these are engineering judgement, and give the starting alarms the priorities that they were written with. They are not
EEMUA 191's 80/15/5: `headworks rationalize` prints how a site's alarms are spread beside that.

| severity | what happens if nobody acts | 30 min or less | up to 8 h (a shift) | longer |
|---|---|---|---|---|
| severe | customers lose water or drink what they should not, people are in danger, works are destroyed | critical | high | medium |
| serious | a process step or a zone fails, a limit of a licence is broken, a machine is damaged | high | medium | medium |
| minor | a reserve or a measurement is lost; nobody outside notices yet | medium | medium | journal |
"""  # noqa: E501

from __future__ import annotations

from bisect import bisect_left

from services.core.catalogue.model import Priority, Severity
from services.core.clock import HOUR, MINUTE

#: The longest time to respond of each column but the last.
BANDS = (30 * MINUTE, 8 * HOUR)

MATRIX: dict[Severity, tuple[Priority, Priority, Priority]] = {
    "severe": ("critical", "high", "medium"),
    "serious": ("high", "medium", "medium"),
    "minor": ("medium", "medium", "journal"),
}


def derive_priority(severity: Severity, respond_within: int) -> Priority:
    """The matrix's priority for a consequence and a time to respond (ns)."""
    return MATRIX[severity][bisect_left(BANDS, respond_within)]
