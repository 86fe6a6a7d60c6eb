"""`headworks simulate`: the field alone, against any broker."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupt import normal_end, until_interrupted
from services.cli.speed import parse_speed
from services.cli.terminal import people, print_json
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_EVENT

if TYPE_CHECKING:
    from services.job.field import Pace

HELP = """Play an event's stations as Sparkplug B over MQTT, and own the run's clock. Frames are kept
until a bridge says that they are committed, so this waits for one.

A broker with an access list wants a user for the player and for each gateway: --ca and --secrets.

Example: [bold]headworks simulate liuyang-2023-04-18-storm-turbidity --port 1883 --speed 60[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="simulate", help=HELP)(_simulate)


def _simulate(
    event: Annotated[str, typer.Argument(help="Event of the library, or the path of an event file.")] = DEFAULT_EVENT,
    host: Annotated[str, typer.Option(help="MQTT broker.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 1883,
    speed: Annotated[str, typer.Option(help="Event seconds a second, or max.")] = "60",
    sites: Annotated[Path | None, typer.Option(help="Another site file than the event's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the event's.", min=0)] = None,
    ca: Annotated[Path | None, typer.Option(help="Certificates of the broker; given, the connection is TLS.")] = None,
    username: Annotated[str, typer.Option(help="MQTT user of the player and of all gateways.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File with that user's password.")] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(help="Folder of passwords for a broker with an access list: mqtt-player, mqtt-SITE."),
    ] = None,
    obey: Annotated[bool, typer.Option("--obey", hidden=True)] = False,
) -> None:
    normal_end()
    from services.job.field import Pace, play
    from services.job.places import catalogue_for, find_event
    from services.telemetry.access import Access, read_secret
    from services.telemetry.link import Server
    from services.telemetry.simulator.scene import scene_of

    if secrets is not None and username:
        raise typer.BadParameter("names every user itself: leave out --username", param_hint="--secrets")
    for file, hint in ((ca, "--ca"), (password_file, "--password-file")):
        if file is not None and not file.is_file():
            raise typer.BadParameter(f"{file} is not a file", param_hint=hint)
    password = read_secret(password_file) if password_file is not None else ""
    access = Access(Server(host, port, username, password, str(ca or "")), secrets)
    described = find_event(event)
    scene = scene_of(described, seed)
    catalogue = catalogue_for(scene, sites)
    pace = Pace(parse_speed(speed))

    async def work() -> dict[str, int]:
        playing = asyncio.create_task(
            play(scene, catalogue, access, pace, run=f"{described.id}/{scene.seed}"), name="play"
        )
        if not obey:
            return asdict(await playing)
        orders = asyncio.create_task(_obey(pace), name="orders")
        done, _ = await asyncio.wait({playing, orders}, return_when=asyncio.FIRST_COMPLETED)
        if playing not in done:
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing
            raise HeadworksError("the run that this simulator belongs to has ended")
        orders.cancel()
        return asdict(playing.result())

    played = asyncio.run(until_interrupted(work()))
    if played is None:
        return
    if obey:
        print_json(played)
    else:
        people().print(f"{played['published']:,} readings in {played['messages']:,} messages, all of them committed")


async def _obey(pace: Pace) -> None:
    """Reads `speed N` from standard input until its end, which means that the parent is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        word, _, value = line.decode("ascii", "replace").strip().partition(" ")
        if word == "speed":
            pace.speed = parse_speed(value)
