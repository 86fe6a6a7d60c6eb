"""A figure beside its target, and the verdicts. The numbers and their sources are in words.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from services.alerts.performance.words import (
    ACCEPTABLE,
    ENOUGH,
    MANAGEABLE,
    PEAK,
    SHARE,
    SOURCE,
    SPLIT,
    STALE_MOST,
    TOP_GOOD,
    TOP_MOST,
    Verdict,
)
from services.core.clock import DAY
from services.core.rates import BEGINS

LITTLE = f"too little record: {ENOUGH // DAY} days are asked"


@dataclass(frozen=True, slots=True)
class Figure:
    """name: for machines.  value: None when there is nothing to count.  unit: "%" for shares of a hundred.

    target, source: what it is held against, empty when no standard says.  note: what a reader must know of it.
    """

    name: str
    label: str
    value: float | None
    unit: str
    target: str = ""
    source: str = ""
    verdict: Verdict = ""
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


def rate(name: str, label: str, per_ten: float, periods: float, unit: str) -> Figure:
    """An average, as so many ten minutes (`periods`) have it: 1 in 10 minutes, 6 an hour, 144 a day."""
    verdict: Verdict = "good" if per_ten <= ACCEPTABLE else "manageable" if per_ten <= MANAGEABLE else "poor"
    target = f"{ACCEPTABLE * periods:g} acceptable, {MANAGEABLE * periods:g} manageable"
    return Figure(name, label, round(per_ten * periods, 3), unit, target, SOURCE, verdict)


def worst_period(count: int, note: str) -> Figure:
    """The fixed ten minutes with most, as the standards' tables count."""
    verdict: Verdict = "good" if count <= PEAK else "poor"
    return Figure("worst_period", "worst fixed 10 minutes", count, "alarms", f"at most {PEAK}", SOURCE, verdict, note)


def worst_sliding(count: int, note: str) -> Figure:
    """The worst ten minutes wherever they begin: what an operator lived through, and what makes a flood."""
    verdict: Verdict = "good" if count < BEGINS else "poor"
    return Figure(
        "worst_sliding",
        "worst 10 minutes, sliding",
        count,
        "alarms",
        f"below {BEGINS}: no flood",
        SOURCE,
        verdict,
        note,
    )


def low_share(name: str, label: str, share: float, span: int) -> Figure:
    """A share of time or of periods that should stay below 1 %, over 30 days or more."""
    verdict: Verdict = "good" if share < SHARE else "poor"
    note = "" if span >= ENOUGH else LITTLE
    return Figure(
        name, label, _percent(share), "%", f"below {SHARE:.0%}", SOURCE, verdict if span >= ENOUGH else
        "too little record", note,
    )  # fmt: skip


def top_share(share: float | None, span: int) -> Figure:
    """What the ten most frequent alarms make up of all."""
    verdict: Verdict = "too little record"
    if span >= ENOUGH:
        verdict = (
            "" if share is None else "good" if share <= TOP_GOOD else "manageable" if share <= TOP_MOST else "poor"
        )
    return Figure(
        "top_share", "share of the ten most frequent", None if share is None else _percent(share), "%",
        f"{TOP_GOOD:.0%} to {TOP_MOST:.0%} at most", SOURCE, verdict, "" if span >= ENOUGH else LITTLE,
    )  # fmt: skip


def none_wanted(name: str, label: str, count: int, note: str = "") -> Figure:
    """Of which there should be none."""
    return Figure(name, label, count, "alarms", "none", SOURCE, "poor" if count else "good", note)


def stale(name: str, label: str, count: int) -> Figure:
    """Alarms that stand for more than a day."""
    verdict: Verdict = "good" if not count else "manageable" if count < STALE_MOST else "poor"
    return Figure(name, label, count, "alarms", f"below {STALE_MOST}", SOURCE, verdict)


def split(priority: str, share: float | None, span: int) -> Figure:
    """The share of a priority of all that sounded.

    "About" is what the standards say; how far is ours: the low one manageable down to 60 %, the others up to twice
    their share.
    """
    wanted = SPLIT[priority]
    verdict: Verdict = "too little record" if span < ENOUGH else ""
    if share is not None and not verdict:
        low = priority == "medium"
        good = share >= wanted if low else share <= wanted
        fair = share >= wanted - 0.2 if low else share <= 2 * wanted
        verdict = "good" if good else "manageable" if fair else "poor"
    return Figure(
        f"priority_{priority}", f"{priority} of all that sounded", None if share is None else _percent(share), "%",
        f"about {wanted:.0%}", SOURCE, verdict, "" if span >= ENOUGH else LITTLE,
    )  # fmt: skip


def plain(name: str, label: str, value: float | None, unit: str, note: str = "") -> Figure:
    """A figure that no standard has a number for."""
    return Figure(name, label, None if value is None else round(value, 3), unit, note=note)


def _percent(share: float) -> float:
    return round(100 * share, 3)
