"""One server of the stack: its folder, its process, and whether it answers."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import psutil

from deploy.native.ports import HOST, Ports, listening
from deploy.native.programs import NativeError

_POLL = 0.05  # seconds between two questions to a server that is starting or ending


#: Seconds by which the start of one process may seem to move when the machine's clock is put right.
_CLOCK = 5.0


class Server(ABC):
    """A server of the stack in `folder`: `<name>/data`, `<name>/log`, `<name>/pid` are its own.

    The process outlives this object: another one on the same folder finds it by its pid file.
    say: told, in a sentence, what takes long.
    """

    name: ClassVar[str]
    #: Seconds until it must answer after its start, and until it must have ended after SIGTERM.
    start_within: ClassVar[float] = 60.0
    stop_within: ClassVar[float] = 20.0

    def __init__(self, folder: Path, ports: Ports, say: Callable[[str], None] = lambda _: None) -> None:
        self.stack = folder
        self.folder = folder / self.name
        self.ports = ports
        self.say = say
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """What it keeps; nothing else is kept."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it said, over all its starts."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Of its process, 0 when there is none."""
        process = self._process()
        return process.pid if process is not None else 0

    @property
    def memory(self) -> int:
        """Resident bytes, 0 when it does not run."""
        process = self._process()
        return int(process.memory_info().rss) if process is not None else 0

    @property
    @abstractmethod
    def version(self) -> str:
        """The one that runs."""

    @property
    @abstractmethod
    def listens(self) -> tuple[int, ...]:
        """Its ports, the one that clients use first."""

    @abstractmethod
    def prepare(self) -> None:
        """Builds what is missing, writes the configuration, makes the data folder fit for a start."""

    @abstractmethod
    def command(self) -> list[str]:
        """What is started. No secrets: every user of the machine can read command lines."""

    @abstractmethod
    def healthy(self) -> bool:
        """Whether it answers in its own protocol, within a second or two."""

    def answers(self) -> bool:
        """Whether it has come up so far that `settle` can work with it."""
        return self.healthy()

    def settle(self) -> None:  # noqa: B027  most servers have nothing to settle
        """What is left to do once it answers; done at every start, so it must not mind having been done."""

    def start(self) -> None:
        """Starts it and returns when it is healthy; does nothing to one that runs.

        NativeError when a port is taken, when it ends at once, or does not answer in time.
        """
        if self.pid:
            self._wait_until_healthy()
            return
        for folder in (self.stack, self.folder, self.data):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if taken := [port for port in self.listens if listening(port)]:
            raise NativeError(
                f"{self.name} cannot start: something listens on {HOST}:{taken[0]} already; "
                f"end it, or give the stack other ports (--free-ports)"
            )
        self.prepare()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for whoever waits, not for the servers
            )  # fmt: skip
        self._write_pid(self._child.pid)
        self._wait_until_healthy()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it has not ended in `stop_within` seconds; nothing when it does not run."""
        process = self._process()
        if process is not None:
            # A paused process would never hear the SIGTERM.
            self._signal(process, signal.SIGTERM, signal.SIGCONT)
            if not self._gone(self.stop_within):
                self.say(f"{self.name} did not end in {self.stop_within:.0f} s and is killed")
                self._signal(process, signal.SIGKILL)
                self._gone(self.stop_within)
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, as by a power cut; its pid file stays behind, as it would."""
        process = self._process()
        if process is not None:
            self._signal(process, signal.SIGKILL)
            self._gone(self.stop_within)

    def pause(self) -> None:
        """SIGSTOP: it lives, holds its connections and answers nobody. NativeError when it does not run."""
        process = self._running()
        self._signal(process, signal.SIGSTOP)
        until = time.monotonic() + self.stop_within
        while process.status() != psutil.STATUS_STOPPED:  # the kernel stops it when it next looks
            if time.monotonic() > until:
                raise NativeError(f"{self.name} cannot be paused")
            time.sleep(_POLL / 10)

    def resume(self) -> None:
        """Goes on after `pause`. NativeError when it does not run."""
        self._signal(self._running(), signal.SIGCONT)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _write_pid(self, pid: int) -> None:
        # A number may come back as another program's; with the time of its birth it is one process's own.
        aside = self._pid_file.with_suffix(".new")
        aside.write_text(f"{pid} {psutil.Process(pid).create_time():.2f}\n")
        aside.replace(self._pid_file)

    def _process(self) -> psutil.Process | None:
        if self._child is not None:
            self._child.poll()  # buries it when it has ended
        try:
            pid, born = self._pid_file.read_text().split()
            process = psutil.Process(int(pid))
            same = abs(process.create_time() - float(born)) < _CLOCK
            # A killed process is a zombie at once, but holds its ports until the last of its threads has gone.
            ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
            return process if same and not ended else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    def _running(self) -> psutil.Process:
        process = self._process()
        if process is None:
            raise NativeError(f"{self.name} does not run")
        return process

    def _signal(self, process: psutil.Process, *numbers: signal.Signals) -> None:
        for number in numbers:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                return

    def _gone(self, within: float) -> bool:
        until = time.monotonic() + within
        while self._process() is not None:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL)
        return True

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + self.start_within
        settled = False
        while time.monotonic() < until:
            if not self.pid:
                raise NativeError(f"{self.name} ended when it was started:\n{self._last_words()}")
            if not settled and self.answers():
                self.settle()
                settled = True
            if settled and self.healthy():
                return
            time.sleep(_POLL)
        raise NativeError(
            f"{self.name} did not answer on {HOST}:{self.listens[0]} within {self.start_within:.0f} s:\n"
            f"{self._last_words()}"
        )

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        return "\n".join(lines[-15:]) or "(it said nothing)"
