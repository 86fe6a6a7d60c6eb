"""`headworks journal`: the canonical journal of a data folder, of a cluster, or of its archive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.cli.cluster import command_settings
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA, LOG_FILE

HELP = """Print the canonical journal: one JSON line a transition of alarms and incidents, in event time. Two runs that
say the same thing print the same bytes. --cluster reads Kafka's topics of alarms and incidents to their present end;
--archive folds the log that an archive holds.

Example: [bold]headworks journal --data headworks-data | head[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="journal", help=HELP)(_journal)


def _journal(
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    cluster: Annotated[bool, typer.Option("--cluster", help="Of the cluster that the settings name.")] = False,
    archive: Annotated[Path | None, typer.Option(help="Of the log in this archive, folded again.")] = None,
) -> None:
    if cluster and archive is not None:
        raise HeadworksError("--cluster and --archive: name only one of them")
    for line in _of_archive(archive) if archive is not None else _of_cluster() if cluster else _of_folder(data):
        print(line)


def _of_archive(root: Path) -> Iterator[str]:
    from services.core.journal import canonical_journal
    from services.job.archived import folded

    yield from canonical_journal(folded(root))


def _of_folder(data: Path) -> Iterator[str]:
    from services.job.ledger import journal_of
    from services.runtime.local import LogView

    with LogView.open(data / LOG_FILE) as view:
        yield from journal_of(view)


def _of_cluster() -> Iterator[str]:
    settings = command_settings()
    from services.core.journal import canonical_journal
    from services.job.cluster import said_in

    yield from canonical_journal(asyncio.run(said_in(settings)))
