"""`headworks test-paging`: the sensor of the monthly test, from a gateway of its own to the telephone."""

from __future__ import annotations

import asyncio
import time
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from services.cli.interrupt import normal_end, until_interrupted
from services.cli.terminal import people, print_json
from services.core.clock import iso, parse_duration
from services.core.errors import HeadworksError
from services.job.options import DEFAULT_DATA

if TYPE_CHECKING:
    from services.telemetry.test_sensor import Monthly

HELP = """Be the sensor of the monthly test of paging, until Ctrl-C: calm, and one from its hour on for as long as the
test lasts. The site of FILE must have been applied, and a policy must page for it. `--report` says how the last tests
went.

Example: [bold]headworks test-paging sites/paging-test.yaml --monthly "tue 10:00" --secrets DIR[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="test-paging", help=HELP)(_test_paging)


def _test_paging(
    file: Annotated[Path, typer.Argument(help="Site file with the test sensor.")] = Path("sites/paging-test.yaml"),
    monthly: Annotated[str, typer.Option(help='First such weekday of a month: "tue 10:00", the site\'s time.')] = "",
    now: Annotated[bool, typer.Option("--now", help="A test begins at once.")] = False,
    lasts: Annotated[str, typer.Option(help="How long a test lasts.")] = "15m",
    host: Annotated[str, typer.Option(help="MQTT broker.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 1883,
    ca: Annotated[Path | None, typer.Option(help="Certificates of the broker; given, the connection is TLS.")] = None,
    secrets: Annotated[Path | None, typer.Option(help="Folder of passwords: mqtt-SITE.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Only say how the last tests went.")] = False,
    data: Annotated[Path, typer.Option(help="Of --report: the folder of the notification log.")] = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Of --report: one JSON object a test.")] = False,
) -> None:
    if report:
        _report(data, as_json)
        return
    normal_end()
    from services.core.catalogue import load_catalogue
    from services.telemetry.access import Access
    from services.telemetry.link import Server
    from services.telemetry.test_sensor import SIGNAL, Once, measure

    if not monthly and not now:
        raise typer.BadParameter("say when: --monthly, --now or both", param_hint="--monthly")
    try:
        length = parse_duration(lasts)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lasts") from None
    sites = [site for site in load_catalogue(file).sites if any(point.name == SIGNAL for point in site.points)]
    if len(sites) != 1:
        raise HeadworksError(f"{file}: {len(sites)} sites have a point {SIGNAL}, where one must")
    site, once = sites[0], Once(time.time_ns(), length if now else 0)
    schedule = _schedule(monthly, site.time_zone, length) if monthly else None
    access = Access(Server(host, port, "", "", str(ca or "")), secrets)

    def signal(moment: int) -> float:
        return max(once.signal(moment), schedule.signal(moment) if schedule is not None else 0.0)

    asyncio.run(until_interrupted(measure(site, access.of(site.id), signal, time.time_ns)))


def _schedule(text: str, zone: str, lasts: int) -> Monthly:
    from services.telemetry.test_sensor import WEEKDAYS, Monthly

    day, _, at = text.strip().lower().partition(" ")
    try:
        return Monthly(WEEKDAYS.index(day[:3]) + 1, time_of_day.fromisoformat(at), ZoneInfo(zone), lasts)
    except ValueError as error:
        raise typer.BadParameter(f'{text!r}: must be like "tue 10:00" ({error})', param_hint="--monthly") from None


def _report(data: Path, as_json: bool) -> None:
    from services.duty.trials import Trials
    from services.store.database import STORE_FILE, Database

    if not (data / STORE_FILE).exists():
        raise HeadworksError(f"there is no notification log in {data}: `headworks notify` makes one")
    database = Database.in_folder(data)
    try:
        trials, overdue = Trials(database).newest(), Trials(database).overdue(time.time_ns())
    finally:
        database.close()
    for one in trials:
        if as_json:
            print_json({
                "began": iso(one.began), "passed": one.passed, "told": one.told, "answered": one.answered,
                "after": round(one.after / 1e9, 1), "failed": one.failed,
            })  # fmt: skip
            continue
        told = ", ".join(one.told) or "nobody"
        answered = f"answered after {one.after / 1e9:.0f} s ({one.answered})" if one.answered else "nobody answered"
        wrong = f"; {'; '.join(one.failed)}" if one.failed else ""
        people().print(f"{iso(one.began)}  told: {told}; {answered}{wrong}", highlight=False)
    if overdue:
        people().print("overdue: no test was answered in the last 36 days", highlight=False)
