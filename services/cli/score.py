"""`headworks score`: how the alarms do on the events of the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import people, print_json, quiet
from services.core.errors import HeadworksError

HELP = """Hold the alarms against what the event library expects: hits, misses, false alarms a day, minutes of warning,
the worst ten minutes, floods, incidents. A simulated event is played in this process as fast as it can be, with no
broker and no log; a recorded one needs its record. Ends with 1 when an event has a miss or a violation.

Example: [bold]headworks score --all[/]
Example: [bold]headworks score liuyang-2023-04-18-storm-turbidity --data headworks-data[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="score", help=HELP)(_score)


def _score(
    events: Annotated[list[str] | None, typer.Argument(help="Events of the library.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every event of the library.")] = False,
    record: Annotated[Path | None, typer.Option(help="The record of the one recorded event that is named.")] = None,
    data: Annotated[Path | None, typer.Option(help="Judge what the run in this folder said, play nothing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object an event, a line each.")] = False,
) -> None:
    from services.job.score import Skipped, find, library, score_event
    from services.replay.details import details
    from services.replay.row import rows_table

    if everything == bool(events):
        raise HeadworksError("name events, or --all")
    chosen = library() if everything else [find(name) for name in dict.fromkeys(events or [])]
    if (record or data) and len(chosen) != 1:
        raise HeadworksError("--record and --data go with one event")
    if (record is not None and not chosen[0].recorded) or (data is not None and chosen[0].recorded):
        raise HeadworksError("--record goes with a recorded event, --data with a simulated one")
    out = quiet() if as_json else people()
    rows, skipped, bad = [], [], False
    for event in chosen:
        try:
            card = score_event(
                event, record=record, data=data, tell=lambda words: out.print(f"[dim]{words}[/]", highlight=False)
            )
        except Skipped as reason:
            skipped.append(f"{event.name}: skipped, {reason}")
            if as_json:
                print_json({"event": event.name, "skipped": str(reason)})
            continue
        row = card.row()
        rows.append(row)
        bad = bad or bool(row.misses or row.violations or row.phases_hit < row.phases)
        if as_json:
            print_json(card.to_json())
        else:
            for line in details(card):
                out.print(line, highlight=False)
    if rows:
        out.print(rows_table(rows))
    for line in skipped:
        out.print(f"[yellow]{line}[/]", highlight=False)
    if bad or not rows:
        sys.exit(1)
