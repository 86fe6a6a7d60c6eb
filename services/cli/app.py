"""All commands, and what an error looks like: a sentence on stderr, no traceback for what a person can mend."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from services.cli import (
    apply,
    bench,
    check,
    collect,
    daemons,
    influx,
    journal,
    kpi,
    notify,
    oncall,
    rationalize,
    recompute,
    replay,
    run,
    score,
    simulate,
    test_paging,
    topics,
    users,
)
from services.cli.terminal import complain, set_up_logs
from services.core.errors import ConfigError, HeadworksError

app = typer.Typer(
    name="headworks",
    help="Telemetry, alarms and replay for water utilities.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    run,
    replay,
    check,
    rationalize,
    recompute,
    apply,
    journal,
    kpi,
    score,
    simulate,
    collect,
    bench,
    daemons,
    topics,
    influx,
    notify,
    oncall,
    test_paging,
    users,
):
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
    """The console script: what a person can mend is one sentence, anything else a traceback in the log."""
    try:
        app(standalone_mode=True)
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        number = len(error.faults)
        complain(f"{number} fault{'s' * (number != 1)} in the configuration: nothing was started, nothing changed")
    except HeadworksError as error:
        complain(str(error))
    except OSError as error:
        where = error.filename if error.filename is not None else "a file or connection"
        complain(f"{where} cannot be used ({error.strerror or error}): check the path, its rights and the space there")
    except Exception as error:
        import structlog

        structlog.get_logger("headworks.cli").error("unexpected", exc_info=True)
        complain(f"this should not have happened ({type(error).__name__}: {error}); the log above says where")
    sys.exit(1)
