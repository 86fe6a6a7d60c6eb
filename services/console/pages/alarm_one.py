"""One occurrence of an alarm: how it stands, what happened, its trend, what is written about it, what came before.

The address is `/alarms/one?occurrence=NAME`, with the name that the journal, the API and pages give it; it is stable.
"""

from __future__ import annotations

from nicegui import ui

from services.console import wording
from services.console.acting.comments import Comments
from services.console.markup import Markup, join, tag
from services.console.pages import alarms
from services.console.pages.alarm_list import bars, doing, look, rows, spark
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.view.alarms import Occurrence
from services.console.view.snapshots import AlarmView
from services.console.view.trend import SPAN
from services.console.words import ALARM_ACTS, ALARMS, LIST, speaking
from services.core.catalogue.model import Rule
from services.core.clock import HOUR
from services.core.records import AlarmEvent
from services.store.database import StoreError

#: Looks between two readings of the comments and drawings of the trend; earlier occurrences that are listed.
EVERY, EARLIER = 5, 20

_CHART, _SAMPLES = (900, 150), 300


class AlarmOne:
    """See Content."""

    def __init__(self) -> None:
        self.name, self._looks = "", 0
        self._buttons: dict[str, ui.button] = {}

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        request = ui.context.client.request
        self.name = request.query_params.get("occurrence", "")[:500] if request is not None else ""
        ui.add_css(look.CSS)
        frame.page.classes("alarm-page")
        ui.html(tag("a", f"‹ {LIST['back']}", href="/alarms"), sanitize=False)
        with ui.element("div").classes("one-alarm"):
            with ui.element("div").classes("panel"):
                frame.parts["top"] = ui.html("", sanitize=False)
                with ui.element("div").classes("acting"):
                    for act in bars.ACTS[:-3] + bars.ACTS[-2:]:  # what is written about it has a place of its own
                        self._buttons[act] = self._button(frame, act)
            for name in ("trend", "catalogue", "story"):
                frame.parts[name] = ui.html("", sanitize=False).classes("panel")
            written = ui.element("section").classes("panel").props('id="comments"')
            written.set_visibility(frame.room.database is not None)
            with written:
                frame.parts["comments"] = ui.html("", sanitize=False)
                if frame.visitor.may("comment"):
                    box = ui.input(ALARM_ACTS["comment_needed"]).props("dense outlined maxlength=1000")
                    box.style("width: 100%; margin-top: 8px")

                    async def write() -> None:
                        with speaking(frame.visitor.language):
                            found = moment.view.occurrence(self.name)
                            if found is not None and (box.value or "").strip():
                                await doing.comment(frame, [found], box.value)
                                box.set_value("")
                                self._comments(frame, moment)

                    box.on("keydown.enter", write)
                    ui.button(LIST["acts"]["comment"], on_click=write).props("no-caps dense color=blue-9").style(
                        "padding: 4px 12px; margin-top: 8px"
                    )
            frame.parts["earlier"] = ui.html("", sanitize=False).classes("panel")

    def _button(self, frame: Frame, act: str) -> ui.button:
        async def press() -> None:
            with speaking(frame.visitor.language):
                one = frame.room.view.occurrence(self.name)
                order = await doing.asked(frame, act, [one], 0) if one is not None else None
                if order is not None:
                    await frame.act(order)
                    self.refresh(frame, frame.room.moment())

        return (
            ui.button(LIST["acts"][act], on_click=press).props("no-caps dense color=blue-9").style("padding: 3px 12px")
        )

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        words, one = LIST["one"], moment.view.occurrence(self.name)
        possible = rows.possible(one, frame.visitor) if one is not None else ()
        for act, button in self._buttons.items():
            button.set_visibility(act in possible)
        if one is None:
            text = join(
                tag("h1", words["unknown"]), tag("p", words["unknown_told"]), tag("p", self.name, _class="muted")
            )
            frame.show("top", text)
            return
        shown = moment.view.alarm(one)
        frame.show("top", _top(moment, one, shown))
        frame.show("story", _story(moment, one))
        frame.show("catalogue", _catalogue(one, shown))
        if self._looks % EVERY == 0:
            frame.show("trend", _trend(moment, one, shown))
            frame.show("earlier", _earlier(moment, one))
            self._comments(frame, moment)
        self._looks += 1

    def _comments(self, frame: Frame, moment: Moment) -> None:
        words = LIST["one"]
        if frame.room.database is None:
            return
        try:
            found = Comments(frame.room.database).of(self.name)
        except StoreError:
            return  # what was shown before stands; the next look tries again
        lines = [
            tag("li", tag("time", moment.at(c.time)), tag("b", c.user), tag("span", c.text, _class="said"))
            for c in found
        ]
        said = tag("ul", *lines) if lines else tag("p", words["no_comments"], _class="muted")
        frame.show("comments", join(tag("h2", words["comments"]), said))


def _top(moment: Moment, one: Occurrence, shown: AlarmView) -> Markup:
    priority = ALARMS["priorities"].get(one.last.priority, one.last.priority)
    state = f"{one.state} {LIST['states'].get(one.state, '')}"
    value = ""
    if shown.now is not None and shown.now.value is not None:
        value = f"{wording.reading(shown.now)} {wording.unit(shown.now.unit)}".strip()
    said = [tag("b", state)]
    if one.cleared is not None:
        said.append(tag("span", LIST["cleared"].format(time=moment.at(one.cleared))))
    if shown.seen_by:
        said.append(tag("span", LIST["by"].format(who=shown.seen_by, time=moment.at(shown.seen_at))))
    if one.hidden_because:
        until = LIST["until"].format(time=moment.at(one.until)) if one.until else ""
        said.append(tag("span", f"{until} {alarms.because(one.hidden_because)}".strip()))
    return join(
        tag("div", tag("h1", symbol(one.last.priority), alarms.named(shown)),
            tag("span", f"{wording.said(shown.site_name)} · {wording.said(shown.station_name)}", _class="muted"),
            _class="big"),
        tag("div", tag("span", priority), tag("span", value or wording.UNKNOWN, _class="value"),
            tag("span", alarms.bound(shown), _class="muted"),
            tag("span", f"{moment.at(shown.raised)}, {wording.age(shown.age)}"), *said, _class="big"),
        tag("p", tag("a", LIST["one"]["link"], href=alarms.link(one.first.occurrence)), " ",
            tag("span", one.first.occurrence, _class="muted")),
    )  # fmt: skip


def _trend(moment: Moment, one: Occurrence, shown: AlarmView) -> Markup:
    now, hours = moment.view.now or one.first.time, SPAN // HOUR
    level = shown.rule is not None and shown.rule.kind in ("high", "low", "successive_high")
    limit = one.first.limit if level else None
    words = LIST["trend_bare" if limit is None else "trend"].format(hours=hours, limit=wording.limit(limit))
    trend = moment.view.trend(shown.site, f"{shown.station}/{shown.point}", _SAMPLES)
    drawn = spark.spark(trend, limit, now, SPAN, words, size=_CHART, onset=one.first.time)
    known = [value for value in trend.values if value is not None]
    scale = f"{wording.number(min(known))} … {wording.number(max(known))} {wording.unit(shown.unit)}" if known else ""
    ends = tag("div", tag("span", moment.at(now - SPAN)), tag("span", scale), tag("span", moment.at(now)),
               _class="axis")  # fmt: skip
    return join(tag("h2", words), drawn or tag("p", wording.UNKNOWN, _class="muted"), ends)


def _line(moment: Moment, event: AlarmEvent) -> Markup:
    value = "" if event.value is None else f"{wording.number(event.value)} {wording.unit(event.unit)}".strip()
    until = LIST["until"].format(time=moment.at(event.until)) if event.until else ""
    return tag(
        "li", tag("time", wording.local(event.time, moment.zone, "%m-%d %H:%M:%S")),
        tag("b", ALARMS["transitions"].get(event.transition, event.transition)), tag("span", event.state),
        tag("span", value), tag("span", event.who), tag("span", until),
        tag("span", alarms.because(event.cause), _class="muted"),
    )  # fmt: skip


def _story(moment: Moment, one: Occurrence) -> Markup:
    return join(tag("h2", LIST["one"]["story"]), tag("ol", *(_line(moment, event) for event in one.story)))


def _earlier(moment: Moment, one: Occurrence) -> Markup:
    words = LIST["one"]
    found, back = moment.view.earlier(one)
    lines = []
    for other in found[:EARLIER]:
        ended = other.cleared is not None
        lasted = words["lasted"].format(age=wording.age((other.cleared or 0) - other.first.time)) if ended else ""
        lines.append(tag(
            "li", tag("time", wording.local(other.first.time, moment.zone, "%m-%d %H:%M:%S")),
            tag("a", LIST["open"], href=alarms.link(other.first.occurrence)), tag("span", lasted or words["stands"]),
            tag("span", f"{wording.number(other.first.value)} {wording.unit(other.first.unit)}".strip()),
        ))  # fmt: skip
    until = words["all_known"] if back is None else words["back_to"].format(time=moment.at(back))
    said = tag("ul", *lines) if lines else tag("p", words["none_earlier"])
    return join(tag("h2", words["earlier"]), said, tag("p", until, _class="muted"))


def _catalogue(one: Occurrence, shown: AlarmView) -> Markup:
    words, rule = LIST["one"], shown.rule
    told = [(words["id"], one.first.occurrence)]
    if rule is not None:
        told = [*_entry(rule, shown, words), *told]
    pairs = [part for name, text in told if text for part in (tag("dt", name), tag("dd", text))]
    gone = None if rule is not None else tag("p", words["no_catalogue"])
    return join(tag("h2", words["catalogue"]), gone, tag("dl", *pairs))


def _entry(rule: Rule, shown: AlarmView, words: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (words["consequence"], wording.said(rule.consequence)),
        (words["response"], wording.said(rule.response)),
        (words["respond"], wording.age(rule.respond_within)),
        (words["priority"], ALARMS["priorities"].get(rule.priority, rule.priority)),
        (words["because"], wording.said(rule.priority_because)),
        (words["limit"], alarms.bound(shown)),
        (words["delay"], f"{wording.age(rule.on_delay)} / {wording.age(rule.off_delay)}"),
        (words["source"], wording.said(rule.source)),
    ]
