"""A silence is medium on a quiet day and high in an incident, whichever is told first and wherever the ticks are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site
from services.core.clock import SECOND
from services.core.frame import Frame
from services.core.records import AlarmEvent, Command, Output, Record, Tick
from tests.unit.alerts.plants import T0, config, frame, journal, merged, plant

END = 300


def quiet() -> Site:
    """The plant, where a silence is medium as the catalogue has it."""
    made = plant()
    stale = made.stations[0].stale.model_copy(update={"priority": "medium"})
    return made.model_copy(update={"stations": tuple(s.model_copy(update={"stale": stale}) for s in made.stations)})


def night(lab_until: int, turbid_from: int) -> dict[str, list[Frame]]:
    """Two stations of the grid are heard all night; the lab until a moment; the surge begins 15-20 s after another."""
    by_station: dict[str, list[Frame]] = {"intake": [], "clearwell": [], "lab": []}
    for at in range(0, END + 1, 20):
        turbid = 6.0 if at >= turbid_from else 1.0
        by_station["intake"].append(frame("intake", T0 + at, (T0 + at, 0, 3), (T0 + at, 1, turbid)))
        by_station["clearwell"].append(frame("clearwell", T0 + at, (T0 + at, 4, 4.0)))
        if at <= lab_until:
            by_station["lab"].append(frame("lab", T0 + at, (T0 + at, 6, 1.0)))
    return by_station


def fold(log: Sequence[Record]) -> list[Output]:
    """The whole at once; restarted before every record it must be the same, state and all."""
    whole = [config(quiet(), T0), *log]
    processor, other = AlertProcessor(), AlertProcessor()
    out = processor.step("no3", whole)
    parts: list[Output] = []
    for record in whole:
        parts += other.step("no3", [record])
        state, other = other.dump("no3"), AlertProcessor()
        other.load("no3", state)
    assert journal(parts) == journal(out)
    assert other.dump("no3") == processor.dump("no3")
    return out


def silence(out: Sequence[Output]) -> list[tuple[Any, ...]]:
    mine = [e for e in out if isinstance(e, AlarmEvent) and e.station == "lab" and e.rule == "station-silent"]
    mine.sort(key=lambda e: (e.time, e.number))
    return [(e.time / SECOND - T0, e.transition, e.priority, e.state, e.annunciated) for e in mine]


def told(lab_until: int, turbid_from: int, *more: Record) -> list[tuple[Any, ...]]:
    return silence(fold([*merged(night(lab_until, turbid_from), random.Random(1), [T0 + END]), *more]))


def test_on_a_quiet_day_a_silence_is_medium():
    assert told(100, 9_999) == [(160, "raised", "medium", "B", True)]


def test_in_an_incident_a_silence_is_high():
    assert told(100, 80) == [(160, "raised", "high", "B", True)]


def test_a_silence_that_stands_when_an_incident_opens_alarms_again_as_high():
    assert told(40, 160) == [(100, "raised", "medium", "B", True), (180, "realarmed", "high", "B", True)]


def test_who_had_seen_it_is_to_see_it_again():
    frames = sorted((f for many in night(40, 160).values() for f in many), key=lambda f: f.through)
    log: list[Record] = [*frames, Tick((T0 + END) * SECOND)]
    at = next(i for i, f in enumerate(frames) if f.through > (T0 + 120) * SECOND)
    log.insert(at, Tick((T0 + 120) * SECOND))
    at += 1
    name = f"no3/lab/station/station-silent@{(T0 + 100) * SECOND}"
    seen = Command("c1", "no3", (T0 + 120) * SECOND, "li", "seen", "acknowledge", name)
    assert [one[1:] for one in silence(fold([*log[:at], seen, *log[at:]]))] == [
        ("raised", "medium", "B", True),
        ("acknowledged", "medium", "C", True),
        ("realarmed", "high", "B", True),
    ]


def test_it_stays_high_until_it_clears():
    back: list[Record] = [frame("lab", T0 + END + 50 * k) for k in range(1, 8)]
    back.append(Tick((T0 + END + 351) * SECOND))
    assert [one[1:4] for one in told(40, 160, *back)][-1] == ("cleared", "high", "D")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("lab_until", "turbid_from"), [(40, 160), (100, 80), (80, 120)])
def test_neither_the_order_of_stations_nor_the_places_of_ticks_matter(seed: int, lab_until: int, turbid_from: int):
    order = random.Random(seed)
    ticks = order.sample(range(T0 + 20, T0 + END, 20), order.randint(0, 6))
    log = merged(night(lab_until, turbid_from), order, sorted([*ticks, T0 + END]))
    assert silence(AlertProcessor().step("no3", [config(quiet(), T0), *log])) == told(lab_until, turbid_from)
