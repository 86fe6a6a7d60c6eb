"""Line protocol, read back by a reader of its own: every reading is there once, as it was, and nothing else is."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.sinks.influx import (
    Collected,
    Encoded,
    Names,
    Place,
    encode_aggregates,
    encode_events,
    encode_readings,
)
from services.aggregator.sinks.influx.names import UNSTORABLE
from services.core.clock import HOUR, MINUTE
from services.core.codec import encode_records
from services.core.frame import Frame
from services.core.quality import Quality
from services.core.records import Aggregates, AlarmEvent, IncidentEvent
from tests.unit.aggregator.influx import POINTS, config, read

STRANGE = len(POINTS)

_times = st.one_of(
    st.sampled_from([0, 1, 1_700_006_400_000_000_000]),
    st.integers(-(2**62), 2**62),
)
_values = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, math.nan, math.inf]))
_codes = st.one_of(st.just(0), st.sampled_from([int(q) for q in Quality]), st.integers(0, 255))
_reading = st.tuples(_times, st.integers(-1, STRANGE), _values, _codes)
_frames = st.lists(st.tuples(st.sampled_from(["no3", "no1", "new"]), st.lists(_reading, max_size=12)), max_size=5)


def frame(site: str, readings: list[Any], station: str = "any") -> Frame:
    """As it may come over the wire: in whatever order."""
    times, points, values, codes = zip(*readings, strict=True) if readings else ((), (), (), ())
    return Frame(
        site, station, np.array(times, np.int64), np.array(points, np.int32), np.array(values, np.float64),
        np.array(codes, np.uint8), 0,
    )  # fmt: skip


@cache
def known() -> Names:
    names = Names()
    names.learn([config(), config(name="no1")])
    return names


def place(number: int) -> Place:
    return Place("sites", 3, number)


def encode_frames(frames: list[tuple[Place, Frame]], names: Names) -> Encoded:
    """By both ways: from frames, and from the bytes that the log has of them."""
    decoded, raw = Collected(), Collected()
    for where, one in frames:
        decoded.add(where, one)
        assert raw.take(where, encode_records([one]))
    made = encode_readings(decoded.columns(), names)
    assert encode_readings(raw.columns(), names) == made
    assert raw.columns().latest == decoded.columns().latest
    return made


def expected(site: str, readings: list[Any]) -> dict[tuple[str, str, int], dict[str, float]]:
    out: dict[tuple[str, str, int], dict[str, float]] = {}
    said = set()
    for time, index, value, code in readings:
        if site == "new" or not 0 <= index < STRANGE or POINTS[index][1] in UNSTORABLE or (time, index) in said:
            continue
        said.add((time, index))
        station, point = POINTS[index]
        fields = out.setdefault((site, station, time), {})
        if math.isfinite(value):
            fields[point] = value
        judged = Quality.NOT_A_NUMBER if not math.isfinite(value) and code < 64 else code
        if judged:
            fields[f"{point}.q"] = judged
    return out


@settings(max_examples=80, deadline=None)
@given(_frames)
def test_every_reading_is_in_one_line_of_its_station_and_instant(frames):
    made = encode_frames([(place(n), frame(*one)) for n, one in enumerate(frames)], known())
    starts = [*made.lines.starts, len(made.lines.data)]
    by_frame: dict[int, list[Any]] = {n: [] for n in range(len(frames))}
    for (_, _, n), begin, end in zip(made.lines.places, starts[:-1], starts[1:], strict=True):
        by_frame[n] += read(made.lines.data[begin:end])
    for n, (site, readings) in enumerate(frames):
        found = {(line.tags["site"], line.tags["station"], line.time): line.fields for line in by_frame[n]}
        assert len(found) == len(by_frame[n]), "two lines for one station and instant"
        assert found == expected(site, readings)
        for line in by_frame[n]:
            assert line.measurement == "readings"
            assert set(line.tags) == {"site", "station"}
            assert all(isinstance(v, int) == key.endswith(".q") for key, v in line.fields.items())
    strange = {
        n for n, (site, readings) in enumerate(frames)
        if any(site == "new" or not 0 <= r[1] < STRANGE or POINTS[r[1]][1] in UNSTORABLE for r in readings)
    }  # fmt: skip
    assert {where.offset for where, _ in made.unnamed} == strange


def test_a_frame_of_an_instant_is_one_line_as_written_by_hand():
    readings = [(1000, 0, 12.5, 0), (1000, 1, math.nan, Quality.BAD), (1000, 3, 0.25, Quality.SATURATED)]
    made = encode_frames([(place(7), frame("no3", readings))], known())
    assert made.lines.data == (
        b"readings,site=no3,station=intake "
        b"raw_turbidity=12.5,river_level.q=128i,screen_head=0.25,screen_head.q=1i 1000\n"
    )
    assert (made.lines.first, made.unnamed) == (place(7), ())


def test_a_newer_catalogue_names_what_the_older_did_not():
    names = Names()
    names.learn([config(2)])
    said = [(place(0), frame("no3", [(5, 2, 1.0, 0), (5, 0, 2.0, 0)]))]
    before = encode_frames(said, names)
    assert before.unnamed == ((place(0), "site 'no3': no catalogue names [2]"),)
    assert [line.fields for line in read(before.lines.data)] == [{"raw_turbidity": 2.0}]
    names.learn([config(4), config(3)])  # an older one that comes late takes no name away
    after = encode_frames(said, names)
    assert not after.unnamed
    assert {line.tags["station"]: line.fields for line in read(after.lines.data)} == {
        "filters": {"f1_flow": 1.0},
        "intake": {"raw_turbidity": 2.0},
    }


def window(site: str, start: int, points: list[int], width: int = MINUTE) -> Aggregates:
    n = len(points)
    mean = np.array([math.nan if p == 1 else 10.0 * p for p in points])
    return Aggregates(
        site, start, width, np.array(points, np.int32), mean, mean - 1, mean + 1,
        np.arange(1, n + 1, dtype=np.int64) * 1_000_000, np.full(n, 0.5),
    )  # fmt: skip


def test_aggregates_are_a_line_a_station_with_five_fields_a_point():
    made = encode_aggregates(
        [(place(0), window("no3", MINUTE, [0, 1, 2, 3])), (place(1), window("no1", MINUTE, [2, 99], HOUR))], known()
    )
    lines = {(line.measurement, line.tags["site"], line.tags["station"]): line for line in read(made.lines.data)}
    assert set(lines) == {
        ("aggregates_1m", "no3", "intake"), ("aggregates_1m", "no3", "filters"), ("aggregates_1h", "no1", "filters"),
    }  # fmt: skip
    intake = lines["aggregates_1m", "no3", "intake"]
    assert intake.time == MINUTE
    assert intake.fields == {
        "raw_turbidity.mean": 0.0, "raw_turbidity.min": -1.0, "raw_turbidity.max": 1.0,
        "raw_turbidity.count": 1_000_000, "raw_turbidity.good_ratio": 0.5,
        "river_level.count": 2_000_000, "river_level.good_ratio": 0.5,
        "screen_head.mean": 30.0, "screen_head.min": 29.0, "screen_head.max": 31.0,
        "screen_head.count": 4_000_000, "screen_head.good_ratio": 0.5,
    }  # fmt: skip
    assert isinstance(intake.fields["river_level.count"], int)
    assert [where for where, _ in made.unnamed] == [place(1)]
    assert [made.lines.places[n] for n in range(2)] == [place(0), place(1)]


def test_figures_that_there_are_not_are_not_written_nor_a_gap_of_nothing():
    one = replace(
        window("no3", MINUTE, [0, 3], 24 * HOUR), volume=np.array([12.5, math.nan]), gap=np.array([0.0, 30.0]),
        above=np.array([0.0, math.nan]), twa=np.array([1.0, 2.0]),
    )  # fmt: skip
    lines = read(encode_aggregates([(place(0), one)], known()).lines.data)
    assert {line.measurement for line in lines} == {"aggregates_1d"}
    fields = {name: value for line in lines for name, value in line.fields.items()}
    beyond = {
        n: v for n, v in fields.items() if n.rpartition(".")[2] not in ("mean", "min", "max", "count", "good_ratio")
    }
    assert beyond == {
        "raw_turbidity.volume": 12.5, "raw_turbidity.above": 0.0, "raw_turbidity.twa": 1.0,
        "screen_head.gap": 30.0, "screen_head.twa": 2.0,
    }  # fmt: skip


def alarm(**more: Any) -> AlarmEvent:
    words: dict[str, Any] = {
        "time": 77, "site": "no3", "station": "intake", "point": "raw_turbidity", "rule": "high",
        "occurrence": "no3/x@1", "number": 1, "transition": "raised", "priority": "high",
    }  # fmt: skip
    return AlarmEvent(**words | more)


def test_an_alarm_is_a_point_of_its_own_for_every_transition():
    events = [
        alarm(value=12.0, limit=10.0, unit="NTU", cause="a \"quoted\" \\ cause,\nin two lines"),
        alarm(number=2, transition="hidden", annunciated=False),
        alarm(number=3, transition="unhidden"),
        alarm(number=4, transition="hidden"),
        alarm(point="", rule="station-silent", value=math.inf),
    ]  # fmt: skip
    made = encode_events([(place(n), event) for n, event in enumerate(events)])
    lines = read(made.data)
    assert len({(tuple(line.tags.items()), line.time) for line in lines}) == len(events)
    assert [line.time for line in lines] == [77, 78, 79, 80, 77]
    assert [line.fields["number"] for line in lines] == [1, 2, 3, 4, 1]
    assert lines[0].tags == {
        "site": "no3", "station": "intake", "point": "raw_turbidity", "rule": "high", "priority": "high",
        "state": "raised",
    }  # fmt: skip
    assert lines[0].fields == {
        "value": 12.0, "limit": 10.0, "occurrence": "no3/x@1", "number": 1, "unit": "NTU", "annunciated": True,
        "quality": "good", "cause": 'a "quoted" \\ cause, in two lines',
    }  # fmt: skip
    assert lines[1].fields["annunciated"] is False
    assert "point" not in lines[4].tags
    assert "value" not in lines[4].fields
    assert made.places == tuple(place(n) for n in range(5))


def test_an_incident_keeps_what_it_rests_on():
    event = IncidentEvent(
        5, "no3", "IntakeCrisis", "no3/IntakeCrisis@1", 3, "restricted", "c", "do", {"b": 1, "a": "x"}
    )
    (line,) = read(encode_events([(place(0), event)]).data)
    assert (line.measurement, line.time) == ("incidents", 7)
    assert line.tags == {"site": "no3", "kind": "IntakeCrisis", "phase": "restricted"}
    assert line.fields == {
        "incident": "no3/IntakeCrisis@1", "number": 3, "cause": "c", "next_step": "do", "evidence": '{"a":"x","b":1}',
    }  # fmt: skip


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\\r\n"), min_size=1)


@settings(max_examples=60, deadline=None)
@given(rule=_text, cause=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_any_name_and_any_words_come_back(rule, cause):
    (line,) = read(encode_events([(place(0), alarm(rule=rule, cause=cause))]).data)
    assert line.tags["rule"] == "".join("_" if c < " " or c == "\x7f" else c for c in rule)
    assert line.fields.get("cause", "") == cause


def test_what_line_protocol_cannot_carry_in_a_name_becomes_an_underscore():
    (line,) = read(encode_events([(place(0), alarm(rule="ends with \\", station="a\nb"))]).data)
    assert (line.tags["rule"], line.tags["station"]) == ("ends with _", "a_b")
