"""Generated plants: four stations, every kind of rule, derived points, causes, gates, modes, latches, an incident."""

from __future__ import annotations

from random import Random

from services.core.catalogue import Point, Rule, Site
from services.core.catalogue.model import DerivedBy, Suppression
from services.core.clock import SECOND
from tests.unit.alerts.build import gate, point, rule, station
from tests.unit.alerts.plants import CAUSES, rich

#: Values that a point takes, by `station/point`; the first is the calm one. Points that are not named take LEVELS.
PALETTE: dict[str, tuple[float, ...]] = {
    "intake/state": (3, 3, 3, 1),
    "gauge/power": (1, 1, 0),
    "gauge/sample": (1, 1, 1, 0),
    "gauge/pump": (2, 2, 4, 5),
}
LEVELS: tuple[float, ...] = (3, 0, 2, 4, 5, 6, 7, 7.5, 8)

#: No station is silent for longer before it is given up, s.
LONGEST_STALE = 90

#: A power cut at the gauge explains its own alarms, and one of a station elsewhere. Not the successive records: their
#: mark is told by the reading after it, which may come when the cause has been told already.
POWER = Suppression(
    cause="gauge/power/lost",
    hides=("gauge/stage/*", "gauge/turbidity/top", "gauge/turbidity/instrument", "gauge/pump/*", "gauge/excess/*",
           "clearwell/level/low"), because="no power", hold=20 * SECOND,
)  # fmt: skip


def draw_site(rng: Random, lateness: int = 0) -> Site:
    """A site of its own delays, priorities, latches, deadlines and causes; `lateness` in s."""
    causes = rng.choice([(), CAUSES, (POWER,), (*CAUSES, POWER)])
    made = rich(flow_low=rng.choice([80, 85]), high=rng.choice([4.5, 5]), suppressions=causes,
                lateness=lateness * SECOND)  # fmt: skip
    points = tuple(_varied(p, rng) for p in (*made.points, *_gauge()))
    if rng.random() < 0.5:
        made = made.model_copy(update={"incidents": ()})
    stations = tuple(
        station(name, stale_after=rng.choice([45, 60, LONGEST_STALE]), off_delay=rng.choice([0, 30, 300]))
        for name in ("intake", "clearwell", "lab", "gauge")
    )
    return made.model_copy(update={"points": points, "stations": stations})


def _gauge() -> list[Point]:
    """The fourth station: what changes, what succeeds, what stands still, and an analyser with a sample line."""
    wide = {"window": 60, "on_delay": 5, "off_delay": 10, "certain_after": 20}
    doubled = DerivedBy(function="deviation", inputs={"value": "gauge/stage", "reference": "intake/screen_head"})
    rules = (
        rule("rising", "rise", 3, clear=1, **wide),
        rule("surge", "rise_ratio", 2, clear=1.5, floor=3, **wide),
        rule("falling", "fall", 3, clear=1, **wide),
        rule("danger", "high", 7, clear=6, on_delay=10, off_delay=10, latching=True, realarm=40 * SECOND),
        rule("stuck", "flat", window=80, off_delay=5),
    )
    return [
        point("stage", *rules, station="gauge", stale_after=70),
        point("power", rule("lost", "equals", 0, on_delay=10, off_delay=5), station="gauge"),
        point("sample", station="gauge"),
        point(
            "turbidity", rule("records", "successive_high", 5, clear=5, window=60),
            rule("top", "saturated", on_delay=5), rule("instrument", "fault", on_delay=10, off_delay=10),
            station="gauge", low=0, high=8, saturates=True, sample_flow="sample",
        ),
        point("pump", rule("tripped", "state", states=(5,), gate=gate("power", 1, settle=5)),
              rule("off", "not_equals", 2, on_delay=15, hidden_by="tripped"), station="gauge"),
        point("excess", rule("apart", "high", 2, clear=1, on_delay=10, off_delay=10), station="gauge",
              derived=doubled),
    ]  # fmt: skip


def _varied(one: Point, rng: Random) -> Point:
    return one.model_copy(update={"rules": tuple(_lived(r, rng) for r in one.rules)})


def _lived(one: Rule, rng: Random) -> Rule:
    """The same condition with another life: priority, latch, timer of the second alarm."""
    changes: dict[str, object] = {"priority": rng.choice(["critical", "high", "high", "medium", "journal"])}
    if rng.random() < 0.2:
        changes["latching"] = True
    if rng.random() < 0.2:
        changes["realarm"] = rng.choice([20, 60]) * SECOND
    return one.model_copy(update=changes)


def measured(site: Site) -> dict[str, list[tuple[int, tuple[float, ...]]]]:
    """By station: (index, palette) of each measured point."""
    found: dict[str, list[tuple[int, tuple[float, ...]]]] = {s.id: [] for s in site.stations}
    for i, one in enumerate(site.points):
        if one.derived is None:
            found[one.station].append((i, PALETTE.get(one.id, LEVELS)))
    return found
