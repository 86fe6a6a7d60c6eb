"""The storm as tests use it: the command in a process of its own, and the same night folded without any wire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from services.core.journal import canonical_journal
from services.job.headless import headless
from services.job.options import DEFAULT_EVENT
from services.job.places import PROJECT, catalogue_for, find_event
from services.job.run import LOG_FILE
from services.runtime.local import LogView
from services.telemetry.simulator.scene import scene_of

EXPECTED: dict[str, Any] = yaml.safe_load(
    (PROJECT / "events" / DEFAULT_EVENT / "expected.yaml").read_text(encoding="utf-8")
)


def headworks(*arguments: str) -> list[str]:
    """The command line of a `headworks` command."""
    return [sys.executable, "-m", "services.cli", *arguments]


def storm(data: Path, *more: str) -> list[str]:
    """The storm at full speed into `data`, one JSON object at the end."""
    return headworks("run", "--speed", "max", "--until-end", "--no-console", "--data", str(data), "--json", *more)


def first_hours(folder: Path, end: str) -> str:
    """An event file of the storm that ends at `end` (ISO 8601): the same night, shorter."""
    event: dict[str, Any] = yaml.safe_load(
        (PROJECT / "events" / DEFAULT_EVENT / "event.yaml").read_text(encoding="utf-8")
    )
    starts, ends = str(event["start"])[11:16], end[11:16]
    event["end"] = end
    for entries in (event["rain"], event["debris"]["load"], event["debris"]["rafts"], event["actions"]):
        entries[:] = [entry for entry in entries if starts <= entry["at"][:5] <= ends]
    file = folder / "first-hours.yaml"
    file.write_text(yaml.safe_dump(event, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return str(file)


def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """The command in `folder`, its words in files there."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with (folder / "out.json").open("wb") as out, (folder / "err.txt").open("wb") as err:
        return subprocess.Popen(command, cwd=PROJECT, env=env, stdout=out, stderr=err)


def finish(process: subprocess.Popen[bytes], folder: Path, within: float = 150) -> dict[str, Any]:
    """The JSON object that the command printed, and nothing else there."""
    try:
        code = process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"not ended in {within} s: {_tail(folder)}") from None
    assert code == 0, _tail(folder)
    text = (folder / "out.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def _tail(folder: Path) -> str:
    return (folder / "err.txt").read_text()[-3000:]


def wait_for_event_time(data: Path, moment: int, process: subprocess.Popen[bytes], within: float = 90) -> None:
    """Returns when the log's last tick has reached `moment` (ns)."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        assert process.poll() is None, "the run ended before the test could disturb it"
        if (data / LOG_FILE).exists():
            try:
                with LogView.open(data / LOG_FILE) as view:
                    if view.last_tick() >= moment:
                        return
            except Exception:  # the file is being made
                pass
        time.sleep(0.05)
    raise AssertionError("the run never came so far")


def children(process: subprocess.Popen[bytes], word: str) -> list[int]:
    """Process ids of the run's children whose command line has `word`."""
    return [child.pid for child in psutil.Process(process.pid).children() if word in " ".join(child.cmdline())]


def kill(pid: int) -> None:
    """`kill -9`."""
    os.kill(pid, signal.SIGKILL)


def journal(data: Path) -> str:
    """What `headworks journal` prints."""
    done = subprocess.run(
        headworks("journal", "--data", str(data)),
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def direct_journal(name: str = DEFAULT_EVENT) -> str:
    """An event's journal without MQTT, log or process: simulator straight into the processor."""
    scene = scene_of(find_event(name))
    return "".join(f"{line}\n" for line in canonical_journal(headless(scene, catalogue_for(scene))))
