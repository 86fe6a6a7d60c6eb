"""How well the alarms serve the people who get them: a fold over the journal, per operator's position.

Pure: event times only, any split of the journal into batches gives the same figures, and the state can be dumped and
loaded. `Performance` counts, `Report` is what it says, `Floods` tells live when a flood begins and ends.
"""

from services.alerts.performance.floods import FloodEvent, Floods
from services.alerts.performance.processor import Performance
from services.alerts.performance.report import PositionReport

__all__ = ["FloodEvent", "Floods", "Performance", "PositionReport"]
