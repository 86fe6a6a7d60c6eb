"""One incident's page: where it stands, what to do next and who has done it, what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from services.alerts.oncall.decisions import Decision
from services.console import wording
from services.console.acting.acts import Forbidden
from services.console.acting.comments import BadComment, Comment, Comments, write
from services.console.acting.logbook import Logbook
from services.console.markup import Markup, join, tag
from services.console.pages import incident, timeline
from services.console.pages.alarm_list.spark import spark
from services.console.pages.frame import Frame
from services.console.pages.incident_alarms import related
from services.console.pages.moment import Moment
from services.console.view import playbook
from services.console.view.playbook import Step
from services.console.view.snapshots import IncidentView
from services.console.view.trend import SPAN
from services.console.words import INCIDENTS, PAGE, TIMELINE, speaking
from services.core.clock import HOUR
from services.duty.log import Store
from services.duty.steps import Tick, in_force
from services.store.database import StoreError

#: Looks between two at what was paged, which changes seldom.
PAGES_EVERY = 5


class OneIncident:
    """Of one browser. What people wrote is read at every look, so that two see each other's ticks within a second."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._looks = 0
        self._steps: list[Step] = []
        self._buttons: dict[tuple[str, int], Any] = {}
        self._ticks: Sequence[Tick] = ()
        self._comments: Sequence[Comment] = ()
        self._of_alarms: Sequence[Comment] = ()
        self._pages: Sequence[Decision] = ()
        self._kinds = set(timeline.KINDS)
        self._newest_first = True

    # -- building

    def build(self, frame: Frame, moment: Moment, one: IncidentView) -> None:
        """Makes the page's elements."""
        frame.part("incident_top").classes("main top-part")
        frame.part("incident_fault").props('role="status"')
        with ui.element("section").classes("panel main playbook").props(f'aria-label="{INCIDENTS["playbook"]}"'):
            frame.part("playbook_head")
            self._list = ui.element("div").classes("phases")
            self._draw_steps(frame, moment, one)
        with ui.element("section").classes("panel main happened").props(f'aria-label="{TIMELINE["title"]}"'):
            self._bar(frame)
            if frame.visitor.may("comment"):
                self._comment_box(frame)
            frame.part("timeline")
        with ui.element("section").classes("panel main related").props(f'aria-label="{INCIDENTS["alarms"]}"'):
            frame.fixed(tag("h2", INCIDENTS["alarms"])).classes("title")
            frame.part("related")

    def _bar(self, frame: Frame) -> None:
        frame.fixed(tag("h2", TIMELINE["title"])).classes("title")
        with ui.element("div").classes("toggles").props(f'role="group" aria-label="{TIMELINE["show"]}"'):
            for kind in timeline.KINDS:
                self._toggle(frame, TIMELINE["kinds"][kind], kind)
            self._toggle(frame, TIMELINE["newest_first"], "")

    def _toggle(self, frame: Frame, label: str, kind: str) -> None:
        button = ui.element("button").props('type="button" aria-pressed="true"').classes("toggle")
        with button:
            ui.label(label)

        def turn() -> None:
            if kind:
                self._kinds ^= {kind}
            else:
                self._newest_first = not self._newest_first
            on = kind in self._kinds if kind else self._newest_first
            button.props(f'aria-pressed="{str(on).lower()}"')
            with speaking(frame.visitor.language):
                self._show_timeline(frame, frame.room.moment())

        button.on("click", turn)

    def _comment_box(self, frame: Frame) -> None:
        with ui.element("div").classes("writing"):
            box = ui.textarea(INCIDENTS["comment"]).props("autogrow outlined dense maxlength=1000 rows=1")

            async def send() -> None:
                if await self._comment(frame, str(box.value or "")):
                    box.value = ""

            box.on("keydown.ctrl.enter", send)
            ui.button(INCIDENTS["send"], on_click=send).props("no-caps unelevated color=blue-9")

    def _draw_steps(self, frame: Frame, moment: Moment, one: IncidentView) -> None:
        """Each phase with its steps, the present one first. Made anew when the phase changes, and else never moved."""
        self._steps = _steps_of(moment, one)
        self._buttons = {}
        self._list.clear()
        may = frame.visitor.may("step")
        with self._list:
            for phase in dict.fromkeys(step.phase for step in self._steps):
                frame.part(f"phase_{phase}", "h3")
                with ui.element("ul").classes("playbook-steps"):
                    for step in (step for step in self._steps if step.phase == phase):
                        with ui.element("li"):
                            self._step(frame, step, may=may)

    def _step(self, frame: Frame, step: Step, *, may: bool) -> None:
        async def tick() -> None:
            await self._tick(frame, step)

        button = ui.element("button").props('type="button" role="checkbox" aria-checked="false"').classes("step")
        if not may:
            button.props("disabled")
        with button:
            ui.element("span").classes("box").props('aria-hidden="true"')
            with ui.element("span").classes("words"):
                ui.label(wording.said(step.text)).classes("text")
                frame.part(f"step_{step.phase}_{step.place}", "span").classes("whose muted")
        button.on("click", tick)
        self._buttons[(step.phase, step.place)] = button

    # -- looking

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """Shows what changed."""
        one = next((found for found in moment.view.incidents() if found.incident == self.name), None)
        if one is None:
            frame.show("incident_fault", tag("p", INCIDENTS["unknown"].format(name=self.name), _class="banner"))
            return
        self._read(frame)
        if _steps_of(moment, one) != self._steps:
            self._draw_steps(frame, moment, one)
        frame.show("incident_top", top(moment, one))
        self._show_steps(frame, one)
        self._show_timeline(frame, moment)
        if self._looks % 2 == 0:
            frame.show("related", related(moment, one))
        self._looks += 1

    def _read(self, frame: Frame) -> None:
        database, desk = frame.room.database, frame.room.desk
        if database is None or desk is None:
            return
        try:
            self._ticks = Logbook(database, desk.accounts).ticks(self.name)
            comments = Comments(database)
            self._comments = comments.of(self.name)
            if self._looks % PAGES_EVERY == 0:
                self._pages = Store(database).decisions(self.name)
                course = frame.room.view.shift.courses.get(self.name)
                alarms = {event.occurrence for event in course.alarms} if course is not None else ()
                self._of_alarms = [one for name in comments.counts(sorted(alarms)) for one in comments.of(name)]
            frame.show("incident_fault", Markup(""))
        except StoreError as error:
            fault = INCIDENTS["unread"].format(why=error)
            frame.show("incident_fault", tag("p", fault, _class="banner alert"))

    def _show_steps(self, frame: Frame, one: IncidentView) -> None:
        done = in_force(list(self._ticks))
        reached = {phase.phase: phase for phase in one.phases}
        following = next(
            ((s.phase, s.place) for s in self._steps if s.phase == one.phase and (s.phase, s.place) not in done), None
        )
        count = sum((s.phase, s.place) in done for s in self._steps)
        head = tag("h2", INCIDENTS["playbook"], " ", tag("small", f"{count} / {len(self._steps)}"), _class="title")
        hint = None if frame.visitor.may("step") else tag("p", INCIDENTS["look_only"], _class="muted")
        frame.show("playbook_head", join(head, hint))
        for phase in dict.fromkeys(s.phase for s in self._steps):
            now = phase == one.phase and one.closed is None
            word = INCIDENTS["now"] if now else "" if phase in reached else INCIDENTS["ahead"]
            kind = "now" if now else "been" if phase in reached else "ahead"
            said = join(incident.phase_of(phase), " ", tag("small", word) if word else None)
            frame.show(f"phase_{phase}", tag("span", said, _class=kind))
        for step in self._steps:
            key = (step.phase, step.place)
            tick, button = done.get(key), self._buttons[key]
            button.props(f'aria-checked="{"true" if tick is not None else "false"}"')
            button.classes(
                add="next" if key == following else "ahead" if step.phase not in reached else "known",
                remove=" ".join({"next", "ahead", "known"} - {
                    "next" if key == following else "ahead" if step.phase not in reached else "known"
                }),
            )  # fmt: skip
            frame.show(f"step_{step.phase}_{step.place}", self._whose(frame, tick, following=key == following))

    def _whose(self, frame: Frame, tick: Tick | None, *, following: bool) -> Markup:
        if tick is not None:
            return join(tag("b", tick.user), " ", frame.room.moment().at(tick.time))
        return tag("b", INCIDENTS["next"]) if following else Markup("")

    def _show_timeline(self, frame: Frame, moment: Moment) -> None:
        one = next((found for found in moment.view.incidents() if found.incident == self.name), None)
        if one is None:
            return
        course = moment.view.shift.courses.get(self.name)
        found = timeline.lines(moment, one, course, self._ticks, [*self._comments, *self._of_alarms], self._pages)
        frame.show("timeline", timeline.drawn(moment, found, self._kinds, newest_first=self._newest_first))

    # -- acting

    async def _tick(self, frame: Frame, step: Step) -> None:
        user = await frame.present("step")
        database, desk = frame.room.database, frame.room.desk
        if user is None or database is None or desk is None:
            return
        done = (step.phase, step.place) not in in_force(list(self._ticks))
        tick = Tick(self.name, step.phase, step.place, step.text, done, desk.now(), user.name)
        with speaking(frame.visitor.language):
            try:
                await asyncio.to_thread(Logbook(database, desk.accounts).tick, user, frame.visitor.address, tick)
            except (Forbidden, StoreError) as error:
                frame.say(PAGE["not_taken"].format(why=error), bad=True)
            self.refresh(frame, frame.room.moment())

    async def _comment(self, frame: Frame, text: str) -> bool:
        user = await frame.present("comment")
        database, desk = frame.room.database, frame.room.desk
        if user is None or database is None or desk is None:
            return False
        with speaking(frame.visitor.language):
            here = (desk, Comments(database), user, frame.visitor.address, [self.name], text)
            try:
                await asyncio.to_thread(write, *here)
            except (Forbidden, BadComment, StoreError) as error:
                frame.say(PAGE["not_taken"].format(why=error), bad=True)
                return False
            self.refresh(frame, frame.room.moment())
        return True


def top(moment: Moment, one: IncidentView) -> Markup:
    """The overview's panel, with a drawing beside each reading."""
    now = moment.view.now or one.began
    since = INCIDENTS["open" if one.closed is None else "over"].format(
        time=moment.at(one.began), begin=moment.at(one.began), end=moment.at(one.closed),
        age=wording.age(max((one.closed or now) - one.began, 0)),
    )  # fmt: skip
    name = f"{incident.kind_of(one)}: {wording.said(one.site_name)}"
    back = tag("a", INCIDENTS["back"], href="/incidents", _class="back")
    what = tag("div", back, tag("h2", name, " ", tag("small", since)), _class="what")
    span = min(SPAN, max(now - one.began + HOUR, HOUR))
    drawn = {}
    for label in one.readings:
        view = moment.view.point(one.site, incident.point_of(one, label))
        if view is not None and one.closed is None:
            said = INCIDENTS["spark"].format(hours=max(round(span / HOUR), 1))
            drawn[label] = spark(moment.view.trend(one.site, view.id, 90), None, now, span, said)
    course = tag("div", incident.strip(moment, one), incident.evidence(moment, one, drawn), _class="course")
    if one.closed is not None:
        return tag("section", what, tag("div", tag("h3", INCIDENTS["is_over"]), _class="countdown"), course,
                   _class="panel incident is-closed", aria_label=name)  # fmt: skip
    return tag(
        "section", what, incident.countdown(moment, one.forecast), incident.what_next(moment, one), course,
        _class=f"panel incident {incident.colour(moment, one)}", aria_label=name,
    )  # fmt: skip


def _steps_of(moment: Moment, one: IncidentView) -> list[Step]:
    """The present phase's first."""
    course = moment.view.shift.courses.get(one.incident)
    found = playbook.all_steps(one, course.begun if course is not None else {}, incident.site_of(moment, one))
    return sorted(found, key=lambda step: step.phase != one.phase)
