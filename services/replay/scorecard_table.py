"""The scorecard for people: a table for the terminal."""

from __future__ import annotations

from rich.table import Table

from services.core.clock import iso
from services.replay.scorecard import Scorecard


def table(card: Scorecard) -> Table:
    """A row a surge, then what was raised for nothing; the title has the sums."""
    lead = card.median_minutes_before_peak
    grid = Table(
        title=(
            f"{card.event}: {card.hits} of {len(card.surges)} surges announced, "
            f"{len(card.false_alarms)} false alarms ({len(card.false_alarms) / card.days:.2f} a day), "
            f"{card.alarms_per_day:.2f} alarms a day, worst 10 minutes {card.worst_10_minutes}, {card.floods} floods"
            + ("" if lead is None else f", median {lead:g} min before the peak")
        ),
        caption="minutes: positive is before the turbidity peak",
    )
    for name in ("surge", "peak (UTC)", "FNU", "first alarm (UTC)", "rule", "minutes", "more"):
        grid.add_column(name, justify="right" if name in ("FNU", "minutes", "more") else "left")
    for s in card.surges:
        style = "" if s.verdict == "hit" else "bold red"
        lead_text = "" if s.minutes_before_peak is None else f"{s.minutes_before_peak:+g}"
        alarm = "none" if s.alarm is None else iso(s.alarm)
        shown = alarm if s.verdict == "hit" else f"missed ({alarm})"
        grid.add_row(s.id, iso(s.peak), f"{s.value:g}", shown, s.rule, lead_text, str(s.repeats), style=style)
    for kind, strays in (("false alarm", card.false_alarms), ("tolerable", card.tolerated)):
        for stray in strays:
            label = f"{kind}: {stray.period}" if stray.period else kind
            style = "yellow" if kind == "false alarm" else "dim"
            grid.add_row(label, "", "", iso(stray.time), stray.rule, "", "", style=style)
    return grid
