"""LiveView: what is true now, as a fold over everything that the log holds.

It has no clock and no thread: one event loop applies records and takes snapshots. The only look at the wall is
how long ago the last tick came, because an operator must see that nothing comes any more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from services.console.view.alarms import Alarms, Occurrence
from services.console.view.incidents import Incidents
from services.console.view.listing import Lazily, Listing
from services.console.view.readings import SiteReadings, saturated
from services.console.view.shift import Shift
from services.console.view.snapshots import (
    AlarmView,
    Forecast,
    IncidentView,
    PointView,
    SiteView,
    Transition,
    Trend,
    severity,
)
from services.core.catalogue import from_json
from services.core.catalogue.model import Rule, Site
from services.core.clock import HOUR, MINUTE
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import (
    AlarmEvent,
    Command,
    Config,
    Derived,
    IncidentEvent,
    Output,
    Record,
    Tick,
)

#: Derived points that the countdown is taken from, at a station of this type.
SUPPLY_STATION = "clearwell"
SUPPLY_HOURS = ("supply_hours_pessimistic", "supply_hours_expected", "supply_hours_optimistic")


class LiveView:
    """Apply what the log holds, in its order; ask for snapshots. Memory is bounded by the catalogue.

    `monotonic` gives wall seconds and serves `silence` alone.
    """

    def __init__(self, sites: Sequence[Site], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._readings = {site.id: SiteReadings(site) for site in sites}
        self._alarms = Alarms()
        self._listing = Listing(self._alarms)
        self._views: dict[int, AlarmView] = {}
        self._viewed = 0
        self._incidents = Incidents()
        self.shift = Shift()
        self._ticked = monotonic()
        self.now: int | None = None
        self.ended = False
        self.applied = 0
        self.passed_over = 0

    def apply(self, entry: Record | Output) -> None:
        """Folds one record or output. What concerns an unknown site is counted in `passed_over`."""
        self.applied += 1
        match entry:
            case Tick():
                self._tick(entry)
            case Frame():
                self._frame(entry, derived=False)
            case Derived():
                self._frame(entry.frame, derived=True)
            case AlarmEvent():
                self._alarms.apply(entry)
                self.shift.apply(entry)
            case IncidentEvent():
                self._incidents.apply(entry)
                self.shift.apply(entry)
            case Config():
                self._configure(entry)
            case _:  # commands and aggregates change nothing that is shown here
                pass

    def apply_all(self, entries: Iterable[Record | Output | Command]) -> None:
        """Folds several, in order."""
        for entry in entries:
            self.apply(entry)

    def _tick(self, tick: Tick) -> None:
        if self.now is None or tick.time > self.now:
            self._ticked = self._monotonic()
            self.now = tick.time
            self.ended = False
        self.ended = self.ended or tick.end

    def _frame(self, frame: Frame, *, derived: bool) -> None:
        readings = self._readings.get(frame.site)
        if readings is None:
            self.passed_over += 1
        else:
            readings.apply(frame, derived=derived)

    def _configure(self, config: Config) -> None:
        try:
            site = from_json(config.catalogue_json)
        except ValueError:
            self.passed_over += 1
            return
        if site.id in self._readings:
            self._readings[site.id].configure(site)
        else:
            self._readings[site.id] = SiteReadings(site)

    def adopt(self, other: LiveView) -> None:
        """What another view folded of the journal, from further back, takes the place of what this one did."""
        self._alarms, self._incidents, self.shift = other._alarms, other._incidents, other.shift
        # Versions of two folds say nothing of each other.
        self._listing, self._viewed = Listing(self._alarms), -1

    def silence(self) -> float:
        """Wall seconds since the run's clock last moved, or since the view was made."""
        return self._monotonic() - self._ticked

    # Snapshots ----------------------------------------------------------------------------------

    def catalogue(self) -> tuple[Site, ...]:
        """The sites as they are configured now."""
        return tuple(readings.site for readings in self._readings.values())

    def sites(self) -> tuple[SiteView, ...]:
        """All sites, in catalogue order."""
        return tuple(self._site(readings) for readings in self._readings.values())

    def _site(self, readings: SiteReadings) -> SiteView:
        site = readings.site
        alarms = self.listing().by_site.get(site.id, {})
        return SiteView(
            site.id, site.name, site.kind, site.time_zone, tuple(readings.stations(self.now)),
            readings.through, readings.received, dict(alarms), min(alarms, key=severity, default=""),
        )  # fmt: skip

    def point(self, site: str, point_id: str) -> PointView | None:
        """The point `station/point` as it is known now; None when the catalogue has no such point."""
        found = self._find(site, point_id)
        return found[0].point(found[1], self.now) if found else None

    def doubtful(self, site: str) -> Iterator[PointView]:
        """The site's measured points whose newest reading cannot stand for the present."""
        readings = self._readings.get(site)
        return iter(()) if readings is None else readings.doubtful(self.now)

    def trend(self, site: str, point_id: str, points: int = 360) -> Trend:
        """The last hours of a point in about `points` samples; empty when there is no such point."""
        found = self._find(site, point_id)
        return found[0].trend(found[1], self.now, points) if found else Trend((), ())

    def _find(self, site: str, point_id: str) -> tuple[SiteReadings, int] | None:
        readings = self._readings.get(site)
        index = readings.site.point_index.get(point_id) if readings else None
        return None if readings is None or index is None else (readings, index)

    @property
    def rung(self) -> int:
        """How often a critical or high alarm has sounded since the view was made."""
        return self._alarms.rung

    def listing(self) -> Listing:
        """All alarms in order and counted, as they are now: one for whoever asks between two changes."""
        if self._listing.version != self._alarms.version:
            self._listing = Listing(self._alarms)
        return self._listing

    def active(self) -> Sequence[AlarmView]:
        """Active alarms that are not hidden: most severe first, then newest."""
        return Lazily(self.listing().shown, self.alarm)

    def hidden(self) -> Sequence[AlarmView]:
        """Active alarms that do not sound: hidden by another, suppressed by design, shelved, out of service."""
        return Lazily(self.listing().hidden, self.alarm)

    def cleared(self, within: int = 6 * HOUR) -> Sequence[AlarmView]:
        """Alarms that cleared within `within` ns before now, the newest first; one that waits to be seen stays."""
        listing, now = self.listing(), self.now or 0
        return Lazily(listing.once(("cleared", within, now // MINUTE), lambda: self._cleared(within, now)), self.alarm)

    def _cleared(self, within: int, now: int) -> list[Occurrence]:
        waiting = self._alarms.waiting.values()
        late = {id(one): one for one in self._alarms.cleared if now - (one.cleared or 0) <= within}
        late |= {id(one): one for one in waiting}
        return sorted(late.values(), key=lambda one: -(one.cleared or 0))

    def history(self, limit: int = 100) -> tuple[Transition, ...]:
        """The newest transitions, newest first."""
        return tuple(self._transition(event) for event in self.events()[:limit])

    def events(self) -> Sequence[AlarmEvent]:
        """All transitions that are kept, the newest first."""
        return self.listing().once(
            "history", lambda: sorted(self._alarms.history, key=lambda event: event.time, reverse=True)
        )

    def occurrence(self, name: str) -> Occurrence | None:
        """The occurrence of that name, as far back as is kept."""
        return self._alarms.one(name)

    def earlier(self, of: Occurrence) -> tuple[list[Occurrence], int | None]:
        """Other occurrences of the same alarm, the newest first, and how far back (ns) any are kept; None: all are."""
        alarms = self._alarms
        found = sorted((o for o in alarms.kept() if o.name == of.name and o is not of), key=lambda o: -o.first.time)
        full = len(alarms.cleared) == alarms.cleared.maxlen
        return found, (alarms.cleared[0].cleared if full else None)

    def annunciated(self, within: int = 10 * MINUTE) -> int:
        """How many alarms were announced within `within` ns before now: the operator's load."""
        now = self.now or 0
        return self.listing().once(
            ("rate", within, now), lambda: sum(0 <= now - time < within for time in self._alarms.announced)
        )

    def incidents(self) -> tuple[IncidentView, ...]:
        """Incidents, open ones first; an open one's forecast is the newest there is."""
        names = {name: readings.site.name for name, readings in self._readings.items()}
        return tuple(
            replace(one, forecast=self.forecast(one)) if one.closed is None else one
            for one in self._incidents.views(names)
        )

    def forecast(self, incident: IncidentView) -> Forecast | None:
        """Hours to supply loss: from the site's derived points when they are newer, else the evidence's."""
        told = incident.forecast
        readings = self._readings.get(incident.site)
        for station in readings.site.stations if readings else ():
            if station.type != SUPPLY_STATION:
                continue
            found = [self.point(incident.site, f"{station.id}/{name}") for name in SUPPLY_HOURS]
            times = [view.time for view in found if view is not None and view.time is not None]
            if times and (told is None or told.time is None or max(times) >= told.time):
                return _forecast(found, told, max(times))
        return told

    def alarm(self, one: Occurrence) -> AlarmView:
        """What is shown of an occurrence; made once for all browsers until the next record comes."""
        if self._viewed != self.applied:
            self._views.clear()
            self._viewed = self.applied
        found = self._views.get(id(one))
        if found is None:
            found = self._views[id(one)] = self._alarm(one)
        return found

    def _alarm(self, one: Occurrence) -> AlarmView:
        event = one.first
        readings = self._readings.get(event.site)
        now = self.point(event.site, f"{event.station}/{event.point}")
        end = one.cleared if one.cleared is not None else (self.now or event.time)
        return AlarmView(
            site=event.site, site_name=readings.site.name if readings else event.site,
            station=event.station, station_name=self._station_name(event.site, event.station),
            point=event.point, description=now.description if now else "",
            rule_id=event.rule, rule=self.rule(event.site, event.station, event.point, event.rule),
            occurrence=event.occurrence,
            priority=one.last.priority, raised=event.time, cleared=one.cleared,
            age=max(end - event.time, 0), value=event.value, limit=event.limit, unit=event.unit,
            saturated=self._saturated(event), hidden=one.hidden,
            hidden_because=one.hidden_because, uncertain=one.uncertain,
            annunciated=event.annunciated, cause=event.cause, now=now, letter=one.letter, until=one.until,
            target=one.target, seen_by=one.seen.who if one.seen else "", seen_at=one.seen.time if one.seen else 0,
        )  # fmt: skip

    def _saturated(self, event: AlarmEvent) -> bool:
        found = self._find(event.site, f"{event.station}/{event.point}")
        at_top = found is not None and saturated(found[0].site.points[found[1]], event.value)
        return at_top or event.quality == Quality.SATURATED.label

    def _transition(self, event: AlarmEvent) -> Transition:
        readings = self._readings.get(event.site)
        view = self.point(event.site, f"{event.station}/{event.point}")
        return Transition(
            event.time, readings.site.name if readings else event.site,
            self._station_name(event.site, event.station),
            (view.description if view else "") or event.point, event.rule, event.transition,
            event.priority, event.value, event.limit, event.unit, event.annunciated, event.cause,
        )  # fmt: skip

    def _station_name(self, site: str, station: str) -> str:
        readings = self._readings.get(site)
        for one in readings.site.stations if readings else ():
            if one.id == station:
                return one.name
        return station

    def rule(self, site: str, station: str, point: str, rule: str) -> Rule | None:
        """The rule as the catalogue has it now; None when it has none of that name there."""
        readings = self._readings.get(site)
        if readings is None:
            return None
        index = readings.site.point_index.get(f"{station}/{point}")
        rules = readings.site.points[index].rules if index is not None else ()
        own = [one for known in readings.site.stations if known.id == station for one in known.rules]
        return next((one for one in (*rules, *own) if one.id == rule), None)

    def counts(self) -> dict[str, int]:
        """Active, not hidden alarms by priority, every priority named."""
        return dict(self.listing().counts)


def _forecast(found: Sequence[PointView | None], told: Forecast | None, time: int) -> Forecast:
    """The derived hours as a forecast; without the pessimistic one it is unknown, not endless."""
    horizon = told.horizon if told else None

    def hours(view: PointView | None) -> float | None:
        if view is None or view.value is None or not math.isfinite(view.value):
            return None
        return None if horizon is not None and view.value >= horizon else view.value

    pessimistic, expected, optimistic = found
    return Forecast(
        hours(pessimistic), hours(expected), hours(optimistic), horizon,
        told.assumptions if told else (), time,
        unknown="never" if pessimistic is None else pessimistic.why,
    )  # fmt: skip
