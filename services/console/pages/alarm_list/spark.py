"""The last hours of a point as a small drawing, with the limit as a line; gaps stay gaps."""

from __future__ import annotations

import math

from services.console.markup import Markup, tag
from services.console.view.snapshots import Trend

WIDTH, HEIGHT, EDGE = 132, 30, 3

#: Samples of a drawing of this width: more would not be seen.
SAMPLES = 90


def spark(
    trend: Trend, limit: float | None, now: int, span: int, label: str, *,
    size: tuple[int, int] = (WIDTH, HEIGHT), onset: int | None = None,
) -> Markup:  # fmt: skip
    """An SVG of `span` ns before `now`; empty when nothing is known of that time. The limit is always in it.

    onset: a line stands at this time (ns).
    """
    width, height = size
    samples = [(time, value) for time, value in zip(trend.times, trend.values, strict=True) if time >= now - span]
    values = [value for _, value in samples if value is not None and math.isfinite(value)]
    if not values:
        return Markup()
    bounds = [*values, limit] if limit is not None and math.isfinite(limit) else values
    low, high = min(bounds), max(bounds)
    room = (high - low) or abs(high) or 1.0

    def y(value: float) -> str:
        return f"{height - EDGE - (value - low) / room * (height - 2 * EDGE):.1f}"

    def x(time: int) -> str:
        return f"{(time - now + span) / span * (width - EDGE):.1f}"

    lines: list[list[str]] = [[]]
    for time, value in samples:
        if value is None or not math.isfinite(value):
            lines.append([])
        else:
            lines[-1].append(f"{x(time)},{y(value)}")
    drawn = [tag("polyline", points=" ".join(line), _class="trace") for line in lines if len(line) > 1]
    time, value = samples[-1]
    if value is not None and math.isfinite(value):
        drawn.append(tag("circle", cx=x(time), cy=y(value), r="2.5", _class="newest"))
    if limit is not None and math.isfinite(limit):
        drawn.insert(0, tag("line", x1="0", x2=str(width), y1=y(limit), y2=y(limit), _class="limit"))
    if onset is not None and onset >= now - span:
        drawn.insert(0, tag("line", x1=x(onset), x2=x(onset), y1="0", y2=str(height), _class="onset"))
    return tag("svg", *drawn, _class="spark", viewBox=f"0 0 {width} {height}", width=str(width), height=str(height),
               role="img", aria_label=label, preserveAspectRatio="none")  # fmt: skip
