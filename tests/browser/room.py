"""A control room as a program, for browsers: `python -m tests.browser.room --alarms 3`.

It prints the port when it serves; every user's password is `<role>-of-the-plant`. Lines on standard input, each
answered by `ok`: `levels 9 9 0` (readings of the first points, a minute later), `paging sent` and `paging failed` (what
stands is paged, and the channels took it or not), `full` and `room` (the log takes nothing, and takes again), `stopped`
(the alerts processor is said to have stopped), `incident watch` (one is, or goes to, that phase), `still` (no more
ticks, and 45 s have passed), `quit`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from services.alerts.oncall.decisions import Kind
from services.alerts.oncall.dispatch import Dispatch
from services.console.acting.keeping import keep
from services.console.app import bind, build, serve
from services.core.clock import SECOND
from services.core.records import IncidentEvent, Tick
from services.duty.log import Store
from services.duty.rules import Rules
from tests.control_room import ControlRoom, levels
from tests.rosters import rosters


async def walk(room: ControlRoom) -> None:
    """The run's clock goes on."""
    while True:
        await asyncio.sleep(0.5)
        if not room.skipped:
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
        case ["paging", failed]:
            paging(room, failed == "failed")
        case ["incident", phase]:
            incident(room, phase)
        case ["still"]:
            room.skipped = 45.0
        case ["stopped"]:
            room.stopped = ("alerts",)
        case _:
            return False
    return True


def incident(room: ControlRoom, phase: str) -> None:
    """An incident of a kind that no page knows, with two steps a phase; ended by the phase `closed`."""
    known = [one for one in room.view.incidents() if one.closed is None]
    name = known[0].incident if known else f"no3/RiverFlood@{room.now()}"
    number = len(known[0].phases) + 1 if known else 1
    confidence = {
        "level": "medium",
        "value": 0.6,
        "because": [],
        "missing": ["rain unknown since 04-18 21:40 (silent)"],
    }
    left = {"what": "the bank", "hours_pessimistic": 1.5, "hours_expected": 3.0, "hours_optimistic": None,
            "known": True, "horizon_hours": 24.0, "assumptions": ["it rains on"]}  # fmt: skip
    evidence = {"readings": {"level": "9.00 m"}, "points": {"level": "st/level"}, "confidence": confidence,
                "forecast": left, "claims": ["st/level/high", "st/level1/high"]}  # fmt: skip
    steps = f"Look at the {phase} gauge; call the crew"
    room.view.apply(IncidentEvent(
        room.now(), "no3", "RiverFlood", name, number, phase, f"{phase}: the river rises", steps, evidence
    ))  # fmt: skip


def paging(room: ControlRoom, failed: bool) -> None:
    """What stands is paged, as the paging service would write it down; the channels took it, or did not."""
    dispatch = Dispatch(rosters(room.folder))
    decided = [one for event in room.events for one in dispatch.take(event, room.now())]
    for one in decided:  # what follows an outcome is appended, and has one too
        if one.kind is Kind.PAGE:
            decided += dispatch.outcome(one.page, not failed, "no line" if failed else "", room.now())
    Store(room.database).advance("log", {}, room.now(), dispatch.dump(), decided)


async def main() -> None:
    """Until `quit`, or until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alarms", type=int, default=3, help="How many alarms stand at the beginning.")
    parser.add_argument("--name", default="No. 3 plant")
    parser.add_argument("--no-users", action="store_true")
    parser.add_argument("--rosters", action="store_true", help="Rosters and policies are in force.")
    parser.add_argument("--folder", type=Path, help="Where its people are, and stay; else nowhere for long.")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        room = ControlRoom(folder, levels(max(options.alarms, 3), options.name), users=not options.no_users)
        if options.rosters:
            Rules(room.database, room.accounts.now).apply(rosters(room.folder), "engineer")
        for _ in range(2):
            room.measure([9.0] * options.alarms or [1.0])
        held = bind(options.port)
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
