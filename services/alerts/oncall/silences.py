"""Silences: what pages nobody for a while, because somebody said so. Each ends by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from services.alerts.oncall.problems import Problem
from services.core.clock import DAY, iso

#: None lasts longer (ns): what is longer is planned work, or an alarm that is wrong.
LONGEST = 7 * DAY


@dataclass(frozen=True, slots=True)
class Silence:
    """Until `until` (ns) nothing under `prefix` (site, site/station, …) pages.

    critical: a problem whose worst alarm is critical is held too; without it that pages all the same.
    """

    id: str
    prefix: str
    until: int
    who: str
    why: str
    critical: bool = False

    def lies_over(self, name: str) -> bool:
        """Whether the alarm site/station/point/rule lies under it."""
        return name == self.prefix or name.startswith(f"{self.prefix}/")

    def covers(self, problem: Problem) -> bool:
        """Whether everything of the problem lies under it, and it may hold what is as bad as that."""
        if problem.worst == "critical" and not self.critical:
            return False
        names = (f"{problem.site}/{m.key}" for m in problem.members.values() if m.unanswered or m.stands)
        found = [self.lies_over(name) for name in names]
        return all(found) if found else self.lies_over(f"{problem.site}/{problem.place}")

    def words(self) -> str:
        """Until when, by whom and why."""
        return f"until {iso(self.until)} by {self.who}: {self.why}"


class Silences:
    """Those that hold."""

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self.open = {one.id: one for one in silences}

    def over(self, problem: Problem, at: int) -> Silence | None:
        """The one that holds the problem at `at` (ns) the longest; None: none does."""
        found = [one for one in self.open.values() if one.until > at and one.covers(problem)]
        return max(found, key=lambda one: (one.until, one.id), default=None)

    def end(self, now: int) -> None:
        """Those that are over at `now` (ns) are forgotten."""
        for name in [name for name, one in self.open.items() if one.until <= now]:
            del self.open[name]

    def dump(self) -> list[dict[str, Any]]:
        """As JSON data."""
        return [asdict(one) for _, one in sorted(self.open.items())]
