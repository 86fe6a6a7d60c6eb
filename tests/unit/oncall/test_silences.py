"""Timelines of silences: bounded in what they hold, told with who and why, and what they held is not forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerts.oncall.decisions import Kind, Why
from services.alerts.oncall.silences import Silence
from tests.unit.oncall.desk import RULES, Desk, at, rules

HIGH, FLOW, HEAD = "intake/turbidity/high", "intake/flow/low", "intake/screen_head/structural"

#: Every alarm pages by the same policy.
ONE: dict[str, Any] = {
    "policies": [{"id": "all", "because": "a test", "steps": [
        {"to": ["crew"], "repeat": "5m", "times": 2}, {"wait": "15m", "to": ["li"]}]}],
}  # fmt: skip


def quiet(until: float, prefix: str = "no3/intake", critical: bool = False, name: str = "s1") -> Silence:
    """By Chen."""
    return Silence(name, prefix, at(until), "chen", "screens are changed", critical)


def paged(desk: Desk) -> list[tuple[float, str]]:
    """(minute, person) of every message."""
    return [(minute, person) for minute, person, _ in desk.told()]


def test_a_silence_without_a_word_on_criticals_holds_none() -> None:
    desk = Desk(rules(**ONE))
    desk.silence(-1, quiet(30))
    desk.raised(0, HEAD, "critical")
    assert paged(desk) == [(0, "wang")]


def test_a_silence_holds_what_lies_under_it_and_the_waits_count_from_its_end() -> None:
    desk = Desk(rules(**ONE))
    desk.silence(-1, quiet(30))
    head = desk.raised(0, HIGH, "high")
    desk.wait(60)
    assert paged(desk) == [(30, "wang"), (35, "wang"), (45, "li")]
    held = [d for d in desk.decisions if d.why is Why.SILENCED and d.problem]
    assert [(d.problem, d.occurrence) for d in held] == [(head, "s1")]
    assert "chen: screens are changed" in held[0].detail
    assert [d.why for d in desk.decisions if d.kind is Kind.RESUME] == [Why.UNSILENCED]


@pytest.mark.parametrize(("key", "priority"), [(HEAD, "critical"), ("intake2/flow/low", "high")])
def test_what_makes_a_held_problem_critical_or_lies_elsewhere_pages_at_once(key: str, priority: str) -> None:
    desk = Desk(rules(**ONE))
    desk.silence(-1, quiet(30))
    desk.raised(0, HIGH, "high")
    desk.incident(1, "surge", 0, (HIGH, key))
    desk.raised(2, key, priority)
    assert paged(desk) == [(2, "wang")]


def test_what_is_being_paged_when_it_begins_waits_and_goes_on_when_somebody_ends_it() -> None:
    desk = Desk(rules(**ONE))
    desk.raised(0, HIGH, "high")
    desk.silence(2, quiet(600))
    desk.wait(100)
    desk.unsilence(101, "s1")
    assert paged(desk) == [(0, "wang"), (101, "wang")]
    assert desk.unsilence(102, "s1") == []
    ended = [d for d in desk.decisions if d.kind is Kind.RESUME and d.occurrence == "s1"]
    assert [d.detail for d in ended] == ["by chen"]


def test_what_was_answered_under_a_silence_is_not_paged_at_its_end() -> None:
    desk = Desk(rules(**ONE))
    desk.silence(-1, quiet(30))
    head = desk.raised(0, HIGH, "high")
    desk.then(5, head, "acknowledged", "C")
    desk.wait(600)
    assert desk.pages == []


def test_of_two_silences_the_longer_counts() -> None:
    desk = Desk(rules(**ONE))
    desk.silence(-1, quiet(30))
    desk.silence(-1, quiet(90, "no3", name="s2"))
    desk.raised(0, HIGH, "high")
    desk.unsilence(10, "s2")
    desk.wait(31)
    assert paged(desk) == [(30, "wang")]


def test_a_long_step_of_time_sees_a_silence_that_ended_within_it() -> None:
    desk = Desk(rules(**ONE))
    desk.raised(0, HIGH, "high")
    desk.silence(1, quiet(4))
    desk.wait(500)
    assert paged(desk)[:2] == [(0, "wang"), (4, "wang")]


def test_the_last_resort_too_is_held() -> None:
    desk = Desk(rules(**ONE, last_resort=["chief"], last_resort_every="10m"))
    desk.raised(0, HIGH, "high")
    desk.wait(21)
    desk.silence(22, quiet(100))
    desk.wait(99)
    count = len(desk.pages)
    desk.wait(101)
    assert len(desk.pages) == count + len(RULES["people"][2]["reach"])


def test_an_answer_that_saw_less_than_there_is_does_not_end_it() -> None:
    desk = Desk(rules(**ONE))
    head = desk.raised(0, HIGH, "high")
    desk.raised(1, HEAD, "critical")
    desk.answer(2, head, weight=(2, 0, 0))
    assert [(m, w) for m, _, w in desk.told()][1:] == [(2, Why.WORSE.value)]
    desk.answer(3, head, weight=(3, 1, 0))
    desk.wait(100)
    assert len(desk.pages) == 2
    (problem,) = desk.dispatch.problems.open.values()
    assert (problem.by, problem.answered_at) == ("wang", at(3))


def test_an_alarm_that_comes_back_from_its_shelf_is_not_held_by_a_silence_over_the_others() -> None:
    desk = Desk()
    pumped = desk.raised(0, "intake/pump/tripped")
    desk.raised(1, HEAD)
    desk.then(2, pumped, "shelved", "G", who="chen")
    desk.silence(3, quiet(600, f"no3/{HEAD}", critical=True))
    count = len(desk.pages)
    desk.then(30, pumped, "unshelved", "B")
    assert len(desk.pages) == count + 1
