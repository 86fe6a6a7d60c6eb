"""What goes over the wire comes back the same; what is damaged is refused, and nothing else happens."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.codec import (
    ALARM,
    MAX_READINGS,
    canonical_json,
    decode_output,
    decode_record,
    encode_output,
    encode_record,
)
from services.core.errors import Rejected
from services.core.frame import Frame, make_frame
from services.core.packing import pack, unpack
from services.core.pb import headworks_pb2 as pb
from services.core.records import (
    OPTIONAL_STATISTICS,
    Aggregates,
    AlarmEvent,
    Command,
    Config,
    Derived,
    IncidentEvent,
    Recompute,
    Tick,
)

BOUNDED = settings(max_examples=100, deadline=None, derandomize=True)

times = st.integers(-(2**62), 2**62)
words = st.text(max_size=12)
numbers = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    n = draw(st.integers(0, 6))

    def column(items: st.SearchStrategy[float], dtype: str) -> np.ndarray:
        return np.array(draw(st.lists(items, min_size=n, max_size=n)), dtype)

    base = draw(times)
    return Frame(
        draw(words), draw(words),
        base + column(st.integers(-(2**60), 2**60), "i8"),
        column(st.integers(0, 2**31 - 1), "i4"),
        column(numbers, "f8"),
        column(st.integers(0, 255), "u1"),
        draw(times), draw(words), draw(st.integers(0, 2**64 - 1)), draw(st.integers(0, 2**64 - 1)),
        draw(times), draw(st.booleans()), draw(times),
    )  # fmt: skip


def parts(frame: Frame) -> tuple[object, ...]:
    """Everything in a frame, comparable: NaN by its bits."""
    columns = (frame.times, frame.points, frame.values, frame.quality)
    return (
        frame.site, frame.station, frame.through, frame.catalogue, frame.epoch, frame.number,
        frame.received, frame.death, frame.clock, *((c.dtype.str, c.tobytes()) for c in columns),
    )  # fmt: skip


@BOUNDED
@given(frames())
def test_a_frame_of_any_content_comes_back_to_the_bit(frame: Frame) -> None:
    back = decode_record(encode_record(frame))
    assert isinstance(back, Frame)
    assert parts(back) == parts(frame)
    derived = decode_output(*encode_output(Derived(frame)))
    assert isinstance(derived, Derived)
    assert parts(derived.frame) == parts(frame)


def test_nothing_but_good_readings_costs_no_quality_bytes() -> None:
    def size(quality: int) -> int:
        n = np.arange(1000)
        points, values = n.astype(np.int32), n.astype(np.float64)
        return len(encode_record(make_frame("s", "t", n, points, values, np.full(1000, quality, np.uint8))))

    assert size(1) - size(0) >= 1000


@BOUNDED
@given(st.builds(Tick, times, st.booleans()))
def test_a_tick_comes_back_even_at_time_zero(tick: Tick) -> None:
    assert decode_record(encode_record(tick)) == tick
    assert decode_record(encode_record(Tick(0))) == Tick(0)


@BOUNDED
@given(
    st.one_of(
        st.builds(Command, words, words, times, words, words, words, words, times),
        st.builds(Config, words, words, words, times),
    )
)
def test_commands_and_configurations_come_back(record: Command | Config) -> None:
    assert decode_record(encode_record(record)) == record


maybe = st.none() | st.floats(allow_nan=False)
alarms = st.builds(
    AlarmEvent, times, words, words, words, words, words, st.integers(0, 2**31), words, words, words,
    maybe, maybe, words, st.booleans(), words, words,
)  # fmt: skip
plain = st.dictionaries(words, st.none() | st.booleans() | st.integers() | words | st.lists(words), max_size=3)
incidents = st.builds(IncidentEvent, times, words, words, words, st.integers(0, 9), words, words, words, plain)


@BOUNDED
@given(alarms | incidents)
def test_events_come_back_and_no_number_stays_no_number(event: AlarmEvent | IncidentEvent) -> None:
    assert decode_output(*encode_output(event)) == event


def test_a_zero_and_no_value_are_two_things() -> None:
    event = AlarmEvent(1, "s", "t", "p", "r", "o", 1, "raised", "high", value=0.0, limit=None)
    back = decode_output(*encode_output(event))
    assert isinstance(back, AlarmEvent)
    assert (back.value, back.limit) == (0.0, None)


@BOUNDED
@given(st.integers(0, 5), numbers, st.integers(0, 2**32 - 1))
def test_aggregates_come_back(n: int, number: float, count: int) -> None:
    column = np.full(n, number)
    sent = Aggregates(
        "no3", 60, 60, np.arange(n, dtype=np.int32), column, column, column, np.full(n, count, np.int64), column, "v",
        revision=count, volume=column, gap=column,
    )  # fmt: skip
    back = decode_output(*encode_output(sent))
    assert isinstance(back, Aggregates)
    assert (back.site, back.start, back.width, back.catalogue) == ("no3", 60, 60, "v")
    assert (back.end, back.revision) == (120, count)
    for name in ("points", "mean", "min", "max", "count", "good_ratio", *OPTIONAL_STATISTICS):
        a, b = getattr(back, name), getattr(sent, name)
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes())


def test_what_is_to_be_recomputed_comes_back() -> None:
    sent = Recompute("no3", 60, 120, 240, 17, "v")
    assert decode_output(*encode_output(sent)) == sent


GOOD = encode_record(
    make_frame("no3", "intake", np.array([5, 6]), np.array([0, 1]), np.array([1.0, math.nan]), np.array([0, 130]))
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_damaged_records_are_rejected_and_raise_nothing_else(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([GOOD, encode_record(Config("s", "v", "{}", 3))])))
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for damaged in (cut, data.draw(st.binary(max_size=40))):
        with suppress(Rejected):
            decode_record(damaged)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_damaged_outputs_are_rejected_and_raise_nothing_else(data: st.DataObject) -> None:
    outputs: list[Any] = [
        AlarmEvent(1, "s", "t", "p", "r", "o", 1, "raised", "high", value=1.0),
        IncidentEvent(1, "s", "k", "i", 1, "surge", "c", "n", {"a": [1]}),
        Derived(make_frame("s", "t", np.array([1]), np.array([0]), np.array([2.0]))),
        Aggregates("s", 0, 60, *(np.ones(2, t) for t in ("i4", "f8", "f8", "f8", "i8", "f8"))),  # type: ignore[arg-type]
    ]
    topic, good = encode_output(data.draw(st.sampled_from(outputs)))
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for damaged in (bytes(raw), bytes(raw[: data.draw(st.integers(0, len(raw)))])):
        with suppress(Rejected):
            decode_output(topic, damaged)


def rejected(message: pb.Frame) -> str:
    with pytest.raises(Rejected) as caught:
        decode_record(pb.Record(frame=message).SerializeToString())
    return caught.value.reason


def test_each_way_in_which_columns_can_lie_is_named() -> None:
    assert rejected(pb.Frame(point=b"\0" * 4, offset=b"\0" * 8)) == "columns differ"
    assert rejected(pb.Frame(point=b"\0" * 3)) == "columns differ"
    assert rejected(pb.Frame(quality=b"\0")) == "columns differ"
    full: dict[str, Any] = {"offset": b"\0" * 8, "value": b"\0" * 8}
    assert rejected(pb.Frame(point=b"\xff" * 4, **full)) == "point index"
    assert rejected(pb.Frame(point=b"\0" * 4 * (MAX_READINGS + 1))) == "frame too large"


def test_columns_of_aggregates_that_differ_are_rejected() -> None:
    two: dict[str, Any] = dict.fromkeys(("mean", "min", "max", "good_ratio"), b"\x00" * 16) | {"count": b"\0" * 8}
    for wrong in ({"mean": b"\0" * 8}, {"volume": b"\0" * 8}):
        lying = pb.Aggregates(site="s", point=b"\0" * 8, **(two | wrong)).SerializeToString()
        with pytest.raises(Rejected):
            decode_output("aggregates", lying)


def test_evidence_that_is_not_an_object_is_rejected() -> None:
    for text in ("[1]", "{", "1"):
        with pytest.raises(Rejected):
            decode_output("incidents", pb.IncidentEvent(evidence_json=text).SerializeToString())


def test_an_empty_record_and_an_unknown_topic_are_rejected() -> None:
    with pytest.raises(Rejected, match="no body"):
        decode_record(b"")
    with pytest.raises(Rejected, match="unknown topic"):
        decode_output("weather", encode_output(AlarmEvent(1, "", "", "", "", "", 1, "", ""))[1])
    assert encode_output(AlarmEvent(1, "", "", "", "", "", 1, "", ""))[0] == ALARM


def test_canonical_json_is_one_text_for_equal_values_and_knows_no_nan() -> None:
    assert canonical_json({"b": 1, "a": "°"}) == canonical_json({"a": "°", "b": 1}) == '{"a":"°","b":1}'
    with pytest.raises(ValueError, match="float"):
        canonical_json(math.nan)


def test_a_frame_refuses_unequal_columns_and_an_empty_one_without_its_reach() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="unequal"):
        Frame("s", "t", two, one.astype(np.int32), one.astype(float), one.astype(np.uint8), 0)
    none = np.zeros(0, np.int64)
    with pytest.raises(ValueError, match="through"):
        make_frame("s", "t", none, none.astype(np.int32), none.astype(float))


def test_make_frame_orders_by_time_then_point_and_the_first_of_two_stays_first() -> None:
    frame = make_frame("s", "t", np.array([2, 1, 2, 1]), np.array([0, 1, 0, 0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert (frame.times.tolist(), frame.points.tolist()) == ([1, 1, 2, 2], [0, 1, 0, 0])
    assert frame.values.tolist() == [4.0, 2.0, 1.0, 3.0]
    assert frame.through == 2


@BOUNDED
@given(plain, st.lists(numbers, max_size=4))
def test_a_packed_state_comes_back_writable_and_equal_states_are_equal_bytes(
    meta: dict[str, object], values: list[float]
) -> None:
    arrays = {"b": np.array(values), "a": np.arange(6, dtype=np.int32).reshape(2, 3), "e": np.zeros((0, 3), "u1")}
    packed = pack(meta, arrays)
    assert packed == pack(dict(reversed(meta.items())), dict(reversed(arrays.items())))
    back_meta, back = unpack(packed)
    assert back_meta == meta
    for name, array in arrays.items():
        assert (back[name].dtype, back[name].shape, back[name].tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert back[name].flags.writeable


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_state_is_a_value_error_and_nothing_else(data: st.DataObject) -> None:
    raw = bytearray(pack({"schema": 1}, {"a": np.arange(3), "b": np.zeros(2, "u1")}))
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for damaged in (bytes(raw), bytes(raw[: data.draw(st.integers(0, len(raw)))]), bytes(raw) + b"x"):
        with suppress(ValueError):
            unpack(damaged)


def test_a_state_cut_short_too_long_or_headless_is_refused() -> None:
    packed = pack({}, {"a": np.arange(3)})
    headless = b"HWS1" + (13).to_bytes(4, "little") + b'{"arrays":[]}'
    for damaged in (b"", b"PK", packed[:-1], packed + b"\0", headless, b"HWS1" + (2).to_bytes(4, "little") + b"[]"):
        with pytest.raises(ValueError, match="state"):
            unpack(damaged)
