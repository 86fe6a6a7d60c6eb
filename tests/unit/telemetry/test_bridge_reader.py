"""What each message comes to, without a broker: messages in, records, rejects and requests out."""

import numpy as np
import pytest

from services.core.clock import DAY, HOUR, SECOND
from services.core.pb import sparkplug_b_pb2 as pb
from services.core.ports import Position
from services.core.quality import Quality
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.bridge.digest import KEPT, Digest, Reader
from services.telemetry.bridge.ticks import PlayerTicks
from services.telemetry.gateway.births import device_births
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.decode import MAX_METRICS, MAX_PAYLOAD
from services.telemetry.sparkplug.topics import clock_topic
from tests.unit.telemetry.field import EPOCH, START, STATIONS, StillClock, columns, small_site

MS = 10**6


class Field:
    """A reader and what it said, with a gateway's hand to write messages."""

    def __init__(self, position=None, player=True, patience=30.0):
        self.site, self.clock, self.counters = small_site(), StillClock(), BridgeCounters()
        self.mono, self.digest, self.seq = 100.0, Digest(), 0
        self.asked: list[tuple[bool, int | None]] = []
        self.reader = Reader(
            {"no3": (self.site, "v1")},
            {"no3": position} if position else {},
            self.clock,
            self.counters,
            lambda session, rebirth, resend: self.asked.append((rebirth, resend)),
            ticks=PlayerTicks(0) if player else None,
            patience=patience,
            monotonic=lambda: self.mono,
        )

    def give(self, kind, payload, device="", edge="no3", group="liuyang"):
        end = f"/{device}" if device else ""
        self.reader.take(f"spBv1.0/{group}/{kind}/{edge}{end}", payload, START + HOUR, self.digest)

    def sequenced(self, kind, payload, device=""):
        self.give(kind, encode.with_seq(payload, self.seq), device)
        self.seq = (self.seq + 1) % 256

    def born(self, epoch=EPOCH, first=1, last=0, bdseq=1):
        self.seq = 0
        self.sequenced("NBIRTH", encode.encode_node_birth(
            START, bdseq=bdseq, epoch=epoch, number=first - 1, first=first, last=last
        ))  # fmt: skip
        for station, payload in device_births(self.site, START):
            self.sequenced("DBIRTH", payload, station)
        return self

    def data(self, number, station="intake", epoch=EPOCH, **changes):
        times, points, values, quality, through = columns(number, station)
        given = {"times": times, "points": points, "values": values, "quality": quality, **changes}
        return encode.encode_data(
            given["points"].astype(np.int64) + encode.FIRST_ALIAS,
            given["times"], np.asarray(given["values"], float), given["quality"],
            through=given.get("through", through), epoch=epoch, number=number,
        )  # fmt: skip

    def send(self, number, station="intake", **changes):
        self.sequenced("DDATA", self.data(number, station, **changes), station)

    def metric(self, number, **fields):
        """A message with one metric written by hand, of alias 128 (intake/p0) unless said otherwise."""
        message = pb.Payload(timestamp=START // MS)
        given = {"alias": encode.FIRST_ALIAS, "timestamp": START // MS, **fields}
        message.metrics.add(**{k: v for k, v in given.items() if v is not None})
        numbered = encode.encode_data(
            *(np.empty(0, t) for t in (np.int64, np.int64, float, np.uint8)),
            through=START, epoch=EPOCH, number=number,
        )  # fmt: skip
        self.sequenced("DDATA", numbered + message.SerializeToString(), "intake")

    @property
    def records(self):
        return self.digest.records

    @property
    def numbers(self):
        return [record.number for record in self.records]

    @property
    def reasons(self):
        return [reject.reason for reject in self.digest.rejects]


def test_a_frame_has_the_readings_in_order_with_all_that_names_it():
    field = Field().born()
    times, points, values, _, through = columns(1)
    shuffled = np.array([3, 0, 5, 1, 4, 2])
    field.send(1, times=times[shuffled], points=points[shuffled], values=values[shuffled])
    (frame,) = field.records
    assert (frame.site, frame.station, frame.catalogue) == ("no3", "intake", "v1")
    assert (frame.epoch, frame.number, frame.through) == (EPOCH, 1, through)
    assert frame.received == START + HOUR
    assert frame.times.tolist() == times.tolist()
    assert frame.points.tolist() == points.tolist()
    assert frame.values.tolist() == values.tolist()
    assert not frame.death
    assert field.digest.say == {"no3"}
    assert (field.counters.frames, field.counters.readings) == (1, 6)


def test_an_empty_message_is_a_heartbeat():
    field = Field().born()
    empty = {"times": np.empty(0, np.int64), "points": np.empty(0, np.int32),
             "values": np.empty(0), "quality": np.empty(0, np.uint8)}  # fmt: skip
    field.send(1, through=START + 9 * SECOND, **empty)
    (frame,) = field.records
    assert (len(frame), frame.through) == (0, START + 9 * SECOND)


def test_every_quality_comes_through():
    field = Field().born()
    codes = np.array([0, 1, 64, 128, 131, 133], np.uint8)
    field.send(1, quality=codes)
    assert sorted(field.records[0].quality.tolist()) == sorted(codes.tolist())


def test_numbers_are_taken_in_order_once():
    field = Field().born()
    for number in (1, 2, 2, 1, 3):
        field.send(number)
    assert field.numbers == [1, 2, 3]
    assert field.counters.duplicates == 2
    assert not field.reasons


def test_a_gap_asks_for_what_is_missing_and_takes_nothing_beyond_it():
    field = Field().born()
    field.send(1)
    field.send(3)
    field.send(4)
    assert field.numbers == [1]
    assert field.asked == [(True, 2)]  # once: requests to one gateway are a second apart
    assert field.counters.gaps == 2
    field.born(first=2, last=4)
    for number in (2, 3, 4):
        field.send(number)
    assert field.numbers == [1, 2, 3, 4]
    assert field.counters.lost == 0


def test_a_number_that_never_comes_is_given_up_loudly_after_a_while():
    field = Field(patience=10.0).born()
    field.send(1)
    for _ in range(4):
        field.send(3)
        field.mono += 2.0
    assert field.numbers == [1]
    field.mono += 5.0
    field.send(3)
    assert field.numbers == [1, 3]
    assert field.counters.lost == 1


def test_a_bridge_goes_on_where_the_log_ends_and_asks_for_births_first():
    field = Field(Position(EPOCH, 7))
    field.send(8)
    assert field.numbers == []
    assert field.asked == [(True, 8)]
    assert field.counters.before_birth == 1
    field.born(first=6, last=9)
    for number in (6, 7, 8, 9):
        field.send(number)
    assert field.numbers == [8, 9]
    assert not field.reasons


def test_a_station_whose_birth_was_lost_is_asked_for_and_its_number_is_not_used_up():
    field = Field()
    field.sequenced("NBIRTH", encode.encode_node_birth(
        START, bdseq=1, epoch=EPOCH, number=0, first=1, last=0
    ))  # fmt: skip
    field.send(1)
    assert field.numbers == []
    field.born()
    field.send(1)
    assert field.numbers == [1]


def test_a_new_epoch_begins_at_one_and_the_old_one_is_not_forgotten():
    field = Field().born()
    field.send(1)
    field.send(2)
    field.born(epoch=5)
    field.send(3)  # the old gateway's last words
    field.send(1, epoch=5)
    field.born()
    field.send(2)
    field.send(3)
    assert [(r.epoch, r.number) for r in field.records] == [
        (EPOCH, 1), (EPOCH, 2), (5, 1), (EPOCH, 3),
    ]  # fmt: skip


def test_a_gateway_that_begins_beyond_what_is_known_has_lost_frames_and_this_is_counted():
    field = Field(Position(EPOCH, 3)).born(first=6, last=6)
    field.send(6)
    assert field.numbers == [6]
    assert field.counters.lost == 2


def test_a_jump_of_the_sequence_asks_for_a_rebirth():
    field = Field().born()
    field.send(1)
    field.seq += 1
    field.send(2)
    assert field.numbers == [1, 2]
    assert field.counters.sequence_gaps == 1
    assert field.asked == [(True, None)]


def test_the_sequence_wraps_after_255():
    field = Field().born()
    for number in range(1, 300):
        field.send(number)
    assert field.counters.sequence_gaps == 0


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
