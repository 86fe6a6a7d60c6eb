"""What happened in an incident, line by line: alarms, phases, what people did and wrote, pages that were sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from services.alerts.oncall.decisions import Decision, Kind
from services.console import wording
from services.console.acting.comments import Comment
from services.console.markup import Markup, join, tag
from services.console.pages import incident, naming
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view.shift import Course
from services.console.view.snapshots import IncidentView
from services.console.words import ALARMS, TIMELINE
from services.core.records import AlarmEvent
from services.duty.steps import Tick

#: What may be shown or left out.
KINDS = ("phases", "alarms", "people", "pages")

#: Lines that are drawn; of more the newest are.
SHOWN = 250

#: Transitions that tell of the condition itself; of attention and service those that a person made are told.
_TOLD = frozenset(("raised", "cleared", "realarmed", "uncertain", "certain", "missed", "superseded"))

#: What paging decided that somebody in the room wants to know.
_PAGED = {Kind.SENT: "sent", Kind.FAILED: "failed", Kind.UNREACHED: "unreached", Kind.STOP: "stop"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened at `time` (ns)."""

    time: int
    kind: str
    said: Markup


def lines(
    moment: Moment, one: IncidentView, course: Course | None,
    ticks: Iterable[Tick] = (), comments: Iterable[Comment] = (), pages: Iterable[Decision] = (),
) -> list[Line]:  # fmt: skip
    """All of them in order of time; of one instant as told, the phases first."""
    found: list[Line] = []
    if course is not None:
        found += _phases(moment, one, course)
        found += (_alarm(moment, e) for e in course.alarms if e.transition in _TOLD or e.who)
    found += (_tick(tick) for tick in ticks)
    found += (Line(c.time, "people", join(tag("b", c.user), " ", tag("q", c.text, _class="written"))) for c in comments)
    found += (_page(one_page) for one_page in pages if one_page.kind in _PAGED)
    return sorted(found, key=lambda line: line.time)


def _phases(moment: Moment, one: IncidentView, course: Course) -> Iterator[Line]:
    phase = ""
    for event in course.news:
        entered, phase = event.phase != phase, event.phase
        why = incident.cause_of(moment, one.site, event.cause)
        name = tag("b", incident.phase_of(event.phase), _class="phase") if entered else tag("b", TIMELINE["news"])
        yield Line(event.time, "phases", join(name, " ", tag("span", why, _class="muted")))


def _alarm(moment: Moment, event: AlarmEvent) -> Line:
    value = "" if event.value is None else f" {wording.number(event.value)} {wording.unit(event.unit)}"
    word = ALARMS["transitions"].get(event.transition, event.transition)
    named = naming.alarm(moment, (event.site, event.station, event.point, event.rule))
    name = tag("a", named, href=f"/alarms/one?occurrence={quote(event.occurrence, safe='')}")
    said = [
        symbol(event.priority, small=True), " ", tag("b", word), " ", name,
        f":{value}" if value and event.transition == "raised" else "",
    ]  # fmt: skip
    if event.who:
        said += [" ", tag("span", naming.reason(event.who, event.cause), _class="muted")]
    return Line(event.time, "people" if event.who and event.command else "alarms", join(*said))


def _tick(tick: Tick) -> Line:
    word = TIMELINE["ticked" if tick.done else "taken_back"]
    said = wording.said(tick.text)
    return Line(tick.time, "people", join(tag("b", tick.user), " ", word, " ", tag("span", said, _class="muted")))


def _page(one: Decision) -> Line:
    word = tag("b", TIMELINE[_PAGED[one.kind]])
    whom = " · ".join(part for part in (one.person, one.channel) if part)
    why = wording.said(one.why.value)
    detail = f"{why} ({one.detail})" if one.detail else why
    return Line(one.time, "pages", join(word, " ", whom, " ", tag("span", detail, _class="muted")))


def drawn(moment: Moment, found: Sequence[Line], kinds: Collection[str], *, newest_first: bool) -> Markup:
    """Those of `kinds`, as a list."""
    chosen = [line for line in found if line.kind in kinds]
    kept = chosen[-SHOWN:]
    if newest_first:
        kept = kept[::-1]
    if not kept:
        return tag("p", TIMELINE["none"], _class="muted empty")
    shown = [
        tag("li", tag("time", moment.at(line.time)), tag("span", line.said, _class="said"), _class=f"of-{line.kind}")
        for line in kept
    ]
    left = len(chosen) - len(kept)
    more = tag("p", TIMELINE["left_out"].format(n=left), _class="muted") if left else None
    return join(tag("ol", *shown, _class="timeline"), more)
