"""`headworks influx apply`: buckets, retention and tokens of InfluxDB."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.cluster import command_settings
from services.cli.terminal import people, print_json

HELP = "InfluxDB, as the sink and Grafana want it."

APPLY = """Make the buckets that are missing, with their retention, and tokens that may no more than they must. With
HEADWORKS_INFLUX_SPLIT=true readings are kept 30 days, minutes a year, hours and alarms for ever; replays have no limit.
HEADWORKS_INFLUX_TOKEN (or _TOKEN_FILE) must be an operator's token. What is otherwise and was not put right is said,
and the status is 1. Done again it changes nothing.

Example: [bold]headworks influx apply --sink-token secrets/sink --grafana-token secrets/grafana[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    influx = typer.Typer(name="influx", help=HELP, no_args_is_help=True, rich_markup_mode="rich")
    influx.callback()(_group)
    influx.command(name="apply", help=APPLY)(_apply)
    app.add_typer(influx)


def _group() -> None:
    """With a single command typer would otherwise drop its name."""


def _apply(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; say what is otherwise.")] = False,
    shorten: Annotated[
        bool, typer.Option("--shorten", help="Where a bucket keeps too long, delete what is older than it should keep.")
    ] = False,
    sink_token: Annotated[
        Path | None, typer.Option(help="File for the sink's token when it is made (mode 600; must not be there).")
    ] = None,
    grafana_token: Annotated[
        Path | None, typer.Option(help="File for Grafana's token when it is made (mode 600; must not be there).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    settings = command_settings()
    from services.aggregator.sinks.influx.apply import Wanted, apply

    wanted = Wanted.of(settings.influx_bucket, settings.influx_split)
    given = {"sink": sink_token, "grafana": grafana_token}
    outcome = apply(
        settings.influx_url,
        settings.influx_org,
        settings.influx_token.get_secret_value(),
        wanted,
        check=check,
        shorten=shorten,
        files={name: path for name, path in given.items() if path is not None},
    )
    if as_json:
        print_json({"influxdb": settings.influx_url, "done": outcome.done, "drift": outcome.drift})
    else:
        for sentence in (*outcome.done, *outcome.drift) or ("all is as it should be",):
            people().print(sentence, highlight=False, markup=False)
    if outcome.drift:
        raise typer.Exit(1)
