"""All commands, and what an error looks like: one sentence on stderr, no traceback for what a person can mend."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from services.cli import apply, bench, check, collect, journal, replay, run, simulate
from services.cli.terminal import set_up_logs
from services.core.errors import HeadworksError

app = typer.Typer(
    name="headworks",
    help="Telemetry, alarms and replay for water utilities.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (run, replay, check, apply, journal, simulate, collect, bench):
    module.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"headworks {version('headworks')}")
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Logs of every step, to stderr.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    set_up_logs(verbose)


def main() -> None:
    """The console script. Ctrl-C is a normal end."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(0)
    except HeadworksError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print("[bold red]error:[/] ", end="")
        print(error, file=sys.stderr)
        sys.exit(1)
