"""The console over the synthetic night, as a program: `python -m tests.browser.demo --until 22:10`.

With `--people` there are users of every role, whose password is `<role>-of-the-plant`; what they do to alarms stays
unanswered. It prints the port when it serves. Lines on standard input: `stop` (no more ticks, and 45 s have passed),
`alerts` (a processor is said to have stopped), `quit`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from services.console.acting.acts import Desk
from services.console.acting.answers import Answers
from services.console.app import bind, build, serve
from services.console.view.live import LiveView
from services.console.view.snapshots import Status
from services.core.clock import SECOND
from services.core.records import Tick
from tests.browser import storm
from tests.control_room import ControlRoom

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> `${1+1}` </script><b>No. 3</b>"


class Player:
    """Plays the night up to a time, then lets the clock walk on."""

    def __init__(self, until: str, hostile: bool) -> None:
        self.catalogue = storm.city(HOSTILE if hostile else "No. 3 plant")
        self.skipped = 0.0
        self.ticking = True
        self.stopped: tuple[str, ...] = ()
        self.view = LiveView(self.catalogue.sites, monotonic=lambda: time.monotonic() + self.skipped)
        if until:
            self.view.apply_all(storm.night(self.catalogue, storm.clock(until)))

    def status(self) -> Status:
        return Status(
            silence=self.view.silence(), stopped=self.stopped, simulation=True, speed=60,
            counters={"frames": self.view.applied, "rejected": 0, "in flight": 1},
        )  # fmt: skip

    async def walk(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            if self.ticking and self.view.now is not None:
                self.view.apply(Tick(self.view.now + SECOND))

    def command(self, line: str) -> bool:
        match line.strip():
            case "stop":
                self.ticking, self.skipped = False, 45.0
            case "alerts":
                self.stopped = ("alerts",)
            case "quit" | "":
                return False
        return True


def _people(player: Player, folder: Path) -> ControlRoom:
    """Users of every role before the night's view; no command of theirs is answered."""
    room = ControlRoom(folder)
    room.desk = Desk(
        player.view, player.status, room.accounts, Answers(), room.send, lambda: player.view.now or 0, patience=0.1
    )
    return room


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--until", default="22:10")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--people", action="store_true")
    options = parser.parse_args()
    player = Player(options.until, options.hostile)
    held = bind(options.port)
    folder = tempfile.TemporaryDirectory()
    people = _people(player, Path(folder.name)) if options.people else None
    hands = (people.desk, people.database) if people is not None else ()
    app = build(player.view, [player.catalogue], player.status, *hands)
    port = held.getsockname()[1]
    serving = asyncio.ensure_future(serve(app, sockets=[held], started=lambda: print(port, flush=True)))
    walking = asyncio.ensure_future(player.walk())
    loop = asyncio.get_running_loop()
    while player.command(await loop.run_in_executor(None, sys.stdin.readline)):
        pass
    walking.cancel()
    begun = time.monotonic()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    if people is not None:
        people.database.close()
    folder.cleanup()
    print(f"stopped in {time.monotonic() - begun:.2f} s", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
