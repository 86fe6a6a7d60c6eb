"""The monthly test of paging: from the simulated sensor, over a real broker, to the telephone, and the answer back."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import time as of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.oncall.policy import OnCall
from services.alerts.processor import AlertProcessor
from services.core.catalogue import load_catalogue, to_json, version_of
from services.core.clock import DAY, MINUTE, SECOND, parse_time, to_datetime
from services.core.records import Config
from services.duty.log import Store
from services.duty.trials import OVERDUE, Trials
from services.job.places import PROJECT
from services.notify.folder import FolderSource
from services.notify.service import Notifier
from services.runtime.local import LocalLog, ProcessorShell
from services.store.database import Database
from services.telemetry.bridge.bridge import Bridge
from services.telemetry.broker.broker import Broker
from services.telemetry.link import Server
from services.telemetry.test_sensor import Monthly, Once, measure
from tests.unit.notify.test_service import Room

CHINA = ZoneInfo("Asia/Shanghai")
RULES = OnCall.model_validate({
    "time_zone": "Asia/Shanghai",
    "channels": {"voice": {"kind": "webhook", "url": "http://127.0.0.1:1/voice"}},
    "people": [{"id": "liu", "name": "Liu", "language": "zh", "reach": [{"channel": "voice", "urgency": "wake"}]}],
    "policies": [
        {"id": "test", "match": {"sites": ["paging-test"]}, "because": "the way is tried", "steps": [{"to": ["liu"]}]},
        {"id": "rest", "because": "nobody is told"},
    ],
})  # fmt: skip


class Phone:
    """Rings."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """Takes it."""
        assert urgent
        self.heard.append(title)


async def test_from_the_sensor_to_the_telephone_and_back(tmp_path: Path) -> None:
    (site,) = load_catalogue(PROJECT / "sites" / "paging-test.yaml").sites
    version, phone = version_of(to_json(site)), Phone()
    async with AsyncExitStack() as stack:
        log = stack.enter_context(LocalLog.open(tmp_path / "site-log.sqlite"))
        await log.append([Config(site.id, version, to_json(site), time.time_ns())])
        broker = await stack.enter_async_context(Broker(0, "amqtt"))
        server = Server(port=broker.port)
        await stack.enter_async_context(Bridge({site.id: (site, version)}, log, server, tick_every=0.5))
        await stack.enter_async_context(ProcessorShell(log, [AlertProcessor()]))
        source = await stack.enter_async_context(FolderSource(tmp_path, player=False))
        database = Database.in_folder(tmp_path)
        stack.callback(database.close)
        notifier = Notifier(RULES, Store(database), source.name, {"voice": phone}, time.time_ns, source.names)
        notifier.begin_at(await source.begin(None, whole=True))
        signal = Once(time.time_ns(), 60 * SECOND).signal
        sensor = asyncio.create_task(measure(site, server, signal, time.time_ns))
        reading = asyncio.create_task(source.follow())
        for task in (sensor, reading):
            stack.callback(task.cancel)
        async with asyncio.timeout(30):
            while not phone.heard:
                assert not sensor.done()
                notifier.take(source.taken())
                await notifier.send_all()
                await asyncio.sleep(0.05)
        (problem,) = notifier.dispatch.problems.open
        notifier.dispatch.answer(problem, "liu", time.time_ns())
        (before,) = Trials(database).newest()
    assert (before.told, before.passed) == (("liu",), False), "rung, and nobody has answered yet"
    assert len(phone.heard) == 1


def test_the_report_says_who_answered_after_how_long_and_when_a_test_is_overdue(tmp_path: Path) -> None:
    room = Room(tmp_path)
    event = room.raised("bench/test_signal/paging-test")
    room.go(0)
    room.acknowledged(event)
    room.go(2)
    trials = Trials(room.database)
    (trial,) = trials.newest()
    assert trial.passed
    assert trial.after == 2 * MINUTE
    assert not trials.overdue(trial.began + 30 * DAY)
    assert trials.overdue(trial.began + OVERDUE + 1)


def test_where_nobody_has_answered_the_test_has_not_passed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for phone in room.phones.values():
        phone.refuses = True
    room.raised("bench/test_signal/paging-test")
    for minute in (0, 1, 60):
        room.go(minute)
    (trial,) = Trials(room.database).newest()
    assert not trial.passed
    assert trial.failed
    assert Trials(room.database).overdue(trial.began)


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(1, 7), st.times(), st.integers(1, 1440))
def test_there_is_one_test_a_month_on_its_weekday_in_its_first_week(year, month, weekday, at, minutes):
    monthly = Monthly(weekday, at.replace(second=0, microsecond=0), CHINA, minutes * MINUTE)
    start = monthly.begins(year, month)
    local = to_datetime(start).astimezone(CHINA)
    assert (local.year, local.month, local.isoweekday()) == (year, month, weekday)
    assert local.day <= 7
    assert [monthly.signal(start + d) for d in (-SECOND, 0, minutes * MINUTE - SECOND, minutes * MINUTE)] == [
        0,
        1,
        1,
        0,
    ]


def test_a_day_that_is_none_and_a_test_without_an_end_are_refused():
    for weekday, lasts in ((0, MINUTE), (8, MINUTE), (1, SECOND), (1, 2 * DAY)):
        with pytest.raises(ValueError, match="must"):
            Monthly(weekday, of_day(10), CHINA, lasts)


def test_a_test_may_pass_midnight_and_the_end_of_its_month():
    monthly = Monthly(7, of_day(23, 50), CHINA, 60 * MINUTE)
    assert monthly.signal(parse_time("2026-11-02T00:30:00+08:00")) == 1
    assert monthly.signal(parse_time("2026-11-02T00:51:00+08:00")) == 0
