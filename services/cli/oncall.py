"""`headworks oncall`: puts a file of rosters and policies in force, and says who is on call."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from services.cli.terminal import people, print_json
from services.core.clock import parse_time, to_datetime
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA

if TYPE_CHECKING:
    from services.alerts.oncall.policy import Person
    from services.duty.on_duty import OnDuty
    from services.duty.rules import Rules, Version

HELP = """The on-call rules in force: which file was applied, who is on call. The file's fields: docs/guide/paging.md.

Example: [bold]headworks oncall apply sites/oncall/liuyang.yaml --data headworks-data[/]

Example: [bold]headworks oncall show --data headworks-data[/]
"""

APPLY_HELP = """Check a file and put it in force. A running `headworks notify` takes it within seconds, and goes on
with what it is paging. The same content again changes nothing."""

_Data = Annotated[Path, typer.Option(help="Data folder; its people.sqlite keeps the rules.")]
_Cluster = Annotated[
    bool, typer.Option("--cluster", help="The database that HEADWORKS_PEOPLE names, in place of --data.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    oncall = typer.Typer(name="oncall", help=HELP, no_args_is_help=True)
    oncall.command(name="apply", help=APPLY_HELP)(_apply)
    oncall.command(name="show", help="Which rules are in force, who is on call, until when, and who is next.")(_show)
    app.add_typer(oncall)


@contextmanager
def _rules(data: Path, cluster: bool) -> Iterator[Rules]:
    from services.duty.rules import Rules
    from services.store.database import Database

    if cluster:
        from services.core.settings import load_settings
        from services.daemons.people import open_people

        database = open_people(load_settings())
    elif not data.is_dir():
        raise HeadworksError(f"there is no folder {data}: `headworks run --data {data}` makes it")
    else:
        database = Database.in_folder(data)
    try:
        yield Rules(database, time.time_ns)
    finally:
        database.close()


def _apply(
    file: Annotated[Path, typer.Argument(help="Rosters, policies and channels.")],
    data: _Data = DEFAULT_DATA,
    cluster: _Cluster = False,
    as_json: _Json = False,
) -> None:
    from services.duty.rules import read

    wanted = read(file, time.time_ns())
    with _rules(data, cluster) as rules:
        before = rules.mark()
        version = rules.apply(wanted, getpass.getuser())
        new = rules.mark() != before
        lost = rules.lost(wanted, time.time_ns())
    if as_json:
        print_json({"version": version.version, "new": new, "swaps_lost": [one.number for one in lost]})
        return
    said = "in force from now on" if new else "in force already: nothing changed"
    out = people()
    out.print(f"{escape(str(file))}: {version.version}, {said}", highlight=False)
    for one in lost:
        swap = f"swap {one.number} ({one.roster}: {one.person})"
        out.print(f"[yellow]note[/] {escape(swap)} does not hold any more: they are not in this file", highlight=False)


def _show(
    data: _Data = DEFAULT_DATA,
    cluster: _Cluster = False,
    at: Annotated[str, typer.Option(help="At this time, e.g. 2023-04-18T21:00:00+08:00, in place of now.")] = "",
    as_json: _Json = False,
) -> None:
    from services.duty.on_duty import on_duty

    try:
        moment = parse_time(at) if at else time.time_ns()
    except ValueError:
        raise HeadworksError(f"--at {at!r}: must be a time with an offset, 2023-04-18T21:00:00+08:00") from None
    with _rules(data, cluster) as rules:
        newest, now = rules.newest(), rules.in_force(moment)
    if newest is None or now is None:
        raise HeadworksError("no on-call rules are in force: `headworks oncall apply FILE` puts a file in force")
    zones = {roster.id: ZoneInfo(roster.time_zone) for roster in now.rosters}
    found = on_duty(now, moment)
    if as_json:
        print_json(_plain(newest, found, zones))
        return
    out = people()
    zone = ZoneInfo(now.time_zone)
    out.print(f"rules {newest.version}, since {_local(newest.time, zone)} by {escape(newest.who)}", highlight=False)
    for one in found:
        until = f"until {_local(one.until, zones[one.roster])}" if one.until else "for the next weeks"
        after = f", then {escape(_names(one.follows))}" if one.until else ""
        who = escape(_names(one.people)) or "[bold red]nobody[/]"
        out.print(f"{escape(one.name)}: [bold]{who}[/] {until}{after}", highlight=False)


def _plain(newest: Version, found: tuple[OnDuty, ...], zones: dict[str, ZoneInfo]) -> dict[str, object]:
    return {
        "version": newest.version,
        "number": newest.number,
        "who": newest.who,
        "rosters": [
            {
                "roster": one.roster,
                "people": [person.id for person in one.people],
                "until": _iso(one.until, zones[one.roster]) if one.until else None,
                "then": [person.id for person in one.follows],
            }
            for one in found
        ],
    }


def _names(found: tuple[Person, ...]) -> str:
    return ", ".join(person.name or person.id for person in found)


def _local(ns: int, zone: ZoneInfo) -> str:
    return to_datetime(ns).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _iso(ns: int, zone: ZoneInfo) -> str:
    return to_datetime(ns).astimezone(zone).isoformat()
