"""Bad days of a run: wrong files, a folder that cannot be written, a log that is none, a second owner.

Each is a sentence that names the path and says what to do; nothing hangs, and no process is left behind.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import psutil
import pytest

from services.job.options import DEFAULT_EVENT, LOG_FILE
from services.job.places import PROJECT
from tests.local.command import FAST, Done, family, has_tick, inside, short_event, start, until


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
    unknown = inside("run", "no-such-night", "--data", data, *FAST)
    two = inside("run", "no-such-night", "--event", DEFAULT_EVENT, "--data", data, *FAST)
    bad_event = inside("run", "--event", elsewhere, "--data", data, *FAST)
    bad_site = inside("run", "--data", data, *FAST, HEADWORKS_HOME=str(home))
    refused(unknown, "no-such-night", DEFAULT_EVENT, "nothing was started")
    assert two.returncode == 2
    assert "name one event" in two.stderr
    refused(bad_event, f"{elsewhere}:", "seed: -", "nothing was started")
    refused(bad_site, f"{site}:{line}: ", "outtake", "nothing was started")
    assert not data.exists()
    assert not psutil.Process().children()


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
    below = inside("run", "--event", event, "--data", file / "data", *FAST)
    none = inside("run", "--event", event, "--data", spoilt, *FAST)
    another = inside("run", "--event", event, "--data", foreign, *FAST)
    journal = inside("journal", "--data", spoilt)
    alerts = inside("alerts", "--data", tmp_path / "empty", "--json")
    refused(below, file / "data", "writable")
    refused(none, spoilt / LOG_FILE, "is not a site log")
    refused(another, foreign / LOG_FILE, "not a site log")
    refused(journal, spoilt / LOG_FILE, "is not a site log")
    refused(alerts, tmp_path / "empty", "there is no site log")
    assert file.read_text() == "I was here first"
    assert (foreign / LOG_FILE).stat().st_size > 0


def test_over_again_from_a_spoilt_log_then_in_use_then_without_its_simulator(tmp_path: Path) -> None:
    data, damaged = tmp_path / "data", tmp_path / "damaged"
    for folder in (data, damaged):
        folder.mkdir()
    (data / LOG_FILE).write_bytes(b"not a database " * 1000)
    again = ("run", "--data", data, "--fresh", "--seed", "7")  # the whole night: it does not end meanwhile
    run = start(*again, "--speed", "1", "--no-console", out=tmp_path / "run")
    until(lambda: has_tick(data, "/7/"), run)
    busy = [inside(*again, *FAST), inside("apply", PROJECT / "sites" / "liuyang.yaml", "--data", data)]
    for done in busy:
        refused(done, data / LOG_FILE, f"in use by process {run.pid}")
    children = family(run)
    (simulator,) = [child for child in children if "simulate" in child.cmdline()]
    simulator.kill()
    assert run.wait(20) == 1
    _, alive = psutil.wait_procs(children, 2)
    assert not alive
    said = (tmp_path / "run.err").read_text()
    assert "error: the simulator ended" in said
    assert "Traceback" not in said
    text = bytearray((data / LOG_FILE).read_bytes())
    text[4096 * 3 : 4096 * 40] = b"\xff" * (4096 * 37)
    (damaged / LOG_FILE).write_bytes(text)
    refused(inside("run", "--data", damaged, *FAST), damaged / LOG_FILE, "damaged", "--fresh")
