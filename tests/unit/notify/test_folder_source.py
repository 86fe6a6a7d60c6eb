"""A folder's log as a source of events."""

from pathlib import Path

import pytest

from services.core.errors import LogError
from services.job.options import LOG_FILE
from services.notify.folder import FolderSource
from services.runtime.local import LocalLog


async def test_a_log_that_was_started_over_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with LocalLog.open(tmp_path / LOG_FILE):
        pass
    async with FolderSource(tmp_path, player=True) as source:
        assert await source.begin(None, whole=True) == {"log": -1}
        begun = await source.begin(None, whole=False)
        assert await source.begin(begun, whole=False) == begun
        with pytest.raises(LogError, match="in a new folder only"):
            await source.begin({"log": begun["log"] + 1}, whole=False)
