"""A service as systemd would keep it: started again half a second after it has ended, with a record of when."""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.job.places import PROJECT

#: Seconds between an end and the next start.
PAUSE = 0.5

#: A service that ends more often than this is not kept alive, but reported.
MOST_STARTS = 30

#: Services that are started by another command than `headworks NAME`.
COMMANDS = {"archive": ("tests.stack.archive",)}

# Loopback needs no proxy, whatever the environment says of one.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Life:
    """One start: monotonic seconds, and with what code it ended (None: it lives; negative: by a signal)."""

    began: float
    pid: int
    ended: float | None = None
    code: int | None = None


class Service:
    """`headworks NAME`, supervised. Its words are in `folder`/NAME.log over all of its lives."""

    def __init__(
        self,
        name: str,
        label: str,
        environment: Mapping[str, str],
        folder: Path,
        port: int,
        arguments: Sequence[str] = (),
    ) -> None:
        """`label` tells two of one name apart; `port` is that of its health pages; `arguments` are the command's."""
        self.name, self.label, self.port = name, label, port
        self.log = folder / f"{label}.log"
        self.lives: list[Life] = []
        self._arguments = tuple(arguments)
        self._environment = {**environment, "HEADWORKS_HTTP_PORT": str(port)}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None
        self._lock = threading.Lock()
        self._free = threading.Event()
        self._free.set()
        atexit.register(self.end)

    def start(self) -> None:
        """Starts it, and from here on again whenever it ends."""
        self._stopping.clear()
        self._spawn()
        self._keeper = threading.Thread(target=self._keep, name=f"keeper of {self.label}", daemon=True)
        self._keeper.start()

    @property
    def partitions(self) -> set[int]:
        """Of the log of sites, those that it says it has; empty when it does not answer."""
        return {
            int(number) for number in re.findall(r'headworks_lag_records\{partition="(\d+)"', " ".join(self.figures()))
        }

    def hold(self) -> None:
        """From here on it is not started again, until `free`."""
        self._free.clear()

    def free(self) -> None:
        """It is started again when it has ended."""
        self._free.set()

    def kill(self) -> None:
        """SIGKILL; when this returns it is dead, and will be started again unless it is held."""
        number = len(self.lives)
        self._signal(signal.SIGKILL)
        until = time.monotonic() + 5.0
        while len(self.lives) == number and self.lives[-1].ended is None and time.monotonic() < until:
            time.sleep(0.01)

    def pause(self) -> None:
        """SIGSTOP: it lives, holds its connections, and answers nobody."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def stop(self, within: float = 30.0) -> int:
        """SIGTERM, and it is not started again. Its code; AssertionError when it had to be killed."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        process = self._process
        assert process is not None, f"{self.label} was never started"
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.label} did not end within {within:g} s of SIGTERM: {self.tail()}") from None
        finally:
            self.end()

    def end(self) -> None:
        """However it is: it runs no more."""
        self._stopping.set()
        self._free.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        if self._keeper is not None:
            self._keeper.join(5.0)

    @property
    def ready(self) -> bool:
        """Whether /readyz says so."""
        return self.problems() == {}

    def problems(self) -> dict[str, str] | None:
        """Why it is not ready, in its own words; None: it does not answer."""
        try:
            with _OPENER.open(f"http://127.0.0.1:{self.port}/readyz", timeout=2.0) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.loads(error.read())
        except (OSError, ValueError):
            return None
        found: dict[str, str] = body["problems"]
        return found

    def figures(self) -> dict[str, float]:
        """/metrics, by name with labels as they are printed; empty when it does not answer."""
        try:
            with _OPENER.open(f"http://127.0.0.1:{self.port}/metrics", timeout=2.0) as answer:
                lines = answer.read().decode().splitlines()
        except (OSError, ValueError):
            return {}
        found = {}
        for line in lines:
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        return found

    def total(self, name: str) -> float:
        """A figure over all of its labels; 0 when there is none."""
        return sum(value for key, value in self.figures().items() if key == name or key.startswith(name + "{"))

    def tail(self, characters: int = 1500) -> str:
        """Its last words."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else "(it said nothing)"

    def _spawn(self) -> None:
        with self._lock, self.log.open("ab") as log:
            if self._stopping.is_set():
                return
            self._process = subprocess.Popen(
                [sys.executable, "-m", *COMMANDS.get(self.name, ("services.cli", self.name)), *self._arguments],
                cwd=PROJECT, env=dict(self._environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            self.lives.append(Life(time.monotonic(), self._process.pid))

    def _keep(self) -> None:
        while True:
            process = self._process
            assert process is not None
            code = process.wait()
            born = self.lives[-1]
            self.lives[-1] = Life(born.began, born.pid, time.monotonic(), code)
            self._free.wait()
            if self._stopping.wait(PAUSE) or len(self.lives) >= MOST_STARTS:
                return
            self._spawn()

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            process = self._process
            if process is not None and process.poll() is None:
                os.kill(process.pid, number)
