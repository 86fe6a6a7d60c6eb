"""One cause is one problem: what it explains does not sound, in whatever order the stations are heard."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.catalogue.model import Suppression
from services.core.catalogue.verify import verify_site
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.records import AlarmEvent, Config, Output, Record, Tick
from tests.unit.alerts.build import Reading, columns, point, rule, site, station

T0 = 1_000_000


def plant(pumps: int = 3, **more: Any) -> Site:
    names = [f"pump{n}" for n in range(pumps)]
    cause = {"cause": "power/mains/lost", "hides": ("pump*/flow/*", "pump*/station/*"), "because": "no power"} | more
    return site(
        point("mains", rule("lost", "equals", 0, on_delay=10), station="power"),
        *(point("flow", rule("none", "low", 1, clear=2, on_delay=30), station=name) for name in names),
        stations=tuple(station(name, stale_after=180) for name in ("power", *names)),
        suppressions=(Suppression.model_validate({"hold": 60 * SECOND} | cause),),
    )


def frame(name: str, index: int, through: float, *readings: tuple[float, float]) -> Frame:
    given: list[Reading] = [(T0 + at, index, value) for at, value in readings]
    return Frame("no3", name, *columns(given), round((T0 + through) * SECOND))


def fold(log: Sequence[Record], made: Site | None = None) -> list[AlarmEvent]:
    text = to_json(made or plant())
    out: list[Output] = AlertProcessor().step("no3", [Config("no3", version_of(text), text, T0 * SECOND), *log])
    return [event for event in out if isinstance(event, AlarmEvent)]


def story(events: list[AlarmEvent]) -> list[tuple[Any, ...]]:
    chosen = [(e.time / SECOND - T0, e.station, e.transition, e.state, e.annunciated) for e in events]
    return sorted(chosen)


NIGHT = [
    frame("power", 0, 60, (5, 1), (20, 0)),
    *(frame(f"pump{n}", n + 1, 60, (5, 10), (21, 0)) for n in range(3)),
]


def test_a_power_cut_is_one_alarm_however_many_pumps_stop():
    told = story(fold([*NIGHT, Tick((T0 + 60) * SECOND)]))
    assert [one for one in told if one[4]] == [(30, "power", "raised", "B", True)]
    assert [one[:4] for one in told[1:]] == [(51, f"pump{n}", "raised", "H") for n in range(3)]


def test_the_answer_is_the_same_in_whatever_order_the_stations_are_heard():
    expected = list(canonical_journal(fold([*NIGHT, Tick((T0 + 60) * SECOND)])))
    for order in itertools.permutations(NIGHT):
        assert list(canonical_journal(fold([*order, Tick((T0 + 60) * SECOND)]))) == expected


def test_nothing_is_told_before_the_slowest_station_has_said_its_part():
    assert fold(NIGHT[:3]) == []
    assert len(fold(NIGHT)) == 4


def test_a_pump_that_stopped_before_the_power_cut_has_sounded_and_is_then_explained():
    log: list[Record] = [
        frame("power", 0, 100, (5, 1), (60, 0)),
        frame("pump0", 1, 100, (5, 0)),
        *(frame(f"pump{n}", n + 1, 100, (5, 10)) for n in (1, 2)),
    ]
    assert story(fold([*log, Tick((T0 + 100) * SECOND)])) == [
        (35, "pump0", "raised", "B", True),
        (70, "power", "raised", "B", True),
        (70, "pump0", "suppressed", "H", True),
    ]


def test_what_still_stands_some_time_after_its_cause_sounds():
    after: list[Record] = [
        frame("power", 0, 200, (100, 1)),
        frame("pump0", 1, 200, (110, 10)),
        frame("pump1", 2, 200, (110, 10)),
        frame("pump2", 3, 200),
        Tick((T0 + 200) * SECOND),
    ]
    told = story(fold([*NIGHT, *after]))
    assert [one for one in told if one[0] > 60] == [
        (100, "power", "cleared", "D", True),
        (110, "pump0", "cleared", "A", False),
        (110, "pump1", "cleared", "A", False),
        (160, "pump2", "unsuppressed", "B", True),
    ]


def test_a_frozen_main_does_not_page_four_hundred_times():
    made = plant(pumps=99)
    log: list[Record] = [frame("power", 0, 60, (5, 1), (20, 0))]
    log += [frame(f"pump{n}", n + 1, 60, (5, 10), (21, 0)) for n in range(99)]
    told = fold([*log, Tick((T0 + 60) * SECOND), Tick((T0 + 900) * SECOND)], made)
    assert len({e.station for e in told if e.transition == "raised"}) == 100
    # The power's own station falls silent too: that is not what its cut explains.
    assert {(e.station, e.rule) for e in told if e.annunciated} == {("power", "lost"), ("power", "station-silent")}


def test_a_cause_that_hides_itself_or_nothing_is_a_fault_of_the_file():
    def complaints(**more: Any) -> list[str]:
        return [bound for _, _, bound in verify_site(plant(**more))]

    assert complaints() == []
    assert complaints(cause="power/mains/lots") == ["must be an alarm of the site, as station/point/rule"]
    assert complaints(hides=("pmup*/flow/*",)) == ["must match an alarm of the site, as station/point/rule"]
    assert complaints(hides=("*/*/*",)) == ["must not match the cause itself"]


def test_where_a_cause_explains_one_of_a_points_two_alarms_the_other_waits_with_it():
    lesser = rule("low", "low", 5, clear=6, on_delay=1, hidden_by="dry")
    worse = rule("dry", "low", 1, clear=2, on_delay=1)
    made = site(
        point("mains", rule("lost", "equals", 0, on_delay=10), station="power"),
        point("flow", lesser, worse, station="pump0"),
        stations=tuple(station(name, stale_after=180) for name in ("power", "pump0")),
        suppressions=(Suppression(cause="power/mains/lost", hides=("pump0/flow/dry",), because="no power", hold=0),),
    )
    power = frame("power", 0, 100, (5, 1))
    pump = [frame("pump0", 1, 40, (5, 10), (10, 3), (30, 0)), frame("pump0", 1, 100, (60, 3))]
    end = Tick((T0 + 100) * SECOND)
    orders: list[list[Record]] = [[power, *pump, end], [pump[0], power, pump[1], end], [*pump, power, end]]
    first, *others = [list(canonical_journal(fold(log, made))) for log in orders]
    assert '"transition":"unhidden"' in "".join(first)
    assert others == [first, first]
