"""What alarm systems always get wrong, and the test that holds each. Those without another place are timelines here.

| what is got wrong | held by |
|---|---|
| sample lines clog first: low, calm, false turbidity | `a_clogged_sample_line` here |
| saturation is a measurement, no fault and no flat line | `saturation` here |
| quality lost while active holds, never clears | `a_clogged_sample_line` here |
| silence under report by exception is not staleness | `silence_under_report_by_exception` here |
| plant state gates most rules | `a_filter_that_is_washed` here |
| HH hides H; worsening after acknowledgement alarms again | test_complaints.py `grafana_an_alarm_is_acknowledged` |
| … and pages again | unit/oncall/test_dispatch.py `worsening_after_acknowledgement_pages_once_more` |
| an occurrence keeps the limit in force, a replay those of that day | `an_occurrence_keeps_the_limit` here |
| clocks err by minutes or by eight hours | unit/alerts/test_clocks.py; first-out with clock quality: not yet |
| came and went while the link was down: D | test_complaints.py `ignition_values_older`; unit/alerts/test_backfill.py |
| still true at the newest reading: live | unit/alerts/test_backfill.py `what_is_still_so_at_the_newest` |
| opening a link is no acknowledgement; pushes wake nobody; a monthly test | not yet: channels come later |
| handover lists what is shelved, suppressed, standing | unit/alerts/test_standing.py; bypassed: an alarm, here |
| unshelving is staggered | unit/alerts/test_consequences.py `shelves_that_end_together_sound_once` |
| areas of responsibility move at night | unit/oncall/test_roster.py, unit/oncall/test_check.py |
| silencing the horn is no acknowledgement; the horn fails safe | not yet: there is no horn to silence |
| the countdown shows its range and its assumptions | unit/alerts/test_intake_crisis.py; browser/test_page.py |
| an interlock that acts or is bypassed alarms | `an_interlock` here |
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Point, Site
from services.core.codec import decode_record
from services.core.journal import canonical_journal
from services.runtime.local import SITES
from tests.local.door import Door, tell
from tests.unit.alerts.build import gate, point, rule, site, station

Open = Callable[..., Awaitable[Door]]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the door of an intake with the given points."""
    doors: list[Door] = []

    async def begin(*points: Point) -> Door:
        doors.append(await Door(plant(*points), tmp_path).begin())
        return doors[-1]

    yield begin
    for door in doors:
        door.log.close()


def plant(*points: Point) -> Site:
    return site(*points, stations=(station("intake", stale_after=180, off_delay=60),))


def meter(*rules: Any, **more: Any) -> Point:
    """A turbidity meter of 0 to 4,000 NTU."""
    return point("turbidity", *rules, station="intake", low=0, high=4000, saturates=True, unit="NTU", **more)


HIGH_HIGH = rule("high-high", "high", 1000, clear=800, on_delay=60, off_delay=60)
FAULT = rule("instrument", "fault", on_delay=60, off_delay=60, priority="medium")
FLAT = rule("stuck", "flat", window=3600, priority="medium")


async def test_a_clogged_sample_line_reads_low_and_calm_and_clears_nothing(opened: Open) -> None:
    """The river is at 2,000 NTU; at 600 the sample line clogs and the meter reads a calm 3."""
    door = await opened(meter(HIGH_HIGH, FAULT, sample_flow="sample"), point("sample", station="intake"))
    for at in range(0, 600, 60):
        await door.says(at, (at, "sample", 1), (at, "turbidity", 2000))
    for at in range(600, 1800, 60):
        await door.says(at, (at, "sample", 0), (at + 1, "turbidity", 3.0))
    for at in range(1800, 2400, 60):
        await door.says(at, (at, "sample", 1), (at + 1, "turbidity", 2000))
    assert await door.story() == [
        (60, "high-high", "raised"),
        (601, "high-high", "uncertain"),
        (661, "instrument", "raised"),
        (1801, "high-high", "certain"),
        (1861, "instrument", "cleared"),
    ]


async def test_saturation_raises_and_holds_and_is_neither_a_fault_nor_a_flat_line(opened: Open) -> None:
    """At the top of its range for two hours: "≥ 4,000", one alarm."""
    door = await opened(meter(HIGH_HIGH, FAULT, FLAT))
    for at in range(0, 7200, 120):
        await door.says(at, (at, "turbidity", 4000))
    events = await door.told()
    assert tell(events, "at", "rule", "transition", "quality", "value") == [
        (60, "high-high", "raised", "saturated", 4000.0)
    ]


async def test_silence_under_report_by_exception_is_judged_by_heartbeat(opened: Open) -> None:
    """Nothing changes for an hour and the gateway says only that it is there: nothing is stale, the value holds."""
    door = await opened(meter(rule("high", "high", 5, clear=4, on_delay=1800)))
    await door.says(0, (0, "turbidity", 9))
    for at in range(60, 3600, 60):
        await door.says(at)
    await door.tick(3600)
    assert await door.story() == [(1800, "high", "raised")]
    await door.tick(3800)
    assert await door.story() == [(3720, "station-silent", "raised"), (3720, "high", "uncertain")]


async def test_a_filter_that_is_washed_alarms_nothing_and_one_that_returns_settles_first(opened: Open) -> None:
    """State 3 filters, 5 washes. High before, cleared by the state; after the return the rule waits for 300 s."""
    high = rule("high", "high", 0.3, clear=0.25, gate=gate("state", 3, settle=300))
    door = await opened(meter(high), point("state", station="intake"))
    await door.says(0, (0, "state", 3))
    await door.says(60, (60, "turbidity", 0.5))
    await door.says(120, (120, "state", 5))
    for at in range(180, 600, 60):
        await door.says(at, (at, "turbidity", 5.0))
    await door.says(600, (600, "state", 3))
    for at in range(660, 1000, 60):
        await door.says(at, (at, "turbidity", 0.5))
    events = await door.told()
    assert tell(events, "at", "transition", "cause") == [
        (60, "raised", "condition met"),
        (120, "cleared", "not applicable in this state"),
        (900, "superseded", "raised again"),  # nobody had seen the first
        (900, "raised", "condition met"),
    ]


async def test_an_occurrence_keeps_the_limit_in_force_and_a_replay_has_the_limits_of_that_day(opened: Open) -> None:
    """Above 5 until 300, above 7 from then on. Two catalogues, two limits, and the same journal in a replay."""

    def limited(limit: float) -> Point:
        return meter(rule("high", "high", limit, clear=limit - 1))

    door = await opened(limited(5))
    await door.says(60, (60, "turbidity", 6))
    await door.says(180)
    await door.says(290)
    await door.configure(plant(limited(7)), 300)
    await door.says(360, (360, "turbidity", 6.5))
    await door.says(420, (420, "turbidity", 8))
    await door.tick(430)
    events = await door.told()
    assert tell(events, "at", "transition", "cause", "limit") == [
        (60, "raised", "condition met", 5.0),
        (300, "cleared", "rule changed", 5.0),
        (420, "raised", "condition met", 7.0),
    ]
    assert events[0].catalogue != events[2].catalogue
    log = [decode_record(entry.data) for entry in door.log.read(SITES, 0, 1000)]
    assert list(canonical_journal(AlertProcessor().step("no3", log))) == list(canonical_journal(events))


async def test_an_interlock_that_acts_and_one_that_is_bypassed_alarm(opened: Open) -> None:
    """States of an interlock in the PLC: 0 ready, 1 has acted, 2 bypassed. A bypass is acknowledged, and re-alarms."""
    acted = rule("acted", "equals", 1)
    bypassed = rule("bypassed", "equals", 2, priority="medium", realarm=8 * 3600 * 10**9)
    door = await opened(point("interlock", acted, bypassed, station="intake"))
    await door.says(0, (0, "interlock", 0))
    await door.says(60, (60, "interlock", 1))
    await door.says(120, (120, "interlock", 2))
    raised = await door.told()
    assert tell(raised) == [(60, "acted", "raised"), (120, "acted", "cleared"), (120, "bypassed", "raised")]
    await door.does("acknowledge", raised[2].occurrence, 130, why="pump trial")
    for at in range(180, 8 * 3600 + 200, 120):
        await door.says(at)
    await door.tick(8 * 3600 + 200)
    told = await door.told()
    assert tell(told, "at", "rule", "transition", "annunciated") == [
        (130, "bypassed", "acknowledged", True),
        (130 + 8 * 3600, "bypassed", "realarmed", True),
    ]
