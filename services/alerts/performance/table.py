"""The report for people: tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from services.alerts.performance.figures import Figure
from services.alerts.performance.report import PositionReport
from services.alerts.performance.words import SOURCE
from services.core.clock import DAY, iso

_STYLE = {"good": "green", "manageable": "yellow", "poor": "bold red", "too little record": "dim", "": ""}


def tables(report: PositionReport) -> Iterator[Table]:
    """The figures; floods, if there were any, each with its first alarms; the alarms to mend first."""
    days = (report.end - report.start) / DAY
    yield _figures(report, f"{report.position}: {report.total} alarms in {days:.2f} days, to {iso(report.end)}")
    if report.floods:
        yield _floods(report)
    if report.top:
        yield _alarms(report)


def _figures(report: PositionReport, title: str) -> Table:
    grid = Table(title=escape(title), caption=f"targets: {SOURCE}")
    for name in ("figure", "value", "target", "verdict", "note"):
        grid.add_column(name, justify="right" if name == "value" else "left")
    for one in report.figures:
        grid.add_row(
            one.label, _value(one), one.target, f"[{_STYLE[one.verdict]}]{one.verdict}[/]" if one.verdict else "",
            escape(one.note) if one.verdict != "too little record" else "30 days are asked",
        )  # fmt: skip
    return grid


def _value(one: Figure) -> str:
    return "none" if one.value is None else f"{one.value:,.6g} {one.unit}"


def _floods(report: PositionReport) -> Table:
    grid = Table(title="floods: from 10 in 10 minutes until below 5; what came first, in event time")
    for name in ("begin", "end", "alarms", "peak", "first out"):
        grid.add_column(name, justify="right" if name in ("alarms", "peak") else "left")
    for one in report.floods:
        lasting = report.lasting and one is report.floods[-1]
        first = "\n".join(
            f"{iso(a.time)} {a.alarm}" + (" (its clock is wrong: order uncertain)" if a.uncertain else "")
            for a in one.first_out
        )
        end = "lasts" if lasting else iso(one.time)
        grid.add_row(iso(one.began), end, str(one.total), str(one.peak), escape(first))
    return grid


def _alarms(report: PositionReport) -> Table:
    chatter = {one.alarm: one.count for one in report.chattering}
    fleeting = {one.alarm: one.count for one in report.fleeting}
    shown = {one.alarm: one for one in report.top}
    grid = Table(title="the most frequent, and those that chatter, are fleeting or stale")
    for name in ("alarm", "times", "share", "chattering", "fleeting", "stale"):
        grid.add_column(name, justify="left" if name == "alarm" else "right")
    for name in dict.fromkeys((*shown, *chatter, *fleeting, *report.stale)):
        often = shown.get(name)
        grid.add_row(
            escape(name), str(often.count) if often else "", f"{often.share:.0%}" if often else "",
            str(chatter.get(name, "")), str(fleeting.get(name, "")), "yes" if name in report.stale else "",
        )  # fmt: skip
    return grid
