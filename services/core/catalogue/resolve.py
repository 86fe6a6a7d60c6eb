"""From YAML to a resolved catalogue: types expanded, overrides applied, contradictions refused."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.core.catalogue.definition import Definition, keys_of, make_rule
from services.core.catalogue.explain import of_station
from services.core.catalogue.model import Catalogue, DerivedBy, Point, Rule, Site, Station, Suppression
from services.core.catalogue.source import (
    CatalogueSource,
    PointSource,
    RuleOverride,
    RuleSource,
    SiteSource,
    StationSource,
    StationType,
)
from services.core.catalogue.station_alarms import CLOCK, SILENCE
from services.core.catalogue.verify import verify_site
from services.core.catalogue.zones_of import verify_zones, with_zones
from services.core.clock import MINUTE
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import Source, faults_of, read_yaml, validate

TYPES = Path(__file__).parent / "types"

#: Points and alarms of one file: a city of 25 plants and 500 stations has some 20,000.
MAX_DEFINITIONS = 200_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A catalogue with what it was read from. definitions: every alarm, those that a site takes away (`off`) too."""

    catalogue: Catalogue
    source: Source
    parsed: CatalogueSource
    definitions: tuple[Definition, ...]


@cache
def type_sources() -> dict[str, Source]:
    """The files of the station types that come with Headworks, by type."""
    files = sorted(TYPES.glob("*.yaml"))
    return {str(s.data["type"]): s for s in (read_yaml(f, f"types/{f.name}") for f in files)}


@cache
def load_types() -> dict[str, StationType]:
    """The station types that come with Headworks, by name."""
    return {name: validate(StationType, source) for name, source in type_sources().items()}


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in `path`. Raises ConfigError with every fault: file, line, field, value, bound."""
    return read_catalogue(path).catalogue


def read_catalogue(path: Path, name: str = "") -> Reading:
    """The catalogue in `path` with its alarms as written; `name`: what faults call the file. Raises ConfigError."""
    source = read_yaml(path, name)
    parsed = validate(CatalogueSource, source)
    types = load_types() | {t.type: t for t in parsed.station_types}
    faults: list[Fault] = []
    sites: list[Site] = []
    definitions: list[Definition] = []
    _verify_size(parsed, types, source)
    seen: set[str] = set()
    for i, site in enumerate(parsed.sites):
        if site.id in seen:
            faults.append(source.fault(("sites", i, "id"), site.id, "must be unique in the file"))
        seen.add(site.id)
        builder = _SiteBuilder(parsed, site, types, source, ("sites", i))
        resolved = builder.build()
        faults += builder.faults
        definitions += builder.definitions
        if resolved is not None:
            sites.append(resolved)
    if not faults:
        faults = [source.fault(*complaint) for complaint in verify_zones(parsed.zones, sites)]
    if faults:
        raise ConfigError(faults)
    catalogue = Catalogue(group=parsed.group, name=parsed.name, sites=with_zones(parsed, sites))
    return Reading(catalogue, source, parsed, tuple(definitions))


def _verify_size(parsed: CatalogueSource, types: dict[str, StationType], source: Source) -> None:
    """What `units` would expand to, counted before it is: a short file may ask for more than there is memory for."""
    total = 0
    for i, site in enumerate(parsed.sites):
        for j, station in enumerate(site.stations):
            kind = types.get(station.type)
            if kind is None:
                continue
            total += len(kind.points) + len(kind.alarms)
            for unit, one in kind.repeat.items():
                total += station.units.get(unit, 0) * (len(one.points) + len(one.alarms))
            if total > MAX_DEFINITIONS:
                where = ("sites", i, "stations", j)
                bound = f"points and alarms of the file up to here: at most {MAX_DEFINITIONS}; divide it by sites"
                raise ConfigError([source.fault(where, total, bound)])


def make_station_rule(change: RuleOverride | None = None) -> Rule:
    """The alarm that every station has: its silence."""
    return make_rule(SILENCE, change)


def make_clock_rule(change: RuleOverride | None = None) -> Rule:
    """The alarm of a station's clock, which a site may do without."""
    return make_rule(CLOCK, change)


class _SiteBuilder:
    def __init__(
        self,
        parsed: CatalogueSource,
        site: SiteSource,
        types: dict[str, StationType],
        source: Source,
        path: tuple[str | int, ...],
    ) -> None:
        self.parsed, self.site, self.types, self.source, self.path = (
            parsed,
            site,
            types,
            source,
            path,
        )
        self.faults: list[Fault] = []
        self.definitions: list[Definition] = []
        self.used: set[tuple[str | int, ...]] = set()

    def fault(self, where: tuple[str | int, ...], value: object, bound: str) -> None:
        self.faults.append(self.source.fault((*self.path, *where), value, bound))

    def build(self) -> Site | None:
        stations: list[Station] = []
        points: list[Point] = []
        explained: list[tuple[int, Suppression]] = []  # by the station's place
        for j, station in enumerate(self.site.stations):
            where: tuple[str | int, ...] = ("stations", j)
            if any(s.id == station.id for s in stations):
                self.fault((*where, "id"), station.id, "must be unique within the site")
                continue
            if station.type not in self.types:
                self.fault((*where, "type"), station.type, f"must be one of {sorted(self.types)}")
                continue
            stations.append(self._station(station, where))
            mine = self._points(station, self.types[station.type], where)
            points += mine
            explained += [(j, one) for one in self._explained(station, stations[-1], mine, where)]
        for key in self.site.alarms:
            if (*self.path, "alarms", key) not in self.used:
                self.fault(("alarms", key), key, "must be an alarm of one of the site's stations")
        if self.faults:
            return None
        data = self.site.model_dump(exclude={"stations", "suppressions", "alarms"})
        written = len(self.site.suppressions)
        try:
            site = Site(
                **data,
                group=self.parsed.group,
                time_zone=self.parsed.time_zone,
                stations=tuple(stations),
                points=tuple(points),
                suppressions=(*self.site.suppressions, *(one for _, one in explained)),
            )
        except ValidationError as error:
            self.faults += faults_of(error, self.source, self.path)
            return None
        order = [s.id for s in self.site.stations]
        for complaint, value, bound in dict.fromkeys(verify_site(site)):
            if complaint[:2] == ("", "suppressions") and int(complaint[2]) >= written:
                self.fault(("stations", explained[int(complaint[2]) - written][0], "type"), value, bound)
                continue
            if not complaint[0]:
                self.fault(complaint[1:], value, bound)
                continue
            j = order.index(str(complaint[0]))
            self.fault(self.written(tuple(map(str, complaint))), value, bound)
        return site

    def _explained(
        self, written: StationSource, station: Station, points: list[Point], where: tuple[str | int, ...]
    ) -> list[Suppression]:
        """What the station's type says of causes; a fault stands at the type if the file holds it."""
        kind = self.types[written.type]
        found, complaints = of_station(station, kind, points)
        place = next((n for n, own in enumerate(self.parsed.station_types) if own is kind), None)
        for at, value, bound in complaints:
            if place is None:
                self.fault((*where, "type"), value, bound)
            else:
                self.faults.append(self.source.fault(("station_types", place, "suppressions", *at), value, bound))
        return found

    def written(self, where: tuple[str, ...]) -> tuple[str | int, ...]:
        """Where the site's file says what (station, …) is about: an override, else the station's type."""
        j = [s.id for s in self.site.stations].index(where[0])
        station: tuple[str | int, ...] = ("stations", j)
        if where[1] == "parameters":
            return (*station, *where[1:])
        names = ("/".join(where[1:]), where[-1], where[1])
        for section in ("alarms", "points"):
            for name in names:
                if name in getattr(self.site.stations[j], section):
                    return (*station, section, name)
        for name in names:
            if name in self.site.alarms:
                return ("alarms", name)
        return (*station, "type")

    def _station(self, station: StationSource, where: tuple[str | int, ...]) -> Station:
        silence = self._define(station, where, SILENCE, ("every station", 0), "station")
        if silence.change is not None and silence.change.off is not None:
            self.fault(silence.overrides[-1][0], "off", "a station's silence is not taken away: nobody would see it")
        clock = self._define(station, where, CLOCK, ("every station", 0), "station")
        return Station(
            id=station.id,
            type=station.type,
            name=station.name or station.id,
            heartbeat=station.heartbeat,
            stale_after=max(3 * station.heartbeat, 3 * MINUTE),
            stale=silence.rule,
            clock=None if clock.change is not None and clock.change.off is not None else clock.rule,
        )

    def _define(
        self,
        station: StationSource,
        where: tuple[str | int, ...],
        rule: RuleSource,
        written: tuple[str, int],
        point: str = "",
    ) -> Definition:
        """The alarm with what the site, then the station says of it, of its name before its point and name."""
        places: tuple[tuple[tuple[str | int, ...], dict[str, RuleOverride]], ...] = (
            (self.path, self.site.alarms),
            ((*self.path, *where), station.alarms),
        )
        found = []
        for path, alarms in places:
            for key in keys_of(point or rule.point, rule.rule):
                if key in alarms:
                    self.used.add((*path, "alarms", key))
                    found.append(((*path, "alarms", key), alarms[key]))
        definition = Definition(self.site.id, station.id, point or rule.point, rule, written, tuple(found))
        self.definitions.append(definition)
        return definition

    def _rules(self, station: StationSource, kind: StationType) -> Iterator[tuple[RuleSource, tuple[str, int]]]:
        """The type's alarms for the units that the station has, each with file and line."""
        own = next((n for n, one in enumerate(self.parsed.station_types) if one is kind), None)
        source = self.source if own is not None else type_sources()[kind.type]
        path: tuple[str | int, ...] = () if own is None else ("station_types", own)
        for k, rule in enumerate(kind.alarms):
            yield rule, (source.file, source.line((*path, "alarms", k)))
        for unit, repeated in kind.repeat.items():
            for n in range(1, station.units.get(unit, 0) + 1):
                for k, raw in enumerate(repeated.alarms):
                    line = source.line((*path, "repeat", unit, "alarms", k))
                    yield RuleSource.model_validate(_fill(raw, n)), (source.file, line)

    def _points(self, station: StationSource, kind: StationType, where: tuple[str | int, ...]) -> list[Point]:
        sources: dict[str, PointSource] = dict(kind.points)
        for unit, repeated in kind.repeat.items():
            for n in range(1, station.units.get(unit, 0) + 1):
                for name, point in repeated.points.items():
                    sources[name.replace("{n}", f"{n:02d}")] = _numbered(point, n)
        for unit in station.units:
            if unit not in kind.repeat:
                self.fault((*where, "units", unit), unit, f"must be one of {sorted(kind.repeat)}")
        for name, change in station.points.items():
            base = sources.get(name, PointSource())
            sources[name] = base.model_copy(update=change.model_dump(exclude_none=True, exclude={"derived"}))
            if change.derived is not None:
                sources[name] = sources[name].model_copy(update={"derived": change.derived})
        by_point: dict[str, list[Rule]] = {name: [] for name in sources}
        mine: set[str] = {key for one in (SILENCE, CLOCK) for key in keys_of("station", one.rule)}
        for rule, written in self._rules(station, kind):
            if rule.point not in by_point:
                self.fault((*where, "type"), rule.rule, f"its point {rule.point!r} must exist")
                continue
            mine.update(keys_of(rule.point, rule.rule))
            definition = self._define(station, where, rule, written)
            changed = definition.change
            if changed is None or changed.off is None:
                by_point[rule.point].append(definition.rule)
        for key in station.alarms:
            if key not in mine:
                bound = f"must be an alarm of type {kind.type}: a rule's name, or point/name"
                self.fault((*where, "alarms", key), key, bound)
        ordered = sorted(sources, key=lambda n: (sources[n].derived is not None, n != "state"))
        used_parameters: set[str] = set()
        points = []
        for name in ordered:
            derived = sources[name].derived
            if derived is not None:
                given = {k: v for k, v in station.parameters.items() if k in derived.parameters}
                used_parameters |= given.keys()
                inputs = _wildcards(station.id, derived.inputs, ordered)
                derived = derived.model_copy(update={"inputs": inputs, "parameters": derived.parameters | given})
            points.append(_point(station.id, name, sources[name], derived, by_point[name]))
        for name in sorted(station.parameters.keys() - used_parameters):
            self.fault((*where, "parameters", name), name, f"must be a parameter of type {kind.type}")
        return points


def _fill(value: Any, n: int) -> Any:
    if isinstance(value, str):
        return value.replace("{n}", f"{n:02d}")
    if isinstance(value, dict):
        return {k: _fill(v, n) for k, v in value.items()}
    return [_fill(v, n) for v in value] if isinstance(value, list) else value


def _numbered(point: PointSource, n: int) -> PointSource:
    return PointSource.model_validate(_fill(point.model_dump(exclude_none=True), n))


def _wildcards(station: str, inputs: dict[str, str], names: list[str]) -> dict[str, str]:
    """Inputs as `station/point`; `f*_head_loss` becomes one input for each point that it matches."""
    out: dict[str, str] = {}
    for label, target in inputs.items():
        if "*" in target:
            matches = fnmatch.filter(names, target)
            out |= {f"{label}_{n:02d}": f"{station}/{m}" for n, m in enumerate(sorted(matches), 1)}
        else:
            out[label] = target if "/" in target else f"{station}/{target}"
    return out


def _point(station: str, name: str, source: PointSource, derived: DerivedBy | None, rules: list[Rule]) -> Point:
    low, high = source.range if source.range is not None else (None, None)
    return Point(
        station=station,
        name=name,
        description=source.description or "",
        unit=source.unit or "",
        low=low,
        high=high,
        saturates=bool(source.saturates),
        states=source.states or {},
        sample_flow=source.sample_flow,
        stale_after=source.stale_after,
        counter=source.counter,
        derived=derived,
        rules=tuple(rules),
    )
