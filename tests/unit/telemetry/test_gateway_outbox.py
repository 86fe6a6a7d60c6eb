import pytest

from services.telemetry.gateway.outbox import MemoryOutbox, Stored


def filled(*numbers, **bounds):
    outbox = MemoryOutbox(**bounds)
    for number in numbers:
        outbox.append(Stored(number, "intake", b"x" * 10))
    return outbox


def test_frames_are_found_by_number_until_they_are_dropped():
    outbox = filled(4, 5, 6, 7)
    assert (outbox.first, len(outbox), outbox.bytes) == (4, 4, 40)
    assert outbox.get(6).number == 6
    outbox.drop_to(5)
    assert (outbox.first, len(outbox), outbox.bytes) == (6, 2, 20)
    for number in (5, 8):
        with pytest.raises(KeyError):
            outbox.get(number)
    outbox.drop_to(100)
    assert (outbox.first, len(outbox), outbox.bytes) == (0, 0, 0)


def test_numbers_must_follow_each_other():
    with pytest.raises(ValueError, match="follow"):
        filled(4, 6)


def test_room_is_bounded_in_count_and_in_bytes():
    assert filled(1, frames=2).has_room(1)
    assert not filled(1, 2, frames=2).has_room(1)
    assert filled(1, size=20).has_room(10)
    assert not filled(1, size=20).has_room(11)
    assert filled(size=1).has_room(1000)
