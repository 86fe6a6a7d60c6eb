"""The incidents: a list of all that are known, and one of them with its evidence, playbook and timeline."""

from __future__ import annotations

from nicegui import ui

from services.console import wording
from services.console.markup import Markup, join, tag
from services.console.pages import incident
from services.console.pages.frame import Frame
from services.console.pages.incident_style import CSS
from services.console.pages.moment import Moment
from services.console.pages.one_incident import OneIncident
from services.console.view import playbook
from services.console.view.shift import KEPT_ALARMS, KEPT_COURSES
from services.console.view.snapshots import IncidentView
from services.console.words import INCIDENTS

#: Characters of an incident's name in an address.
LONGEST_NAME = 300


class Incidents:
    """One browser's page: `/incidents` is the list, `/incidents?incident=NAME` is one."""

    def __init__(self) -> None:
        self._one: OneIncident | None = None

    def build(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        ui.add_css(CSS)
        request = ui.context.client.request
        asked = request.query_params.get("incident", "")[:LONGEST_NAME] if request is not None else ""
        found = next((one for one in moment.view.incidents() if one.incident == asked), None)
        if found is not None:
            frame.page.classes("one-incident-page")
            self._one = OneIncident(found.incident)
            self._one.build(frame, moment, found)
            return
        frame.page.classes("incident-list-page")
        if asked:
            frame.fixed(tag("p", INCIDENTS["unknown"].format(name=asked), _class="panel", role="alert"))
        frame.part("incident_list").classes("main")

    def refresh(self, frame: Frame, moment: Moment) -> None:
        """See Content."""
        if self._one is not None:
            self._one.refresh(frame, moment)
        else:
            frame.show("incident_list", listed(moment))


def listed(moment: Moment) -> Markup:
    """All incidents that are known, open ones first."""
    found = moment.view.incidents()
    kept = INCIDENTS["kept"].format(incidents=KEPT_COURSES, alarms=KEPT_ALARMS)
    head = tag("h2", INCIDENTS["title"], _class="title")
    if not found:
        none = INCIDENTS["none_old" if moment.old else "none"]
        return join(head, tag("p", none, _class="panel quiet"), tag("p", kept, _class="muted kept"))
    rows = [_row(moment, one) for one in found]
    return join(head, tag("ul", *rows, _class="incident-list"), tag("p", kept, _class="muted kept"))


def _row(moment: Moment, one: IncidentView) -> Markup:
    now = moment.view.now or one.began
    end = one.closed if one.closed is not None else now
    lasted = wording.age(max(end - one.began, 0))
    if one.closed is None:
        when = INCIDENTS["open"].format(time=moment.at(one.began), age=lasted)
    else:
        when = INCIDENTS["over"].format(begin=moment.at(one.began), end=moment.at(one.closed), age=lasted)
    steps = playbook.split(one.next_step) if one.closed is None else ()
    name = f"{incident.kind_of(one)}: {wording.said(one.site_name)}"
    return tag(
        "li",
        tag("a", name, href=incident.address(one.incident), _class="name"),
        tag("span", incident.phase_of(one.phase), _class="phase"),
        tag("span", when, _class="muted when"),
        tag("span", incident.cause(moment, one), _class="cause"),
        tag("span", "→ ", wording.said(steps[0]), _class="step") if steps else None,
        _class=f"panel incident-row {'closed' if one.closed is not None else incident.colour(moment, one)}",
    )
