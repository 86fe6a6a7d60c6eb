"""`headworks rationalize FILE`: the master alarm database of a site file, to a spreadsheet and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.terminal import people, print_json
from services.core.errors import ConfigError, Fault, HeadworksError

if TYPE_CHECKING:
    from services.core.catalogue.sheet import Plan

HELP = """The master alarm database: one row an alarm, with what it says, what happens, what to do, by when, its
priority and the one that follows from severity and time, what hides it and where it is defined.

--csv writes it for a spreadsheet; --import takes an edited one back, as overrides of the stations, and changes not a
byte else of the file. With --dry-run it only says what would change.

Example: [bold]headworks rationalize sites/liuyang.yaml --site no3 --csv alarms.csv[/]
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="rationalize", help=HELP)(_rationalize)


def _rationalize(
    file: Annotated[Path, typer.Argument(help="Site file.")],
    site: Annotated[str | None, typer.Option(help="Only this site's alarms.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file; - for stdout.")] = None,
    edited: Annotated[Path | None, typer.Option("--import", help="Take the changes of this CSV file.")] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="With --import: say what would change, write nothing.")
    ] = False,
) -> None:
    if edited is not None and (out is not None or site is not None):
        raise HeadworksError("--import: name neither --csv nor --site beside it")
    if dry and edited is None:
        raise HeadworksError("--dry-run is for --import")
    if out is not None and out.resolve() == file.resolve():
        raise HeadworksError(f"--csv: {out} is the site file itself")
    if edited is not None:
        _import(file, edited, dry, as_json)
        return
    from services.core.catalogue.resolve import read_catalogue
    from services.core.catalogue.sheet import rows_of, summary_of, write_table

    reading = read_catalogue(file)
    sites = [one.id for one in reading.catalogue.sites]
    if site is not None and site not in sites:
        raise ConfigError([Fault(str(file), 0, "--site", site, f"must be one of {', '.join(sites)}")])
    rows = list(rows_of(reading, site))
    if out is not None:
        text = write_table(rows)
        if str(out) == "-":
            sys.stdout.write(text)
            return
        out.write_bytes(text.encode("utf-8"))
        if not as_json:
            people().print(f"{len(rows)} alarms written to {out}", highlight=False)
            return
    if as_json:
        whole = {"group": reading.catalogue.group, "name": reading.catalogue.name, "file": str(file)}
        print_json(whole | summary_of(rows) | {"rows": [_plain(row) for row in rows]})
    else:
        _show(rows, summary_of(rows))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Times as `5m`; what JSON has words for stays as it is. In the order of the CSV."""
    from services.core.catalogue.sheet import COLUMNS
    from services.core.catalogue.sheet.columns import duration_text

    return {c.name: duration_text(row[c.name]) if c.write is duration_text else row[c.name] for c in COLUMNS}


def _show(rows: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from services.core.catalogue.sheet.columns import duration_text, number_text

    table = Table("alarm", "kind", "limit", "priority", "within", "consequence → response", box=None, pad_edge=False)
    for row in rows:
        name = "/".join(row[k] for k in ("site", "station", "point", "rule"))
        priority = row["priority"]
        if row["priority_agrees"] is False:
            priority += f" ({row['priority_derived']})" if row["priority_because"] else f" ≠ {row['priority_derived']}"
        words = f"off: {row['off']}" if row["off"] else f"{row['consequence']} → {row['response']}"
        limit = f"{number_text(row['limit'])} {row['unit']}".rstrip()
        cells = (name, row["kind"], limit, priority, duration_text(row["respond_within"]), words)
        table.add_row(*map(escape, cells))
    out = people()
    out.print(table)
    shares, wanted = summary["shares"], summary["shares_wanted"]
    told = {p: f" ({shares[p]:.0%}; EEMUA 191: {wanted[p]:.0%})" for p in shares}
    spread = ", ".join(f"{n} {p}{told.get(p, '')}" for p, n in summary["priorities"].items())
    out.print(
        f"{summary['alarms']} alarms: {spread}; priority other than derived: {summary['with_reason']} with a reason, "
        f"{summary['disagree']} without",
        highlight=False,
    )


def _import(file: Path, edited: Path, dry: bool, as_json: bool) -> None:
    from services.core.catalogue.resolve import read_catalogue
    from services.core.catalogue.sheet import plan_import, read_table, write_plan

    plan = plan_import(file, read_catalogue(file), str(edited), read_table(edited))
    if not dry:
        write_plan(plan)
    written = bool(plan.changes) and not dry
    if as_json:
        changes = [_change(one) for one in plan.changes]
        print_json({"file": str(file), "changes": changes, "unread": plan.unread, "written": written})
        return
    _tell(plan, file, written)


def _change(one: Any) -> dict[str, Any]:
    names = dict(zip(("site", "station", "point", "rule"), one.key, strict=True))
    told = {"column": one.column.name, "old": one.column.write(one.old), "new": one.column.write(one.new)}
    return names | told | {"line": one.line}


def _tell(plan: Plan, file: Path, written: bool) -> None:
    for one in plan.changes:
        print(one)
    if plan.unread:
        print(f"{plan.unread} cells of computed columns differ and were not read")
    number = f"{len(plan.changes)} change{'s' * (len(plan.changes) != 1)}"
    print(f"{number} written to {file}" if written else f"{number}, nothing written")
