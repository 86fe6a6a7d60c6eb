"""The alarm list: what, where, how bad, what follows, what to do, how long there is."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages.moment import Moment
from services.console.pages.symbols import labelled
from services.console.view.snapshots import AlarmView, Transition
from services.console.words import ALARMS
from services.core.catalogue.model import Rule

#: Where one occurrence is shown. The address is stable: dashboards and pages link to it.
ONE = "/alarms/one"

#: Rows of a table on the overview; the alarms' own page has the rest.
MOST = 30

SIGNS = {
    "high": ">", "successive_high": ">", "rise_ratio": "×", "low": "<", "equals": "=",
}  # fmt: skip


def active(moment: Moment) -> Markup:
    """The active alarms, most severe first; an empty list is said to be empty, if that is known."""
    rows = moment.view.active()
    if not rows:
        said = ALARMS["none"]
        if moment.old:
            said = ALARMS["none_yet" if moment.view.now is None else "none_stopped"]
        return tag("p", said, _class="muted empty")
    return table(moment, rows, ALARMS["title"])


def table(moment: Moment, rows: Sequence[AlarmView], caption: str) -> Markup:
    """Alarms as a table, of very many the first; on a narrow screen the style sheet makes cards of its rows."""
    head = tag("tr", *(tag("th", name, scope="col") for name in ALARMS["columns"]))
    body = join(*(_row(moment, one) for one in rows[:MOST]))
    shown = tag(
        "table", tag("caption", caption, _class="aloud"), tag("thead", head), tag("tbody", body),
        _class="alarms",
    )  # fmt: skip
    if len(rows) <= MOST:
        return shown
    more = ALARMS["more"].format(n=wording.count(len(rows) - MOST))
    return join(shown, tag("p", tag("a", more, href="/alarms"), _class="empty"))


def link(occurrence: str) -> str:
    """The address of an occurrence."""
    return f"{ONE}?{urlencode({'occurrence': occurrence})}"


def _row(moment: Moment, one: AlarmView) -> Markup:
    since = tag("time", moment.at(one.raised), _class="at")
    ended = (
        ALARMS["cleared_at"].format(time=moment.at(one.cleared)) if one.cleared is not None else wording.age(one.age)
    )
    return tag(
        "tr",
        tag("td", labelled(one.priority), _class="priority"),
        tag("td", since, tag("span", ended, _class="muted"), _class="since"),
        tag("td", tag("b", wording.said(one.site_name)), tag("span", wording.said(one.station_name)), _class="where"),
        tag("td", *_what(moment, one), _class="value"),
        tag("td", *_advice(one), _class="advice"),
        tag("td", _left(one), _class="left"),
        _class=f"is-{one.priority}" + (" is-over" if one.cleared is not None else ""),
        data_o=one.occurrence,
    )


#: Who puts a chattering alarm aside, and how it says so: any other word before a colon is a person's name.
_ITSELF, _OWN = "headworks: ", "chattering: "


def because(text: str) -> str:
    """Why it is out of sight, or changed: what people typed stays as it is."""
    plain = text.removeprefix(_ITSELF)
    typed = plain == text and ": " in text and not text.startswith(_OWN)
    return text if typed else wording.said(plain)


def name_of(point: str, description: str) -> str:
    """What the alarm is about, as short as it can be said."""
    return str(ALARMS["points"].get(point) or wording.said(description) or point.replace("_", " "))


def title(name: str, rule: Rule | None, fallback: str) -> str:
    """The quantity, and in words what is wrong with it when that is not its height."""
    words = ALARMS["kinds"].get(rule.kind, "") if rule else ""
    return ": ".join(filter(None, (name, words))) or fallback


def named(one: AlarmView) -> str:
    """The alarm's name as the list gives it."""
    name = name_of(one.point, one.description) if one.now is not None else ""
    return title(name, one.rule, one.rule_id)


def bound(one: AlarmView) -> str:
    """The limit in force when it was raised: `> 1,000 NTU`."""
    if one.limit is None:
        return ""
    kind = one.rule.kind if one.rule else ""
    if kind in ("stale", "clock", "fault", "flat", "equals"):
        return ""
    ratio = kind == "rise_ratio"
    same = one.now is not None and one.now.unit == one.unit
    unit = "" if ratio or (same and _levelled(one)) else f" {wording.unit(one.unit)}"
    return f"{SIGNS.get(kind) or ALARMS['signs'].get(kind, ALARMS['limit'])} {wording.limit(one.limit)}{unit}".strip()


def _levelled(one: AlarmView) -> bool:
    return one.rule is not None and one.rule.kind in ("high", "low", "successive_high")


def _what(moment: Moment, one: AlarmView) -> list[Markup]:
    at = wording.number(one.value, saturated=one.saturated)
    unit = wording.unit(one.unit)
    raised = ALARMS["raised_at"].format(value=f"{at} {unit}".strip())
    raised += f" ({bound(one)})" if bound(one) else ""
    # A rise, or a limit in another unit, cannot stand beside the present reading.
    same = one.now is not None and one.now.unit == one.unit and _levelled(one)
    unknown = one.now is None or one.now.value is None
    shown = [tag("a", named(one), href=link(one.occurrence), _class="name")]
    if one.cleared is None and one.now is not None:
        shown.append(
            tag(
                "span", tag("b", wording.reading(one.now)), " ",
                None if one.now.value is None else tag("span", wording.unit(one.now.unit)), " ",
                tag("span", bound(one), _class="muted") if same and not unknown else None,
                _class="now", title=raised,
            )
        )  # fmt: skip
    if one.uncertain:
        shown.append(tag("span", ALARMS["hold"], _class="mark"))
    if one.value is not None and (one.cleared is not None or not same or unknown):
        shown.append(tag("span", raised, _class="muted raised"))
    if stands := ALARMS["stands"].get(one.letter):
        ends = ALARMS["until"].format(how=stands, time=moment.at(one.until)) if one.until else stands
        shown.append(tag("span", ends, _class="mark"))
    if one.hidden_because:
        shown.append(tag("span", because(one.hidden_because), _class="muted"))
    return shown


def _advice(one: AlarmView) -> list[Markup]:
    if one.rule is None:
        return [tag("span", f"{one.rule_id}: {ALARMS['no_rule']}", _class="muted")]
    return [
        tag("span", wording.said(one.rule.consequence), _class="consequence"),
        tag("span", "→ ", wording.said(one.rule.response), _class="response"),
    ]


def _left(one: AlarmView) -> Markup:
    if one.rule is None or one.cleared is not None or not one.rule.respond_within:
        return tag("span", wording.UNKNOWN, _class="muted")
    left = one.rule.respond_within - one.age
    if left >= 0:
        return tag("span", ALARMS["left"].format(time=wording.age(left)))
    return tag("span", ALARMS["overdue"].format(time=wording.age(-left)), _class="over")


def history(moment: Moment) -> Markup:
    """The newest transitions."""
    rows = moment.view.history(80)
    return tag("ul", *(_line(moment, one) for one in rows), _class="history")


def _line(moment: Moment, one: Transition) -> Markup:
    where = " · ".join(map(wording.said, (one.site_name, one.station_name, one.description)))
    value = "" if one.value is None else f"{wording.number(one.value)} {wording.unit(one.unit)}"
    return tag(
        "li",
        tag("time", moment.at(one.time)),
        labelled(one.priority),
        tag("b", ALARMS["transitions"].get(one.transition, one.transition)),
        tag("span", f"{where} {value}"),
        tag("span", because(one.cause), _class="muted"),
        _class="" if one.annunciated else "muted",
    )
