"""What users of today's systems complain about, as timelines: each number is a report about the system it names.

| complaint | proved by |
|---|---|
| 1. ThingsBoard #15583, #6773, #8681 | the three tests `thingsboard` |
| 2. Ignition's MQTT engine: old values unalarmed; store and forward that loses | the tests `ignition` |
| 3. Kapacitor #815: backfilled points clear a live deadman alarm | the two tests `kapacitor` |
| 4. Grafana alerting: no acknowledgement; #47499: missing data ignores the pending period | the tests `grafana` |
| 5. Telegraf #16537: a dead output stalls all input | tests/stack/test_faults.py (influxdb killed and stopped), test_sink.py `influxdb_away_and_the_sink_killed_lose_nothing` |
| 5. Telegraf #13476: what cannot be read uses up the quota | tests/local/test_bridge_path.py `what_cannot_be_taken_is_kept_and_the_rest_goes_on` |
| 6. Faust #502, #221: again and out of order after a rebalance | tests/stack/test_worker.py, tests/stack/test_two_workers.py, test_faults.py (workers killed, joining, leaving) |
| 6. Faust #47: `exactly_once` hangs | not used: docs/adr/0011 |
"""  # noqa: E501  a row of a table

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.aggregator.sinks.parquet import Historian, History
from tests.local.door import START, Door, tell
from tests.unit.alerts.build import point, rule, site, station

HIGH = "no3/intake/turbidity/high"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """An intake whose turbidity is high above 5 after 10 s, and high-high above 50 at once; silent after 180 s."""
    high = rule("high", "high", 5, clear=4, on_delay=10, off_delay=10, hidden_by="high-high")
    worse = rule("high-high", "high", 50, clear=40, off_delay=10, priority="critical")
    low = rule("low", "low", 2, clear=3, on_delay=5, priority="medium")
    made = site(point("turbidity", high, worse, station="intake"), point("level", low, station="intake"),
                stations=(station("intake", stale_after=180, off_delay=60),))  # fmt: skip
    one = await Door(made, tmp_path).begin()
    yield one
    one.log.close()


async def test_thingsboard_15583_two_messages_milliseconds_apart_are_one_alarm(door: Door) -> None:
    """ThingsBoard #15583: two messages milliseconds apart create two alarms of one type."""
    await door.says(0, (0, "level", 1.0))
    await door.says(0.001, (0.001, "level", 1.0))
    await door.says(0.003, (0.003, "level", 0.5))
    await door.says(60, (60, "level", 0.5))
    assert await door.story("at", "rule", "transition", "occurrence") == [
        (5, "low", "raised", f"no3/intake/level/low@{START + 5 * 10**9}")
    ]


async def test_thingsboard_6773_an_alarm_has_the_time_of_its_data(door: Door) -> None:
    """ThingsBoard #6773: alarms carry the server's time. Here a day passes between reading and receiving."""
    await door.says(40, (20, "turbidity", 9.0), (40, "turbidity", 1.0))
    await door.says(60, (60, "turbidity", 1.0))
    assert await door.story() == [(30, "high", "raised"), (50, "high", "cleared")]


async def test_thingsboard_8681_a_batch_tells_in_the_order_of_what_happened(door: Door) -> None:
    """ThingsBoard #8681: a batched upload notifies in the wrong order. Readings of two points, told in any order."""
    batch = [(90.0, "level", 1.0), (10.0, "turbidity", 9.0), (60.0, "turbidity", 60.0), (120.0, "level", 5.0),
             (110.0, "turbidity", 1.0)]  # fmt: skip
    await door.says(120, *batch)
    await door.says(170)
    await door.tick(170)
    assert await door.story() == [
        (20, "high", "raised"),
        (60, "high-high", "raised"),
        (60, "high", "hidden"),
        (95, "low", "raised"),
        (120, "low", "cleared"),
        (120, "high-high", "cleared"),
        (120, "high", "cleared"),
    ]


async def test_ignition_values_older_than_the_current_one_are_alarmed_and_kept(door: Door) -> None:
    """Ignition's MQTT engine: what is older than the current value is dropped, or goes to the historian unalarmed.

    Silent from 190 on; what was high meanwhile is told as historical, never sounds, and stands to be seen.
    """
    await door.says(10, (10, "turbidity", 1.0))
    await door.tick(900)
    assert await door.story("at", "rule", "transition", "annunciated") == [(190, "station-silent", "raised", True)]
    door.keep(320, (60, "turbidity", 9.0), (200, "turbidity", 9.0), (300, "turbidity", 1.0), (320, "turbidity", 1.0))
    door.keep(910, (910, "turbidity", 1.0))
    door.send_kept()
    await door.commit()
    await door.tick(910)
    assert await door.story("at", "rule", "transition", "lane", "state", "annunciated") == [
        (70, "high", "raised", "historical", "", False),
        (310, "high", "missed", "", "D", False),
        (310, "high", "cleared", "historical", "", False),
    ]
    async with Historian(door.log, door.folder) as historian:
        await historian.drain()
    with History(door.folder, door.log) as history:
        found = history.readings("no3", "intake", "turbidity")
    assert len(found) == 6


async def test_ignition_what_was_normal_again_at_the_end_of_a_backlog_is_not_lost(door: Door) -> None:
    """The same, where the backlog ends before the return has lasted: no live reading will ever tell of it."""
    await door.says(10, (10, "turbidity", 1.0))
    await door.tick(900)
    await door.told()
    await door.says(300, (60, "turbidity", 9.0), (200, "turbidity", 9.0), (300, "turbidity", 1.0))
    await door.says(910, (910, "turbidity", 1.0))
    await door.tick(910)
    told = await door.told()
    assert [e.state for e in told if e.transition == "missed"] == ["D"]
    assert not any(e.annunciated for e in told)


async def test_ignition_store_and_forward_loses_nothing_when_the_bridge_dies(door: Door) -> None:
    """Ignition: "store and forward does not guarantee all data". The bridge dies with five messages read, not in the
    log: the log's word, not MQTT's, is what the gateway lets go by, so it says them again. None comes twice.
    """
    for k in range(5):
        await door.says(10 * k, (10 * k, "turbidity", 9.0))
    before = door.frames()
    for k in range(5, 10):
        door.keep(10 * k, (10 * k, "turbidity", 9.0))
    door.send_kept()
    assert len(door.digest.records) == 5
    door.log.close()  # what was read is gone with the bridge; the gateway has all of it
    assert len(door.kept) == 5
    door.open()
    door.born()
    door.send_kept()
    door.send_kept()  # and once more, as after another reconnect
    await door.commit()
    assert door.kept == []
    assert door.frames() == before + 5
    await door.tick(100)
    assert await door.story() == [(10, "high", "raised")]


async def test_kapacitor_815_a_backlog_does_not_clear_a_silence_alarm(door: Door) -> None:
    """Kapacitor #815: points that are filled in afterwards clear a live deadman alarm. Only live readings do."""
    await door.says(10, (10, "turbidity", 1.0))
    await door.tick(1000)
    assert await door.story() == [(190, "station-silent", "raised")]
    for k in range(2, 20):
        await door.says(40 * k, (40 * k, "turbidity", 1.0))
    await door.tick(1010)
    assert await door.story() == []
    await door.says(1020, (1020, "turbidity", 1.0))
    for at in (1050, 1080, 1090):
        await door.says(at)
        await door.tick(at)
    assert await door.story() == [(1080, "station-silent", "cleared")]


async def test_kapacitor_815_a_backlog_does_not_clear_a_process_alarm(door: Door) -> None:
    """The same of an alarm that stood when sight was lost: it holds, uncertain, until what is live says otherwise."""
    await door.says(30, (0, "turbidity", 9.0), (30, "turbidity", 9.0))
    await door.tick(1000)
    await door.told()
    await door.says(120, (60, "turbidity", 1.0), (120, "turbidity", 1.0))
    assert [e for e in await door.told() if not e.lane] == []
    await door.says(1010, (1010, "turbidity", 9.0))
    await door.tick(1020)
    live = [e for e in await door.told() if not e.lane and e.rule == "high"]
    assert tell(live, "at", "transition") == [(1010, "certain")]


async def test_grafana_an_alarm_is_acknowledged_with_who_why_and_when(door: Door) -> None:
    """Grafana alerting has no acknowledgement. Here: a command in the log; worsening sounds again; gone is refused."""
    await door.says(30, (0, "turbidity", 9.0), (30, "turbidity", 9.0))
    (raised,) = await door.told()
    assert (raised.state, raised.annunciated) == ("B", True)
    await door.does("acknowledge", raised.occurrence, 40, why="raking by hand")
    (seen,) = await door.told()
    assert (seen.transition, seen.state, seen.who, seen.cause) == ("acknowledged", "C", "li.wei", "raking by hand")
    assert tell([seen], "at") == [(40,)]
    await door.says(60, (60, "turbidity", 60.0))
    worse, hidden = sorted(await door.told(), key=lambda e: e.priority)
    assert tell([worse], "at", "rule", "transition", "state", "annunciated") == [(60, "high-high", "raised", "B", True)]
    assert tell([hidden], "rule", "transition", "state") == [("high", "hidden", "H")]
    await door.does("acknowledge", f"{HIGH}-high@{START + 60 * 10**9}", 65)
    await door.says(100, (80, "turbidity", 1.0), (100, "turbidity", 1.0))
    await door.told()
    await door.does("acknowledge", raised.occurrence, 110)
    (refused,) = await door.told()
    assert (refused.transition, refused.annunciated) == ("refused", False)
    assert refused.cause.startswith("acknowledge: that occurrence is gone")


async def test_grafana_47499_missing_data_waits_for_the_pending_period(door: Door) -> None:
    """Grafana #47499: no data fires at once, whatever `for` says. Silence has a delay of its own: three heartbeats."""
    await door.says(0, (0, "turbidity", 1.0))
    await door.tick(179)
    assert await door.story() == []
    await door.says(179)
    await door.tick(358)
    assert await door.story() == []
    await door.tick(360)
    assert await door.story() == [(359, "station-silent", "raised")]


async def test_grafana_47499_a_gap_in_the_delay_neither_raises_nor_resets(door: Door) -> None:
    """Grafana #47499, the other way: the condition is met at 100 and nothing comes for a while, heartbeats but for.

    The last value holds while the station is heard: raised at 110, not before and not after. In a silence it is
    unknown: what was pending is void, and begins anew with the first reading.
    """
    await door.says(100, (100, "turbidity", 9.0))
    await door.tick(109)
    assert await door.story() == []
    await door.says(130)
    assert await door.story() == []
    await door.tick(130)
    assert await door.story() == [(110, "high", "raised")]


async def test_grafana_47499_a_silence_in_the_delay_voids_it(door: Door) -> None:
    """The delay is longer than the silence: it cannot be known that the condition lasted."""
    slow = rule("slow", "high", 5, clear=4, on_delay=300)
    made = door.site.model_copy(update={"points": (door.site.points[0].model_copy(update={"rules": (slow,)}),
                                                   door.site.points[1])})  # fmt: skip
    await door.configure(made, -30)
    await door.says(0, (0, "turbidity", 9.0))
    await door.tick(400)
    await door.says(500, (500, "turbidity", 9.0))
    for at in range(600, 900, 100):
        await door.says(at, (at, "turbidity", 9.0))
    assert [e for e in await door.story() if e[1] == "slow"] == [(800, "slow", "raised")]
