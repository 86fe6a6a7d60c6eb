"""Packed frames among records: in their place in a message of the log, and never what the log already has."""

import numpy as np

from services.core.codec import decode_records, encode_record, encode_records
from services.core.frame import make_frame
from services.core.packed import Packed, PackedLog
from services.core.records import Command, Tick
from services.core.settings import Settings
from services.runtime.cluster.heard import Heard
from services.runtime.cluster.lanes import MESSAGE, lanes_of
from services.runtime.cluster.log import KafkaLog


def frame(number, site="no3", epoch=1, n=3):
    return make_frame(
        site, "intake", 10**18 + np.arange(n), np.arange(n, dtype=np.int32), np.arange(n) / 2,
        epoch=epoch, number=number,
    )  # fmt: skip


def packed(first, last, site="no3", n=3):
    frames = [frame(number, site, n=n) for number in range(first, last + 1)]
    return Packed(site, 1, first, last, n * len(frames), encode_records(frames))


def sent(records, **known):
    heard = Heard(**known)
    lanes = lanes_of(records, {"no3": 0, "no1": 0}, {0: heard})
    return list(lanes.get(0, ())), heard


def numbers(message):
    return [getattr(record, "number", None) for record in decode_records(message.data)]


def test_packed_frames_share_a_message_with_what_stands_around_them():
    order = Command("c", "no3", 1, "w", "y", "acknowledge", "o", 0)
    (message,), heard = sent([frame(1), packed(2, 4), order, packed(5, 6), frame(7)])
    assert message.key == "no3"
    assert numbers(message) == [1, 2, 3, 4, None, 5, 6, 7]
    flat = [frame(n) for n in range(1, 5)] + [order] + [frame(n) for n in range(5, 8)]
    assert message.data == encode_records(flat)
    assert len(message) == 8
    for record in message.records:
        heard.take(record)
    assert heard.numbers == {"no3": {1: 7}}
    assert message.landed(heard) is all(heard.has(record) for record in message.records)


def test_a_message_stays_within_its_size():
    messages, _ = sent([packed(1, 10, n=100), packed(11, 20, n=100), packed(21, 30, n=100), packed(31, 40, n=100)])
    assert len(messages) == 2
    assert all(len(message.data) <= MESSAGE for message in messages)
    assert [number for message in messages for number in numbers(message)] == list(range(1, 41))


def test_a_tick_stays_behind_the_packed_frames_before_it():
    messages, _ = sent([packed(1, 2), Tick(5), packed(3, 4)])
    assert [message.key for message in messages] == ["no3", "", "no3"]


def test_what_the_log_has_is_left_out_down_to_the_frame():
    messages, _ = sent([packed(1, 3), packed(4, 8), packed(1, 2, "no1")], numbers={"no3": {1: 6}})
    assert [(message.key, numbers(message)) for message in messages] == [("no3", [7, 8]), ("no1", [1, 2])]
    assert encode_record(decode_records(messages[0].data)[0]) == encode_record(frame(7))


def test_a_message_of_packed_frames_is_known_again():
    (message,), heard = sent([packed(1, 3)])
    assert not message.landed(heard)
    heard.take(frame(2))
    assert not message.landed(heard)
    heard.take(frame(3))
    assert message.landed(heard)


def test_kafkas_log_says_that_it_takes_packed_frames():
    assert isinstance(KafkaLog(Settings(), ["no3"]), PackedLog)
