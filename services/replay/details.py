"""What of a scorecard a person has to look at: misses, false alarms, violations, and the warnings."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from services.core.clock import iso
from services.replay.scorecard import Scorecard
from services.replay.timeline_score import Judged, TimelineScore


def details(card: Scorecard | TimelineScore) -> Iterator[str]:
    """Lines for the terminal; none of what is as it should be, but for the warnings."""
    if isinstance(card, Scorecard):
        for surge in card.surges:
            if surge.verdict == "miss":
                late = "" if surge.alarm is None else f", an alarm came at {iso(surge.alarm)}"
                yield f"[red]missed[/] {escape(surge.id)}, peak {iso(surge.peak)}{late}"
        for stray in card.false_alarms:
            yield f"[yellow]false[/] {iso(stray.time)} {escape(f'{stray.station}/{stray.point}/{stray.rule}')}"
        return
    for one in (*card.alarms, *card.phases):
        if not one.hit:
            yield _missed(one)
    for time, name in card.false_alarms:
        yield f"[yellow]false[/] {iso(time)} {escape(name)}"
    for time, name in card.violations:
        yield f"[red]must not be[/] {iso(time)} {escape(name)}"
    if card.too_many:
        yield "[red]more alarms at a time than the event allows[/]"
    for warned in card.warnings:
        style = "green" if warned.enough else "red"
        told = "nobody was told" if warned.minutes is None else f"{warned.minutes:g} min of warning"
        yield f"[{style}]{told}[/]: {escape(warned.consequence)}, {iso(warned.at)}"


def _missed(one: Judged) -> str:
    near = "" if one.nearest is None else f", came at {iso(one.nearest)}"
    return f"[red]missed[/] {escape(one.name)}, wanted at {iso(one.at)}{near}"
