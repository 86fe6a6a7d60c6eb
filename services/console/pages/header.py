"""The top line (which utility, what time, is it live) and the banners that say when it is not."""

from __future__ import annotations

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.words import ALARMS, FOOTER, PAGE
from services.core.clock import SECOND


def header(moment: Moment) -> Markup:
    """Name, clock, badges, alarm counts."""
    return join(
        tag("h1", wording.said(moment.utility)),
        _clock(moment),
        _badge(moment),
        _counts(moment),
    )


def _clock(moment: Moment) -> Markup:
    now = moment.view.now
    if now is None:
        return tag("div", tag("span", PAGE["no_clock"], _class="muted"), _class="clock")
    return tag(
        "div",
        tag("time", wording.local(now, moment.zone, "%H:%M:%S"), _class="big"),
        tag(
            "span",
            tag("span", wording.local(now, moment.zone, "%Y-%m-%d")),
            tag(
                "span",
                f"{PAGE['local']}, {wording.zone_label(now, moment.zone)}",
                _class="muted",
                title=str(moment.zone),
            ),
            _class="date",
        ),
        _class="clock",
    )


def _badge(moment: Moment) -> Markup:
    status = moment.status
    if moment.view.ended:
        return tag("span", PAGE["finished"], _class="badge")
    if not status.simulation:
        return tag("span", PAGE["live"], _class="badge")
    speed = f" × {wording.limit(status.speed)}" if status.speed else ""
    return tag("span", PAGE["simulation"] + speed, _class="badge simulation")


def _counts(moment: Moment) -> Markup:
    """Alarms by priority. None is only said to be none while data comes."""
    counts = moment.view.counts()
    none = wording.UNKNOWN if moment.old else "0"
    shown = [
        tag(
            "span",
            symbol(priority, small=True),
            tag("b", str(counts[priority] or none)),
            _class="count" if counts[priority] else "count zero",
        )
        for priority in ("critical", "high", "medium")
    ]
    rate = f"{moment.view.annunciated()} {PAGE['rate']}"
    return tag("div", *shown, tag("span", rate, _class="muted rate"), _class="counts")


def banners(moment: Moment) -> Markup:
    """What makes the page less than the truth; empty when all is well."""
    status, now = moment.status, moment.view.now
    found: list[Markup] = []
    if moment.stopped and now is None:
        found.append(tag("div", PAGE["waiting"], _class="banner alert"))
    elif moment.stopped:
        silence = wording.age(round(status.silence) * SECOND)
        said = PAGE["stopped"].format(time=moment.at(now), silence=silence)
        found.append(tag("div", said, _class="banner alert"))
    elif moment.view.ended:
        said = PAGE["ended"].format(time=moment.at(now))
        found.append(tag("div", said, _class="banner"))
    if status.stopped:
        said = PAGE["processor"].format(names=", ".join(map(wording.said, status.stopped)))
        found.append(tag("div", said, _class="banner alert"))
    if status.problem:
        found.append(tag("div", wording.said(status.problem), _class="banner alert"))
    return join(*found)


def announcement(moment: Moment) -> str:
    """For screen readers: said when it changes."""
    alarms = moment.view.active()
    if moment.stopped:
        return str(PAGE["stopped"].format(time=moment.at(moment.view.now), silence="30 s"))
    if not alarms or alarms[0].priority != "critical":
        return ""
    worst = alarms[0]
    priority = ALARMS["priorities"].get(worst.priority, worst.priority)
    return f"{priority}: {wording.said(worst.site_name)}, {wording.said(worst.description) or worst.point}"


def footer(moment: Moment) -> Markup:
    """What the log has carried."""
    counters = " · ".join(
        f"{wording.said(name.replace('_', ' '))} {wording.count(value)}"
        for name, value in moment.status.counters.items()
    )
    return tag("span", f"{FOOTER['note']} {counters}")
