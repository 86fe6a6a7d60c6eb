"""`headworks apply FILE`: a catalogue takes effect through the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import people, print_json
from services.job.options import DEFAULT_DATA, LOG_FILE

HELP = """Apply a site file: each site that changed gets a Config record in its log, and behaves by it from there on.
Point indices are kept; an alarm whose rule changed closes with that reason.

Example: [bold]headworks apply sites/liuyang.yaml --data headworks-data[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="apply", help=HELP)(_apply)


def _apply(
    file: Annotated[Path, typer.Argument(help="Site file.")],
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    from services.core.catalogue import load_catalogue
    from services.job.configure import configure
    from services.runtime.local import LocalLog

    catalogue = load_catalogue(file)

    async def work() -> dict[str, str]:
        log = LocalLog.open(data / LOG_FILE)
        try:
            configured = await configure(log, catalogue, log.last_tick())
        finally:
            log.close()
        return {site: version for site, (_, version, changed) in configured.items() if changed}

    changed = asyncio.run(work())
    if as_json:
        print_json({"file": str(file), "changed": changed})
    elif changed:
        for site, version in changed.items():
            people().print(f"{site}: version {version}", highlight=False)
    else:
        people().print("nothing has changed")
