import pytest

from services.core.clock import SECOND
from services.core.errors import Rejected
from services.core.ports import Position
from services.core.records import Tick
from services.telemetry.bridge.ticks import WAITING, ClockMessage, PlayerTicks, WallTicks


def said(time, number, end=False, run="r", epoch=1):
    return ClockMessage(run, time, {"no3": Position(epoch, number)}, end)


def reached(number):
    return lambda edge, epoch: number if (edge, epoch) == ("no3", 1) else 0


def test_a_tick_waits_for_its_marks():
    ticks = PlayerTicks(0)
    ticks.take(said(10, 5))
    ticks.take(said(20, 9, end=True))
    assert ticks.due(reached(4)) == []
    assert ticks.holds(reached(4)) == "no3"
    assert ticks.due(reached(5)) == [Tick(10)]
    assert ticks.due(reached(9)) == [Tick(20, True)]
    assert ticks.holds(reached(9)) is None


def test_a_mark_of_another_epoch_or_gateway_is_not_reached():
    ticks = PlayerTicks(0)
    ticks.take(said(10, 1, epoch=2))
    assert ticks.due(reached(100)) == []
    other = PlayerTicks(0)
    other.take(ClockMessage("r", 10, {"no9": Position(1, 1)}, False))
    assert other.holds(reached(100)) == "no9"


def test_a_tick_that_the_log_has_is_not_written_again():
    ticks = PlayerTicks(20)
    assert not ticks.take(said(10, 0))
    assert not ticks.take(said(20, 0))
    assert ticks.take(said(30, 0))
    assert ticks.due(reached(0)) == [Tick(30)]


def test_time_going_back_while_the_data_go_on_is_refused():
    ticks = PlayerTicks(0)
    ticks.take(said(20, 5))
    with pytest.raises(Rejected, match="clock goes backwards"):
        ticks.take(said(10, 6))
    ticks.take(said(30, 7))
    assert ticks.due(reached(9)) == [Tick(20), Tick(30)]


def test_a_player_that_begins_again_is_no_contradiction():
    ticks = PlayerTicks(0)
    ticks.take(said(20, 5))
    assert ticks.due(reached(5)) == [Tick(20)]
    for time, number in ((10, 2), (20, 5), (30, 6)):
        ticks.take(said(time, number))
    assert ticks.due(reached(6)) == [Tick(30)]


def test_what_waits_is_bounded_and_the_latest_stands():
    ticks = PlayerTicks(0)
    for time in range(1, WAITING + 50):
        ticks.take(said(time, time))
    due = ticks.due(reached(10**6))
    assert len(due) == WAITING
    assert due[-1] == Tick(WAITING + 49)


def test_the_wall_clock_ticks_at_its_interval():
    ticks = WallTicks(5.0, 60.0, 0)
    start = 1000 * SECOND
    times = [t.time for s in range(12) for t in ticks.due(start + s * SECOND, None, False)]
    assert times == [start, start + 5 * SECOND, start + 10 * SECOND]


def test_a_tick_never_tells_a_time_after_a_message_that_is_not_taken():
    ticks = WallTicks(5.0, 60.0, 0)
    assert ticks.due(100 * SECOND, 90 * SECOND, False) == [Tick(90 * SECOND - 1)]
    assert ticks.due(106 * SECOND, 90 * SECOND, False) == []


def test_a_backlog_holds_the_tick_but_not_for_ever():
    ticks = WallTicks(5.0, 60.0, 0)
    assert ticks.due(100 * SECOND, None, True) == []
    assert ticks.due(159 * SECOND, None, True) == []
    assert ticks.due(160 * SECOND, None, True) == [Tick(160 * SECOND)]
    assert ticks.due(170 * SECOND, None, False) == [Tick(170 * SECOND)]
