"""Timelines of paging: one page for one problem, again when it is worse, on to the next when nobody answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.oncall.decisions import Kind, Why
from services.alerts.oncall.dispatch import Dispatch
from services.alerts.oncall.silences import Silence
from services.core.clock import DAY, HOUR, MINUTE
from tests.unit.oncall.desk import START, Desk, at, rules

HEAD, FLOW, SUPPLY = "intake/screen_head/structural", "intake/flow/low-low", "clearwell/hours/near"
NEW, REPEAT, ESCALATE, WORSE = Why.NEW.value, Why.REPEAT.value, Why.ESCALATE.value, Why.WORSE.value


def test_a_critical_alarm_pages_who_is_on_call_and_repeats_and_escalates_until_it_is_acknowledged() -> None:
    desk = Desk()
    head = desk.raised(0, HEAD)
    desk.wait(16)
    assert desk.told() == [(0, "wang", NEW), (5, "wang", REPEAT), (15, "li", ESCALATE), (15, "chief", ESCALATE)]
    desk.then(17, head, "acknowledged", "C")
    desk.wait(600)
    assert len(desk.pages) == 4
    assert desk.decisions[-1].why is not Why.NO_ANSWER


def test_an_acknowledgement_before_the_repeat_leaves_it_at_one_page() -> None:
    desk = Desk()
    head = desk.raised(0, HEAD)
    desk.then(3, head, "acknowledged", "C")
    desk.wait(600)
    assert desk.told() == [(0, "wang", NEW)]
    assert [d.why for d in desk.decisions if d.kind is Kind.STOP] == [Why.ACKNOWLEDGED]


@pytest.mark.parametrize(("transition", "state"), [("cleared", "D"), ("acknowledged", "C"), ("cleared", "A")])
def test_the_end_or_the_answer_of_what_came_before_the_first_start_pages_nobody(transition: str, state: str) -> None:
    desk = Desk()
    desk.raised(0, HEAD, transition=transition, state=state)
    desk.wait(60)
    assert desk.told() == []
    assert not desk.dispatch.problems.open
    desk.raised(61, FLOW, number=2, transition="unshelved")
    assert desk.told() == [(61, "wang", NEW)]


def test_what_is_over_is_told_with_the_value_that_it_had_when_it_stood() -> None:
    desk = Desk()
    head = desk.raised(0, HEAD, value=1.02, limit=1.0)
    desk.raised(1, FLOW)
    desk.then(3, head, "cleared", "D", value=0.8)
    (problem,) = desk.dispatch.problems.open.values()
    assert problem.members[head].state == "D"
    assert problem.members[head].facts["value"] == 1.02
    assert "1.02" in problem.members[head].text


def test_the_alarms_of_one_incident_are_one_problem_and_worsening_after_acknowledgement_pages_once_more() -> None:
    desk = Desk()
    desk.raised(-30, "intake/turbidity/high", "high")
    desk.incident(-30, "surge", 1, ("intake/turbidity/high", HEAD, FLOW, SUPPLY))
    head = desk.raised(0, HEAD)
    desk.then(2, head, "acknowledged", "C")
    high = next(iter(desk.dispatch.problems.open.values())).members
    desk.then(2, next(iter(high)), "acknowledged", "C")
    assert desk.told() == [(0, "wang", NEW)]
    desk.incident(20, "restricted", 2, number=2)
    flow = desk.raised(22, FLOW)
    desk.then(24, flow, "acknowledged", "C")
    desk.wait(500)
    supply = desk.raised(530, SUPPLY)
    desk.then(531, supply, "acknowledged", "C")
    desk.wait(900)
    assert desk.told() == [(0, "wang", NEW), (20, "wang", WORSE), (530, "wang", WORSE)]
    assert len({d.problem for d in desk.decisions if d.problem}) == 1


def test_the_page_names_the_alarm_that_began_it_though_its_problem_is_older() -> None:
    desk = Desk()
    desk.raised(-30, "intake/turbidity/high", "high")
    desk.incident(-30, "surge", 1, ("intake/turbidity/high", HEAD))
    head = desk.raised(0, HEAD)
    (page,) = desk.pages
    assert page.occurrence == head != page.problem


def test_a_second_alarm_before_the_answer_does_not_page_again() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.raised(1, FLOW)
    assert desk.told() == [(0, "wang", NEW)]
    assert desk.decisions[-1].why is Why.JOINED


def test_stations_without_an_incident_are_problems_of_their_own() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.raised(1, "highlift/pressure/burst")
    desk.raised(2, HEAD, site="no1")
    assert len(desk.pages) == 3
    assert len({d.problem for d in desk.pages}) == 3


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"lane": "historical", "annunciated": False}, Why.HISTORICAL),
        ({"state": "H", "annunciated": False}, Why.ASIDE),
        ({"state": "G", "annunciated": False}, Why.ASIDE),
        ({"annunciated": False}, Why.QUIET),
        ({"priority": "journal"}, Why.JOURNAL),
        ({"priority": "high"}, Why.NO_STEPS),
        ({"priority": "medium"}, Why.NO_STEPS),
    ],
)
def test_what_pages_nobody_says_why(more: dict[str, object], why: Why) -> None:
    desk = Desk()
    occurrence = desk.raised(0, HEAD, **more)  # type: ignore[arg-type]
    desk.wait(60)
    assert desk.pages == []
    (held,) = desk.decisions
    assert (held.kind, held.why, held.occurrence) == (Kind.HOLD, why, occurrence)


def test_a_problem_that_grows_from_high_to_critical_pages_then() -> None:
    desk = Desk()
    desk.raised(0, "intake/submergence/low", "high")
    desk.raised(10, "intake/submergence/low-low", "critical")
    assert desk.told() == [(10, "wang", NEW)]


def test_what_has_gone_before_anybody_answered_stops_and_pages_again_when_it_comes_back() -> None:
    desk = Desk()
    first = desk.raised(0, HEAD)
    desk.then(3, first, "cleared", "D")
    desk.wait(60)
    assert desk.told() == [(0, "wang", NEW)]
    desk.then(61, first, "superseded", "D")
    desk.raised(61, HEAD)
    assert desk.told()[1:] == [(61, "wang", WORSE)]
    assert [d.why for d in desk.decisions if d.kind is Kind.RESUME] == [Why.AGAIN]


def test_a_channel_that_fails_is_followed_by_the_next_channel_then_by_the_next_person() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    (first,) = desk.pages
    assert (first.person, first.channel) == ("wang", "call-a")
    desk.outcome(0.1, first.page, False)
    assert (desk.pages[-1].person, desk.pages[-1].channel, desk.pages[-1].why) == ("wang", "call-b", Why.NEXT_WAY)
    desk.outcome(0.2, desk.pages[-1].page, False)
    assert [(p.person, p.channel) for p in desk.pages[2:]] == [("li", "call-a"), ("chief", "call-b")]
    assert desk.pages[-1].time == at(0.2)
    desk.outcome(0.3, desk.pages[2].page, False)
    desk.outcome(0.4, desk.pages[3].page, False)
    assert [d.why for d in desk.decisions if d.kind is Kind.UNREACHED][-1] in (Why.ALL_FAILED, Why.NO_ANSWER)


def test_nobody_answering_is_said_once() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.wait(24 * 60)
    assert [d.why for d in desk.decisions if d.kind is Kind.UNREACHED] == [Why.NO_ANSWER]


def test_nobody_on_call_is_said_and_the_next_in_line_is_told_at_once() -> None:
    late = [{"id": "crew", "time_zone": "Asia/Shanghai", "layers": [{"people": ["wang"], "start": "2030-01-01T00:00"}]}]
    desk = Desk(rules(rosters=late))
    desk.raised(0, HEAD)
    assert [d.why for d in desk.decisions if d.kind is Kind.UNREACHED] == [Why.NOBODY_ON_CALL]
    assert [(m, p) for m, p, _ in desk.told()] == [(0, "li"), (0, "chief")]


def test_a_silence_holds_the_page_until_it_ends_and_no_longer() -> None:
    desk = Desk()
    desk.silence(0, Silence("s1", "no3/intake", at(30), "chen", "screens are being changed", critical=True))
    desk.raised(0, HEAD)
    assert desk.pages == []
    assert desk.decisions[-1].why is Why.SILENCED
    assert "chen" in desk.decisions[-1].detail
    desk.raised(1, "highlift/pressure/burst")
    assert [d.time for d in desk.pages] == [at(1)]
    desk.wait(31)
    assert [(m, p) for m, p, _ in desk.told() if m in (0, 30)] == [(30, "wang")]


def test_an_incident_that_becomes_worse_is_not_answered_by_an_alarm_that_merely_clears() -> None:
    desk = Desk()
    head, flow = desk.raised(0, HEAD), desk.raised(0, FLOW)
    desk.incident(0, "surge", 1, (HEAD, FLOW))
    desk.then(1, head, "acknowledged", "C")
    desk.then(1, flow, "acknowledged", "C")
    desk.incident(10, "threatened", 3, number=2)
    desk.then(11, head, "cleared", "A")
    desk.wait(16)
    assert desk.told() == [(0, "wang", NEW), (10, "wang", WORSE), (15, "wang", REPEAT)]


def test_an_alarm_that_puts_itself_aside_has_been_answered_by_nobody() -> None:
    desk = Desk()
    head, flow = desk.raised(0, HEAD), desk.raised(0, "intake/flow/low", "high")
    desk.then(1, flow, "shelved", "G", who="headworks", until=at(11))
    desk.then(2, head, "cleared", "D")
    assert [d.why for d in desk.decisions if d.kind is Kind.STOP] == [Why.GONE]
    desk.then(11, flow, "unshelved", "B")
    assert desk.told()[-1] == (11, "wang", WORSE)


def test_a_link_that_answers_stops_the_round() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    problem = desk.pages[0].problem
    assert [d.kind for d in desk.dispatch.answer(problem, "wang", at(2))] == [Kind.STOP]
    assert desk.dispatch.answer(problem, "li", at(3)) == []
    desk.wait(600)
    assert len(desk.pages) == 1


def test_the_morning_digest_tells_what_woke_nobody() -> None:
    desk = Desk()
    desk.raised(0, "clarifier/turbidity/high", "medium")
    gone = desk.raised(5, "filters/f01/high", "high")
    desk.then(30, gone, "acknowledged", "C")
    desk.then(40, gone, "cleared", "A")
    decisions = desk.wait(12 * 60)
    (digest,) = [d for d in decisions if d.kind is Kind.DIGEST]
    assert digest.time == START + 11 * HOUR + 30 * MINUTE
    assert digest.person == "wang"
    assert [p["alarms"] for p in digest.text["standing"]] == [["clarifier/turbidity high"]]  # type: ignore[attr-defined]
    assert [p["alarms"] for p in digest.text["over"]] == [["filters/f01 high"]]  # type: ignore[attr-defined]
    assert [d for d in desk.wait(13 * 60) if d.kind is Kind.DIGEST] == []
    assert len([d for d in desk.wait(36 * 60) if d.kind is Kind.DIGEST]) == 1


def test_the_state_is_plain_data() -> None:
    desk = Desk()
    desk.raised(0, HEAD)
    desk.incident(1, "surge", 1, (HEAD,))
    stored = desk.dispatch.dump()
    again = Dispatch(desk.oncall)
    again.load(json.loads(json.dumps(stored)))
    assert again.dump() == stored


_KEYS = [HEAD, FLOW, SUPPLY, "highlift/pressure/low"]
_ACTS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["raise", "ack", "clear", "incident", "fail", "take", "silence", "none"]),
        st.sampled_from(_KEYS),
        st.sampled_from(["critical", "high", "medium"]),
    ),
    max_size=25,
)


def _play(desk: Desk, acts: list[tuple[int, str, str, str]], restarts: frozenset[int]) -> None:
    minute, standing, phase = 0, dict[str, str](), 0
    for i, (wait, act, key, priority) in enumerate(acts):
        minute += wait
        if i in restarts:
            desk.restart()
        desk.wait(minute)
        match act:
            case "raise" if key not in standing:
                standing[key] = desk.raised(minute, key, priority)
            case "ack" if key in standing:
                desk.then(minute, standing[key], "acknowledged", "C")
            case "clear" if key in standing:
                desk.then(minute, standing.pop(key), "cleared", "A")
            case "incident":
                phase = min(phase + 1, 3)
                desk.incident(minute, f"phase {phase}", phase, tuple(_KEYS[:3]), number=phase)
            case "fail" | "take" if desk.pages:
                desk.outcome(minute, desk.pages[-1].page, act == "take")
            case "silence":
                desk.silence(minute, Silence(f"s{i}", "no3", at(minute + 20), "x", "y", critical=i % 2 == 0))
    desk.wait(minute + 300)


@settings(max_examples=60, deadline=None)
@given(_ACTS, st.frozensets(st.integers(0, 24)))
def test_a_restart_anywhere_pages_nobody_twice_and_forgets_nobody(
    acts: list[tuple[int, str, str, str]], restarts: frozenset[int]
) -> None:
    through, torn = Desk(), Desk()
    _play(through, acts, frozenset())
    _play(torn, acts, restarts)
    assert torn.decisions == through.decisions
    pages = [d.page for d in through.pages]
    assert len(pages) == len(set(pages))
    assert [d.number for d in through.decisions] == list(range(1, len(through.decisions) + 1))


@settings(max_examples=40, deadline=None)
@given(_ACTS)
def test_a_critical_alarm_that_stands_unanswered_has_paged_or_says_that_nobody_was_reached(
    acts: list[tuple[int, str, str, str]],
) -> None:
    desk = Desk()
    _play(desk, acts, frozenset())
    desk.wait(30 * 24 * 60)
    for problem in desk.dispatch.problems.open.values():
        if problem.worst == "critical" and problem.unanswered and problem.stands:
            mine = [d for d in desk.decisions if d.problem == problem.id]
            assert any(d.kind in (Kind.PAGE, Kind.UNREACHED) for d in mine)
    assert desk.dispatch.morning.last > START + 29 * DAY
