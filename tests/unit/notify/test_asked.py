"""What people ask of paging: taken once, whatever is killed; said in words what became of it; seen by who looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.alerts.oncall.decisions import Kind, Why
from services.core.clock import DAY, MINUTE
from services.duty.board import Boards, board, unreached
from services.duty.wishes import DONE, Wish, Wishes
from services.notify.sources import Happening
from services.store.database import StoreError
from tests.unit.notify.test_service import HEAD, Room
from tests.unit.oncall.desk import at


class Asked(Room):
    """A paging service that is asked things."""

    count = 0

    def ask(self, kind: str, who: str = "li", **body: Any) -> str:
        """Gives the wish's name."""
        self.count += 1
        name = f"{kind} {self.count}"
        Wishes(self.database).ask(Wish(name, 1, who, kind, body))  # type: ignore[arg-type]
        return name

    def became(self, name: str) -> str | None:
        """Of a wish."""
        return Wishes(self.database).outcome(name)


@pytest.fixture
def room(tmp_path: Path) -> Asked:
    """Nothing in its log."""
    return Asked(tmp_path)


def test_an_answer_stops_the_paging_and_why_tells_who(room: Asked) -> None:
    event = room.raised()
    room.go(0)
    name = room.ask("answer", problem=event.occurrence, round=1, weight=[3, 1, 0], how="by a page's link")
    assert room.became(name) == ""
    room.go(1)
    assert room.became(name) == DONE
    (stop,) = [d for d in room.store.decisions(event.occurrence) if d.kind is Kind.STOP]
    assert (stop.why, stop.detail) == (Why.ACKNOWLEDGED, "by li, by a page's link")
    room.go(120)
    assert len(room.phones["call-a"].took) == 1


def test_a_wish_is_taken_once_though_the_service_is_killed_at_the_worst_moment(
    room: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = room.raised()
    room.go(0)
    name = room.ask("answer", problem=event.occurrence)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("services.duty.wishes.take", killed)  # within the transaction, after the state was written
        with pytest.raises(KeyboardInterrupt):
            room.notifier.listen()
    room.restart()
    assert room.became(name) == ""
    assert room.notifier.dispatch.problems.open[event.occurrence].status == "paging"
    room.go(1)
    room.restart()
    room.go(2)
    stops = [d for d in room.store.decisions(event.occurrence) if d.kind is Kind.STOP]
    assert len(stops) == 1
    assert room.became(name) == DONE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"problem": "no3/never/heard/of@1"}, "no such problem"),
        ({}, "no such problem"),
        ({"problem": "ANSWERED"}, "answered by wang"),
        ({"problem": "ASKED", "round": 0}, "become worse"),
    ],
)
def test_an_answer_that_comes_too_late_is_told_so(room: Asked, change: dict[str, Any], said: str) -> None:
    event = room.raised()
    other = room.raised("highlift/pressure/low-low")
    room.go(0)
    room.ask("answer", "wang", problem=other.occurrence)
    room.go(1)
    names = {"ANSWERED": other.occurrence, "ASKED": event.occurrence}
    name = room.ask("answer", **change | {"problem": names.get(change.get("problem", ""), change.get("problem"))})
    room.go(2)
    outcome = room.became(name) or ""
    assert outcome.startswith("refused: ")
    assert said in outcome


def test_an_answer_finds_the_problem_that_its_own_went_into(room: Asked) -> None:
    first, second = room.raised(), room.raised("highlift/pressure/low-low")
    room.go(0)
    problems = room.notifier.dispatch.problems
    problems._move(problems.open[second.occurrence], problems.open[first.occurrence], {"highlift/pressure/low-low"})
    name = room.ask("answer", problem=second.occurrence, round=7)
    room.go(1)
    assert room.became(name) == DONE


def test_a_silence_holds_survives_a_restart_and_is_ended(room: Asked) -> None:
    name = room.ask("silence", prefix="no3/intake", until=at(60), why="screens", critical=True)
    room.go(0)
    assert room.became(name) == DONE
    event = room.raised()
    room.restart()
    room.go(1)
    assert room.phones["call-a"].took == []
    assert [one.id for one in board(room.database).silences.values()] == [name]
    end = room.ask("unsilence", silence=name)
    room.go(2)
    assert room.became(end) == DONE
    assert len(room.phones["call-a"].took) == 1
    told = [(d.kind, d.why) for d in room.store.decisions(event.occurrence)]
    assert (Kind.HOLD, Why.SILENCED) in told
    assert "li" in [d.detail.rpartition(" ")[2] for d in room.store.decisions(name) if d.kind is Kind.RESUME]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"prefix": "no3", "until": at(0) - 1, "why": "x"}, "was to end"),
        ({"prefix": "no3", "until": at(1) + 7 * DAY + MINUTE, "why": "x"}, "at most 7 days"),
        ({"prefix": "", "until": at(60), "why": "x"}, "needs a prefix"),
        ({"prefix": "no3", "until": 10**30, "why": "x"}, "at most 7 days"),
        ({"prefix": "no3", "until": -(10**30), "why": "x"}, "was to end"),
        ({"prefix": "no3", "until": "tomorrow", "why": "x"}, "needs a prefix"),
        ({}, "needs a prefix"),
    ],
)
def test_a_silence_without_bounds_is_refused(room: Asked, body: dict[str, Any], said: str) -> None:
    name = room.ask("silence", **body)
    end = room.ask("unsilence", silence="never")
    room.go(1)
    assert said in (room.became(name) or "")
    assert "no silence never" in (room.became(end) or "")
    assert room.notifier.dispatch.silences.open == {}


def test_the_log_may_be_away_and_nothing_is_lost_or_done_twice(room: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    event = room.raised()

    def away(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(room.store, "advance", away)
        with pytest.raises(StoreError):
            room.go(0)
    room.notifier.reload()
    room.go(1)
    assert len(room.phones["call-a"].took) == 1
    numbers = [d.number for d in room.store.decisions(event.occurrence)]
    assert numbers == sorted(set(numbers))


def test_what_was_not_written_is_not_taken_for_written_by_whatever_comes_before_it_is_taken_again(
    room: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = room.raised()
    happening = [Happening("log", 0, event)]

    def away(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(room.store, "advance", away)
        with pytest.raises(StoreError):
            room.notifier.take(happening)
    with pytest.raises(StoreError):  # the disk is back, and a message under way ends, or the rules change
        room.notifier.use(room.notifier.rules, room.phones)
    room.notifier.reload()
    room.notifier.take(happening)
    assert [page for page, _, _ in room.store.outgoing(at(0))] != []


def test_what_reached_nobody_is_on_the_board_until_it_is_answered(room: Asked) -> None:
    for phone in room.phones.values():
        phone.refuses = True
    seconds = 0.0
    boards = Boards(room.database, lambda: seconds)
    event = room.raised()
    assert boards.look().unreached == ()
    for second in range(0, 120, 5):
        room.go(second / 60)
    (problem,) = unreached(room.database)
    assert (problem.id, problem.worst) == (event.occurrence, "critical")
    assert boards.look().unreached == ()  # not looked up again within the second
    seconds = 1.0
    assert [p.id for p in boards.look().unreached] == [event.occurrence]
    assert boards.look().find(event.occurrence) == problem
    room.ask("answer", problem=event.occurrence)
    room.go(3)
    seconds = 2.0
    assert boards.look().unreached == () == unreached(room.database)


@pytest.mark.parametrize("console", [None, "https://console.example:8443/"])
def test_messages_carry_a_link_where_the_rules_say_where_the_console_is(tmp_path: Path, console: str | None) -> None:
    room = Asked(tmp_path)
    room.notifier.rules = room.notifier.rules.model_copy(update={"console": console})
    event = room.raised()
    room.go(0)
    ((title, body),) = zip(room.phones["call-a"].titles, room.phones["call-a"].bodies, strict=True)
    assert HEAD.split("/")[1] in title
    found = [line for line in body.splitlines() if "://" in line]
    if console is None:
        assert found == []
        return
    address = found[0].rpartition(" ")[2]
    assert address.startswith("https://console.example:8443/p/")
    link = room.links.read(address.rpartition("/")[2])
    assert (link.problem, link.person, link.round, link.page) == (
        event.occurrence, "wang", 1, room.phones["call-a"].took[0],
    )  # fmt: skip
