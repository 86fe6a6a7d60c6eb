"""`headworks run`: the main job."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.interrupt import normal_end, until_interrupted
from services.cli.progress import EventProgress
from services.cli.speed import parse_speed
from services.cli.terminal import people, print_json, quiet
from services.job.options import DEFAULT_DATA, DEFAULT_EVENT, Options

if TYPE_CHECKING:
    from services.core.catalogue import Catalogue
    from services.core.records import Output, Record

HELP = """Play an event from sensor to alarm on this machine: MQTT broker, simulated stations, bridge, site log,
alarms, history and console. What is in the data folder goes on where it stopped.

Example: [bold]headworks run --speed 60[/]

Example: [bold]headworks run dongtai-station-power-loss-flooding --data drill[/]

Example: [bold]headworks run --speed max --until-end --no-console --data /tmp/storm --json[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="run", help=HELP)(_run)


def _run(
    named: Annotated[
        str | None,
        typer.Argument(metavar="EVENT", show_default=DEFAULT_EVENT, help="Event of the library, or an event file."),
    ] = None,
    event: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    speed: Annotated[str, typer.Option(help="Event seconds a second once the first alarm is up, or max.")] = "60",
    until_end: Annotated[bool, typer.Option("--until-end", help="End with the event.")] = False,
    console: Annotated[bool, typer.Option("--console/--no-console", help="Serve the operator's page.")] = True,
    data: Annotated[Path, typer.Option(help="Folder of the site log and the history.")] = DEFAULT_DATA,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: removes the folder's run first.")] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed than the event's.", min=0)] = None,
    sites: Annotated[Path | None, typer.Option(help="Another site file than the event's: try your limits.")] = None,
    broker: Annotated[str, typer.Option(help="auto, mosquitto or amqtt.")] = "auto",
    mqtt_port: Annotated[int, typer.Option(help="MQTT port of the loopback.", min=1, max=65535)] = 1883,
    console_port: Annotated[int, typer.Option(help="Console port of the loopback.", min=1, max=65535)] = 8080,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end, nothing else.")] = False,
) -> None:
    if named is not None and event is not None and named != event:
        raise typer.BadParameter(f"{event!r} is not {named!r}: name one event", param_hint="--event")
    if broker not in ("auto", "mosquitto", "amqtt"):
        raise typer.BadParameter(f"{broker!r} must be auto, mosquitto or amqtt", param_hint="--broker")
    kind: Literal["auto", "mosquitto", "amqtt"] = broker  # type: ignore[assignment]
    options = Options(
        named or event or DEFAULT_EVENT,
        parse_speed(speed),
        until_end,
        console,
        data,
        fresh,
        seed,
        sites,
        kind,
        mqtt_port,
        console_port,
    )
    normal_end()
    # Loaded here, so that `headworks --help` answers at once.
    import structlog

    from services.job.run import Job
    from services.job.summary import to_json
    from services.job.timeline import Timeline

    out = quiet() if as_json else people()
    with EventProgress(out, enabled=until_end and not as_json) as progress:

        def watch(catalogue: Catalogue, since: int) -> list[Callable[[Record | Output], None]]:
            return [] if as_json else [Timeline(progress.console, catalogue, since).take, progress.take]

        def show(words: str) -> None:
            if as_json:
                # Not on stdout, but whoever started this must learn of another port.
                structlog.get_logger("headworks.run").warning(words)
            else:
                progress.console.print(words, style="bold", highlight=False)

        job = Job(options, show, watch)
        progress.span(job.event.start_ns, job.event.end_ns, job.event.time_zone)
        if not as_json:
            out.print(f"[bold]{job.event.title}[/]")
            out.print("[dim]What is documented is in the event's file; all else is a model and labelled so.[/]")
        summary = asyncio.run(until_interrupted(job.run()))
    if summary is None and job.summary is None:
        if as_json:
            print_json(job.so_far())
        out.print("stopped; the next run goes on from here")
        return
    summary = summary or job.summary
    assert summary is not None
    if as_json:
        print_json(to_json(summary))
    else:
        incidents = len(summary.incidents)
        out.print(
            f"{len(summary.alarms)} alarms, {incidents} incident{'s' * (incidents != 1)}; {summary.published:,} "
            f"readings published, {summary.received:,} received, {summary.lost:,} lost, {summary.rejected:,} rejected; "
            f"{summary.wall_seconds:.1f} s, {summary.peak_rss_mb:,.0f} MB"
        )
    if summary.lost:
        sys.exit(1)
