"""Who is on call now, until when and who is next; swaps; and who would be told of an alarm that came now."""

from __future__ import annotations

from nicegui import ui

from services.access.accounts import Identity
from services.alerts.oncall.policy import OnCall, Person, Reach
from services.console import wording
from services.console.acting.duties import Look
from services.console.markup import Markup, join, tag
from services.console.pages.duty.dialogs import Field, Values, ask
from services.console.pages.duty.doing import attempt, duties, text
from services.console.pages.duty.rows import Button, Row, Rows
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.words import DUTY, ONCALL, speaking
from services.core.clock import HOUR, MINUTE
from services.duty.areas import NotDone
from services.duty.changes import Change
from services.duty.on_duty import OnDuty, Stage, on_duty, would_be_told

_PRIORITIES = ("critical", "high", "medium")


class Rosters:
    """One browser's section. Who would be told is worked out once a minute of the run's clock."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._duty: tuple[OnDuty, ...] = ()

    def build(self, frame: Frame) -> None:
        """Inside the element that is open."""
        with ui.element("section").classes("panel").props('id="rosters" tabindex="-1"'):
            frame.fixed(tag("h2", ONCALL["title"])).classes("title-acts")
            self._rows = Rows(ONCALL["rosters"])
            frame.part("swaps_title")
            self._swaps = Rows(ONCALL["swaps"])
            frame.part("trial")

    def refresh(self, frame: Frame, moment: Moment, look: Look) -> None:
        """As it is now."""
        now, rules = duties(frame).now(), look.rules
        key = (id(rules) if rules is None else rules.model_dump_json(include={"time_zone"}), now // MINUTE,
               tuple(look.changes), frame.visitor.language)  # fmt: skip
        if key != self._key and rules is not None:
            self._key, self._duty = key, on_duty(rules, now)
            frame.show("who_told", told_table(rules, moment, now))
        missing = "" if look.fault else ONCALL["no_rules"]
        self._rows.show([_roster(frame, one, moment) for one in self._duty] if rules is not None else [], missing)
        swaps = [_swap(frame, one, rules, moment) for one in look.changes] if rules is not None else []
        frame.show("swaps_title", tag("h3", ONCALL["swaps"]) if swaps else Markup(""))
        self._swaps.show(swaps)
        frame.show("trial", _trial(look, moment))


def _names(people: tuple[Person, ...]) -> str:
    return ", ".join(one.name for one in people)


def _way(way: Reach) -> str:
    """A channel by its name, and whether it wakes; never an address."""
    return str(ONCALL["wakes"].format(channel=way.channel)) if way.urgency == "wake" else way.channel


def _roster(frame: Frame, one: OnDuty, moment: Moment) -> Row:
    until = ONCALL["until"].format(time=moment.at(one.until)) if one.until else ONCALL["long"]
    follows = ONCALL["next"].format(who=_names(one.follows)) if one.follows else ""
    reach = [tag("span", _way(way), _class="way") for person in one.people for way in person.reach]
    who = tag("b", _names(one.people) or ONCALL["hole"], _class="person" if one.people else "person alarming")
    content = join(
        tag("span", one.name, _class="of"), who, tag("span", f"{until} · {follows}" if follows else until), *reach
    )
    buttons = (Button(ONCALL["swap"], lambda: _ask_swap(frame, one), one.name),) if _may_swap(frame) else ()
    return Row(one.roster, content, buttons)


def _may_swap(frame: Frame) -> bool:
    """Everybody's duty, or one's own where one is among the people of the rosters."""
    user, rules = frame.visitor.user, duties(frame).look().rules
    own = user is not None and rules is not None and rules.person(user.name) is not None
    return frame.visitor.may("swap_any") or (own and frame.visitor.may("swap"))


def _swap(frame: Frame, one: Change, rules: OnCall, moment: Moment) -> Row:
    person, roster = rules.person(one.person), rules.roster(one.roster)
    told = ONCALL["swapped"].format(
        who=person.name if person is not None else one.person, start=moment.at(one.start), end=moment.at(one.end),
        why=one.why, by=one.who,
    )  # fmt: skip
    name = roster.name or roster.id if roster is not None else one.roster
    user = frame.visitor.user
    mine = user is not None and user.name in (one.person, one.who)
    may = frame.visitor.may("swap") if mine else frame.visitor.may("swap_any")
    buttons = (Button(ONCALL["unswap"], lambda: _ask_unswap(frame, one.number, told), told),) if may else ()
    return Row(str(one.number), join(tag("span", name, _class="of"), tag("span", told)), buttons)


def _trial(look: Look, moment: Moment) -> Markup:
    """The last test from sensor to telephone; nothing of it where paging has never run."""
    if not look.paging.running:
        return Markup("")
    last = look.trial
    if last is None:
        told = ONCALL["trial_none"]
    elif last.passed:
        after = wording.age(last.after)
        told = ONCALL["trial"].format(time=moment.at(last.began), who=last.answered, after=after)
    else:
        why = "; ".join(last.failed) or ONCALL["not_answered"]
        told = ONCALL["trial_failed"].format(time=moment.at(last.began), why=why)
    overdue = tag("b", " ", ONCALL["trial_overdue"], _class="warns") if look.overdue else None
    return tag("p", told, overdue, _class="trial muted")


def _ask_swap(frame: Frame, one: OnDuty) -> None:
    with speaking(frame.visitor.language):
        d, user = duties(frame), frame.visitor.user
        rules, now = d.look().rules, duties(frame).now()
        if rules is None or user is None:
            return
        people = {person.id: person.name for person in rules.people}
        if not frame.visitor.may("swap_any"):
            people = {key: name for key, name in people.items() if key == user.name}
        start = now - now % MINUTE
        fields = [
            Field("person", "choose", ONCALL["person"], next(iter(people), None), people),
            Field("start", "time", DUTY["start"], start),
            Field("end", "time", DUTY["end"], one.until or start + 12 * HOUR),
            Field("why", "text", DUTY["why"]),
        ]

        async def does(values: Values) -> str | None:
            begin, end = values["start"] or now, values["end"]
            if end is None:
                raise NotDone("end: must be given")
            change = Change(0, one.roster, text(values, "person"), begin, end, user.name, text(values, "why"))
            return await attempt(frame, "swap", lambda u, address: d.swap(u, address, change))

        ask(frame, ONCALL["swap_title"].format(roster=one.name), fields, ONCALL["swap"].rstrip("…. "), does)


def _ask_unswap(frame: Frame, number: int, told: str) -> None:
    async def does(values: Values) -> str | None:
        def what(user: Identity, address: str) -> None:
            duties(frame).unswap(user, address, number, text(values, "why"))

        return await attempt(frame, "swap", what)

    with speaking(frame.visitor.language):
        title = f"{ONCALL['unswap_title']}: {told}"
        ask(frame, title, [Field("why", "text", DUTY["why"])], ONCALL["unswap"].rstrip("…. "), does)


def told_table(rules: OnCall, moment: Moment, now: int) -> Markup:
    """For each plant and priority, in words: who, after how long, by what."""
    rows = []
    cells: dict[str, list[Markup]] = {}
    for site in moment.view.catalogue():
        cells[wording.said(site.name)] = [_would(rules, site.id, one, now) for one in _PRIORITIES]
    same: dict[tuple[Markup, ...], list[str]] = {}
    for name, told in cells.items():
        same.setdefault(tuple(told), []).append(name)
    columns = ONCALL["columns"]
    for told, names in same.items():  # type: ignore[assignment]
        cell = [tag("td", one, data_label=columns[i + 1]) for i, one in enumerate(told)]
        rows.append(tag("tr", tag("th", ", ".join(names), scope="row"), *cell))
    head = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in columns)))
    return tag("table", head, tag("tbody", *rows), _class="who-told")


def _would(rules: OnCall, site: str, priority: str, now: int) -> Markup:
    policy, stages = would_be_told(rules, site, priority, now)
    if policy is None:
        return tag("span", ONCALL["nobody"].format(why=ONCALL["no_policy"]), _class="muted")
    if not stages:
        return tag("span", ONCALL["nobody"].format(why=wording.said(policy.because)), _class="muted")
    return tag("ol", *(tag("li", _stage(one)) for one in stages), _class="stages")


def _stage(one: Stage) -> Markup:
    when = DUTY["after"].format(time=wording.age(one.wait)) if one.wait else DUTY["at_once"]
    if not one.people:
        return tag("span", f"{when}: {ONCALL['nobody'].format(why=ONCALL['none_on_call'])}", _class="alarming")
    said = ONCALL["step"].format(when=when, who=_names(one.people), how=ONCALL["urgencies"][one.urgency])
    if one.times > 1:
        said += ONCALL["times"].format(n=one.times, every=wording.age(one.repeat))
    return tag("span", said)
