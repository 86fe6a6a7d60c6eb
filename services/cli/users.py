"""`headworks users`: who may sign in to the console and its API, with which role, and their tokens."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.terminal import people, print_json
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA

if TYPE_CHECKING:
    from services.access.accounts import Accounts
    from services.access.roles import Role

HELP = """Who may use the HTTP API: users with a role (viewer, operator, engineer, administrator), and their tokens.
docs/guide/access.md says what each role may.

Example: [bold]echo | headworks users add scada --role operator --data headworks-data[/]

Example: [bold]headworks users token scada --label hmi --data headworks-data[/]
"""

_Data = Annotated[Path, typer.Option(help="Data folder; its people.sqlite keeps them.")]
_Shown = Annotated[str, typer.Option(help="The name that people read; else the user's.")]
_Name = Annotated[str, typer.Argument(help="The user's name.")]
_Role = Annotated[str, typer.Option(help="viewer, operator, engineer or administrator.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    users = typer.Typer(name="users", help=HELP, no_args_is_help=True)
    users.command(name="add", help="Add a user. The password is read from standard input; an empty one: tokens only.")(
        _add
    )
    users.command(name="change", help="Change a user's role, password or whether they may sign in.")(_change)
    users.command(name="list", help="List the users.")(_list)
    users.command(name="token", help="Make a token for a program; it is shown once, on standard output.")(_token)
    users.command(name="revoke", help="A token, by its id, opens nothing any more.")(_revoke)
    app.add_typer(users)


@contextmanager
def _accounts(data: Path) -> Iterator[Accounts]:
    from services.access.accounts import Accounts
    from services.store.database import Database

    if not data.is_dir():
        raise HeadworksError(f"there is no folder {data}: `headworks run --data {data}` makes it")
    database = Database.in_folder(data)
    try:
        yield Accounts(database, time.time_ns, time.monotonic)
    finally:
        database.close()


def _role(name: str) -> Role:
    from services.access.roles import Role

    try:
        return Role(name)
    except ValueError:
        raise HeadworksError(f"role {name!r}: must be one of {', '.join(one.value for one in Role)}") from None


def _password(name: str) -> str:
    """From standard input, unseen where that is a terminal."""
    if sys.stdin.isatty():
        return str(
            typer.prompt(f"Password of {name} (empty: tokens only)", default="", hide_input=True, show_default=False)
        )
    return sys.stdin.readline().rstrip("\n")


def _add(name: _Name, role: _Role = "viewer", shown: _Shown = "", data: _Data = DEFAULT_DATA) -> None:
    wanted = _role(role)
    with _accounts(data) as accounts:
        accounts.add(name, wanted, shown, _password(name))
    people().print(f"{name}: {role}", highlight=False)


def _change(
    name: _Name,
    role: Annotated[str | None, typer.Option(help="The new role.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Read a new password from standard input.")] = False,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="May, or may not, sign in.")] = None,
    data: _Data = DEFAULT_DATA,
) -> None:
    wanted = _role(role) if role is not None else None
    with _accounts(data) as accounts:
        accounts.change(name, role=wanted, password=_password(name) if password else None, active=active)
    people().print(f"{name}: changed", highlight=False)


def _list(
    data: _Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    with _accounts(data) as accounts:
        found = [(one, active, accounts.tokens(one.name)) for one, active in accounts.users()]
    if as_json:
        print_json({"users": [
            {"name": one.name, "shown": one.shown, "role": one.role.value, "active": active,
             "tokens": [{"id": i, "label": label, "expires": end} for i, label, end in tokens]}
            for one, active, tokens in found
        ]})  # fmt: skip
        return
    for one, active, tokens in found:
        state = "" if active else " (may not sign in)"
        people().print(f"{one.name}: {one.role.value}{state}", highlight=False)
        for name, label, end in tokens:
            people().print(f"  token {name} {label} until {end}", highlight=False, markup=False)


def _token(
    name: _Name,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(help="How long it opens.", min=1, max=400)] = 90,
    data: _Data = DEFAULT_DATA,
) -> None:
    with _accounts(data) as accounts:
        print(accounts.new_token(name, label, days))


def _revoke(
    token_id: Annotated[str, typer.Argument(help="The token's id, as `users list` shows it.")],
    data: _Data = DEFAULT_DATA,
) -> None:
    with _accounts(data) as accounts:
        accounts.revoke(token_id)
    people().print(f"{token_id}: revoked", highlight=False)
