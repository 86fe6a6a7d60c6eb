"""A small utility and a synthetic storm night for the console's own tests; every number is made up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from services.core.catalogue.incident_use import IncidentUse
from services.core.catalogue.model import Catalogue, DerivedBy, Point, Rule, Site, Station
from services.core.clock import HOUR, MINUTE, SECOND, parse_time
from services.core.frame import Frame, make_frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Derived, IncidentEvent, Output, Record, Tick

START = parse_time("2023-04-18T16:00:00+08:00")
STATES = {0: "off", 1: "standby", 2: "starting", 3: "running", 4: "stopping"}


def clock(text: str) -> int:
    """Event time of a local clock time of the night, `21:05`; after midnight it is the next day."""
    hour, minute = map(int, text.split(":"))
    return START + ((hour - 16) % 24) * HOUR + minute * MINUTE


def rule(name: str, kind: str, limit: float, priority: str, words: str, within: int) -> Rule:
    consequence, response = words.split(" → ")
    return Rule.model_validate({
        "id": name, "kind": kind, "limit": limit, "priority": priority,
        "consequence": consequence, "response": response, "respond_within": f"{within}m",
    })  # fmt: skip


def station(name: str, kind: str, title: str) -> Station:
    stale = rule("stale", "stale", 0, "medium", "blind → check the link, send a crew", 30)
    return Station(id=name, type=kind, name=title, heartbeat=MINUTE, stale_after=3 * MINUTE, stale=stale)


RULES = {
    "raw_turbidity": (
        rule("turbidity-surge", "rise_ratio", 3, "medium",
             "The surge reaches the clarifiers → Rake continuously, crew on standby", 45),
        rule("raw-turbidity-high", "high", 200, "medium",
             "Dosing lags behind → Jar test, raise the coagulant dose", 60),
        rule("raw-turbidity-high-high", "high", 1000, "high",
             "Clarifiers overload, filters blind → Cut flow, take the other source", 30),
    ),
    "screen_head": (
        rule("screen-head-high", "high", 0.3, "medium", "Screens are blocking → Rake by hand", 20),
        rule("screen-head-high-high", "high", 0.6, "high",
             "Screens are blocking fast → Slow the pumps, send the crew", 10),
        rule("screen-head-critical", "high", 1.0, "critical",
             "Screens may collapse → Throttle the raw pumps now", 5),
    ),
    "flow_ratio": (
        rule("flow-low", "low", 85, "high",
             "The clear well begins to drain → Rake, start the standby pump", 15),
        rule("flow-low-low", "low", 60, "critical",
             "The clear well drains, the city runs dry → Follow the intake-crisis playbook", 15),
    ),
    "level": (
        rule("level-low", "low", 2.2, "medium",
             "Contact time and reserve shrink → Lower the pressure, open the other source", 60),
    ),
    "supply_hours_pessimistic": (
        rule("supply-short", "low", 8, "high", "Outage ahead → Other source, tankers, notice", 60),
        rule("supply-short-2h", "low", 2, "critical", "Outage within 2 h → Notice, tankers now", 60),
    ),
    "stage": (
        rule("stage-rising", "rise", 0.3, "medium",
             "A surge comes downstream → Prepare the intake", 45),
    ),
}  # fmt: skip

POINTS = (
    ("intake", "raw_turbidity", "Raw water turbidity", "NTU", 4000.0),
    ("intake", "screen_head", "Screen differential head", "m", 2.0),
    ("intake", "raw_flow", "Raw water flow", "m3/h", None),
    ("intake", "required_flow", "Raw water flow required by plan", "m3/h", None),
    ("intake", "flow_ratio", "Raw-water flow of what the plan requires", "%", None),
    ("clarifier", "settled_turbidity", "Settled water turbidity", "NTU", None),
    ("filters", "combined_turbidity", "Filtered water turbidity", "NTU", None),
    ("clearwell", "level", "Clear-well level", "m", 4.5),
    ("clearwell", "supply_hours_pessimistic", "Hours to supply loss, pessimistic", "h", None),
    ("clearwell", "supply_hours_expected", "Hours to supply loss, expected", "h", None),
    ("clearwell", "supply_hours_optimistic", "Hours to supply loss, optimistic", "h", None),
    ("highlift", "pressure", "Discharge pressure", "kPa", None),
)


DERIVED = ("flow_ratio", *(f"supply_hours_{one}" for one in ("pessimistic", "expected", "optimistic")))


def plant(name: str, title: str, *, carries: bool = False) -> Site:
    kinds = (("intake", "Intake pump house"), ("clarifier", "Clarifiers"),
             ("filters", "Filter gallery"), ("clearwell", "Clear well"),
             ("highlift", "High-lift pumps"))  # fmt: skip
    points = [Point(station=kind, name="state", states=STATES) for kind, _ in kinds]
    for kind, point, words, unit, high in POINTS:
        derived = DerivedBy(function="demo", inputs={}) if point in DERIVED else None
        points.append(Point(station=kind, name=point, description=words, unit=unit, high=high,
                            saturates=point == "raw_turbidity", derived=derived,
                            rules=RULES.get(point, ()) if carries else ()))  # fmt: skip
    return Site(id=name, group="liuyang", name=title, kind="plant", time_zone="Asia/Shanghai",
                stations=tuple(station(kind, kind, words) for kind, words in kinds),
                points=tuple(points), incidents=(IncidentUse(model="intake-crisis"),) if carries else (),
                playbooks={"intake-crisis": PLAYBOOK} if carries else {})  # fmt: skip


def city(plant_name: str = "No. 3 plant") -> Catalogue:
    """Three plants and a gauge."""
    gauge = Site(
        id="upstream", group="liuyang", name="River gauge upstream", kind="gauge",
        time_zone="Asia/Shanghai", stations=(station("gauge", "river_gauge", "Gauge"),),
        points=(Point(station="gauge", name="stage", description="River stage", unit="m",
                      rules=RULES["stage"]),
                Point(station="gauge", name="rain", description="Rain", unit="mm/h")),
    )  # fmt: skip
    plants = (plant("no3", plant_name, carries=True), plant("no1", "No. 1 plant"),
              plant("no2", "No. 2 plant"))  # fmt: skip
    return Catalogue(group="liuyang", name="Liuyang", sites=(*plants, gauge))


#: Minutes after 16:00 and values between which the night is drawn with straight lines.
CURVES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "raw_turbidity": ((0, 200, 225, 245, 278, 337, 390, 480, 900), (18, 22, 70, 220, 1050, 4300, 3900, 2100, 300)),
    "screen_head": ((0, 235, 250, 274, 286, 310, 400), (0.06, 0.08, 0.2, 0.62, 1.05, 1.2, 1.1)),
    "raw_flow": ((0, 285, 310, 390, 600), (4380, 4300, 2600, 1490, 1600)),
    "required_flow": ((0, 900), (4380, 4380)),
    "flow_ratio": ((0, 285, 310, 390, 600), (100, 98, 59, 34, 36)),
    "settled_turbidity": ((0, 300, 400, 600), (1.4, 1.6, 2.8, 5.6)),
    "combined_turbidity": ((0, 900), (0.07, 0.2)),
    "level": ((0, 300, 400, 510, 780, 974), (3.4, 3.35, 2.2, 1.9, 2.3, 1.65)),
    "pressure": ((0, 340, 360, 900), (420, 418, 385, 384)),
    "supply_hours_pessimistic": ((0, 285, 343, 400, 824), (40, 20, 7.9, 5.2, 1.9)),
    "supply_hours_expected": ((0, 285, 343, 400, 824), (48, 26, 9.7, 7.1, 2.6)),
    "supply_hours_optimistic": ((0, 285, 343, 400, 824), (60, 48, 13.5, 11.0, 4.0)),
    "stage": ((0, 165, 200, 500, 900), (61.2, 61.25, 61.8, 64.2, 62.9)),
    "rain": ((0, 100, 110, 240, 420, 500), (0, 0, 22, 31, 12, 0)),
}  # fmt: skip


def frames(site: Site, at: int) -> Iterator[Frame | Derived]:
    """One minute of a site: a sample of each point every 30 s, of derived ones as Derived."""
    times = np.array([at - 30 * SECOND, at], np.int64)
    minutes = (times - START) / MINUTE
    for one in site.stations:
        for derived in (False, True):
            rows: list[tuple[int, int, float, int]] = []
            for index, point in enumerate(site.points):
                if point.station != one.id or (point.derived is not None) != derived:
                    continue
                for time, minute in zip(times, minutes, strict=True):
                    value, quality = _value(site, point, float(minute))
                    if quality is not None:
                        rows.append((int(time), index, value, quality))
            if not rows and derived:
                continue
            column = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
            frame = make_frame(
                site.id, one.id, np.array(column[0], np.int64), np.array(column[1], np.int32),
                np.array(column[2], float), np.array(column[3], np.uint8), through=at,
            )  # fmt: skip
            yield Derived(frame) if derived else frame


def _value(site: Site, point: Point, minute: float) -> tuple[float, int | None]:
    backup = site.id in ("no1", "no2")
    if point.name == "state":
        return (2.0 if minute > 345 else 1.0) if backup else 3.0, 0
    known = CURVES[point.name]
    value = float(np.interp(minute, *known)) * (1 + (0.0 if point.name == "stage" else 0.01) * np.sin(minute * 1.7))
    if backup:
        if point.derived is not None:
            return 0.0, None
        idle = {"raw_flow": 0, "required_flow": 0, "raw_turbidity": 9, "screen_head": 0.02,
                "settled_turbidity": 0.8, "level": 3.1, "pressure": 0}  # fmt: skip
        value = float(idle.get(point.name, value))
        if point.name == "combined_turbidity":
            return value, int(Quality.NO_SAMPLE)
    if point.name == "raw_turbidity" and value >= 4000:
        return 4000.0, int(Quality.SATURATED)
    return value, 0


ALARMS = (
    ("18:45", "upstream", "gauge/stage", "stage-rising", "raised", 0.34, "m", True),
    ("19:45", "no3", "intake/raw_turbidity", "turbidity-surge", "raised", 3.2, "ratio", True),
    ("20:04", "no3", "intake/raw_turbidity", "raw-turbidity-high", "raised", 214.0, "NTU", True),
    ("20:20", "no3", "intake/screen_head", "screen-head-high", "raised", 0.31, "m", True),
    ("20:34", "no3", "intake/screen_head", "screen-head-high-high", "raised", 0.61, "m", True),
    ("20:34", "no3", "intake/screen_head", "screen-head-high", "hidden", 0.61, "m", False),
    ("20:38", "no3", "intake/raw_turbidity", "raw-turbidity-high-high", "raised", 1038.0, "NTU", True),
    ("20:38", "no3", "intake/raw_turbidity", "raw-turbidity-high", "hidden", 1038.0, "NTU", False),
    ("20:40", "no3", "intake/raw_turbidity", "turbidity-surge", "cleared", 2.1, "ratio", True),
    ("20:46", "no3", "intake/screen_head", "screen-head-critical", "raised", 1.04, "m", True),
    ("20:46", "no3", "intake/screen_head", "screen-head-high-high", "hidden", 1.04, "m", False),
    ("21:08", "no3", "intake/flow_ratio", "flow-low", "raised", 83.0, "%", True),
    ("21:13", "no3", "intake/flow_ratio", "flow-low", "hidden", 58.0, "%", False),
    ("21:13", "no3", "intake/flow_ratio", "flow-low-low", "raised", 58.0, "%", True),
    ("21:43", "no3", "clearwell/supply_hours_pessimistic", "supply-short", "raised", 7.9, "h", True),
    ("22:40", "no3", "clearwell/level", "level-low", "raised", 2.19, "m", True),
)  # fmt: skip

#: Of the phases that the night has not reached by 22:10.
PLAYBOOK = {"recovering": "Raise the raw flow in small steps; wash filters in turn", "closed": "Write up the night"}

#: The state of ISA-18.2 after each transition; nobody acknowledges anything in this night.
LETTERS = {"raised": "B", "hidden": "H", "cleared": "D"}

PHASES = (
    ("19:45", "surge", "Raw turbidity tripled in 30 min",
     "Rake the screens continuously; put the intake crew on standby; take a jar test"),
    ("21:10", "restricted", "Raw flow below 60 % of required while the pumps run",
     "Throttle the raw pumps to protect the screens; send the crew to the intake"),
    ("21:43", "threatened", "Supply lasts less than 8 h at worst",
     "Start Nos. 1 and 2; lower the network pressure; ready the tankers and the notice to customers"),
)  # fmt: skip


def alarm_events(catalogue: Catalogue, until: int) -> Iterator[AlarmEvent]:
    """The night's alarm transitions up to `until`."""
    numbers: dict[str, int] = {}
    onsets: dict[str, int] = {}
    for when, site, point, name, transition, value, unit, loud in ALARMS:
        time, key = clock(when), f"{site}/{point}/{name}"
        onsets.setdefault(key, time)
        occurrence = f"{key}/{onsets[key]}"
        numbers[occurrence] = numbers.get(occurrence, 0) + 1
        if time > until:
            continue
        index = catalogue.site(site).point_index[point]
        found = next(r for r in catalogue.site(site).points[index].rules if r.id == name)
        where, quantity = point.split("/")
        yield AlarmEvent(
            time, site, where, quantity, name, occurrence, numbers[occurrence], transition,
            found.priority, "hidden by a more severe alarm" if transition == "hidden" else "",
            value, found.limit, unit, loud, state=LETTERS[transition],
        )  # fmt: skip


def _evidence(minute: float) -> dict[str, str]:
    """Readings at the beginning of a phase, named as the intake crisis names them."""
    turbidity, head, ratio, level = (
        float(np.interp(minute, *CURVES[name])) for name in ("raw_turbidity", "screen_head", "flow_ratio", "level")
    )
    return {"raw turbidity": f"≥ {4000:,} NTU" if turbidity >= 4000 else f"{turbidity:,.0f} NTU",
            "screen head": f"{head:.2f} m", "raw flow of required": f"{ratio:.0f} %",
            "clear-well level": f"{level:.2f} m"}  # fmt: skip


def incident_events(until: int) -> Iterator[IncidentEvent]:
    """The night's incident transitions up to `until`."""
    for number, (when, phase, cause, step) in enumerate(PHASES, 1):
        time = clock(when)
        if time > until:
            continue
        minute = (time - START) / MINUTE
        hours = {name: float(np.interp(minute, *CURVES[f"supply_hours_{name}"]))
                 for name in ("pessimistic", "expected", "optimistic")}  # fmt: skip
        yield IncidentEvent(
            time, "no3", "intake-crisis", "no3/intake-crisis/1", number, phase, cause, step,
            {"forecast": {f"hours_{k}": v for k, v in hours.items()} | {
                "horizon_hours": 24.0,
                "assumptions": ["demand of a weekday ± 10 %", "raw flow stays at 34 % of required",
                                "clear well usable down to 1.2 m"]},
             "readings": _evidence(minute)},
        )  # fmt: skip


def night(catalogue: Catalogue, until: int, since: int = START) -> Iterator[Record | Output]:
    """The log from `since` to `until`, in order: a minute's frames, then what it made, then the tick."""
    events: list[AlarmEvent | IncidentEvent] = [
        *alarm_events(catalogue, until), *incident_events(until),
    ]  # fmt: skip
    events.sort(key=lambda event: event.time)
    at = since + MINUTE
    while at <= until:
        for site in catalogue.sites:
            yield from frames(site, at)
        yield from (event for event in events if at - MINUTE < event.time <= at)
        yield Tick(at)
        at += MINUTE
