"""The command as a user starts it, and a night short enough to be played many times."""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psutil

from services.cli.app import main
from services.job.options import LOG_FILE
from services.job.places import PROJECT
from services.runtime.local import LogView
from tests.local.storm import first_hours, headworks

Done = subprocess.CompletedProcess[str]

#: Seconds after which a stop hangs. An idle machine takes one or two and it is bounded by four; a busy one may be late.
HANGS = 20

FAST = ("--speed", "max", "--until-end", "--no-console", "--json")


def environment(**more: str) -> dict[str, str]:
    """With this package on the path."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200", **more}


def command(*arguments: str | Path, cwd: Path = PROJECT, within: float = 60, **variables: str) -> Done:
    """A command from its start to its end."""
    return subprocess.run(
        headworks(*map(str, arguments)), cwd=cwd, env=environment(**variables), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=within, check=False,
    )  # fmt: skip


def inside(*arguments: str | Path, **variables: str) -> Done:
    """A command from its start to its end, in this process: for those that start no other. Main thread only."""
    out, err = io.StringIO(), io.StringIO()
    argv, before, code = ["headworks", *map(str, arguments)], dict(os.environ), 0
    os.environ.update({"COLUMNS": "200", **variables})
    try:
        with command_line(argv), redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return Done(argv, code, out.getvalue(), err.getvalue())


@contextmanager
def command_line(argv: list[str]) -> Iterator[None]:
    """The command line that the program sees."""
    before, sys.argv = sys.argv, argv
    try:
        yield
    finally:
        sys.argv = before


def one_object(done: Done) -> dict[str, Any]:
    """The JSON object on stdout, which has nothing else."""
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    assert done.stdout.count("\n") == 1
    return found


def short_event(folder: Path) -> str:
    """The storm until the gauge has said that the river rises: an hour and fifty minutes, one alarm."""
    folder.mkdir(parents=True, exist_ok=True)
    return first_hours(folder, "2023-04-18T18:50:00+08:00")


def start(*arguments: str | Path, out: Path, group: bool = False) -> subprocess.Popen[bytes]:
    """A command that goes on; its words in `out`.txt and `out`.err. `group`: in a process group of its own."""
    with out.with_suffix(".txt").open("wb") as words, out.with_suffix(".err").open("wb") as log:
        process = subprocess.Popen(
            headworks(*map(str, arguments)), cwd=PROJECT, env=environment(), stdin=subprocess.DEVNULL,
            stdout=words, stderr=log, start_new_session=group,
        )  # fmt: skip
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """A test that failed leaves nothing running."""
    if process.poll() is None:
        process.kill()
        process.wait()


def until(reached: Callable[[], bool], process: subprocess.Popen[bytes], within: float = 60) -> None:
    """Returns when `reached()` while the process goes on."""
    end = time.monotonic() + within
    while not reached():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.05)


def has_tick(data: Path, run: str = "") -> bool:
    """Whether the log in `data` is of `run` (a part of its name) and has been told a time."""
    try:
        with LogView.open(data / LOG_FILE) as view:
            return view.last_tick() > 0 and run in (view.meta("run") or "")
    except Exception:  # the file is being made
        return False


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Its children, and theirs."""
    return psutil.Process(process.pid).children(recursive=True)


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGINT, group: bool = False) -> float:
    """Sends the signal, and returns the seconds until the process and all of its children had ended, with code 0."""
    children, began = family(process), time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    assert process.wait(20) == 0
    seconds = time.monotonic() - began
    _, alive = psutil.wait_procs(children, 1)
    assert not alive, "children outlived it"
    return seconds


@contextmanager
def taken_ports(number: int) -> Iterator[list[int]]:
    """Ports of the loopback that somebody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        yield [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
