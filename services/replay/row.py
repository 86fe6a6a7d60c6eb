"""The line that every event's scorecard has in common, whether it was measured or simulated, and its table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """hits, misses: of what people want to be told (surges of a record, alarms of a timeline).

    days: length.  minutes: of warning, one a surge that was announced or a consequence that was warned of.
    worst_10_minutes: most alarms in any ten minutes, sliding.  phases_hit, phases: of incidents, that were expected.
    violations: what must not be and was: an alarm that is named so, more alarms than allowed, too little warning.
    """

    event: str
    hits: int
    misses: int
    false_alarms: int
    days: float
    minutes: tuple[float, ...]
    worst_10_minutes: int
    floods: int
    phases_hit: int = 0
    phases: int = 0
    violations: int = 0

    @property
    def false_alarms_per_day(self) -> float:
        """Of the event's own length, which may be less than a day."""
        return self.false_alarms / self.days

    @property
    def median_minutes(self) -> float | None:
        """Median warning; None without one."""
        return median(self.minutes) if self.minutes else None

    @property
    def least_minutes(self) -> float | None:
        """The shortest warning; None without one."""
        return min(self.minutes, default=None)

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "event": self.event,
            "hits": self.hits,
            "misses": self.misses,
            "false_alarms": self.false_alarms,
            "false_alarms_per_day": round(self.false_alarms_per_day, 3),
            "days": round(self.days, 3),
            "median_minutes_of_warning": self.median_minutes,
            "least_minutes_of_warning": self.least_minutes,
            "worst_10_minutes": self.worst_10_minutes,
            "floods": self.floods,
            "incident_phases": self.phases,
            "incident_phases_hit": self.phases_hit,
            "violations": self.violations,
        }


def rows_table(rows: Iterable[Row]) -> Table:
    """A line an event."""
    grid = Table(
        title="scorecards",
        caption="warning, least: median and shortest minutes from the first alarm or phase to the consequence or peak",
    )
    names = ("event", "hits", "misses", "false", "false/day", "warning", "least", "worst 10 min", "floods",
             "phases", "wrong")  # fmt: skip
    for name in names:
        grid.add_column(name, justify="left" if name == "event" else "right", no_wrap=name == "event")
    for row in rows:
        wrong = row.misses or row.violations or row.phases_hit < row.phases
        grid.add_row(
            escape(row.event), f"{row.hits}/{row.hits + row.misses}", str(row.misses), str(row.false_alarms),
            f"{row.false_alarms_per_day:.2f}", _minutes(row.median_minutes), _minutes(row.least_minutes),
            str(row.worst_10_minutes), str(row.floods), f"{row.phases_hit}/{row.phases}" if row.phases else "",
            str(row.violations), style="bold red" if wrong else "",
        )  # fmt: skip
    return grid


def _minutes(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"
