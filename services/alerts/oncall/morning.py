"""The morning digest: what still stands, what was over in the night, and the floods of alarms that it had."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.oncall.policy import OnCall
from services.alerts.oncall.problems import Problem, Problems
from services.alerts.oncall.words import summary
from services.alerts.performance.words import sounds
from services.core.clock import iso, to_datetime, to_ns
from services.core.rates import Flood, Rate
from services.core.records import AlarmEvent

#: Problems and floods of a day that are named; of the other problems it says how many.
_NAMED, _FLOODS = 200, 20


class Morning:
    """last: when the last digest went out, ns; 0 before the first moment that was seen."""

    def __init__(self, rules: OnCall) -> None:
        self.rules = rules
        self.last = 0
        self._over: list[dict[str, object]] = []
        self._more = 0
        self._rate, self._heard = Rate(), 0
        self._floods: list[dict[str, object]] = []

    def heard(self, event: AlarmEvent) -> None:
        """An alarm that sounded counts towards a flood; one that comes out of order counts as heard when it came."""
        if not sounds(event):
            return
        self._heard = max(self._heard, event.time)
        self._ended(self._rate.advance(self._heard))
        self._rate.take(self._heard)

    def _ended(self, flood: Flood | None) -> None:
        told = flood is not None and flood.end is not None and flood.end <= self.last
        if flood is not None and not told and len(self._floods) < _FLOODS:
            self._floods.append(_plain(flood))

    def _newest_flood(self, at: int) -> list[dict[str, object]]:
        """The one that no later alarm has ended yet, as it stands at `at` (ns); alarms from before may still come."""
        if self._rate.flood is None:
            return []
        ended = Rate.load(self._rate.dump()).advance(max(at, self._heard))
        return [_plain(ended or self._rate.flood)]

    def closed(self, problem: Problem, now: int) -> None:
        """A problem is over: the next digest names it."""
        if len(self._over) < _NAMED:
            self._over.append(summary(problem) | {"until": iso(now), "ended": now, "paged": problem.round > 0})
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
            "opened": self.last,
            "floods": [*self._floods, *self._newest_flood(at)],
            "standing": [summary(p) | {"paged": p.round > 0} for p in list(problems.open.values())[:_NAMED]],
            "over": list(self._over),
            "more": self._more + max(0, len(problems.open) - _NAMED),
        }
        self.last, self._over, self._more, self._floods = at, [], 0, []
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
        return {
            "last": self.last, "over": list(self._over), "more": self._more,
            "rate": self._rate.dump(), "heard": self._heard, "floods": list(self._floods),
        }  # fmt: skip

    def load(self, data: dict[str, Any]) -> None:
        """What `dump` gave."""
        self.last, self._over, self._more = data["last"], list(data["over"]), data["more"]
        if "rate" in data:  # what the version before this one stored has none
            self._rate, self._heard = Rate.load(data["rate"]), data["heard"]
            self._floods = list(data["floods"])


def _plain(flood: Flood) -> dict[str, object]:
    """begin, end (ns, None while it lasts), total, peak."""
    return {"begin": flood.begin, "end": flood.end, "total": flood.total, "peak": flood.peak}
