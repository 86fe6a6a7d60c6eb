"""A cause and what follows from it, at stations of the types that come with Headworks and over a whole district."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, load_catalogue, to_json, version_of
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Command, Config, Record, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station
from tests.unit.alerts.test_causes import T0, fold, frame, plant, story

FILE = """\
group: g
name: G
time_zone: Asia/Shanghai
sites:
  - id: no3
    name: East
    kind: booster
    stations:
      - {id: house, type: %s}
"""

FREEZE = {"cause": "air/temperature/freeze", "hides": ("m*/flow/stopped",), "because": "the main is frozen"}


def made(tmp_path: Path, kind: str) -> Site:
    path = tmp_path / "site.yaml"
    path.write_text(FILE % kind, encoding="utf-8")
    return load_catalogue(path).sites[0]


class House:
    """A station alone, minute by minute."""

    def __init__(self, kind: Site) -> None:
        self.site, self.processor, self.told = kind, AlertProcessor(), list[AlarmEvent]()
        text = to_json(kind)
        self.put(Config("no3", version_of(text), text, T0 * SECOND))

    def put(self, record: Record) -> None:
        self.told += [e for e in self.processor.step("no3", [record]) if isinstance(e, AlarmEvent)]

    def minutes(self, first: int, last: int, **values: float) -> None:
        for minute in range(first, last):
            at = T0 + 60 * minute
            readings: list[Reading] = [
                (at, self.site.point_index[f"house/{name}"], value) for name, value in values.items()
            ]
            self.put(Frame("no3", "house", *columns(readings), at * SECOND))
            self.put(Tick(at * SECOND))

    def silence(self, first: int, last: int) -> None:
        for minute in range(first, last):
            self.put(Tick((T0 + 60 * minute) * SECOND))

    def sounded(self) -> list[tuple[str, str]]:
        return [
            (e.rule, e.transition)
            for e in self.told
            if e.annunciated and e.state in "BE" and e.transition != "uncertain"
        ]

    def state(self, rule_id: str) -> AlarmEvent:
        return [e for e in self.told if e.rule == rule_id][-1]


BOOSTER = {"state": 3, "suction_pressure": 150, "discharge_pressure": 600, "discharge_setpoint": 600, "mains": 1}
ISOLATION = {"state": 3, "feed_1": 1, "feed_2": 1, "static_pressure": 300, "static_setpoint": 300, "sump_level": 0.3}


@pytest.mark.parametrize(
    ("kind", "normal", "dark", "cause"),
    [
        ("booster", BOOSTER, {"mains": 0, "suction_pressure": 20, "discharge_pressure": 0}, "mains-lost"),
        ("isolation_station", ISOLATION, {"feed_1": 0, "feed_2": 0, "static_pressure": 100}, "power-lost"),
    ],
)
def test_a_station_without_power_pages_once_though_its_battery_runs_down_half_an_hour_later(
    tmp_path, kind, normal, dark, cause
):
    house = House(made(tmp_path, kind))
    house.minutes(0, 30, **normal)
    house.minutes(30, 60, **normal | dark)
    house.silence(60, 120)
    assert house.sounded() == [(cause, "raised")]
    hidden = {e.rule: e.cause for e in house.told if e.transition == "raised" and e.state == "H"}
    assert {"station-silent"} < hidden.keys()
    assert len(set(hidden.values())) == 1
    # Nobody knows any more whether the power is back: it stands, and says that it is not certain.
    assert (house.state(cause).transition, house.state(cause).state) == ("uncertain", "B")
    # Power and link are back: the silence ends five minutes later, and does not sound in between.
    house.minutes(120, 150, **normal)
    assert house.sounded() == [(cause, "raised")]
    assert house.state("station-silent").state == "A"


def test_a_silence_without_a_power_cut_sounds(tmp_path):
    house = House(made(tmp_path, "booster"))
    house.minutes(0, 30, **BOOSTER)
    house.silence(30, 60)
    assert house.sounded() == [("station-silent", "raised")]


def test_water_on_the_floor_of_a_dark_station_sounds(tmp_path):
    house = House(made(tmp_path, "booster"))
    house.minutes(0, 30, **BOOSTER)
    house.minutes(30, 60, **BOOSTER | {"mains": 0, "floor_water": 1})
    assert {rule_id for rule_id, _ in house.sounded()} == {"mains-lost", "floor-wet"}


def district(worst: str = "medium") -> Site:
    """The most stations that a site may have: one for the weather and 99 meters."""
    names = [f"m{n:02d}" for n in range(1, 100)]
    return site(
        point("temperature", rule("freeze", "low", -10, priority="high"), station="air"),
        *(
            point("flow", rule("stopped", "low", 1, priority=worst if name == "m50" else "medium"), station=name)
            for name in names
        ),
        stations=tuple(station(name, stale_after=100_000) for name in ("air", *names)),
        suppressions=[FREEZE],
    )


def frozen(thaw: float = 0) -> list[Record]:
    log: list[Record] = [frame("air", 0, 60, (5, 2), (20, -15))]
    log += [frame(f"m{n:02d}", n, 60, (5, 9), (30, 0)) for n in range(1, 100)]
    if thaw:
        log.append(frame("air", 0, thaw, (thaw, 2)))
    return [*log, Tick((T0 + 600) * SECOND)]


def test_a_frozen_main_sounds_once_and_its_hundred_meters_are_seen_as_explained():
    told = fold(frozen(), district())
    assert [e.station for e in told if e.annunciated] == ["air"]
    explained = [(e.state, e.cause) for e in told if e.rule == "stopped"]
    assert explained == [("H", "the main is frozen")] * 99


@pytest.mark.parametrize(("worst", "sounds"), [("medium", "m01"), ("high", "m50"), ("critical", "m50")])
def test_what_still_stands_after_the_thaw_is_unacknowledged_at_once_and_the_worst_sounds_for_all(worst, sounds):
    released = [e for e in fold(frozen(thaw=100), district(worst)) if e.transition == "unsuppressed"]
    assert {(e.time, e.state) for e in released} == {((T0 + 160) * SECOND, "B")}
    assert len(released) == 99
    assert [e.station for e in released if e.annunciated] == [sounds]
    others = {e.cause for e in released if not e.annunciated}
    assert others == {f"its cause is over; {sounds}/flow/stopped sounds for it"}


def test_of_what_is_released_together_every_critical_one_sounds():
    every = district().model_copy(
        update={"points": tuple(
            p.model_copy(update={"rules": tuple(r.model_copy(update={"priority": "critical"}) for r in p.rules)})
            for p in district().points
        )}
    )  # fmt: skip
    released = [e for e in fold(frozen(thaw=100), every) if e.transition == "unsuppressed"]
    assert len([e for e in released if e.annunciated]) == 99


def command(action: str, on: str, until: float, n: int) -> Command:
    at = (T0 + 60) * SECOND
    return Command(f"c{n}", "no3", at, "li.wei", "night work", action, on, round((T0 + until) * SECOND))


def told_of_alarms(log: list[Record], of: Site | None = None) -> list[tuple[Any, ...]]:
    return story([event for event in fold(log, of) if not event.transition.startswith("planned")])


@pytest.mark.parametrize("action", ["suppress", "shelve"])
def test_planned_work_sounds_once_at_its_end_and_a_shelf_for_itself(action):
    acts = [command(action, f"no3/pump{n}/flow/none", 300, n) for n in range(3)]
    apart = action == "shelve"
    stopped = [frame(f"pump{n}", n + 1, 60, (5, 0)) for n in range(3)]
    log: list[Record] = [frame("power", 0, 60, (5, 1)), *stopped, *acts]
    log += [frame(f"pump{n}", n + 1, 299) for n in range(3)]
    told = told_of_alarms([*log, Tick((T0 + 310) * SECOND)])
    ended = {"suppress": "unsuppressed", "shelve": "unshelved"}[action]
    assert [one for one in told if one[0] == 300] == [(300, f"pump{n}", ended, "B", apart or n == 0) for n in range(3)]


def test_a_shelf_that_ended_before_a_cause_began_or_ended_is_told_before_it():
    log: list[Record] = [frame("power", 0, 20, (5, 1)), frame("pump0", 1, 20, (5, 10)), frame("power", 0, 60)]
    log += [command("shelve", "no3/pump0/flow/none", 80, 1), frame("pump0", 1, 200, (30, 0))]
    log += [frame("power", 0, 200, (90, 0), (120, 1)), Tick((T0 + 300) * SECOND)]
    told = [e for e in fold(log, plant(pumps=1)) if e.station == "pump0" and e.rule == "none"]
    assert [(e.time // SECOND - T0, e.transition) for e in told] == [
        (60, "shelved"), (60, "raised"), (80, "unshelved"), (100, "suppressed"), (180, "unsuppressed"),
    ]  # fmt: skip


def test_planned_work_has_ended_for_what_comes_after_its_end():
    """The tick that says that it is over may come later than a reading does."""
    quiet = site(point("flow", rule("none", "low", 1)), stations=(station(stale_after=100_000),))
    work = command("suppress", "no3/st", 100, 1)

    def seen(*at: tuple[float, float]) -> list[tuple[Any, ...]]:
        log: list[Record] = [frame("st", 0, 5, (5, 9)), work, *(frame("st", 0, t, (t, v)) for t, v in at)]
        return [(t, *rest) for t, _, *rest in told_of_alarms([*log, Tick((T0 + 500) * SECOND)], quiet)]

    assert seen((150, 0)) == [(150, "raised", "B", True)]
    assert seen((90, 0), (150, 9)) == [
        (90, "raised", "H", False),
        (100, "unsuppressed", "B", True),
        (150, "cleared", "D", True),
    ]


def test_ticks_between_change_nothing_of_what_planned_work_lets_go_together():
    """One of the alarms moves on after the end, before the tick that says that the work is over, or after it."""
    pair = site(
        *(point("flow", rule("none", "low", 1), station=name) for name in ("a", "b")),
        stations=tuple(station(name, stale_after=100_000) for name in ("a", "b")),
    )
    begun: list[Record] = [frame("a", 0, 5, (5, 9)), frame("b", 1, 5, (5, 9)), command("suppress", "no3", 100, 1)]
    stopped = [frame("a", 0, 90, (90, 0)), frame("b", 1, 90, (90, 0))]
    on = [frame("a", 0, 150, (110, 9), (120, 0)), frame("b", 1, 150, (130, 9))]
    one = fold([*begun, *stopped, *on, Tick((T0 + 160) * SECOND)], pair)
    more = fold([*begun, *stopped, Tick((T0 + 105) * SECOND), *on, Tick((T0 + 160) * SECOND)], pair)
    assert list(canonical_journal(one)) == list(canonical_journal(more))
    released = [(e.station, e.annunciated) for e in one if e.transition == "unsuppressed"]
    assert released == [("a", True), ("b", False)]
    late = command("acknowledge", "no3/a/flow/none", 0, 2)
    asked = fold([*begun, *stopped, *on, late, Tick((T0 + 160) * SECOND)], pair)
    moves = [e.transition for e in asked if e.station == "a"]
    assert moves == ["raised", "unsuppressed", "cleared", "superseded", "raised", "acknowledged"]


def test_what_planned_work_hides_says_which_and_until_when():
    quiet = site(point("flow", rule("none", "low", 1)), stations=(station(stale_after=100_000),))
    work = command("suppress", "no3/st", 100, 1)
    log: list[Record] = [frame("st", 0, 5, (5, 9)), work, frame("st", 0, 90, (90, 0))]
    _, raised = fold(log, quiet)
    assert (raised.cause, raised.until) == ("night work", (T0 + 100) * SECOND)


def test_a_catalogue_without_the_cause_lets_go_of_what_it_hid_and_one_with_it_takes_hold():
    log: list[Record] = [frame("power", 0, 60, (5, 1), (20, 0)), frame("pump0", 1, 60, (5, 10), (21, 0))]
    tick = Tick((T0 + 60) * SECOND)
    without = plant(pumps=1).model_copy(update={"suppressions": ()})

    def change(to: Site, at: float) -> Config:
        text = to_json(to)
        return Config("no3", version_of(text), text, round((T0 + at) * SECOND))

    told = story(fold([*log, tick, change(without, 70)], plant(pumps=1)))
    assert [one for one in told if one[0] >= 60] == [(70, "pump0", "unsuppressed", "B", True)]
    later = frame("pump0", 1, 90, (80, 10), (85, 0))
    waits: list[Record] = [change(plant(pumps=1), 70), later, frame("power", 0, 130), frame("pump0", 1, 130)]
    told = story(fold([*log, tick, *waits], without))
    assert (115, "pump0", "raised", "H", False) in told


def test_what_waits_is_told_before_what_a_new_catalogue_closes():
    """A silence that waits for the slower pump, and whose rule changes: it stays silent, and is told anew."""
    text = to_json(
        plant(pumps=2).model_copy(update={"stations": tuple(station(n, 180, 400) for n in ("power", "pump0", "pump1"))})
    )
    log: list[Record] = [frame("power", 0, 60, (5, 1)), frame("pump0", 1, 20, (5, 10)), frame("pump1", 2, 20, (5, 10))]
    log += [frame("power", 0, 300), Frame("no3", "pump0", *columns([]), (T0 + 90) * SECOND, death=True)]
    told = fold([*log, Config("no3", version_of(text), text, (T0 + 250) * SECOND), Tick((T0 + 400) * SECOND)], plant(2))
    mine = [(e.time // SECOND - T0, e.transition, e.number) for e in told if e.station == "pump0"]
    assert mine == [(90, "raised", 1), (300, "cleared", 2), (300, "raised", 1)]
    assert len(list(canonical_journal(told))) == len(told)


def test_a_shelved_alarm_that_leaves_the_catalogue_is_said_to_be_forgotten():
    log: list[Record] = [frame("power", 0, 60, (5, 1)), command("shelve", "no3/pump0/flow/none", 600, 1)]
    text = to_json(plant(pumps=1).model_copy(update={"points": plant(pumps=1).points[:1], "suppressions": ()}))
    told = story(fold([*log, Config("no3", version_of(text), text, (T0 + 70) * SECOND)], plant(pumps=1)))
    assert told[-1] == (70, "pump0", "forgotten", "A", False)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), pumps=st.integers(1, 6))
def test_however_a_cause_and_its_consequences_interleave_the_cause_alone_sounds(data, pumps):
    """Each station's frames in its own order, all stations in any; consequences begin at any moment after the cut."""
    stations: list[list[Frame]] = [
        [frame("power", 0, 30, (5, 1), (10, 0)), frame("power", 0, 90), frame("power", 0, 200)]
    ]
    for n in range(pumps):
        stop = data.draw(st.integers(11, 150))
        early, late = [(5, 10)], [(stop, 0)]
        parts = [(60, early + late * (stop <= 60)), (120, late * (60 < stop <= 120)), (200, late * (stop > 120))]
        stations.append([frame(f"pump{n}", n + 1, through, *readings) for through, readings in parts])
    log: list[Record] = []
    while any(stations):
        log.append(data.draw(st.sampled_from([frames for frames in stations if frames])).pop(0))
    told = fold([*log, Tick((T0 + 200) * SECOND)], plant(pumps))
    assert [(e.station, e.transition) for e in told if e.annunciated] == [("power", "raised")]
    assert {e.station for e in told if e.state == "H"} == {f"pump{n}" for n in range(pumps)}
    by_station = sorted((f for f in log if isinstance(f, Frame)), key=lambda f: f.station)
    again = fold([*by_station, Tick((T0 + 200) * SECOND)], plant(pumps))
    assert list(canonical_journal(again)) == list(canonical_journal(told))
