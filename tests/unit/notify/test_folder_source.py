"""A folder's log as a source of events."""

import asyncio
from pathlib import Path

import pytest

from services.alerts.oncall.decisions import Kind
from services.core.errors import LogError
from services.job.options import LOG_FILE
from services.notify.folder import FolderSource
from services.runtime.local import LocalLog
from tests.unit.notify.test_service import Room


async def test_a_log_that_was_started_over_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / LOG_FILE):
        pass
    async with FolderSource(tmp_path, player=True) as source:
        assert await source.begin(None, whole=True) == {"log": -1}
        begun = await source.begin(None, whole=False)
        assert await source.begin(begun, whole=False) == begun
        with pytest.raises(LogError, match="has paging begin anew"):
            await source.begin({"log": begun["log"] + 1}, whole=False)


async def test_a_log_that_is_replaced_under_it_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / LOG_FILE):
        pass
    async with FolderSource(tmp_path, player=True) as source:
        following = asyncio.create_task(source.follow())
        await asyncio.sleep(0)
        (tmp_path / "new").touch()
        (tmp_path / "new").replace(tmp_path / LOG_FILE)
        with pytest.raises(LogError, match="was started over while paging read it"):
            await asyncio.wait_for(following, 20)


def test_a_run_started_over_has_paging_begin_anew_and_keeps_the_people(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.raised()
    room.go(0)
    assert room.store.progress("log") is not None
    room.store.forget("log")
    assert room.store.progress("log") is None
    assert room.store.outgoing(2**62) == []
    room.restart()
    assert [one.kind for one in room.go(0)] == [Kind.PAGE], "nothing of what was is taken for done"
