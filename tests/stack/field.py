"""`python -m tests.stack.field`: the field of a part of an event, in a process of its own; says how far it is."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from services.cli.interrupt import normal_end
from services.cli.terminal import set_up_logs
from services.job.field import Pace, play
from services.job.places import catalogue_for
from services.telemetry.link import Server
from tests.stack.part import Part


def main() -> None:
    """Plays, and at the end prints what it published as one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("event")
    parser.add_argument("--since", default="")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--run", required=True, help="names the numbering of the frames")
    parser.add_argument("--speed", type=float, default=0.0, help="event seconds a second; 0: as fast as it is taken")
    parser.add_argument("--progress", type=Path, required=True, help="file that has the event time played, ns")
    asked = parser.parse_args()
    normal_end()
    set_up_logs()
    part = Part(asked.event, asked.since)
    city = part.city()

    def progress(time: int) -> None:
        aside = asked.progress.with_suffix(".new")
        aside.write_text(str(time))
        aside.replace(asked.progress)

    playing = play(
        city,
        catalogue_for(city),
        Server("127.0.0.1", asked.port),
        Pace(asked.speed or None),
        run=asked.run,
        progress=progress,
    )
    print(json.dumps(asdict(asyncio.run(playing))))


if __name__ == "__main__":
    main()
