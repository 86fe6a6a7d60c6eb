"""Frames that break the contract of frames: counted, and the rest goes on, judged as if they had not come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.alerts.processor import AlertProcessor
from services.core.clock import DAY, SECOND
from services.core.codec import MAX_READINGS
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import AlarmEvent, Record, Tick
from tests.unit.alerts.build import Reading, columns
from tests.unit.alerts.plants import T0, config, frame, journal, plant

FAR = 2**62
#: Points of the plant: what the intake measures, the lab's temperature, and what is computed.
RAW, LAB, COMPUTED = 1, 6, 7


def fold(*log: Record) -> tuple[list[str], int]:
    """(journal, how many were refused), held to be the same after a restart in the middle."""
    made = plant()
    start: list[Record] = [replace(config(made), time=T0 * SECOND), frame("intake", T0, (T0, 0, 3)), Tick(T0 * SECOND)]
    end: list[Record] = [frame("intake", T0 + 50, (T0 + 30, RAW, 6), (T0 + 50, RAW, 6)), Tick((T0 + 50) * SECOND)]
    processor = AlertProcessor()
    out = processor.step("no3", [*start, *log])
    other = AlertProcessor()
    other.load("no3", processor.dump("no3"))
    out += other.step("no3", end)
    return journal([o for o in out if isinstance(o, AlarmEvent)]), other.refused("no3")


RIGHT = (T0 + 10.0, RAW, 6.0)


@pytest.mark.parametrize(
    "readings",
    [
        [(T0 + 10, LAB, 9.0)],  # of another station
        [(T0 + 10, COMPUTED, 9.0)],  # computed, not measured
        [(T0 + 10, 8, 9.0)],  # of no point at all
        [(T0 + 10, 2**31 - 1, 9.0), (T0 + 10, -1, 9.0), (T0 + 10, -(2**31), 9.0)],
        [(T0 + 21, RAW, 1.0)],  # ahead of what the frame reaches
        [(9_000_000_000, RAW, 1.0)],  # 2255
        [(-9_000_000_000, RAW, 1.0)],
        [(T0 - 401 * 86_400, RAW, 1.0)],
    ],
)
def test_a_reading_that_cannot_be_is_counted_and_those_beside_it_are_judged(readings: list[Reading]):
    bad = Frame("no3", "intake", *columns([RIGHT, *readings]), (T0 + 20) * SECOND)
    good = Frame("no3", "intake", *columns([RIGHT]), (T0 + 20) * SECOND)
    assert fold(bad) == (fold(good)[0], len(readings))
    assert fold(good)[1] == 0
    assert any("turbidity-high" in line for line in fold(good)[0])


@pytest.mark.parametrize("through", [FAR, T0 * SECOND + 41 * DAY])
@pytest.mark.parametrize("death", [False, True])
def test_a_frame_that_reaches_beyond_all_time_is_counted_and_moves_nothing(through: int, death: bool):
    wild = replace(frame("intake", T0 + 20, RIGHT), through=through, death=death)
    heartbeat = Frame("no3", "clearwell", *columns([]), through, death=death)
    assert fold(wild, heartbeat) == (fold()[0], 2)


def test_a_frame_of_a_station_that_is_not_there_is_counted():
    assert fold(replace(frame("intake", T0 + 20, RIGHT), station="nowhere")) == (fold()[0], 1)


def test_readings_in_no_order_of_time_are_put_in_order():
    readings: list[Reading] = [(T0 + 20.0, RAW, 1.0), (T0 + 5.0, RAW, 6.0), RIGHT]
    mixed = Frame("no3", "intake", *columns(readings), (T0 + 20) * SECOND)
    ordered = Frame("no3", "intake", *columns(sorted(readings, key=lambda r: r[0])), (T0 + 20) * SECOND)
    assert fold(mixed) == (fold(ordered)[0], 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_an_instrument_fault_and_no_process_alarm(value: float):
    readings: list[Reading] = [(T0 + at, RAW, value) for at in (2.0, 8.0, 14.0)]
    told, refused = fold(Frame("no3", "intake", *columns(readings), (T0 + 20) * SECOND))
    assert refused == 0
    assert any('"instrument"' in line for line in told)


def test_a_hundred_thousand_readings_in_one_frame_are_judged_like_any_other():
    times = np.sort(np.linspace((T0 + 1) * SECOND, (T0 + 29) * SECOND, MAX_READINGS).astype(np.int64))
    n = len(times)
    wide = Frame(
        "no3", "intake", times, np.full(n, RAW, np.int32), np.full(n, 6.0), np.zeros(n, np.uint8), (T0 + 29) * SECOND
    )
    told, refused = fold(wide)
    assert refused == 0
    assert any("turbidity-high" in line and '"raised"' in line for line in told)


def test_readings_marked_for_their_clock_may_be_of_any_time():
    marked: list[Reading] = [(T0 + 7200.0, RAW, 9.0, int(Quality.CLOCK))]
    assert fold(Frame("no3", "intake", *columns(marked), (T0 + 20) * SECOND))[1] == 0


def test_where_readings_may_be_late_what_reaches_beyond_all_time_is_not_held_for_ever():
    made = plant(lateness=30 * SECOND)
    first: list[Record] = [replace(config(made), time=T0 * SECOND), Tick(T0 * SECOND)]
    wild: Sequence[Record] = [replace(frame("intake", T0 + 20, RIGHT), through=FAR)]
    processor, other = AlertProcessor(), AlertProcessor()
    processor.step("no3", [*first, *wild])
    other.step("no3", first)
    assert processor.refused("no3") == 1
    assert abs(len(processor.dump("no3")) - len(other.dump("no3"))) < 16
