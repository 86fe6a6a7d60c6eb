"""`headworks kpi`: how well the alarms serve the people who get them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.cluster import command_settings
from services.cli.terminal import people, print_json
from services.core.errors import ConfigError, Fault, HeadworksError
from services.job.options import DEFAULT_DATA, LOG_FILE

if TYPE_CHECKING:
    from services.core.catalogue import Site
    from services.core.records import AlarmEvent, Output

HELP = """Judge the alarms by ISA-18.2 and EEMUA 191, for each operator's position: rates, floods and what came first in
them, chattering, fleeting and stale alarms, priorities, how long alarms waited, what was shelved. Reads a data folder,
a file of `headworks journal` (- is standard input), a cluster, or an archive. docs/guide/kpi.md says what each figure
means.

Example: [bold]headworks kpi --data headworks-data[/]
Example: [bold]headworks journal --cluster | headworks kpi --journal - --sites sites/liuyang.yaml --json[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="kpi", help=HELP)(_kpi)


def _kpi(
    data: Annotated[Path, typer.Option(help="Folder of the site log.")] = DEFAULT_DATA,
    journal: Annotated[str, typer.Option(help="A file of canonical journal lines, or - for standard input.")] = "",
    cluster: Annotated[bool, typer.Option("--cluster", help="Of the cluster that the settings name.")] = False,
    archive: Annotated[Path | None, typer.Option(help="Of the log in this archive, folded again.")] = None,
    sites: Annotated[
        list[Path] | None, typer.Option(help="Site file that says whose alarms go to which position (repeatable).")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="ISO 8601 with offset; else from the beginning.")] = "",
    until: Annotated[str, typer.Option("--until", help="ISO 8601 with offset; else to the end.")] = "",
    position: Annotated[str, typer.Option(help="Only this operator's position.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a position.")] = False,
) -> None:
    from services.alerts.performance import Performance
    from services.alerts.performance.table import tables

    if (journal != "") + cluster + (archive is not None) > 1:
        raise HeadworksError("--journal, --cluster and --archive: name only one of them")
    start, end = _time(since, "--from"), _time(until, "--until")
    positions = {site.id: site.position for file in sites or [] for site in _catalogue(file)}
    with ExitStack() as stack:
        if journal:
            events: Iterable[AlarmEvent] = _of_lines(journal, stack)
        elif cluster:
            from services.job.cluster import said_in

            events = _ordered(asyncio.run(said_in(command_settings())))
        elif archive is not None:
            from services.job.archived import folded

            events = _ordered(folded(archive))
        else:
            known, first, last, events = _of_folder(data, stack)
            positions = {**known, **positions}
            start, end = start or first, end or last
        performance: Performance | None = None
        newest = 0
        for event in events:
            if end and event.time >= end:
                break
            if performance is None:
                start = start or event.time
                performance = Performance(positions, start)
            performance.take([event])
            newest = event.time
    if performance is None:
        if not start or not end:
            raise HeadworksError("the journal has no alarms: say from when to when with --from and --until")
        performance = Performance(positions, start)
    if end and end <= start:
        raise HeadworksError(f"--until must be after the beginning ({_iso(start)}); it is {_iso(end)}")
    reports = performance.reports(end or max(newest, start) + 1, position)
    if not reports:
        known_as = sorted({*positions.values(), "dispatch"})
        raise HeadworksError(f"--position {position!r}: no such position; there are {', '.join(known_as)}")
    for report in reports:
        if as_json:
            print_json(report.to_json())
        else:
            for table in tables(report):
                people().print(table)


def _of_folder(data: Path, stack: ExitStack) -> tuple[dict[str, str], int, int, Iterator[AlarmEvent]]:
    from services.core.catalogue import from_json
    from services.job.ledger import outputs_of
    from services.runtime.local import LogView

    view = stack.enter_context(LogView.open(data / LOG_FILE))
    configs = view.configs()
    positions = {name: from_json(one.catalogue_json).position for name, one in configs.items()}
    ordered = list(_ordered(outputs_of(view)))
    first = min([one.time for one in configs.values()] + [event.time for event in ordered[:1]], default=0)
    last = max([view.last_tick()] + [event.time + 1 for event in ordered[-1:]])
    return positions, first, last, iter(ordered)


def _ordered(outputs: Iterable[Output]) -> Iterator[AlarmEvent]:
    """As the canonical journal has them: in order, each once."""
    from services.alerts.performance.lines import read_lines
    from services.core.journal import canonical_journal
    from services.core.records import AlarmEvent

    said = read_lines(canonical_journal(outputs), "journal")
    return (event for event in said if isinstance(event, AlarmEvent))


def _of_lines(name: str, stack: ExitStack) -> Iterator[AlarmEvent]:
    from services.alerts.performance.lines import LONGEST, read_lines
    from services.core.records import AlarmEvent

    if name == "-":
        raw = sys.stdin.buffer
        file = "standard input"
    else:
        raw = stack.enter_context(Path(name).open("rb"))  # noqa: SIM115  the stack closes it
        file = name

    def lines() -> Iterator[str]:
        number = 0
        # Bounded while it is read: a line without an end must not fill the memory.
        while line := raw.readline(LONGEST + 2):
            number += 1
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ConfigError([Fault(file, number, "line", "not UTF-8", str(error))]) from None

    return (event for event in read_lines(lines(), file) if isinstance(event, AlarmEvent))


def _catalogue(file: Path) -> Iterable[Site]:
    from services.core.catalogue import load_catalogue

    return load_catalogue(file).sites


def _time(text: str, option: str) -> int:
    from services.core.clock import parse_time

    if not text:
        return 0
    try:
        return parse_time(text)
    except ValueError as error:
        raise HeadworksError(f"{option} {text!r}: {error}; write 2023-04-18T20:00:00+08:00") from None


def _iso(time: int) -> str:
    from services.core.clock import iso

    return iso(time)
