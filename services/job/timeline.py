"""The alarm timeline on the terminal, a line a transition that matters, as it happens."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from services.core.catalogue import Catalogue, Rule
from services.core.catalogue.wording import condition
from services.core.clock import to_datetime
from services.core.records import AlarmEvent, IncidentEvent, Output, Record

_STYLE = {"critical": "bold white on red", "high": "bold dark_orange", "medium": "yellow", "journal": "dim"}
_LETTER = {"critical": "C", "high": "H", "medium": "M", "journal": "j"}


class Timeline:
    """Prints raised and cleared alarms and incident phases, those after `since` (ns)."""

    def __init__(self, console: Console, catalogue: Catalogue, since: int = 0) -> None:
        self._console, self._since = console, since
        self._zone = {site.id: ZoneInfo(site.time_zone) for site in catalogue.sites}
        self._names = {site.id: site.name for site in catalogue.sites}
        self._rules: dict[tuple[str, str, str, str], Rule] = {
            (site.id, p.station, p.name, r.id): r for site in catalogue.sites for p in site.points for r in p.rules
        } | {(site.id, s.id, "station", r.id): r for site in catalogue.sites for s in site.stations for r in s.rules}

    def take(self, entry: Record | Output) -> None:
        """One entry of the log."""
        if isinstance(entry, AlarmEvent | IncidentEvent) and entry.time <= self._since:
            return
        match entry:
            case AlarmEvent(transition="raised", annunciated=True):
                self._alarm(entry)
            case AlarmEvent(transition="cleared"):
                self._cleared(entry)
            case IncidentEvent():
                self._incident(entry)

    def _clock(self, site: str, time: int) -> str:
        return to_datetime(time).astimezone(self._zone[site]).strftime("%m-%d %H:%M:%S")

    def _alarm(self, event: AlarmEvent) -> None:
        style, letter = _STYLE[event.priority], _LETTER[event.priority]
        rule = self._rules.get((event.site, event.station, event.point, event.rule))
        value = ""
        if event.value is not None:
            least = "≥ " if event.quality == "saturated" else ""
            value = f"{least}{event.value:,.4g} {event.unit}".rstrip()
            if rule is not None:
                value += f" ({condition(rule, event.unit)})"
        where = f"{self._names[event.site]} · {event.station} · {event.point.replace('_', ' ')}"
        self._console.print(
            f"[dim]{self._clock(event.site, event.time)}[/] [{style}] {letter} [/] "
            f"{escape(event.rule.replace('-', ' '))}  [bold]{escape(value)}[/]  [dim]{escape(where)}[/]",
            highlight=False,
        )
        if rule is not None and event.priority in ("critical", "high"):
            self._console.print(f"                    → {escape(rule.response)}", highlight=False, style="italic")

    def _cleared(self, event: AlarmEvent) -> None:
        if event.annunciated:
            self._console.print(
                f"[dim]{self._clock(event.site, event.time)}  ✓ {escape(event.rule.replace('-', ' '))} cleared[/]",
                highlight=False,
            )

    def _incident(self, event: IncidentEvent) -> None:
        forecast = event.evidence.get("forecast")
        left = ""
        if isinstance(forecast, dict) and forecast.get("hours_pessimistic") is not None:
            high = forecast.get("hours_optimistic")
            upper = f"{high:.1f}" if isinstance(high, float) else f"over {forecast['horizon_hours']:.0f}"
            # Each incident says what its hours are until: the floor of a dark station is nobody's supply.
            what = forecast.get("what", "supply loss")
            until = "supply lasts" if what == "supply loss" else f"{escape(str(what))} in"
            left = f" · {until} {forecast['hours_pessimistic']:.1f} to {upper} h"
        self._console.print(
            f"[dim]{self._clock(event.site, event.time)}[/] [bold reverse] {escape(_words(event.kind))}: "
            f"{escape(event.phase)} [/] {escape(self._names[event.site])}{left}",
            highlight=False,
        )
        if event.next_step:
            self._console.print(f"                    → {escape(event.next_step)}", highlight=False, style="italic")


def _words(kind: str) -> str:
    """`IntakeCrisis` as `Intake crisis`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize()
