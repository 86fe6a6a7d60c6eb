"""`headworks recompute`: the windows that late readings changed after they had left memory."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import people, print_json
from services.job.options import DEFAULT_DATA

HELP = """Give the windows anew that got readings after they had left memory, from the history of a data folder, when no
run has it. docs/guide/windows.md says which those are.

Example: [bold]headworks recompute --data headworks-data[/]

In a cluster it is a service, which follows what the aggregate workers ask for, beside the archive's folder:
[bold]headworks recompute --cluster[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="recompute", help=HELP)(_recompute)


def _recompute(
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="A cluster's service; HEADWORKS_* variables instead of --data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    if cluster:
        from services.cli.daemons import serve

        serve("recompute")
        return
    from services.job.recompute import recompute_all

    done = asyncio.run(recompute_all(data))
    if as_json:
        print_json(asdict(done))
    else:
        people().print(f"{done.windows} windows, {done.rows} rows of points, of {done.spans} spans")
