"""A row of the alarms page: how bad, since when, where and what, value against limit, what to do, how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.console import wording
from services.console.door.gate import Visitor
from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.alarm_list.found import UNSEEN
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view.alarms import Occurrence
from services.console.view.snapshots import AlarmView
from services.console.words import ALARMS, LIST

#: The acts that a state allows, by its letter; the first is the row's own button.
POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "B": ("acknowledge", "shelve", "out_of_service"),
    "C": ("shelve", "out_of_service"),
    "D": ("acknowledge", "shelve", "out_of_service"),
    "E": ("acknowledge", "shelve", "out_of_service"),
    "F": ("reset", "shelve", "out_of_service"),
    "G": ("unshelve", "shelve", "out_of_service"),
    "H": ("out_of_service",),
    "I": ("in_service",),
}

#: Acts that a row offers by itself; the others are offered for what is selected.
_OWN = ("acknowledge", "reset", "unshelve", "in_service")


@dataclass(slots=True)
class Row:
    """What a row knows besides its alarm: whether it is selected, its drawing, comments, what an act came to."""

    selected: bool = False
    gone: bool = False
    drawing: Markup = field(default_factory=Markup)
    comments: int = 0
    outcome: tuple[str, str, str] | None = None


def possible(one: Occurrence, visitor: Visitor) -> tuple[str, ...]:
    """What this visitor may be offered for it, its own button first."""
    state = "A" if one.cleared is not None and not one.letter else one.state
    return tuple(act for act in POSSIBLE.get(state, ()) if visitor.may(act))


def row(moment: Moment, visitor: Visitor, one: Occurrence, known: Row) -> Markup:
    """The cells of a row, in a wrapper that names the occurrence for the script."""
    shown = moment.view.alarm(one)
    name = f"{shown.site_name} {shown.station_name} {alarms.named(shown)}"
    chosen = tag("button", "✓" if known.selected else "", type="button", role="checkbox", tabindex="-1",
                 aria_checked="true" if known.selected else "false", aria_label=LIST["pick"].format(name=name),
                 data_do="pick", _class="pick")  # fmt: skip
    classes = ["alarm", f"is-{one.last.priority}"]
    classes += ["unseen"] if one.state in UNSEEN else []
    classes += ["over"] if one.cleared is not None else []
    classes += ["aside"] if one.hidden else []
    classes += ["chosen"] if known.selected else []
    classes += ["gone"] if known.gone else []
    return tag(
        "div",
        tag("div", chosen, role="cell", _class="c-pick"),
        tag("div", symbol(one.last.priority), role="cell", _class="c-how"),
        tag("div", tag("time", moment.at(shown.raised)), tag("span", _age(shown), _class="muted"),
            role="cell", _class="c-since"),
        tag("div", tag("a", alarms.named(shown), href=alarms.link(one.first.occurrence), tabindex="-1", data_do="open"),
            tag("span", f"{wording.said(shown.site_name)} · {wording.said(shown.station_name)}", _class="muted"),
            role="cell", _class="c-what"),
        tag("div", _value(shown), known.drawing, role="cell", _class="c-value"),
        tag("div", *_advice(shown), role="cell", _class="c-advice"),
        tag("div", _left(shown), role="cell", _class="c-left"),
        tag("div", *_state(moment, one, shown, known), role="cell", _class="c-state"),
        tag("div", *_buttons(one, visitor), role="cell", _class="c-do"),
        _class=" ".join(classes), data_o=one.first.occurrence,
    )  # fmt: skip


def _age(shown: AlarmView) -> str:
    return wording.age(shown.age)


def _value(shown: AlarmView) -> Markup:
    """The present value against the limit; of what cannot be compared, the value that raised it."""
    now, bound = shown.now, alarms.bound(shown)
    level = shown.rule is not None and shown.rule.kind in ("high", "low", "successive_high")
    if now is None or now.value is None or not level:
        at = f"{wording.number(shown.value, saturated=shown.saturated)} {wording.unit(shown.unit)}".strip()
        told = ALARMS["raised_at"].format(value=at) if shown.value is not None else wording.UNKNOWN
        return tag("span", told, " ", tag("span", bound, _class="muted"), _class="now")
    marked = tag("span", ALARMS["hold"], _class="mark") if shown.uncertain else None
    return tag("span", tag("b", wording.reading(now)), " ", wording.unit(now.unit), " ",
               tag("span", bound, _class="muted"), marked, _class="now")  # fmt: skip


def _advice(shown: AlarmView) -> tuple[Markup, ...]:
    if shown.rule is None:
        return (tag("span", f"{shown.rule_id}: {ALARMS['no_rule']}", _class="muted"),)
    return (
        tag("span", wording.said(shown.rule.consequence)),
        tag("span", "→ ", wording.said(shown.rule.response), _class="response"),
    )


def _left(shown: AlarmView) -> Markup:
    if shown.rule is None or shown.cleared is not None or shown.hidden or not shown.rule.respond_within:
        return tag("span", wording.UNKNOWN, _class="muted")
    left = shown.rule.respond_within - shown.age
    word = ALARMS["left"] if left >= 0 else ALARMS["overdue"]
    return tag("span", word.format(time=wording.age(abs(left))), _class="" if left >= 0 else "late")


def _state(moment: Moment, one: Occurrence, shown: AlarmView, known: Row) -> list[Markup]:
    found = [tag("b", f"{one.state} ", LIST["states"].get(one.state, one.state)), *_more(one, known)]
    if known.outcome is not None:
        # In the place of the rest, so that the row stays as high as it is.
        act, outcome, why = known.outcome
        words = LIST["outcomes"][outcome].format(act=LIST["acts"][act], why=why)
        return [join(*found), tag("span", words, _class=f"outcome {outcome}", role="status", title=why)]
    said = []
    if shown.cleared is not None and one.first.time != shown.cleared:
        said.append(tag("span", LIST["cleared"].format(time=moment.at(shown.cleared)), _class="muted"))
    if shown.seen_by and one.state in "CF":
        said.append(tag("span", LIST["by"].format(who=shown.seen_by, time=moment.at(shown.seen_at)), _class="muted"))
    if one.hidden or one.state in "GHI":
        until = f"{LIST['until'].format(time=moment.at(one.until))}: " if one.until else ""
        said.append(
            tag(
                "span", f"{until}{alarms.because(one.hidden_because)}", _class="muted because", title=one.hidden_because
            )
        )
    return [join(*found), *said]


def _more(one: Occurrence, known: Row) -> list[Markup]:
    if not known.comments:
        return []
    said = LIST["comment_one"] if known.comments == 1 else LIST["comments"].format(n=known.comments)
    return [Markup(" "), tag("a", said, href=alarms.link(one.first.occurrence) + "#comments", tabindex="-1")]


def _buttons(one: Occurrence, visitor: Visitor) -> list[Markup]:
    return [
        tag("button", LIST["acts"][act], type="button", data_do=act, _class="do")
        for act in possible(one, visitor)
        if act in _OWN
    ]
