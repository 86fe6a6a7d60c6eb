"""The incidents' pages as text: every kind, one that nobody knows, the playbook's steps and what happened."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.console.acting.comments import Comment
from services.console.pages import incident, timeline
from services.console.pages.incident_alarms import related
from services.console.pages.incidents import listed
from services.console.pages.moment import Moment
from services.console.pages.one_incident import top
from services.console.view import playbook
from services.console.view.live import LiveView
from services.console.view.shift import KEPT_COURSES
from services.console.view.snapshots import Status
from services.console.words import speaking
from services.core.catalogue import Site, load_catalogue
from services.core.clock import HOUR, MINUTE
from services.core.records import AlarmEvent, IncidentEvent, Tick
from services.duty.steps import Tick as Done
from tests.browser import storm

ZONE = ZoneInfo("Asia/Shanghai")
SITES = Path(__file__).resolve().parents[3] / "sites"


def said(markup: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup)).strip())


def moment(view: LiveView) -> Moment:
    return Moment("Liuyang", view, Status(silence=1.0), ZONE)


@pytest.fixture(scope="module")
def night() -> Moment:
    """22:10 of the storm."""
    catalogue = storm.city()
    view = LiveView(catalogue.sites)
    view.apply_all(storm.night(catalogue, storm.clock("22:10")))
    return moment(view)


@pytest.mark.parametrize(("kind", "file", "phase"), [
    ("IntakeCrisis", "liuyang", "restricted"), ("PowerLossFlooding", "dongtai", "flooded"),
    ("FreezeUp", "qingdao", "freezing"), ("RiverFlood", "dongtai", "danger_1"),
])  # fmt: skip
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_has_its_page_also_one_that_nobody_knows(kind: str, file: str, phase: str, language: str) -> None:
    sites = load_catalogue(SITES / f"{file}.yaml").sites
    view = LiveView(sites)
    step = sites[0].playbooks.get(playbook.model_of(kind), {}).get(phase, "Go there; look")
    first = IncidentEvent(HOUR, sites[0].id, kind, f"x/{kind}@1", 1, phase, "it rains", step, {})
    view.apply_all(
        [first, Tick(HOUR + MINUTE), replace(first, number=2, time=2 * HOUR, phase="closed"), Tick(3 * HOUR)]
    )
    with speaking(language):
        now = moment(view)
        (one,) = view.incidents()
        assert incident.phase_of(phase) in said(top(now, one))
        assert incident.kind_of(one) in said(listed(now))
    steps = playbook.all_steps(one, view.shift.courses[one.incident].begun, sites[0])
    here = [step.text for step in steps if step.phase == phase]
    assert here == step.split("; ")
    assert len(here) > 1
    assert playbook.phases(kind, [phase, "closed"], sites[0])[-1] == "closed"


def test_what_was_told_when_a_phase_began_stays_although_the_playbook_changes() -> None:
    told = playbook.steps("IntakeCrisis", "surge", _site({"surge": "one; two; three"}), "first; second")
    assert [(step.place, step.text) for step in told] == [(0, "first"), (1, "second")]
    now = playbook.steps("IntakeCrisis", "surge", _site({"surge": "one; two; three"}))
    assert [step.text for step in now] == ["one", "two", "three"]


def _site(steps: dict[str, str]) -> Site:
    site = storm.city().sites[0]
    return site.model_copy(update={"playbooks": {"intake-crisis": steps}})


def test_evidence_compares_with_the_beginning_of_the_phase_and_not_with_the_newest_news(night: Moment) -> None:
    view = LiveView(night.view.catalogue())
    events = list(storm.incident_events(storm.clock("22:10")))
    news = replace(events[-1], number=4, time=storm.clock("22:00"), cause="blind", evidence={
        **events[-1].evidence, "readings": {"clear-well level": "2.60 m"},
    })  # fmt: skip
    view.apply_all([*events, news, Tick(storm.clock("22:10"))])
    (one,) = view.incidents()
    at, before = incident.at_beginning(moment(view), one)
    assert (at, before["clear-well level"]) == (storm.clock("21:43"), "2.86 m")


def test_the_timeline_has_alarms_phases_people_and_pages_in_order(night: Moment) -> None:
    (one,) = night.view.incidents()
    course = night.view.shift.courses[one.incident]
    at = storm.clock("22:05")
    found = timeline.lines(
        night, one, course,
        [Done(one.incident, "surge", 0, "Rake <b>now</b>", True, at, "li.wei")],
        [Comment(1, at + 1, "wang", one.incident, "six <i>people</i>\nare there")],
        [Decision(at + 2, one.incident, 1, Kind.SENT, Why.NEW, person="chen", channel="sms"),
         Decision(at + 3, one.incident, 2, Kind.HOLD, Why.JOINED)],
    )  # fmt: skip
    assert [line.time for line in found] == sorted(line.time for line in found)
    assert {line.kind for line in found} == set(timeline.KINDS)
    told = timeline.drawn(night, found, timeline.KINDS, newest_first=True)
    assert "<b>now" not in told
    assert "<i>" not in told
    assert said(told).startswith("22:05 Paged chen · sms a new problem 22:05 wang six <i>people</i> are there")
    assert "20:46 C raised Screen head > 1 m : 1.04 m" in said(told)
    assert said(timeline.drawn(night, found, {"phases"}, newest_first=False)).startswith("19:45 Surge Raw turbidity")
    assert "Nothing of what is chosen." in timeline.drawn(night, found, set(), newest_first=True)


def test_a_command_on_one_of_its_alarms_is_told_with_who_and_why(night: Moment) -> None:
    (one,) = night.view.incidents()
    view = LiveView(night.view.catalogue())
    view.apply_all([*storm.incident_events(storm.clock("22:10")), AlarmEvent(
        storm.clock("22:00"), "no3", "intake", "screen_head", "screen-head-critical", "a@1", 2, "acknowledged",
        "critical", cause="crew is there", state="C", who="li.wei", command="c1",
    )])  # fmt: skip
    (line,) = [x for x in timeline.lines(moment(view), one, view.shift.courses[one.incident]) if x.kind == "people"]
    assert said(line.said) == "C acknowledged Screen head > 1 m li.wei: crew is there"


def test_an_incident_has_the_alarms_that_it_claims_from_before_it_opened_and_no_others() -> None:
    view = LiveView(storm.city().sites)
    raised = AlarmEvent(
        HOUR, "no3", "intake", "screen_head", "screen-head-high", "a@1", 1, "raised", "medium", state="B"
    )
    other = replace(raised, point="raw_turbidity", rule="raw-turbidity-high", occurrence="b@1")
    claims: dict[str, object] = {"claims": ["intake/screen_head/screen-head-high"]}
    opened = IncidentEvent(2 * HOUR, "no3", "IntakeCrisis", "x@1", 1, "surge", "", "", claims)
    view.apply_all(
        [raised, other, opened, replace(raised, number=2, time=2 * HOUR + 1, transition="cleared", state="A")]
    )
    told = [(e.rule, e.transition) for e in view.shift.courses["x@1"].alarms]
    assert told == [("screen-head-high", "raised"), ("screen-head-high", "cleared")]
    view.apply(Tick(2 * HOUR + 2))
    assert "None of its alarms stands now." in related(moment(view), view.incidents()[0])


def test_the_oldest_closed_incidents_are_let_go_first() -> None:
    view = LiveView(storm.city().sites)
    for n in range(KEPT_COURSES + 5):
        opened = IncidentEvent(n + 1, "no3", "IntakeCrisis", f"x@{n}", 1, "surge", "", "", {})
        view.apply(opened)
        if n:
            view.apply(replace(opened, number=2, phase="closed"))
    assert len(view.shift.courses) == KEPT_COURSES
    assert "x@0" in view.shift.courses
    assert "x@1" not in view.shift.courses


def test_the_list_has_open_incidents_first_and_says_how_far_it_goes(night: Moment) -> None:
    told = said(listed(night))
    assert told.startswith("Incidents Intake crisis: No. 3 plant Supply threatened open since 19:45, 2 h 25")
    assert "→ Start Nos. 1 and 2" in told
    assert f"the newest {KEPT_COURSES} incidents" in told
    assert 'href="/incidents?incident=no3%2Fintake-crisis%2F1"' in listed(night)
