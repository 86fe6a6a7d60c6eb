"""`headworks replay FILE`: a recorded river through the same processors."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupt import until_interrupted
from services.cli.progress import EventProgress
from services.cli.speed import parse_speed
from services.cli.terminal import people, print_json, quiet

HELP = """Replay a record (USGS RDB, instantaneous-values JSON or OGC JSON) through the site log and the alarms, and
score the alarms against what the event library expects.

Example: [bold]headworks replay usgs-01650800-2019-05.rdb --site sites/sligo.yaml[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="replay", help=HELP)(_replay)


def _replay(
    file: Annotated[Path, typer.Argument(help="The record.")],
    site: Annotated[Path, typer.Option(help="Site file.")],
    name: Annotated[str | None, typer.Option(help="Which site of the file, when it has several.")] = None,
    speed: Annotated[str, typer.Option(help="Event seconds a second, or max.")] = "max",
    data: Annotated[Path | None, typer.Option(help="Keep log and history here (else they are thrown away).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    from services.core.catalogue import Catalogue
    from services.job.places import home
    from services.job.replay import replay
    from services.job.timeline import Timeline
    from services.replay.opening import open_replay, span
    from services.replay.scorecard_table import table

    pace = parse_speed(speed)
    prepared = open_replay(file, site, name)
    out = quiet() if as_json else people()
    for choice in prepared.choices:
        out.print(f"[dim]{choice}[/]", highlight=False)
    for reason, count in sorted(prepared.rejects.counts.items()):
        out.print(f"[yellow]rejected {count}: {reason}[/]", highlight=False)
    catalogue = Catalogue(group=prepared.site.group, name=prepared.site.name, sites=(prepared.site,))
    with ExitStack() as stack:
        progress = stack.enter_context(EventProgress(out, enabled=True))
        progress.span(*span(prepared), prepared.site.time_zone)
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headworks-replay-")))
        timeline = Timeline(progress.console, catalogue)
        result = asyncio.run(
            until_interrupted(replay(prepared, folder, home() / "events", pace, [timeline.take, progress.take]))
        )
    if result is None:
        return
    if as_json:
        print_json(result.summary)
        return
    out.print(
        f"{result.summary['readings']:,} readings, {len(result.summary['alarms'])} alarms, "
        f"{result.summary['wall_seconds']:.1f} s"
    )
    if result.card is not None:
        out.print(table(result.card))
    else:
        out.print("the event library expects nothing of this record")
