"""Work windows: planned work now and to come, which alarms it suppresses, and what people do about it."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui
from nicegui.events import KeyEventArguments

from services.access.accounts import Identity
from services.console import wording
from services.console.acting.acts import Result
from services.console.markup import Markup, join, tag
from services.console.pages.duty.dialogs import Field, Values, ask, at
from services.console.pages.duty.doing import attempt, duties, text
from services.console.pages.duty.rows import Button, Row, Rows
from services.console.pages.duty.silences import place
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.words import DUTY, WORK, speaking
from services.core.clock import HOUR, MINUTE
from services.core.records import AlarmEvent
from services.duty.areas import NotDone
from services.duty.work import Work, alarms, overlapping

#: Critical alarms that are named.
NAMED = 4


class WorkWindows:
    """One browser's page."""

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        frame.page.classes(add="duty work")
        frame.part("duty_fault").classes("wide")
        if frame.room.duties is None:
            return
        frame.keys.append(("n", WORK["key"]))
        with ui.element("section").classes("panel wide").props('id="now" tabindex="-1"'):
            with ui.element("div").classes("title-acts"):
                frame.fixed(tag("h2", WORK["now"]))
                if frame.visitor.may("suppress"):
                    new = ui.element("button").props('type="button" id="new-work"').classes("act main-act")
                    new.on("click", lambda _: _ask_new(frame))
                    with new:
                        ui.label(WORK["new"])
                    ui.keyboard(on_key=lambda e: _key(frame, e), ignore=["input", "select", "textarea"])
            frame.fixed(tag("p", WORK["explains"], _class="muted"))
            self._now = Rows(WORK["now"])
        with ui.element("section").classes("panel wide").props('id="to-come" tabindex="-1"'):
            frame.fixed(tag("h2", WORK["to_come"]))
            self._to_come = Rows(WORK["to_come"])
        frame.part("past").classes("wide")

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        if frame.room.duties is None:
            frame.show("duty_fault", tag("div", DUTY["look_only"], _class="banner"))
            return
        d = duties(frame)
        look, now = d.look(), d.now()
        fault = tag("div", DUTY["fault"].format(why=look.fault), _class="banner alert") if look.fault else Markup("")
        frame.show("duty_fault", fault)
        begun = [one for one in look.works if one.state == "begun" or one.start <= now]
        rows = [_row(frame, one, moment, now) for one in begun]
        rows += [_elsewhere(frame, one, moment, now) for one in d.elsewhere()]
        self._now.show(rows, WORK["none_now"])
        self._to_come.show([_row(frame, one, moment, now) for one in look.works if one not in begun],
                           WORK["none_to_come"])  # fmt: skip
        past = tag("ul", *(_past(one, moment) for one in look.past), _class="lately")
        shown = tag("section", tag("h2", WORK["past"]), past, _class="panel") if look.past else Markup("")
        frame.show("past", shown)


def _key(frame: Frame, event: KeyEventArguments) -> None:
    if event.action.keydown and event.key == "n" and not event.action.repeat:
        _ask_new(frame)


def _row(frame: Frame, one: Work, moment: Moment, now: int) -> Row:
    where = place(one.target, moment)
    span = WORK["span"].format(start=moment.at(one.start), end=moment.at(one.end))
    if one.state == "begun":
        rest = WORK["left"].format(time=wording.age(max(0, one.end - now)))
    elif one.start > now:
        rest = WORK["starts_in"].format(time=wording.age(one.start - now))
    else:
        rest = WORK["waits"]
    content = join(
        tag("b", where, _class="of"), tag("span", f"{span} · {rest}", _class="span"),
        tag("span", WORK["by"].format(who=one.who, why=one.why), _class="why"),
        tag("small", one.reason) if one.reason else None, suppressed(frame, one.target, moment),
    )  # fmt: skip
    if not frame.visitor.may("suppress"):
        return Row(str(one.number), content)
    longer = Button(WORK["prolong"], lambda: _ask_longer(frame, one, where), where)
    word = "finish" if one.state == "begun" else "withdraw"
    end = Button(WORK[word], lambda: _ask_end(frame, one, where, word), where)
    return Row(str(one.number), content, (longer, end))


def _elsewhere(frame: Frame, one: AlarmEvent, moment: Moment, now: int) -> Row:
    """What the journal has of work that no window here began."""
    target = "/".join(part for part in (one.site, one.station, one.point, one.rule) if part)
    where, name = place(target, moment), one.occurrence.removeprefix("command/")
    span = WORK["span"].format(start=moment.at(one.time), end=moment.at(one.until))
    rest = WORK["left"].format(time=wording.age(max(0, one.until - now)))
    content = join(
        tag("b", where, _class="of"), tag("span", f"{span} · {rest}", _class="span"),
        tag("span", WORK["other_way"].format(who=one.who, why=one.cause), _class="why"),
        suppressed(frame, target, moment),
    )  # fmt: skip
    if not frame.visitor.may("unsuppress"):
        return Row(name, content)
    finish = Button(WORK["finish"], lambda: _ask_end_other(frame, f"{target}@{name}", where), where)
    return Row(name, content, (finish,))


def suppressed(frame: Frame, target: str, moment: Moment) -> Markup:
    """How many alarms it silences; the critical ones by name, since that is what one may regret."""
    found = alarms(moment.view.catalogue(), target)
    if not found:
        return tag("p", WORK["nothing"], _class="muted")
    said = [WORK["silences_one"] if len(found) == 1 else WORK["silences"].format(n=wording.count(len(found)))]
    standing = sum(f"{one.site}/{one.station}/{one.point}/{one.rule_id}".startswith(f"{target}/")
                   for one in moment.view.active())  # fmt: skip
    if standing:
        said.append(WORK["standing"].format(n=standing))
    told = [tag("small", " · ".join(said))]
    critical = [name for name, rule in found if rule.priority == "critical"]
    if critical:
        places = dict.fromkeys(place(name.rpartition("/")[0], moment).rpartition(" › ")[2] for name in critical)
        names = ", ".join(list(places)[:NAMED])
        words = "critical" if len(places) <= NAMED else "critical_more"
        told.append(tag("span", symbol("critical", small=True), " ",
                        WORK[words].format(n=len(critical), names=names), _class="warns"))  # fmt: skip
    return tag("p", *told, _class="suppresses")


def _past(one: Work, moment: Moment) -> Markup:
    span = WORK["span"].format(start=moment.at(one.start), end=moment.at(one.end))
    reason = f" · {one.reason}" if one.reason else ""
    state = tag("b", WORK["states"][one.state], _class="alarming" if one.state in ("refused", "missed") else None)
    return tag("li", state, f" · {place(one.target, moment)} · {span} · {one.who}: {one.why}{reason}")


def _ask_new(frame: Frame) -> None:
    with speaking(frame.visitor.language):
        d = duties(frame)
        now = d.now()
        fields = [
            Field("target", "target", "", sites=frame.room.view.catalogue()),
            Field("start", "time", WORK["start"]),
            Field("end", "time", WORK["end"], now - now % MINUTE + 4 * HOUR),
            Field("why", "text", WORK["why"]),
        ]

        def tells(values: Values) -> Markup:
            return _meant(frame, values)

        async def does(values: Values) -> str | None:
            if values["end"] is None:
                raise NotDone("end: must be given")

            def what(user: Identity, address: str) -> None:
                d.plan(user, address, text(values, "target"), values["start"] or 0, values["end"], text(values, "why"))

            return await attempt(frame, "suppress", what)

        ask(frame, WORK["new_title"], fields, WORK["plan"], does, tells)


def _meant(frame: Frame, values: Values) -> Markup:
    moment, target = frame.room.moment(), text(values, "target")
    told = suppressed(frame, target, moment)
    try:
        start, end = values["start"] or duties(frame).now(), values["end"] or 0
    except NotDone:
        return told
    others = overlapping(duties(frame).look().works, target, start, end)
    if not others:
        return told
    names = "; ".join(f"{place(one.target, moment)} ({one.who}: {one.why})" for one in others)
    return join(told, tag("p", WORK["overlaps"].format(works=names), _class="warns"))


def _ask_longer(frame: Frame, one: Work, where: str) -> None:
    with speaking(frame.visitor.language):
        fields = [
            Field("end", "time", WORK["end"], one.end + HOUR),
            Field("why", "text", DUTY["why"], one.why),
        ]

        async def does(values: Values) -> str | None:
            if values["end"] is None:
                raise NotDone("end: must be given")

            async def what(user: Identity, address: str) -> list[Result]:
                return await duties(frame).prolong(user, address, one.number, values["end"], text(values, "why"))

            return await attempt(frame, "suppress", what)

        title = f"{WORK['prolong_title']}: {where} ({at(one.end, frame.room.zone)})"
        ask(frame, title, fields, WORK["prolong_do"], does)


def _ask_end(frame: Frame, one: Work, where: str, word: str) -> None:
    async def does(values: Values) -> str | None:
        async def what(user: Identity, address: str) -> list[Result]:
            return await duties(frame).end_work(user, address, one.number, text(values, "why"))

        return await attempt(frame, "unsuppress", what)

    with speaking(frame.visitor.language):
        field = Field("why", "text", DUTY["why"], WORK["suggest"] if word == "finish" else "")
        ask(frame, f"{WORK[word + '_title']}: {where}", [field], WORK[word + "_do"], does)


def _ask_end_other(frame: Frame, name: str, where: str) -> None:
    async def does(values: Values) -> str | None:
        async def what(user: Identity, address: str) -> Sequence[Result]:
            return await duties(frame).end_other(user, address, [name], text(values, "why"))

        return await attempt(frame, "unsuppress", what)

    with speaking(frame.visitor.language):
        field = Field("why", "text", DUTY["why"], WORK["suggest"])
        ask(frame, f"{WORK['finish_title']}: {where}", [field], WORK["finish_do"], does)
