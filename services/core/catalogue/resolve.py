"""From YAML to a resolved catalogue: types expanded, overrides applied, contradictions refused."""

from __future__ import annotations

import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.core.catalogue.explain import of_station
from services.core.catalogue.model import FALLING, Catalogue, DerivedBy, Point, Rule, Site, Station, Suppression
from services.core.catalogue.source import (
    CatalogueSource,
    PointSource,
    RuleOverride,
    RuleSource,
    SiteSource,
    StationSource,
    StationType,
)
from services.core.catalogue.verify import verify_site
from services.core.clock import MINUTE
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import Source, faults_of, read_yaml, validate

TYPES = Path(__file__).parent / "types"

#: Row 41 of the starting alarm set: a station that is silent for three heartbeats, at least three minutes.
_STALE = RuleSource(
    rule="station-silent",
    point="state",
    kind="stale",
    off_delay=5 * MINUTE,
    priority="medium",
    consequence="The station cannot be seen",
    response="Check link and power, send a crew if it lasts",
    respond_within=30 * MINUTE,
    source="engineering judgement",
)


@cache
def load_types() -> dict[str, StationType]:
    """The station types that come with Headworks, by name."""
    return {t.type: t for t in (validate(StationType, read_yaml(f)) for f in sorted(TYPES.glob("*.yaml")))}


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in `path`. Raises ConfigError with every fault: file, line, field, value, bound."""
    source = read_yaml(path)
    parsed = validate(CatalogueSource, source)
    types = load_types() | {t.type: t for t in parsed.station_types}
    faults: list[Fault] = []
    sites = []
    seen: set[str] = set()
    for i, site in enumerate(parsed.sites):
        if site.id in seen:
            faults.append(source.fault(("sites", i, "id"), site.id, "must be unique in the file"))
        seen.add(site.id)
        builder = _SiteBuilder(parsed, site, types, source, ("sites", i))
        resolved = builder.build()
        faults += builder.faults
        if resolved is not None:
            sites.append(resolved)
    if faults:
        raise ConfigError(faults)
    return Catalogue(group=parsed.group, name=parsed.name, sites=tuple(sites))


def make_station_rule(change: RuleOverride | None = None) -> Rule:
    """The alarm that every station has: its silence."""
    return make_rule(_STALE, change)


def make_rule(source: RuleSource, change: RuleOverride | None = None) -> Rule:
    """A resolved rule: the override's fields replace the type's, and the deadband becomes a clear limit."""
    fields = source.model_dump()
    if change is not None:
        given = change.model_dump(exclude_none=True, exclude={"off"})
        if "deadband" in given or "clear_ratio" in given:
            fields["deadband"] = fields["clear_ratio"] = None
        fields |= given
    deadband, ratio = fields.pop("deadband"), fields.pop("clear_ratio")
    clear = _clear(fields["kind"], fields["limit"], deadband, ratio)
    fields["limits"] = tuple(
        {k: v for k, v in one.items() if k not in ("deadband", "clear_ratio")}
        | {"clear": _clear(fields["kind"], one["limit"], *_own(one, deadband, ratio))}
        for one in fields["limits"]
    )
    fields["id"] = fields.pop("rule")
    fields.pop("point")
    return Rule.model_validate(fields | {"clear": clear})


def _own(one: dict[str, Any], deadband: float | None, ratio: float | None) -> tuple[float | None, float | None]:
    """The deadband or ratio of a limit by mode or season: its own, else the rule's."""
    given = one.get("deadband") is not None or one.get("clear_ratio") is not None
    return (one.get("deadband"), one.get("clear_ratio")) if given else (deadband, ratio)


def _clear(kind: str, limit: float, deadband: float | None, ratio: float | None) -> float:
    """Where the deadband ends, on the safe side of the limit."""
    return limit * ratio if ratio is not None else limit + (1 if kind in FALLING else -1) * (deadband or 0.0)


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
            stations.append(self._station(station))
            mine = self._points(station, self.types[station.type], where)
            points += mine
            explained += [(j, one) for one in self._explained(station, mine, where)]
        if self.faults:
            return None
        data = self.site.model_dump(exclude={"stations", "suppressions"})
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
            self.fault(("stations", j, *self._written(j, tuple(map(str, complaint)))), value, bound)
        return site

    def _explained(
        self, station: StationSource, points: list[Point], where: tuple[str | int, ...]
    ) -> list[Suppression]:
        """What the station's type says of causes; a fault stands at the type if the file holds it."""
        kind = self.types[station.type]
        found, complaints = of_station(station, kind, points)
        place = next((n for n, own in enumerate(self.parsed.station_types) if own is kind), None)
        for at, value, bound in complaints:
            if place is None:
                self.fault((*where, "type"), value, bound)
            else:
                self.faults.append(self.source.fault(("station_types", place, "suppressions", *at), value, bound))
        return found

    def _written(self, j: int, where: tuple[str, ...]) -> tuple[str, ...]:
        """Where the site's file says it, if it does: an override, else the station's type."""
        if where[1] == "parameters":
            return where[1:]
        for section in ("alarms", "points"):
            for name in ("/".join(where[1:]), where[-1], where[1]):
                if name in getattr(self.site.stations[j], section):
                    return (section, name)
        return ("type",)

    def _station(self, station: StationSource) -> Station:
        change = station.alarms.get("station-silent")
        return Station(
            id=station.id,
            type=station.type,
            name=station.name or station.id,
            heartbeat=station.heartbeat,
            stale_after=max(3 * station.heartbeat, 3 * MINUTE),
            stale=make_station_rule(change),
        )

    def _points(self, station: StationSource, kind: StationType, where: tuple[str | int, ...]) -> list[Point]:
        sources: dict[str, PointSource] = dict(kind.points)
        rules = list(kind.alarms)
        for unit, repeated in kind.repeat.items():
            for n in range(1, station.units.get(unit, 0) + 1):
                for name, point in repeated.points.items():
                    sources[name.replace("{n}", f"{n:02d}")] = _numbered(point, n)
                rules += [RuleSource.model_validate(_fill(a, n)) for a in repeated.alarms]
        for unit in station.units:
            if unit not in kind.repeat:
                self.fault((*where, "units", unit), unit, f"must be one of {sorted(kind.repeat)}")
        for name, change in station.points.items():
            base = sources.get(name, PointSource())
            sources[name] = base.model_copy(update=change.model_dump(exclude_none=True, exclude={"derived"}))
            if change.derived is not None:
                sources[name] = sources[name].model_copy(update={"derived": change.derived})
        by_point: dict[str, list[Rule]] = {name: [] for name in sources}
        used = {"station-silent"}
        for rule in rules:
            if rule.point not in by_point:
                self.fault((*where, "type"), rule.rule, f"its point {rule.point!r} must exist")
                continue
            key = next((k for k in (f"{rule.point}/{rule.rule}", rule.rule) if k in station.alarms), "")
            used.add(key)
            change_ = station.alarms.get(key)
            if change_ is not None and change_.off is not None:
                continue
            by_point[rule.point].append(make_rule(rule, change_))
        for key in station.alarms:
            if key not in used:
                self.fault((*where, "alarms", key), key, f"must be an alarm of type {kind.type}")
        ordered = sorted(sources, key=lambda n: (sources[n].derived is not None, n != "state"))
        used_parameters: set[str] = set()
        points = []
        for name in ordered:
            derived = sources[name].derived
            if derived is not None:
                mine = {k: v for k, v in station.parameters.items() if k in derived.parameters}
                used_parameters |= mine.keys()
                inputs = _wildcards(station.id, derived.inputs, ordered)
                derived = derived.model_copy(update={"inputs": inputs, "parameters": derived.parameters | mine})
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
        derived=derived,
        rules=tuple(rules),
    )
