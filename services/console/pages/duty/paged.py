"""What is being paged now: who was told, who took it on, whether paging lives; unreached problems stand first."""

from __future__ import annotations

import time
from collections.abc import Mapping

from nicegui import ui

from services.alerts.oncall.policy import WEIGHTS
from services.alerts.oncall.problems import Member, Status
from services.console import wording
from services.console.acting.duties import Look
from services.console.markup import Markup, join, tag
from services.console.pages import naming
from services.console.pages.alarms import link
from services.console.pages.duty.doing import duties, wished
from services.console.pages.duty.rows import Button, Row, Rows
from services.console.pages.frame import Frame
from services.console.pages.moment import Moment
from services.console.pages.symbols import symbol
from services.console.words import ALARMS, INCIDENT, ONCALL
from services.core.clock import MINUTE, SECOND
from services.duty.paged import Paged, Told

#: A paging service that has not been heard of for so long (ns of the machine's clock) does not run.
DEAD_AFTER = 60 * SECOND

#: Alarms of a problem that its row names, and messages.
NAMED, MESSAGES = 3, 6


class BeingPaged:
    """One browser's section."""

    def build(self, frame: Frame) -> None:
        """Inside the element that is open."""
        frame.part("paging_alive").classes("wide").props('role="alert"')
        self._section = ui.element("section").classes("panel wide").props('id="paged" tabindex="-1"')
        with self._section:
            frame.fixed(tag("h2", ONCALL["paged"])).classes("title-acts")
            self._rows = Rows(ONCALL["paged"])

    def refresh(self, frame: Frame, moment: Moment, look: Look) -> None:
        """As it is now."""
        frame.show("paging_alive", alive(look))
        people = {} if look.rules is None else {one.id: one.name for one in look.rules.people}
        rows = [_row(frame, one, people, moment) for one in look.paging.paged]
        self._rows.show(rows, ONCALL["nothing"])
        self._section.set_visibility(look.paging.running)


def alive(look: Look) -> Markup:
    """What is not known of paging itself; empty when all is. That it is dead every page says: see `dead`."""
    said: list[Markup] = []
    if not look.paging.running:
        said.append(tag("div", ONCALL["never"], _class="banner"))
    elif not look.paging.seen:
        said.append(tag("div", ONCALL["unheard"], _class="banner"))
    return join(*said)


def dead(look: Look) -> Markup:
    """For every page: paging lived, and does not any more; empty while it does."""
    silent = time.time_ns() - look.paging.seen
    if not look.paging.seen or silent <= DEAD_AFTER:
        return Markup()
    # By the minute, so that what is read aloud does not change each second.
    return tag("div", ONCALL["dead"].format(age=wording.age(silent // MINUTE * MINUTE)), _class="banner alert")


def _row(frame: Frame, one: Paged, people: Mapping[str, str], moment: Moment) -> Row:
    problem = one.problem
    where = _where(one, moment)
    head = join(symbol(problem.worst, small=True), tag("b", where, _class="of"), tag("span", _status(one, moment)))
    worst = sorted(problem.members.items(), key=lambda item: (not item[1].stands, -WEIGHTS[item[1].priority]))
    alarms = [tag("li", _alarm(problem.site, name, m, moment)) for name, m in worst[:NAMED]]
    more = len(problem.members) - len(alarms)
    if more > 0:
        alarms.append(tag("li", f"+ {more}"))
    told = [_told(message, people, moment) for message in one.told[-MESSAGES:]]
    parts = [head, tag("ul", *alarms, _class="alarms-of")]
    if one.unreached:
        why = ONCALL["whys"].get(problem.unreached) or problem.unreached or ONCALL["whys"][""]
        parts.insert(0, tag("p", ONCALL["unreached"].format(why=why, where=where), _class="alarming"))
    parts.append(tag("p", f"{ONCALL['told']}: ", *(told or [ONCALL["not_told"]]), _class="told"))
    buttons: tuple[Button, ...] = ()
    if problem.status in (Status.PAGING, Status.UNANSWERED) and frame.visitor.may("answer"):
        take = wished(frame, "answer", lambda user, address: duties(frame).answer(user, address, problem.id))
        buttons = (Button(ONCALL["take"], take, where, main=True),)
    return Row(problem.id, join(*parts), buttons, "unreached" if one.unreached else problem.status)


def _alarm(site: str, occurrence: str, member: Member, moment: Moment) -> Markup:
    """What it is about, as the list of alarms calls it, and what was measured; it leads to the alarm."""
    station, point, rule = [*member.key.split("/"), "", "", ""][:3]
    said = naming.alarm(moment, (site, station, point, rule))
    value, unit = member.facts.get("value"), wording.unit(str(member.facts.get("unit") or ""))
    if isinstance(value, int | float):
        measured = f"{wording.number(float(value))} {unit}".strip()
        said = f"{said} · {ALARMS['raised_at'].format(value=measured)}"
    return join(symbol(member.priority, small=True), " ", tag("a", said, href=link(occurrence)))


def _where(one: Paged, moment: Moment) -> str:
    problem = one.problem
    if not problem.kind:
        return naming.place(moment, problem.site, problem.place)
    kind, phase = (
        INCIDENT["kinds"].get(problem.kind, problem.kind),
        INCIDENT["phases"].get(problem.phase, problem.phase),
    )
    return f"{naming.place(moment, problem.site)} · {kind} · {phase}"


def _status(one: Paged, moment: Moment) -> Markup:
    problem = one.problem
    said = [ONCALL["statuses"].get(problem.status, problem.status)]
    if problem.status == Status.ANSWERED and problem.by:
        said.append(ONCALL["by"].format(who=problem.by, time=moment.at(problem.answered_at)))
    if problem.silence:
        said.append(ONCALL["silenced"])
    if problem.status == Status.PAGING and problem.due:
        said.append(ONCALL["next_page"].format(time=moment.at(problem.due)))
    since = INCIDENT["since"].format(
        time=moment.at(problem.opened), age=wording.age(max(0, (moment.view.now or problem.opened) - problem.opened))
    )
    return join(tag("span", " · ".join(said), _class="status"), " ", tag("small", since))


def _told(one: Told, people: Mapping[str, str], moment: Moment) -> Markup:
    outcome = ONCALL["outcomes"].get(one.outcome, one.outcome)
    words = f"{moment.at(one.time)} {people.get(one.person, one.person)} ({one.channel}, {outcome})"
    return tag("span", words, _class="message failed" if one.outcome == "failed" else "message")
