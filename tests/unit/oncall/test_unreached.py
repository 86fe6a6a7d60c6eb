"""Nobody reached, other rules, an absence, a flood: timelines in which paging must not fall silent."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from services.alerts.oncall.decisions import Kind, Why
from services.alerts.oncall.silences import Silence
from services.core.clock import MINUTE, SECOND
from tests.unit.oncall.desk import RULES, START, Desk, at, rules

HEAD, FLOW = "intake/screen_head/structural", "intake/flow/low-low"
LAST: dict[str, Any] = {"last_resort": ["chief", "wang"], "last_resort_every": "10m"}


def last(desk: Desk) -> list[tuple[float, str, str]]:
    """(minute, person, channel) of every message to the last resort."""
    return [((d.time - START) / MINUTE, d.person, d.channel) for d in desk.pages if d.why is Why.LAST_RESORT]


EVERY_WAY = [("chief", "call-b"), ("wang", "call-a"), ("wang", "call-b"), ("wang", "push"), ("wang", "mail")]


def test_what_nobody_answers_goes_to_the_last_resort_by_every_way_until_somebody_does() -> None:
    desk = Desk(rules(**LAST))
    head = desk.raised(0, HEAD)
    desk.wait(45)
    (problem,) = desk.dispatch.problems.open.values()
    assert (problem.unreached, problem.unreached_at) == (Why.NO_ANSWER.value, at(20))
    assert last(desk) == [(m, *way) for m in (20, 30, 40) for way in EVERY_WAY]
    assert len({d.page for d in desk.pages}) == len(desk.pages)
    assert {d.urgency for d in desk.pages if d.why is Why.LAST_RESORT} == {"wake"}
    desk.then(46, head, "acknowledged", "C", who="wang")
    desk.wait(300)
    assert len(last(desk)) == 3 * len(EVERY_WAY)
    assert (problem.unreached, problem.by, problem.answered_at) == ("", "wang", at(46))


def test_the_last_resort_ends_when_nothing_of_it_stands_any_more() -> None:
    desk = Desk(rules(**LAST))
    head = desk.raised(0, HEAD)
    desk.wait(25)
    desk.then(26, head, "cleared", "D")
    desk.wait(300)
    assert {m for m, _, _ in last(desk)} == {20}
    assert [p.unreached for p in desk.dispatch.problems.open.values()] == [""]


def test_when_every_channel_fails_the_last_resort_is_told_at_once_and_its_failures_end_nothing() -> None:
    desk = Desk(rules(**LAST))
    desk.raised(0, HEAD)
    while waiting := [p for p in desk.pages if p.why is not Why.LAST_RESORT and p.page not in told(desk, Kind.FAILED)]:
        desk.outcome(0.1, waiting[0].page, False)
    assert {m for m, _, _ in last(desk)} == {0.1}
    for page in list(desk.pages):
        desk.outcome(0.2, page.page, False)
    desk.wait(21)
    assert {m for m, _, _ in last(desk)} == {0.1, 10.1, 20.1}


def told(desk: Desk, kind: Kind) -> set[str]:
    """The pages that ended so."""
    return {d.page for d in desk.decisions if d.kind is kind}


def test_a_page_that_is_taken_ends_what_had_reached_nobody_before_it() -> None:
    late = [{"id": "crew", "time_zone": "Asia/Shanghai", "layers": [{"people": ["wang"], "start": "2030-01-01T00:00"}]}]
    desk = Desk(rules(rosters=late, **LAST))
    desk.raised(0, HEAD)
    (problem,) = desk.dispatch.problems.open.values()
    assert problem.unreached == Why.NOBODY_ON_CALL.value
    desk.outcome(0.1, desk.pages[-1].page, True)
    assert problem.unreached == ""


def test_a_failure_of_an_earlier_round_says_nothing_of_this_one() -> None:
    desk = Desk()
    head = desk.raised(0, HEAD)
    old = desk.pages[-1].page
    desk.then(1, head, "acknowledged", "C")
    desk.raised(2, FLOW)
    count = len(desk.pages)
    desk.outcome(3, old, False)
    assert len(desk.pages) == count


def other(**change: Any) -> Any:
    """Rules in which the critical policy has another name, or is changed else."""
    policy = {**RULES["policies"][0], "id": "supply", **change}
    return rules(policies=[policy, *RULES["policies"][1:]])


def test_a_policy_that_is_renamed_while_it_pages_goes_on_as_the_one_that_fits_now() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.restart(other())
    desk.wait(30)
    assert desk.told()[0] == (0, "wang", Why.NEW.value)
    assert [(m, p) for m, p, _ in desk.told()[1:]] == [(5, "wang"), (10, "wang"), (20, "li"), (20, "chief")]
    assert [d.why for d in desk.decisions if d.kind is Kind.RESUME] == [Why.NEW_RULES]
    assert len({d.page for d in desk.pages}) == len(desk.pages)
    (problem,) = desk.dispatch.problems.open.values()
    assert problem.asked == 1 < problem.round  # a link of the first message is as good as one of the second


def test_rules_in_which_no_policy_fits_any_more_are_nobody_reached() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.restart(rules(policies=[{"id": "other", "match": {"sites": ["no9"]}, "because": "x"}], **LAST))
    desk.wait(5)
    assert [d.why for d in desk.decisions if d.kind is Kind.UNREACHED] == [Why.NO_POLICY]
    assert last(desk)


def test_rules_that_now_page_nobody_for_it_say_so() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.restart(rules(policies=[{"id": "other", "because": "the dispatcher sees it"}]))
    desk.wait(60)
    assert desk.decisions[-1].why is Why.NO_STEPS
    assert len(desk.pages) == 1


def test_a_person_or_a_channel_that_is_gone_passes_the_page_on() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    first = desk.pages[-1]
    people = [dict(RULES["people"][0], reach=RULES["people"][0]["reach"][1:]), *RULES["people"][1:]]
    desk.restart(rules(people=people))  # call-a is gone
    desk.outcome(0.1, first.page, False)
    assert (desk.pages[-1].person, desk.pages[-1].channel) == ("wang", "call-b")
    rosters = [dict(RULES["rosters"][0], layers=[{"people": ["li"], "start": "2023-04-17T08:00"}])]
    desk.restart(rules(people=RULES["people"][1:], rosters=rosters, digest_to=[]))  # and now wang
    desk.outcome(0.2, desk.pages[-1].page, False)
    assert [p.person for p in desk.pages[2:]] == ["li", "chief"]


def test_a_last_resort_that_is_new_is_told_of_what_nobody_answered_before() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.wait(60)
    assert last(desk) == []
    desk.restart(rules(**LAST))
    desk.dispatch.resume(at(61))
    desk.wait(62)
    assert {m for m, _, _ in last(desk)} == {61}


def test_after_an_absence_nobody_is_passed_over_for_having_had_no_time_to_answer() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.restart()
    desk.dispatch.resume(at(180))
    desk.wait(180)
    assert len(desk.pages) == 1
    desk.wait(181)
    soon = 180 + 5 * SECOND / MINUTE
    assert desk.told()[1:] == [(soon, "wang", Why.REPEAT.value)]
    desk.wait(200)
    assert [p for _, p, _ in desk.told()[2:]] == ["li", "chief"]
    assert desk.told()[2][0] == soon + 10


def test_two_that_are_found_to_be_one_go_on_as_the_one_that_people_were_told_of() -> None:
    desk = Desk()
    desk.raised(0, "river/turbidity/high", "high")
    head = desk.raised(1, HEAD)
    desk.incident(2, "surge", 0, ("river/turbidity/high", HEAD))
    (problem,) = desk.dispatch.problems.open.values()
    assert problem.id == head
    assert len(problem.members) == 2
    desk.wait(6)
    assert [(m, p) for m, p, _ in desk.told()] == [(1, "wang"), (6, "wang")]


def test_of_two_that_page_and_are_found_to_be_one_the_other_ends_with_a_reason() -> None:
    desk = Desk()
    head = desk.raised(0, HEAD)
    flow = desk.raised(1, "river/flow/low")
    desk.incident(2, "surge", 0, ("river/flow/low", HEAD))
    joined = [d for d in desk.decisions if d.problem == flow and d.kind is Kind.STOP]
    assert [(d.why, d.detail) for d in joined] == [(Why.JOINED, head)]


def test_two_that_were_answered_are_no_news_together() -> None:
    desk = Desk()
    for minute, key in ((0, HEAD), (1, "river/flow/low")):
        desk.then(minute + 0.5, desk.raised(minute, key), "acknowledged", "C")
    desk.incident(2, "surge", 0, ("river/flow/low", HEAD))
    assert len(desk.pages) == 2


def test_a_thousand_alarms_in_a_minute_are_one_page_a_problem() -> None:
    desk = Desk()
    names = [
        desk.raised(i / 1000, f"station{i % 10}/point{i}/high", "critical" if i % 3 else "medium") for i in range(1000)
    ]
    assert len(desk.pages) == 10 == len(desk.dispatch.problems.open)
    assert {len(p.members) for p in desk.dispatch.problems.open.values()} == {100}
    for name in names:
        desk.then(2, name, "acknowledged", "C")
    assert all(p.status == "answered" for p in desk.dispatch.problems.open.values())


def flood(count: int, stations: int) -> int:
    """Steps of the interpreter for so many alarms at so many stations, raised under a silence, then seen."""
    desk, steps = Desk(), 0

    def one_more(*_: object) -> None:
        nonlocal steps
        steps += 1

    desk.silence(-1, Silence("s", "no3", at(60), "chen", "a flood", critical=True))
    sys.setprofile(one_more)
    try:
        names = [desk.raised(0, f"station{i % stations}/point{i}/high") for i in range(count)]
        for name in names:
            desk.then(2, name, "acknowledged", "C")
    finally:
        sys.setprofile(None)
    return steps


@pytest.mark.parametrize("stations", [1, 40])
def test_the_work_of_a_flood_grows_with_its_alarms_and_no_faster(stations: int) -> None:
    assert flood(400, stations) < 2.3 * flood(200, stations)
