"""The write-ahead log stays small although somebody always reads."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from services.core.frame import make_frame
from services.runtime.local import LocalLog, LogView, writer


async def test_busy_readers_do_not_let_it_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 4 << 20
    monkeypatch.setattr(writer, "WAL_BYTES", limit)
    path = tmp_path / "log.sqlite"
    log = LocalLog.open(path)
    done = threading.Event()

    def read() -> None:
        with LogView.open(path) as view:
            while not done.is_set():
                view.read(None, 0, 10**6, 8 << 20)

    # Three, so that there is hardly a moment without one.
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    largest = 0
    try:
        n = 6000
        for number in range(1, 201):
            frame = make_frame(
                "no3", "intake", np.arange(n, dtype=np.int64), np.zeros(n, np.int32), np.full(n, 1.5),
                through=n, epoch=7, number=number,
            )  # fmt: skip
            await log.append([frame])
            largest = max(largest, path.with_name(path.name + "-wal").stat().st_size)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert log.head() == 200
    assert path.stat().st_size + largest > 20 << 20
    # What a commit adds, what SQLite writes before it folds in by itself, and a reader that was in the way.
    assert largest < 4 * limit
    log.close()
