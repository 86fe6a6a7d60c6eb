"""`headworks journal`: the canonical journal of a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.job.options import DEFAULT_DATA, LOG_FILE

HELP = """Print the canonical journal: one JSON line a transition of alarms and incidents, in event time. Two runs that
say the same thing print the same bytes.

Example: [bold]headworks journal --data headworks-data | head[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="journal", help=HELP)(_journal)


def _journal(
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
) -> None:
    from services.job.ledger import journal_of
    from services.runtime.local import LogView

    with LogView.open(data / LOG_FILE) as view:
        for line in journal_of(view):
            print(line)
