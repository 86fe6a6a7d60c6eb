"""The parts of the main job: each a process of its own, they come to the run's journal; a run's summary by itself."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np

from services.core.clock import DAY, MINUTE
from services.core.codec import encode_output
from services.core.frame import make_frame
from services.core.records import AlarmEvent, Tick
from services.job.follower import Follower
from services.job.memoir import Memoir
from services.job.options import LOG_FILE
from services.job.places import PROJECT
from services.runtime.local import LocalLog, LogView
from services.telemetry.broker.broker import Broker
from tests.local.command import HANGS, command, one_object, short_event, start, stop
from tests.local.storm import direct_journal

LIUYANG = PROJECT / "sites" / "liuyang.yaml"


def ended(data: Path, end: int) -> bool:
    """Whether the log has been told the time `end`."""
    try:
        with LogView.open(data / LOG_FILE) as view:
            return view.last_tick() >= end
    except Exception:  # the file is being made
        return False


async def test_simulator_bridge_and_alerts_apart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    event = short_event(tmp_path)
    async with Broker(0, "amqtt") as broker:
        port = ("--port", str(broker.port))
        bridge = start("bridge", LIUYANG, *port, "--player", "--data", data, "--json", out=tmp_path / "bridge")
        field = start("simulate", event, *port, "--speed", "max", out=tmp_path / "field")
        assert await asyncio.to_thread(field.wait, 60) == 0, (tmp_path / "field.err").read_text()
        assert await asyncio.to_thread(stop, bridge) < HANGS
    counted = json.loads((tmp_path / "bridge.txt").read_text())
    assert counted["rejects"] == {}
    assert counted["lost"] == 0
    assert "all of them committed" in (tmp_path / "field.txt").read_text()
    found = one_object(await asyncio.to_thread(command, "alerts", "--data", data, "--json"))
    assert found["readings"] == counted["readings"]
    assert [alarm["rule"] for alarm in found["alarms"]] == ["stage-rising"]
    said = await asyncio.to_thread(command, "journal", "--data", data)
    assert said.stdout == await asyncio.to_thread(direct_journal, event)


def raised(time: int, number: int) -> AlarmEvent:
    """An alarm of its own."""
    return AlarmEvent(
        time, "plant", "intake", "raw_turbidity", "high", f"plant/intake/raw_turbidity/high@{time}", number,
        "raised", "high",
    )  # fmt: skip


async def test_a_summary_does_not_depend_on_entries_that_retention_removed(tmp_path: Path) -> None:
    log = LocalLog.open(tmp_path / LOG_FILE)
    try:
        memoir = Memoir(log)
        await memoir.register()
        follower = Follower(log, [lambda entry: memoir.take(follower, entry)])
        async with follower:
            for day in range(1, 41):
                columns = np.array([day * DAY]), np.array([0], np.int32), np.array([1.0])
                frame = make_frame("plant", "intake", *columns, through=day * DAY)
                await log.append([frame, Tick(day * DAY + MINUTE)])
                topic, data = encode_output(raised(day * DAY, day))
                await log.commit_step("alerts", log.head(), {}, [(topic, "plant", data)])
            await follower.reach(log.head())
            assert await log.trim(20 * DAY) == 0, "nothing goes before the summary has it"
            await memoir.keep()
            while await log.trim(20 * DAY):
                pass
        assert len(log.read(None, 0)) < 70
        restarted = Memoir(log)
        again = Follower(log, [lambda entry: restarted.take(again, entry)])
        async with again:
            await again.reach(log.head())
        assert restarted.tally.received == restarted.tally.frames == 40
        assert [event.time for event in restarted.tally.raised] == [day * DAY for day in range(1, 41)]
        assert restarted.tally == memoir.tally
    finally:
        log.close()
