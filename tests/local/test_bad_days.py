"""Bad days of a run: wrong files, a folder that cannot be written, a log that is none, a full disk, a second owner.

Each is a sentence that names the path and says what to do; nothing hangs, and no process is left behind.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.job.options import DEFAULT_EVENT
from services.job.places import PROJECT
from services.job.run import LOG_FILE
from tests.local.command import FAST, Done, all_of, command, family, has_tick, short_event, start, stop, until


def refused(done: Done, *words: str | Path) -> None:
    """A sentence, and only that."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert str(word) in done.stderr, done.stderr


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> str:
    return short_event(tmp_path_factory.mktemp("event"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the library that may be spoilt."""
    for name in ("sites", "events"):
        shutil.copytree(PROJECT / name, tmp_path / "home" / name)
    return tmp_path / "home"


def test_wrong_files_and_nothing_starts(tmp_path: Path, home: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "bad.yaml"
    event, site = home / "events" / DEFAULT_EVENT / "event.yaml", home / "sites" / "liuyang.yaml"
    elsewhere.write_text(event.read_text(encoding="utf-8").replace("seed: ", "seed: -"), encoding="utf-8")
    site.write_text(site.read_text(encoding="utf-8").replace("type: intake\n", "type: outtake\n", 1), encoding="utf-8")
    line = 1 + site.read_text(encoding="utf-8").splitlines().index("        type: outtake")
    unknown, bad_event, bad_site, absent = all_of([
        lambda: command("run", "--event", "no-such-night", "--data", data, *FAST),
        lambda: command("run", "--event", elsewhere, "--data", data, *FAST),
        lambda: command("run", "--data", data, *FAST, HEADWORKS_HOME=str(home)),
        lambda: command("run", "--event", tmp_path / "none.yaml", "--data", data, *FAST),
    ])  # fmt: skip
    refused(unknown, "no-such-night", DEFAULT_EVENT, "nothing was started")
    refused(bad_event, f"{elsewhere}:", "seed: -", "nothing was started")
    refused(bad_site, f"{site}:{line}: ", "outtake", "nothing was started")
    refused(absent, tmp_path / "none.yaml")
    assert not data.exists()


def test_folders_and_files_that_are_no_log(tmp_path: Path, event: str) -> None:
    file = tmp_path / "a-file"
    file.write_text("I was here first")
    spoilt, foreign = tmp_path / "spoilt", tmp_path / "foreign"
    for folder in (spoilt, foreign):
        folder.mkdir()
    (spoilt / LOG_FILE).write_bytes(b"not a database " * 1000)
    with sqlite3.connect(foreign / LOG_FILE) as other:
        other.execute("CREATE TABLE letters (text)")
    other.close()
    below, virtual, none, another, journal, alerts = all_of([
        lambda: command("run", "--event", event, "--data", file / "data", *FAST),
        lambda: command("run", "--event", event, "--data", "/proc/headworks", *FAST),
        lambda: command("run", "--event", event, "--data", spoilt, *FAST),
        lambda: command("run", "--event", event, "--data", foreign, *FAST),
        lambda: command("journal", "--data", spoilt),
        lambda: command("alerts", "--data", tmp_path / "empty", "--json"),
    ])  # fmt: skip
    refused(below, file / "data", "writable")
    refused(virtual, "/proc/headworks", "writable")
    refused(none, spoilt / LOG_FILE, "is not a site log")
    refused(another, foreign / LOG_FILE, "not a site log")
    refused(journal, spoilt / LOG_FILE, "is not a site log")
    refused(alerts, tmp_path / "empty", "there is no site log")
    assert file.read_text() == "I was here first"
    assert (foreign / LOG_FILE).stat().st_size > 0


def test_a_damaged_log_and_a_log_in_use(tmp_path: Path, event: str) -> None:
    data, damaged = tmp_path / "data", tmp_path / "damaged"
    run = start("run", "--event", event, "--data", data, *FAST, out=tmp_path / "first")
    until(lambda: has_tick(data), run)
    busy = all_of([
        lambda: command("run", "--event", event, "--data", data, *FAST),
        lambda: command("run", "--event", event, "--data", data, "--fresh", *FAST),
        lambda: command("apply", PROJECT / "sites" / "liuyang.yaml", "--data", data),
    ])  # fmt: skip
    if run.poll() is None:  # else it was quicker than the others' start
        for done in busy:
            refused(done, data / LOG_FILE, f"in use by process {run.pid}")
        stop(run)
    damaged.mkdir()
    text = bytearray((data / LOG_FILE).read_bytes())
    text[4096 * 3 : 4096 * 40] = b"\xff" * (4096 * 37)
    (damaged / LOG_FILE).write_bytes(text)
    refused(command("run", "--event", event, "--data", damaged, *FAST), damaged / LOG_FILE, "damaged", "--fresh")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = os.geteuid() == 0 and shutil.which("mount") is not None
    if not made or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


#: A run whose log may not grow: the same as a full disk, for machines where none can be mounted.
LIMITED = """
import asyncio, sys
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


def test_a_full_log(tmp_path: Path, event: str) -> None:
    before = set(psutil.pids())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "run", "--event", event, "--data", str(tmp_path / "data"), *FAST],
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    refused(done, tmp_path / "data", "no space left", "free disk space")
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before and event in (p.info["cmdline"] or [])]
    assert not left


def test_a_full_disk(small_disk: Path, event: str) -> None:
    done = command("run", "--event", event, "--data", small_disk / "data", *FAST)
    refused(done, small_disk, "free disk space")


def test_children_end_with_a_run_that_fails(tmp_path: Path, event: str) -> None:
    data = tmp_path / "data"
    run = start("run", "--event", event, "--data", data, *FAST, out=tmp_path / "run")
    until(lambda: has_tick(data), run)
    children = family(run)
    (simulator,) = [child for child in children if "simulate" in child.cmdline()]
    simulator.kill()
    assert run.wait(20) == 1
    _, alive = psutil.wait_procs(children, 2)
    assert not alive
    said = (tmp_path / "run.err").read_text()
    assert "error: the simulator ended" in said
    assert "Traceback" not in said
