"""`headworks bench NAME`: a measurement beside its peer, in one run."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from services.cli.terminal import people, print_json

HELP = """Measure beside a peer in the same run, and print one JSON line: bench, unit, ours, peer, ratio.

Example: [bold]headworks bench detect[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="bench", help=HELP)(_bench)


def _bench(
    name: Annotated[str, typer.Argument(help="Which; without a name the list.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The default: one JSON line.")] = True,
) -> None:
    from bench import BENCHES

    if name not in BENCHES:
        if name:
            raise typer.BadParameter(f"{name!r} must be one of {', '.join(BENCHES)}", param_hint="NAME")
        for one in BENCHES:
            people().print(one)
        return
    print_json(import_module(BENCHES[name]).run())
