"""The small trends of the rows that are on the screen: each drawn anew now and then, not at every look."""

from __future__ import annotations

from collections.abc import Sequence

from services.console import wording
from services.console.markup import Markup
from services.console.pages.alarm_list import spark
from services.console.pages.moment import Moment
from services.console.view.alarms import Occurrence
from services.console.view.trend import SPAN
from services.console.words import LIST
from services.core.clock import HOUR

#: Looks between two drawings of one row. They are spread, so that no look draws all of them.
EVERY = 10


class Drawings:
    """Of one browser."""

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[int, Markup]] = {}

    def keep(self, shown: Sequence[Occurrence]) -> None:
        """Forgets those that are not on the screen any more."""
        names = {one.first.occurrence for one in shown}
        for name in self._drawn.keys() - names:
            del self._drawn[name]

    def of(self, moment: Moment, one: Occurrence, turn: int) -> Markup:
        """The drawing of a row; `turn` grows by one a look, and differs from row to row."""
        found = self._drawn.get(one.first.occurrence)
        if found is not None and turn % EVERY:
            return found[1]
        event = one.first
        trend = moment.view.trend(event.site, f"{event.station}/{event.point}", spark.SAMPLES)
        rule = moment.view.rule(*one.name)
        limit = event.limit if rule is not None and rule.kind in ("high", "low", "successive_high") else None
        words = LIST["trend_bare"] if limit is None else LIST["trend"]
        label = words.format(hours=SPAN // HOUR, limit=wording.limit(limit))
        drawn = spark.spark(trend, limit, moment.view.now or event.time, SPAN, label)
        self._drawn[event.occurrence] = (turn, drawn)
        return drawn
