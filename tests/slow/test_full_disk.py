"""A run on a disk that fills up: a sentence that says so, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from tests.local.command import FAST, environment, short_event
from tests.local.test_bad_days import refused

#: A run whose log may not grow: the same as a full disk, for machines where none can be mounted.
LIMITED = """
from services.cli import main
from services.runtime.local import LocalLog
of_old = LocalLog.open.__func__
def opened(cls, path, create=True):
    log = of_old(cls, path, create)
    log._connection.execute("PRAGMA max_page_count=400").fetchall()
    return log
LocalLog.open = classmethod(opened)
main()
"""


def small_disk(folder: Path) -> bool:
    """Whether a file system of two megabytes was mounted at `folder`."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    able = os.geteuid() == 0 and shutil.which("mount") is not None
    return able and not subprocess.run(mount, capture_output=True, check=False).returncode


def test_a_full_disk(tmp_path: Path) -> None:
    event = short_event(tmp_path / "event")
    folder, before = tmp_path / "disk", set(psutil.pids())
    mounted = small_disk(folder)
    words = ["run", "--event", event, "--data", str(folder / "data"), *FAST]
    try:
        done = subprocess.run(
            [sys.executable, *(["-m", "services.cli"] if mounted else ["-c", LIMITED]), *words],
            env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
    refused(done, folder, "free disk space")
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before and event in (p.info["cmdline"] or [])]
    assert not left
