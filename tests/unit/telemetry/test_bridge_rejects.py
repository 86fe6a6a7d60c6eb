"""What the bridge refuses, marks or takes as it comes, and that all else goes on."""

import numpy as np
import pytest

from services.core.catalogue.model import DerivedBy
from services.core.clock import DAY, HOUR
from services.core.pb import sparkplug_b_pb2 as pb
from services.core.ports import Position
from services.core.quality import Quality
from services.telemetry.bridge.digest import KEPT
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.decode import MAX_METRICS, MAX_PAYLOAD
from services.telemetry.sparkplug.topics import clock_topic
from tests.unit.telemetry.field import EPOCH, START, STATIONS, columns
from tests.unit.telemetry.reader import MS, Field


def only_that_metric(field):
    """The message's number is used up, and the next one is taken."""
    field.send(2)
    return field.numbers == [1, 2]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"alias": 9_999, "double_value": 1.0}, "unknown alias"),
        ({"alias": None, "name": "nobody", "double_value": 1.0}, "unknown alias"),
        ({"alias": encode.FIRST_ALIAS + 3, "double_value": 1.0}, "point of another station"),
        ({"string_value": "high"}, "wrong type"),
        ({"bytes_value": b"x"}, "wrong type"),
        ({"dataset_value": b""}, "wrong type"),
        ({"template_value": b""}, "wrong type"),
        ({}, "wrong type"),
        ({"timestamp": 0, "double_value": 1.0}, "time out of bounds"),
        ({"timestamp": 2**63 + 9, "double_value": 1.0}, "time out of bounds"),
        ({"timestamp": 2**63 - 9, "double_value": 1.0}, "time out of bounds"),
        ({"timestamp": (START + 400 * DAY) // MS, "double_value": 1.0}, "time out of bounds"),
    ],
)
def test_a_metric_that_cannot_be_taken_is_refused_alone(fields, reason):
    field = Field().born()
    field.metric(1, **fields)
    assert len(field.records[0]) == 0
    assert field.reasons == [reason]
    assert field.counters.rejects == {reason: 1}
    assert only_that_metric(field)


def test_a_good_metric_beside_a_bad_one_is_taken():
    field = Field().born()
    times, points, values, quality, _ = columns(1)
    times[2] = START + 3 * 365 * DAY
    field.send(1, times=times, points=points, values=values, quality=quality)
    assert len(field.records[0]) == 5
    assert field.counters.rejects == {"time out of bounds": 1}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reading_that_is_no_number_stays_marked_and_is_counted(value):
    field = Field().born()
    field.metric(1, double_value=value)
    (frame,) = field.records
    assert np.isnan(frame.values).all()
    assert frame.quality.tolist() == [Quality.NOT_A_NUMBER]
    assert field.reasons == ["not a number"]


def test_a_null_metric_is_bad_and_no_reject():
    field = Field().born()
    field.metric(1, is_null=True)
    assert field.records[0].quality.tolist() == [Quality.BAD]
    assert not field.reasons


def test_a_clock_that_runs_ahead_marks_its_readings_and_moves_no_watermark():
    field = Field().born()
    ahead = field.clock.at + 8 * HOUR
    field.send(1, times=np.full(6, ahead), through=ahead)
    (frame,) = field.records
    assert set(frame.quality.tolist()) == {Quality.CLOCK}
    assert frame.through <= field.clock.at
    assert not field.reasons


@pytest.mark.parametrize("ahead", [8 * HOUR, 3_000 * DAY])
def test_what_a_clock_beyond_belief_showed_goes_with_the_frame_and_moves_nothing(ahead):
    field = Field().born()
    field.clock.at = START
    field.send(1, times=np.full(6, START + ahead), through=START + ahead)
    (frame,) = field.records
    assert (frame.clock, frame.through) == (START + ahead, START)
    assert set(frame.quality.tolist()) <= {Quality.CLOCK}
    field.send(2, times=np.full(6, START), through=START)
    assert (field.records[1].clock, field.records[1].through) == (0, START)


@pytest.mark.parametrize(("shown", "said"), [(0, 1), (1_000, 1_000 * MS), (2**63 - 9, 2**62)])
def test_a_clock_of_the_factory_or_of_no_time_at_all_is_told_of_though_its_readings_are_refused(shown, said):
    field = Field().born()
    field.metric(1, timestamp=shown, double_value=1.0)
    assert (len(field.records[0]), field.records[0].clock) == (0, said)
    assert field.reasons == ["time out of bounds"]


def test_a_reading_with_a_clock_of_its_own_is_told_of_beside_right_ones():
    field = Field().born()
    times, points, values, quality, _ = columns(1)
    times[2] = START + 3 * 365 * DAY
    field.send(1, times=times, points=points, values=values, quality=quality)
    assert (len(field.records[0]), field.records[0].clock) == (5, START + 3 * 365 * DAY)


def test_a_metric_without_a_time_has_the_messages():
    field = Field().born()
    field.metric(1, timestamp=None, double_value=1.0)
    assert field.records[0].times.tolist() == [START]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff\xff\xff", "malformed payload"),
        (b"\x12\x7f\x00", "malformed payload"),
        (b"\x00" * (MAX_PAYLOAD + 1), "payload too large"),
        (b"\x00" * 10_000_000, "payload too large"),
        (b"\x12\x00" * (MAX_METRICS + 1), "too many metrics"),
    ],
)
@pytest.mark.parametrize(("kind", "device"), [("DDATA", "intake"), ("NBIRTH", ""), ("DBIRTH", "intake")])
def test_a_payload_that_cannot_be_read_is_kept_cut_and_all_else_goes_on(payload, reason, kind, device):
    field = Field().born()
    field.give(kind, payload, device)
    assert field.reasons == [reason]
    assert field.digest.rejects[0].payload == payload[:KEPT]
    field.send(1)
    assert field.numbers == [1]


def test_a_message_from_nowhere_is_refused():
    field = Field().born()
    data = field.data(1)
    field.give("DDATA", data, "intake", edge="no9")
    field.give("DDATA", data, "intake", group="elsewhere")
    field.reader.take("spBv1.0/liuyang/HELLO/no3", data, START, field.digest)
    field.reader.take("something/else", data, START, field.digest)
    assert field.reasons == ["unknown edge node", "unknown edge node"] + ["unknown topic"] * 2


def test_an_unknown_device_uses_its_number_up():
    field = Field().born()
    field.sequenced("DDATA", field.data(1), "boiler")
    field.send(2)
    assert field.reasons == ["unknown device"]
    assert field.numbers == [2]
    assert field.counters.lost == 0


def test_a_point_that_the_catalogue_has_not_is_refused_when_named_and_when_sent():
    field = Field().born()
    birth = encode.encode_device_birth(START, [("p0", 128, "m"), ("what", 300, "m")])
    field.sequenced("DBIRTH", birth, "intake")
    assert field.reasons == ["unknown point"]
    assert "what" in field.digest.rejects[0].detail
    field.metric(1, alias=300, double_value=1.0)
    field.metric(2, alias=128, double_value=1.0)
    assert field.reasons == ["unknown point"] * 2
    assert [len(r) for r in field.records] == [0, 1]


def test_a_metric_of_another_unit_is_refused_when_named_and_when_sent_and_those_beside_it_are_taken():
    field = Field().born()
    field.sequenced("DBIRTH", encode.encode_device_birth(START, [("p0", 128, "m"), ("p1", 129, "ft")]), "intake")
    assert field.reasons == ["wrong unit"]
    assert "p1 (ft, not m)" in field.digest.rejects[0].detail
    field.metric(1, alias=129, double_value=1.0)
    field.metric(2, alias=128, double_value=1.0)
    assert field.reasons == ["wrong unit"] * 2
    assert [len(r) for r in field.records] == [0, 1]


@pytest.mark.parametrize(
    ("said", "known"),
    [("m³/h", "m3/h"), ("M3/H", "m³/h"), ("µS/cm", "uS/cm"), ("ntu", "NTU"), ("", "m"), ("mg / L", "mg/l")],
)
def test_a_unit_that_is_only_written_otherwise_is_the_same(said, known):
    field = Field().born()
    session = field.reader.sessions["no3"]
    points = tuple(p.model_copy(update={"unit": known}) for p in session.site.points)
    session.site = session.site.model_copy(update={"points": points})
    field.sequenced("DBIRTH", encode.encode_device_birth(START, [("p0", 128, said)]), "intake")
    assert not field.reasons


def test_what_is_computed_is_not_taken_for_measured():
    field = Field().born()
    session = field.reader.sessions["no3"]
    derived = DerivedBy(function="deviation", inputs={"value": "intake/p0", "reference": "intake/p2"})
    points = tuple(p.model_copy(update={"derived": derived}) if p.name == "p1" else p for p in session.site.points)
    session.site = session.site.model_copy(update={"points": points})
    field.sequenced("DBIRTH", encode.encode_device_birth(START, [("p0", 128, "m"), ("p1", 129, "m")]), "intake")
    field.metric(1, alias=129, double_value=1.0)
    assert field.reasons == ["unknown point"] * 2
    assert [len(r) for r in field.records] == [0]


def test_a_metric_that_changes_its_type_is_refused_until_it_is_a_number_again():
    field = Field().born()
    field.metric(1, double_value=1.0)
    field.metric(2, string_value="high")
    field.metric(3, double_value=2.0)
    assert field.reasons == ["wrong type"]
    assert [len(r) for r in field.records] == [1, 0, 1]


def test_a_fault_of_our_own_costs_one_message(monkeypatch):
    field = Field().born()
    with monkeypatch.context() as patch:
        patch.setattr(field.clock, "now", lambda: 1 // 0)
        field.send(1)
    assert field.reasons == ["not handled"]
    assert "ZeroDivisionError" in field.digest.rejects[0].detail


def foreign(field, *births):
    """A gateway without our numbers: names, aliases and data types of its own."""
    node = pb.Payload(timestamp=START // MS, seq=0)
    node.metrics.add(name="bdSeq", datatype=8, long_value=4)
    field.give("NBIRTH", node.SerializeToString())
    device = pb.Payload(timestamp=START // MS, seq=1)
    for name, alias, datatype, value in births:
        device.metrics.add(name=name, alias=alias, datatype=datatype, timestamp=START // MS, **value)
    field.give("DBIRTH", device.SerializeToString(), "intake")


def test_a_foreign_gateway_is_taken_as_it_comes():
    field = Field()
    foreign(field, ("p0", 1, 2, {"int_value": 0xFFFF}), ("p1", 2, 11, {"boolean_value": True}))
    data = pb.Payload(timestamp=START // MS + 1000, seq=2)
    data.metrics.add(alias=1, timestamp=START // MS + 500, int_value=0xFFFE)
    data.metrics.add(name="p1", timestamp=START // MS + 500, boolean_value=False)
    for _ in range(2):
        field.give("DDATA", data.SerializeToString(), "intake")
    at_birth, later = field.records
    assert (at_birth.epoch, at_birth.number) == (0, 0)
    assert at_birth.values.tolist() == [-1.0, 1.0]
    assert later.values.tolist() == [-2.0, 0.0]
    assert field.counters.duplicates == 1
    assert not field.reasons


def test_the_gaps_of_a_foreign_gateway_are_counted_and_its_data_still_taken():
    field = Field()
    foreign(field, ("p0", 1, 10, {"double_value": 1.0}))
    data = pb.Payload(timestamp=START // MS, seq=9)
    data.metrics.add(alias=1, timestamp=START // MS, double_value=2.0)
    field.give("DDATA", data.SerializeToString(), "intake")
    assert field.counters.sequence_gaps == 1
    assert field.asked == [(True, None)]
    assert field.records[-1].values.tolist() == [2.0]


def test_a_node_may_send_for_its_stations():
    field = Field()
    node = pb.Payload(timestamp=START // MS, seq=0)
    for alias, name in ((1, "intake/p0"), (2, "filters/p1")):
        node.metrics.add(name=name, alias=alias, datatype=10, is_null=True)
    field.give("NBIRTH", node.SerializeToString())
    data = pb.Payload(timestamp=START // MS, seq=1)
    for alias in (1, 2):
        data.metrics.add(alias=alias, timestamp=START // MS, double_value=float(alias))
    field.give("NDATA", data.SerializeToString())
    found = [(r.station, r.points.tolist(), r.values.tolist()) for r in field.records if r.values[0] > 0]
    assert found == [("filters", [4], [2.0]), ("intake", [0], [1.0])]


def test_a_death_is_told_to_every_station_in_a_live_system_and_only_counted_in_a_run():
    for player, expected in ((False, sorted(STATIONS)), (True, [])):
        field = Field(player=player).born(bdseq=7)
        field.give("NDEATH", encode.encode_death(START, 6))
        assert field.records == []
        field.give("NDEATH", encode.encode_death(START, 7))
        deaths = [r for r in field.records if r.death]
        assert [d.station for d in deaths] == expected
        assert all(d.through == START + HOUR and not len(d) for d in deaths)
        assert (field.counters.deaths, field.counters.stale_deaths) == (1, 1)
        field.send(1)
        assert field.counters.before_birth == 1


def test_a_stations_death_is_its_own():
    field = Field(player=False).born()
    field.sequenced("DDEATH", b"", "filters")
    assert [r.station for r in field.records if r.death] == ["filters"]


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"[]", b"{}", b'{"run":"r","time":"x"}', b'{"run":"r","time":1.5}',
                b'{"run":"r","time":-1}', b'{"run":"r","time":1,"marks":{"no3":[1]}}',
                b'{"run":"r","time":1,"marks":{"no3":[1,"2"]}}', b'{"run":"r","time":1,"marks":3}',
                b'{"run":"r","time":true}', b"[" * 100_000],
)  # fmt: skip
def test_a_clock_message_that_is_none_is_refused(payload):
    field = Field()
    field.reader.take(clock_topic("liuyang"), payload, START, field.digest)
    assert field.reasons == ["malformed clock"]


def test_our_own_requests_are_not_taken_for_data():
    field = Field()
    field.give("NCMD", encode.encode_command(START, [(encode.REBIRTH, True)]))
    assert not field.reasons
    assert not field.records


def test_a_gateway_that_comes_back_has_a_backlog_until_its_last_number_is_taken():
    field = Field(Position(EPOCH, 1))
    session = field.reader.sessions["no3"]
    backlog = [session.backlog]
    field.born(first=2, last=3)
    backlog.append(session.backlog)
    for number in (2, 3):
        field.send(number)
        backlog.append(session.backlog)
    assert backlog == [False, True, True, False]
    assert field.reader.reached("no3", EPOCH) == 3
    assert field.reader.reached("no3", EPOCH + 1) == field.reader.reached("no9", EPOCH) == 0
