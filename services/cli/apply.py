"""`headworks apply FILE`: a catalogue takes effect through the log, of one machine or of a cluster."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.cluster import command_settings
from services.cli.terminal import people, print_json
from services.core.clock import parse_time
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA, LOG_FILE

if TYPE_CHECKING:
    from services.job.configure import Configured

HELP = """Apply a site file: each site that changed gets a Config record in its log, and behaves by it from there on.
Point indices are kept; an alarm whose rule changed closes with that reason. Stop the run first: a log has one owner.
--cluster applies it to the cluster that the settings name, which goes on running.

Example: [bold]headworks apply sites/liuyang.yaml --data headworks-data[/]
Example: [bold]headworks apply sites/liuyang.yaml --cluster --only no3,upstream[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="apply", help=HELP)(_apply)


def _apply(
    file: Annotated[Path, typer.Argument(help="Site file.")],
    data: Annotated[Path | None, typer.Option(help=f"Folder of the site log ({DEFAULT_DATA}).")] = None,
    add: Annotated[bool, typer.Option("--add", help="Take sites too that the log does not have yet.")] = False,
    cluster: Annotated[bool, typer.Option("--cluster", help="To the cluster that the settings name.")] = False,
    only: Annotated[str, typer.Option(help="With --cluster: of these sites alone, comma-separated.")] = "",
    at: Annotated[str, typer.Option(help="With --cluster: the time at which it takes effect (now).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    if cluster:
        if data is not None or add:
            raise HeadworksError("--cluster: --data and --add are for the log of one machine; --only chooses sites")
        _to_cluster(file, only, at, as_json)
        return
    if only or at:
        raise HeadworksError("--only and --at are for a cluster's log: say --cluster too")
    _to_folder(file, DEFAULT_DATA if data is None else data, add, as_json)


def _to_cluster(file: Path, only: str, at: str, as_json: bool) -> None:
    settings = command_settings()
    from services.core.catalogue import load_catalogue
    from services.job.cluster import apply_catalogue

    chosen = [site.strip() for site in only.split(",") if site.strip()]
    try:
        moment = parse_time(at) if at else time.time_ns()
    except ValueError as error:
        raise HeadworksError(f"--at {at}: not a time with its zone, as 2023-04-18T18:00:00+08:00 ({error})") from None
    configured = asyncio.run(apply_catalogue(settings, load_catalogue(file), moment, chosen))
    _say(file, configured, as_json, {"kafka": settings.kafka, "log": settings.topic("sites")})


def _to_folder(file: Path, data: Path, add: bool, as_json: bool) -> None:
    from services.core.catalogue import load_catalogue
    from services.job.configure import configure
    from services.runtime.local import LocalLog

    catalogue = load_catalogue(file)
    is_new = not (data / LOG_FILE).exists()

    async def work() -> tuple[dict[str, Configured], list[str]]:
        log = LocalLog.open(data / LOG_FILE)
        try:
            configured = await configure(log, catalogue, log.last_tick(), add=add or not log.configs())
        finally:
            log.close()
        return configured, [site.id for site in catalogue.sites if site.id not in configured]

    configured, left_out = asyncio.run(work())
    if is_new and not as_json:
        people().print(f"{data} had no site log: a new one was made", highlight=False)
    if left_out and not as_json:
        people().print(f"not in this log, and left out: {', '.join(left_out)} (--add takes them)", highlight=False)
    _say(file, configured, as_json, {"left_out": left_out, "new_log": is_new})


def _say(file: Path, configured: dict[str, Configured], as_json: bool, more: dict[str, Any]) -> None:
    changed = {site: one.version for site, one in configured.items() if one.changed}
    if as_json:
        print_json({"file": str(file), "changed": changed, **more})
        return
    for site, version in changed.items():
        people().print(f"{site}: version {version}", highlight=False)
    if not changed:
        people().print("nothing has changed")
