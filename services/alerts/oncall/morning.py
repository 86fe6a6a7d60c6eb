"""The morning digest: what the night had that woke nobody, and what still stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.oncall.policy import OnCall
from services.alerts.oncall.problems import Problem, Problems
from services.alerts.oncall.words import summary
from services.core.clock import iso, to_datetime, to_ns

#: Problems of a day that are named; of the others it says how many.
_NAMED = 200


class Morning:
    """last: when the last digest went out, ns; 0 before the first moment that was seen."""

    def __init__(self, rules: OnCall) -> None:
        self.rules = rules
        self.last = 0
        self._over: list[dict[str, object]] = []
        self._more = 0

    def closed(self, problem: Problem, now: int) -> None:
        """A problem is over: the next digest names it."""
        if len(self._over) < _NAMED:
            self._over.append(summary(problem) | {"until": iso(now), "paged": problem.round > 0})
        else:
            self._more += 1

    def due(self, now: int, problems: Problems) -> Iterator[tuple[int, str, dict[str, object]]]:
        """The digests up to `now` (ns): when, to whom, what. After a long absence only the newest."""
        if self.last == 0:
            self.last = now
        at = self._latest(now)
        if at <= self.last:
            return
        text: dict[str, object] = {
            "since": iso(self.last),
            "standing": [summary(p) | {"paged": p.round > 0} for p in list(problems.open.values())[:_NAMED]],
            "over": list(self._over),
            "more": self._more + max(0, len(problems.open) - _NAMED),
        }
        self.last, self._over, self._more = at, [], 0
        for person in self.rules.on_duty(self.rules.digest_to, at):
            yield at, person, text

    def _latest(self, now: int) -> int:
        """The last time at or before `now` at which the wall clock said `digest_at`."""
        zone = ZoneInfo(self.rules.time_zone)
        day = to_datetime(now).astimezone(zone).date()
        today = to_ns(datetime.combine(day, self.rules.digest_at, zone))
        yesterday = datetime.combine(day - timedelta(days=1), self.rules.digest_at, zone)
        return today if today <= now else to_ns(yesterday)

    def dump(self) -> dict[str, Any]:
        """As JSON data."""
        return {"last": self.last, "over": list(self._over), "more": self._more}

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.last, self._over, self._more = data["last"], list(data["over"]), data["more"]
