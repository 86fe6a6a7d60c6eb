"""The quick lane gives what the careful way gives, message for message, whatever comes between."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.clock import DAY, HOUR, MINUTE, SECOND
from services.core.codec import decode_records, encode_record, encode_records
from services.core.packed import Packed
from services.core.ports import Position
from services.core.quality import Quality
from services.telemetry import packets
from services.telemetry.bridge.lane import PIECE
from services.telemetry.sparkplug.encode import encode_death
from tests.unit.telemetry.field import EPOCH, START, STATIONS
from tests.unit.telemetry.reader import Field


def chunk(messages):
    """(bytes, table) of one read with these (topic, payload)."""
    data = b"".join(packets.publish(topic, payload, mid=i + 1) for i, (topic, payload) in enumerate(messages))
    rows = np.empty((len(messages), packets.COLUMNS), np.int64)
    assert packets.split(np.frombuffer(data, np.uint8), len(data), rows) == (len(messages), len(data), packets.FINE)
    return data, rows


class Both(Field):
    """A field whose messages go to a reader in reads of several, and one by one to another as a measure."""

    def __init__(self, **options):
        super().__init__(**options)
        self.one_by_one = Field(**options)
        self.waiting: list[tuple[str, bytes]] = []

    def give(self, kind, payload, device="", edge="no3", group="liuyang"):
        self.waiting.append((f"spBv1.0/{group}/{kind}/{edge}" + (f"/{device}" if device else ""), payload))

    def read(self):
        """All that waits comes in one read."""
        messages, self.waiting = self.waiting, []
        data, rows = chunk(messages)
        self.reader.take_many(data, rows, START + HOUR, self.digest)
        for topic, payload in messages:
            self.one_by_one.reader.take(topic, payload, START + HOUR, self.one_by_one.digest)

    @property
    def unpacked(self):
        records = []
        for one in self.digest.records:
            records += decode_records(one.data) if isinstance(one, Packed) else [one]
        return records

    @property
    def packed(self):
        return [one for one in self.digest.records if isinstance(one, Packed)]

    def check(self):
        """The same records, byte for byte, the same refusals, the same session, the same counts."""
        assert [encode_record(r) for r in self.unpacked] == [encode_record(r) for r in self.one_by_one.records]
        assert self.digest.rejects == self.one_by_one.digest.rejects
        measure = self.one_by_one.digest
        assert self.digest.say == measure.say
        assert (self.digest.frames, self.digest.readings) == (measure.frames, measure.readings)
        assert self.digest.latest == measure.latest
        assert self.counters.as_dict() == self.one_by_one.counters.as_dict()
        assert self.asked == self.one_by_one.asked
        ours, theirs = self.reader.sessions["no3"], self.one_by_one.reader.sessions["no3"]
        assert (ours.accepted, ours.seq, ours.born) == (theirs.accepted, theirs.seq, theirs.born)


def a_known_gateway(**options):
    """Born, and heard from each station once, so that the lane is open."""
    field = Both(**options).born()
    for number, station in enumerate(STATIONS, 1):
        field.send(number, station)
    field.read()
    return field


def test_ordinary_messages_are_packed_and_the_same_to_the_byte():
    field = a_known_gateway()
    for number in range(3, 60):
        field.send(number, STATIONS[number % 2])
    field.read()
    field.check()
    (packed,) = field.packed
    assert (packed.site, packed.epoch, packed.first, packed.last) == ("no3", EPOCH, 3, 59)
    assert packed.readings == 57 * 6
    assert packed.data == encode_records(field.one_by_one.records[2:])
    assert field.digest.latest["no3"] == max(int(r.times[-1]) for r in field.unpacked)


def test_an_order_of_readings_that_is_not_the_logs_is_put_right():
    field, turned = a_known_gateway(), np.array([5, 0, 4, 1, 3, 2])
    field.send(3)
    field.send(4, points=(turned % 3).astype(np.int32), values=turned / 2, times=START + HOUR + turned // 2 * SECOND)
    field.send(5, times=np.full(6, START), points=np.array([2, 1, 1, 0, 2, 0], np.int32))
    field.read()
    field.check()
    assert [p.last for p in field.packed] == [5]


def test_every_quality_passes_and_no_number_only_when_it_is_marked_bad():
    field = a_known_gateway()
    codes = np.array(list(Quality), np.uint8)
    n = len(codes)
    same = {
        "times": START + np.arange(n) * SECOND, "points": np.zeros(n, np.int32), "through": START + MINUTE,
    }  # fmt: skip
    field.send(3, values=np.where(codes >= 128, np.nan, 1.0), quality=codes, **same)
    field.send(4, values=np.full(n, 2.0), quality=codes, **same)
    field.read()
    assert [p.last for p in field.packed] == [4]
    field.send(5, values=np.full(n, np.inf), quality=codes, **same)
    field.read()
    assert [p.last for p in field.packed] == [4]
    field.check()


def test_frames_of_one_read_are_cut_into_messages_of_the_log():
    field = a_known_gateway()
    n = 900
    many = {
        "times": START + np.arange(n) * SECOND, "points": np.arange(n, dtype=np.int32) % 3, "values": np.arange(n) / 7,
        "quality": np.zeros(n, np.uint8), "through": START + HOUR,
    }  # fmt: skip
    for number in range(3, 13):
        field.send(number, **many)
    field.read()
    field.check()
    assert len(field.packed) == 4
    assert all(len(packed.data) <= PIECE for packed in field.packed)
    assert [(p.first, p.last) for p in field.packed] == [(3, 5), (6, 8), (9, 11), (12, 12)]


def test_a_birth_between_data_is_read_in_its_place():
    field = a_known_gateway()
    field.send(3)
    field.born(epoch=EPOCH + 1)
    field.send(1, epoch=EPOCH + 1)
    field.read()
    field.check()
    field.send(2, epoch=EPOCH + 1)
    field.read()
    field.check()
    assert [(p.epoch, p.first) for p in field.packed] == [(EPOCH, 3), (EPOCH + 1, 2)]


def test_a_station_that_is_not_born_again_is_not_believed():
    field = a_known_gateway()
    field.seq = 0
    field.born()
    field.read()
    field.reader.sessions["no3"].devices.discard("filters")
    field.one_by_one.reader.sessions["no3"].devices.discard("filters")
    field.send(3)
    field.send(4, "filters")
    field.read()
    field.check()
    assert field.counters.before_birth == 1


def test_a_gateway_that_died_is_not_believed_until_it_is_born():
    field = a_known_gateway()
    field.give("NDEATH", encode_death(START, 1))
    field.send(3)
    field.read()
    field.send(4)
    field.read()
    field.check()
    assert field.counters.before_birth == 2


def test_records_of_two_reads_in_one_digest_stay_in_their_order():
    field = Both().born()
    field.read()
    for number in range(1, 7):
        field.send(number)
        field.read()
    assert [r.number for r in field.unpacked] == [1, 2, 3, 4, 5, 6]


AWKWARD = st.sampled_from(
    ["next", "next", "next", "again", "gap", "seq", "late", "future", "alias", "other", "name", "null", "junk", "birth"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(AWKWARD, st.sampled_from(STATIONS), st.booleans()), max_size=25), st.booleans())
def test_whatever_comes_it_is_as_if_each_message_had_come_alone(acts, player):
    field, number = a_known_gateway(player=player), 2
    for act, station, ends in acts:
        number = _act(field, act, station, number)
        if ends:
            field.read()
    field.read()
    field.check()


def _act(field, act, station, number):
    match act:
        case "again":
            field.send(number, station)
            return number
        case "gap":
            field.send(number + 5, station)
            return number
        case "seq":
            field.seq = (field.seq + 3) % 256
        case "late" | "future":
            at = START + 3 * DAY if act == "future" else 0
            field.send(number + 1, station, times=np.full(6, max(at, 2**35 * 10**6)))
            return number + 1
        case "alias":
            field.send(number + 1, station, points=np.full(6, 77, np.int32))
            return number + 1
        case "other":
            field.sequenced("DDATA", field.data(number + 1, "intake"), "filters")
            return number + 1
        case "name":
            field.metric(number + 1, alias=None, name="p0", double_value=1.0)
            return number + 1
        case "null":
            field.metric(number + 1, is_null=True)
            return number + 1
        case "junk":
            field.give("DDATA", b"\xff\xff", station)
            return number
        case "birth":
            field.born(first=number + 1, last=number)
            return number
    field.send(number + 1, station)
    return number + 1


def test_what_the_log_already_has_is_passed_over():
    field = Both(position=Position(EPOCH, 2)).born(first=1, last=4)
    for number in range(1, 5):
        field.send(number)
    field.read()
    field.send(5)
    field.read()
    field.check()
    assert [r.number for r in field.unpacked] == [3, 4, 5]
