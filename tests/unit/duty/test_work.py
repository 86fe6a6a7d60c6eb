"""Planned work: what may be planned, and that each window begins exactly once, whatever stops and starts meanwhile."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.core.clock import DAY, HOUR, MINUTE
from services.core.records import AlarmEvent
from services.duty.areas import NotDone
from services.duty.work import LATE, Journal, Work, alarms, check, due, overlapping
from tests.unit.alerts.test_commands import plant

NOW = 1000 * DAY


def work(number: int = 1, start: int = NOW, end: int = NOW + HOUR, state: str = "planned", target: str = "no3") -> Work:
    return Work(number, target, start, end, "eve", "a new pump", state, (f"c{number}",))


def told(transition: str, name: str = "c1", command: str = "", at: int = NOW) -> AlarmEvent:
    return AlarmEvent(
        at, "no3", "", "", "", f"command/{name}", 1, transition, "journal", who="eve", cause="done",
        command=command or name,
    )  # fmt: skip


@given(
    windows=st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 60)), max_size=6),
    looks=st.lists(st.tuples(st.integers(-60, 120), st.sampled_from(["all", "sent", "lost"])), max_size=12),
)
def test_each_window_begins_at_most_once_and_never_before_its_start_or_after_its_end(
    windows: list[tuple[int, int]], looks: list[tuple[int, str]]
) -> None:
    rows = {
        i: work(i, NOW + start * MINUTE, NOW + (start + length) * MINUTE) for i, (start, length) in enumerate(windows)
    }
    journal, begun = Journal(), dict[str, int]()
    for minute, luck in sorted(looks):
        now = NOW + minute * MINUTE
        for step in due(list(rows.values()), now, journal):
            if step.command is not None:
                assert step.work.start <= now < step.work.end
                assert step.command.until == step.work.end
                if luck == "lost":
                    continue  # killed before the log took it
                if step.command.id not in begun:  # the keeper obeys a name once
                    begun[step.command.id] = now
                    journal.apply(told("planned", step.command.id))
            if luck == "all":  # "sent": killed before the row was written
                rows[step.work.number] = replace(step.work, state=step.state)
    for row in rows.values():
        assert (row.state in ("begun", "over")) <= (row.commands[0] in begun)
        assert (row.state == "missed") <= (row.commands[0] not in begun)


def test_what_was_missed_begins_late_only_while_its_end_is_ahead_and_says_so() -> None:
    (late,) = due([work(start=NOW - HOUR)], NOW, Journal())
    assert late.command is not None
    assert (late.state, late.reason) == ("begun", "begun 60 min late")
    (prompt,) = due([work(start=NOW - LATE)], NOW, Journal())
    assert prompt.reason == ""
    (missed,) = due([work(start=NOW - HOUR, end=NOW)], NOW, Journal())
    assert (missed.state, missed.command) == ("missed", None)
    assert due([work(start=NOW + 1)], NOW, Journal()) == []


def test_what_the_journal_says_comes_before_what_the_row_says() -> None:
    journal = Journal()
    journal.apply(told("planned"))
    (step,) = due([work()], NOW, journal)
    assert (step.state, step.command) == ("begun", None)
    assert [one.occurrence for one in journal.works()] == ["command/c1"]
    journal.apply(told("planned_over", command="x9"))
    journal.apply(told("planned"))  # a source that repeats itself
    assert journal.works() == []
    (ended,) = due([work(state="begun")], NOW, journal)
    assert (ended.state, ended.reason) == ("ended", "eve: done")
    refusing = Journal()
    refusing.apply(replace(told("refused"), cause="suppress: no"))
    (refused,) = due([work()], NOW, refusing)
    assert (refused.state, refused.reason) == ("refused", "suppress: no")
    assert due([work(state="begun")], NOW + HOUR, Journal())[0].state == "over"


def test_work_needs_something_to_silence_an_end_within_a_week_and_a_reason() -> None:
    sites = [plant()]
    check(sites, "no3/st/turbidity", NOW, NOW + 7 * DAY, "x", NOW)
    for target, start, end, why in [
        ("no3/nowhere", NOW, NOW + HOUR, "x"),
        ("no3", NOW, NOW + HOUR, "  "),
        ("no3", NOW, NOW, "x"),
        ("no3", NOW - HOUR, NOW - 1, "x"),
        ("no3", NOW, NOW + 7 * DAY + 1, "x"),
        ("no3", NOW + 400 * DAY, NOW + 401 * DAY, "x"),
    ]:
        with pytest.raises(NotDone):
            check(sites, target, start, end, why, NOW)
    assert {name for name, _ in alarms(sites, "no3/st/turbidity")} == {
        "no3/st/turbidity/high", "no3/st/turbidity/high-high",
    }  # fmt: skip
    assert any(name.startswith("no3/st/station/") for name, _ in alarms(sites, "no3/st"))


def test_windows_overlap_when_one_is_within_the_other_at_the_same_time() -> None:
    there = [work(1, target="no3/st"), work(2, state="over"), work(3, target="no3/stairs"), work(4, target="no30")]
    assert [one.number for one in overlapping(there, "no3/st/level", NOW, NOW + 1)] == [1]
    assert [one.number for one in overlapping(there, "no3", NOW, NOW + 1)] == [1, 3]
    assert overlapping(there, "no3/st", NOW + HOUR, NOW + DAY) == []
