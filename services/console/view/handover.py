"""What a shift hands over at a moment: one sheet for the page, the text to copy and the API, and what changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from time import monotonic
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from services.alerts.lifecycle.standing import Handover, Standing
from services.console.view.live import LiveView
from services.console.view.shift import Load
from services.console.view.snapshots import IncidentView, PointView, SiteView, StationView, severity
from services.core.clock import DAY, SECOND, to_datetime
from services.core.errors import HeadworksError
from services.core.records import AlarmEvent
from services.duty.notes import Note

#: When shifts change, local time, where the address says nothing else.
STARTS = ((8, 0), (20, 0))

#: Shift changes a day at most.
MOST_STARTS = 8

#: Why a value is unknown although its station reports: the instrument, not the link.
_OF_STATION = ("silent", "link")

#: The lists whose members are alarms, in the order in which a shift tells them: what needs somebody first.
ALARM_LISTS = ("unseen", "returned", "stale", "uncertain", "standing", "shelved", "suppressed", "removed")


class BadShift(HeadworksError):
    """Times of shifts that cannot be read."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A station that does not report. since: its newest report (ns), None: it never came."""

    site: SiteView
    station: StationView

    @property
    def name(self) -> str:
        """`site/station`."""
        return f"{self.site.id}/{self.station.id}"


@dataclass(frozen=True, slots=True)
class Bad:
    """A measured point of a station that reports, whose value is not known."""

    site: SiteView
    station: StationView
    point: PointView

    @property
    def name(self) -> str:
        """`site/station/point`."""
        return f"{self.site.id}/{self.point.id}"


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the last note, by list: what came, and what has gone. Names as in the journal."""

    came: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gone: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.came.values()) or any(self.gone.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """start, end: of the shift that is leaving (ns).  now: what the lists are of."""

    start: int
    end: int
    now: int
    alarms: Handover
    uncertain: tuple[Standing, ...]
    returned: tuple[Standing, ...]
    incidents: tuple[IncidentView, ...]
    silent: tuple[Silent, ...]
    bad: tuple[Bad, ...]
    load: Load
    oftenest: Sequence[tuple[AlarmEvent, int]]

    def of(self, name: str) -> tuple[Standing, ...]:
        """One of ALARM_LISTS. unseen: stands, and nobody has acknowledged it; standing: somebody has; returned: it has
        gone, and still asks to be seen or reset.
        """
        if name == "uncertain":
            return self.uncertain
        if name == "standing":
            return tuple(one for one in self.alarms.standing if not one.unseen_since)
        if name == "unseen":
            return tuple(one for one in self.alarms.unseen if one.letter == "B")
        if name == "returned":
            return self.returned
        found: tuple[Standing, ...] = getattr(self.alarms, name)
        return found

    def lists(self) -> dict[str, list[str]]:
        """The names on every list, to be kept with a note."""
        named = {name: ["/".join(one.name) for one in self.of(name)] for name in ALARM_LISTS}
        named["work"] = [one.occurrence for one in self.alarms.work]
        named["incidents"] = [one.incident for one in self.incidents]
        named["silent"] = [one.name for one in self.silent]
        named["bad"] = [one.name for one in self.bad]
        return named

    def since(self, note: Note) -> Changes:
        """What is on the lists and was not when `note` was written, and what has gone from them."""
        now = self.lists()
        came = {name: _less(found, note.lists.get(name, ())) for name, found in now.items()}
        gone = {name: _less(note.lists.get(name, ()), found) for name, found in now.items()}
        return Changes(
            {name: found for name, found in came.items() if found},
            {name: found for name, found in gone.items() if found},
        )  # fmt: skip


def _less(found: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [one for one in found if one not in known]


def sheet(
    view: LiveView, zone: ZoneInfo, starts: Sequence[tuple[int, int]] = STARTS, fresh: float = 0.0
) -> Sheet:  # fmt: skip
    """Of the shift that is on at the view's now. What is not seen may be `fresh` wall seconds old: it takes a look at
    every point there is.
    """
    now = view.now or 0
    start, end = shift_at(now, zone, starts)
    alarms = view.shift.standings.handover(now)
    found = view.shift.standings.by_name.values()
    known = sorted(found, key=lambda one: (severity(one.last.priority), one.since, one.name))
    # The first to end first: it may come back within the next shift.
    shelved = sorted(alarms.shelved, key=lambda one: one.shelved.until or 2**63 if one.shelved is not None else 0)
    removed = sorted(alarms.removed, key=lambda one: one.removed.since if one.removed is not None else 0)
    ordered = Handover(
        alarms.standing, alarms.unseen, alarms.stale, tuple(shelved), alarms.suppressed, tuple(removed), alarms.work
    )
    silent, bad = _unseen(view, fresh)
    return Sheet(
        start=start, end=end, now=now, alarms=ordered,
        uncertain=tuple(one for one in known if one.uncertain and one.active),
        returned=tuple(one for one in known if one.letter in "DEF"),
        incidents=tuple(one for one in view.incidents() if one.closed is None),
        silent=silent, bad=bad,
        load=view.shift.load(start, end), oftenest=view.shift.oftenest(start, end),
    )  # fmt: skip


_Unseen = tuple[tuple[Silent, ...], tuple[Bad, ...]]

#: By view, when it was looked through (wall s), and what was found.
_looked: WeakKeyDictionary[LiveView, tuple[float, _Unseen]] = WeakKeyDictionary()


def _unseen(view: LiveView, fresh: float) -> _Unseen:
    known = _looked.get(view)
    if known is not None and monotonic() - known[0] < fresh:
        return known[1]
    silent, bad = [], []
    for site in view.sites():
        report: dict[str, StationView] = {}
        for station in site.stations:
            if station.silent or station.dead:
                silent.append(Silent(site, station))
            else:
                report[station.id] = station
        doubtful = view.doubtful(site.id) if report else ()
        bad += [
            Bad(site, report[one.station], one)
            for one in doubtful
            if one.station in report and one.why and one.why not in _OF_STATION
        ]
    _looked[view] = (monotonic(), (tuple(silent), tuple(bad)))
    return tuple(silent), tuple(bad)


def starts_of(text: str) -> tuple[tuple[int, int], ...]:
    """`07:00,15:00,23:00` as hours and minutes in order; empty text: the usual ones. BadShift says what is wrong."""
    if not text.strip():
        return STARTS
    parts = text.split(",")
    if len(parts) > MOST_STARTS:
        raise BadShift(f"shifts: {len(parts)} times, must be 1 to {MOST_STARTS}")
    found = set()
    for part in parts:
        hour, _, minute = part.strip().partition(":")
        if not (hour.isascii() and hour.isdecimal() and minute.isascii() and minute.isdecimal() and len(part) <= 8):
            raise BadShift(f"shifts: {part.strip()[:20]!r} must be a local time as 08:00")
        if int(hour) > 23 or int(minute) > 59:
            raise BadShift(f"shifts: {part.strip()[:20]!r} must be from 00:00 to 23:59")
        found.add((int(hour), int(minute)))
    return tuple(sorted(found))


def shift_at(now: int, zone: ZoneInfo, starts: Sequence[tuple[int, int]] = STARTS) -> tuple[int, int]:
    """(start, end) in ns of the shift that is on at `now`: from one local time of `starts` to the next one."""
    local = to_datetime(now).astimezone(zone)
    begins = sorted(
        _ns(datetime.combine(local.date() + timedelta(days=day), time(hour, minute), zone))
        for day in (-1, 0, 1)
        for hour, minute in starts
    )
    start = max((one for one in begins if one <= now), default=now - DAY)
    return start, min((one for one in begins if one > start), default=start + DAY)


def _ns(moment: datetime) -> int:
    return round(moment.timestamp()) * SECOND
