"""A control room as a program, for browsers: `python -m tests.browser.room --alarms 3`.

It prints the port when it serves; every user's password is `<role>-of-the-plant`. Lines on standard input, each
answered by `ok`: `levels 9 9 0` (readings of the first points, a minute later), `full` and `room` (the log takes
nothing, and takes again), `stopped` (the alerts processor is said to have stopped), `quit`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from services.console.app import bind, build, serve
from services.console.keeping import keep
from services.core.clock import SECOND
from services.core.records import Tick
from tests.control_room import ControlRoom, levels


async def walk(room: ControlRoom) -> None:
    """The run's clock goes on."""
    while True:
        await asyncio.sleep(0.5)
        room.feed([Tick(room.now() + SECOND)])


def obey(room: ControlRoom, line: str) -> bool:
    """False: it is to end."""
    match line.split():
        case ["levels", *values]:
            room.measure([float(one) for one in values])
        case ["full"]:
            room.full = True
        case ["room"]:
            room.full = False
        case ["stopped"]:
            room.stopped = ("alerts",)
        case _:
            return False
    return True


async def main() -> None:
    """Until `quit`, or until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alarms", type=int, default=3, help="How many alarms stand at the beginning.")
    parser.add_argument("--name", default="No. 3 plant")
    parser.add_argument("--no-users", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        room = ControlRoom(Path(folder), levels(max(options.alarms, 3), options.name), users=not options.no_users)
        for _ in range(2):
            room.measure([9.0] * options.alarms)
        held = bind(0)
        app = build(room.view, [room.catalogue], room.status, room.desk, room.database)
        port = held.getsockname()[1]
        serving = asyncio.ensure_future(serve(app, sockets=[held], started=lambda: print(port, flush=True)))
        walking = asyncio.ensure_future(walk(room))
        keeping = asyncio.ensure_future(keep(room.desk, room.database))
        loop = asyncio.get_running_loop()
        while obey(room, await loop.run_in_executor(None, sys.stdin.readline)):
            print("ok", flush=True)
        for task in (walking, keeping, serving):
            task.cancel()
        await asyncio.gather(walking, keeping, serving, return_exceptions=True)
        room.database.close()


if __name__ == "__main__":
    asyncio.run(main())
