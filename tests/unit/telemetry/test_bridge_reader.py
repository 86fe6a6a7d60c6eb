"""What each message comes to, without a broker: numbers, gaps, births and sequences."""

import numpy as np

from services.core.clock import HOUR, SECOND
from services.core.ports import Position
from services.telemetry.sparkplug import encode
from tests.unit.telemetry.field import EPOCH, START, columns
from tests.unit.telemetry.reader import Field


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
    assert (field.digest.frames, field.digest.readings) == (1, 6)


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
