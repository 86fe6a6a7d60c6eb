"""`headworks apply FILE`: a catalogue takes effect through the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.terminal import people, print_json
from services.job.options import DEFAULT_DATA, LOG_FILE

HELP = """Apply a site file: each site that changed gets a Config record in its log, and behaves by it from there on.
Point indices are kept; an alarm whose rule changed closes with that reason. Stop the run first: a log has one owner.

Example: [bold]headworks apply sites/liuyang.yaml --data headworks-data[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="apply", help=HELP)(_apply)


def _apply(
    file: Annotated[Path, typer.Argument(help="Site file.")],
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    add: Annotated[bool, typer.Option("--add", help="Take sites too that the log does not have yet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    from services.core.catalogue import load_catalogue
    from services.job.configure import configure
    from services.runtime.local import LocalLog

    catalogue = load_catalogue(file)

    is_new = not (data / LOG_FILE).exists()

    async def work() -> tuple[dict[str, str], list[str]]:
        log = LocalLog.open(data / LOG_FILE)
        try:
            configured = await configure(log, catalogue, log.last_tick(), add=add or not log.configs())
        finally:
            log.close()
        left_out = [site.id for site in catalogue.sites if site.id not in configured]
        return {site: one.version for site, one in configured.items() if one.changed}, left_out

    changed, left_out = asyncio.run(work())
    if is_new and not as_json:
        people().print(f"{data} had no site log: a new one was made", highlight=False)
    if left_out and not as_json:
        people().print(f"not in this log, and left out: {', '.join(left_out)} (--add takes them)", highlight=False)
    if as_json:
        print_json({"file": str(file), "changed": changed, "left_out": left_out, "new_log": is_new})
    elif changed:
        for site, version in changed.items():
            people().print(f"{site}: version {version}", highlight=False)
    else:
        people().print("nothing has changed")
