"""`headworks notify` pages people; `headworks why` says why it did, or did not."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupt import normal_end, until_interrupted
from services.cli.terminal import people, print_json
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA

if TYPE_CHECKING:
    from services.daemons.daemon import Work

NOTIFY_HELP = """Follow a folder's log and page whom the rosters and policies in FILE name, or those in force, until
Ctrl-C. It keeps its own log beside the site log: a restart pages nobody twice and forgets nobody. The file's fields:
docs/guide/paging.md.

Example: [bold]headworks notify sites/oncall/liuyang.yaml --data headworks-data[/]

In a cluster: [bold]headworks notify sites/oncall/liuyang.yaml --cluster[/]
"""

WHY_HELP = """Why did it page, or not? Every decision on an occurrence, an incident or a problem, with its reason.

Example: [bold]headworks why no3/intake/screen_head/screen-head-structural@1681821895000000000[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(name="notify", help=NOTIFY_HELP)(_notify)
    app.command(name="why", help=WHY_HELP)(_why)


def _notify(
    file: Annotated[
        Path | None, typer.Argument(help="Rosters, policies and channels; without it those that are in force.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    player: Annotated[bool, typer.Option("--player", help="A simulated event: the clock is the run's.")] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="At the first start: take all that the log holds too.")
    ] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Follow a cluster's topics; HEADWORKS_* variables instead of --data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counters as one JSON object at the end.")] = False,
) -> None:
    normal_end()
    _needed()
    if cluster:
        _over_cluster(file, player, whole)
        return
    from services.core.phrases import kept, shipped
    from services.notify.folder import FolderSource
    from services.notify.following import Told, notify
    from services.store.database import Database

    told, phrases = Told(), shipped().with_own(kept(data))

    async def work() -> None:
        async with FolderSource(data, player) as source:
            database = Database.in_folder(data)
            try:
                await notify(file, source, database, whole, told, phrases)
            finally:
                database.close()

    asyncio.run(until_interrupted(work()))
    if as_json:
        print_json(told.counts)
    else:
        counts = ", ".join(f"{name} {value}" for name, value in sorted(told.counts.items()))
        people().print(counts or "nothing was to be told", highlight=False)


def _over_cluster(file: Path | None, player: bool, whole: bool) -> None:
    """HeadworksError when the packages for a cluster are not installed."""
    from services.cli.daemons import run_service

    def make() -> tuple[Work, tuple[str, ...]]:
        from services.notify.daemon import NEEDED, paging
        from services.notify.following import Told

        return paging(file, whole, Told()), NEEDED

    run_service("notify", make, **({"player": True} if player else {}))


def _why(
    name: Annotated[str, typer.Argument(help="An occurrence, an incident, or a problem.")],
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a decision.")] = False,
) -> None:
    _needed()
    from services.core.clock import iso
    from services.duty.log import Store
    from services.store.database import STORE_FILE, Database

    file = data / STORE_FILE
    if not file.exists():
        raise HeadworksError(f"there is no notification log {file}: `headworks notify` makes one")
    database = Database.in_folder(data)
    try:
        found = Store(database).decisions(name)
    finally:
        database.close()
    if not found:
        raise HeadworksError(
            f"nothing was decided on {name}; `headworks journal` has the names, and what was before the first "
            "`headworks notify` is history to it"
        )
    for one in found:
        if as_json:
            print_json(asdict(one))
            continue
        who = f" {one.person} by {one.channel or one.urgency}" if one.person else ""
        detail = f" ({one.detail})" if one.detail else ""
        print(f"{iso(one.time)} {one.kind.value}{who}: {one.why.value}{detail}")
    sys.stdout.flush()


def _needed() -> None:
    try:
        import services.notify.following  # noqa: F401
    except ImportError as error:
        raise HeadworksError(
            f"paging needs more packages than the main job: install headworks[oncall] ({error})"
        ) from error
