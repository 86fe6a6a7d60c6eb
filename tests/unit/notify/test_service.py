"""The paging service on its own log: nothing twice, nothing forgotten, whatever the channels do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.alerts.oncall.decisions import Decision, Kind, Why
from services.core.clock import MINUTE
from services.core.records import AlarmEvent
from services.duty.links import Links
from services.duty.log import Store
from services.duty.wishes import Wishes
from services.notify.channels import ChannelError
from services.notify.known import SiteWords
from services.notify.service import Notifier
from services.notify.sources import Happening
from services.store.database import Database, StoreError
from tests.unit.oncall.desk import at, rules

HEAD = "intake/screen_head/structural"
NO3 = SiteWords("No. 3 plant", "Asia/Shanghai", {}, {})


class Phone:
    """A channel that keeps what it took, or refuses."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.titles: list[str] = []
        self.bodies: list[str] = []
        self.refuses = False

    async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
        """Takes it, unless it refuses."""
        if self.refuses:
            raise ChannelError("engaged")
        self.took.append(page)
        self.titles.append(title)
        self.bodies.append(body)


class Room:
    """A paging service over a list of events, with a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'n.sqlite'}"
        self.phones = {name: Phone() for name in ("call-a", "call-b", "push", "mail")}
        self.minute = 0.0
        self.events: list[AlarmEvent] = []
        self.notifier = self.open()

    def open(self) -> Notifier:
        """Starts it, as a process would."""
        self.database = Database.open(self.url)
        self.store = Store(self.database)
        self.links = Links(self.database, lambda: 10**18)
        self.notifier = Notifier(
            rules(), self.store, "log", self.phones, lambda: at(self.minute), {"no3": NO3},
            Wishes(self.database), self.links,
        )  # fmt: skip
        return self.notifier

    def restart(self) -> None:
        """Ends it without a word, and starts it anew."""
        self.database.close()
        self.open()

    def raised(self, key: str = HEAD, priority: str = "critical") -> AlarmEvent:
        """An alarm comes into the log."""
        station, point, rule = key.split("/")
        now = at(self.minute)
        event = AlarmEvent(now, "no3", station, point, rule, f"no3/{key}@{now}", 1, "raised", priority, state="B")
        self.events.append(replace(event, value=1.02, limit=1.0, unit="m"))
        return self.events[-1]

    def acknowledged(self, event: AlarmEvent) -> None:
        """Somebody has seen it."""
        self.events.append(replace(event, time=at(self.minute), number=2, transition="acknowledged", state="C"))

    def go(self, minute: float) -> list[Decision]:
        """Until `minute`: takes all events of the log again, as a follower from its beginning would, and sends."""
        self.minute = minute
        told = self.notifier.take([Happening("log", i, event) for i, event in enumerate(self.events)])
        told += self.notifier.listen() + self.notifier.tick()
        while asyncio.run(self.notifier.send_all()):
            pass
        return told


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A room with nothing in its log."""
    return Room(tmp_path)


def test_a_page_says_in_her_language_what_is_wrong_where_and_how_bad(room: Room) -> None:
    room.raised()
    room.go(0)
    assert room.phones["call-a"].titles == ["【紧急】No. 3 plant：intake/screen_head structural"]


def test_a_text_that_fails_goes_as_plain_facts_and_why_says_so(room: Room) -> None:
    room.notifier.rules = room.notifier.rules.model_copy(update={"texts": {"zh": {"title": "{plant}"}}})
    event = room.raised()
    room.go(0)
    (sent,) = [one for one in room.store.decisions(event.occurrence) if one.kind is Kind.SENT]
    assert room.phones["call-a"].titles == ["critical no3: intake/screen_head structural 1.02 m (limit 1)"]
    assert sent.detail == "the text failed (KeyError: 'plant'): plain facts were sent"


def test_a_restart_pages_nobody_twice_and_goes_on_with_the_repeat(room: Room) -> None:
    room.raised()
    room.go(0)
    for minute in (1, 2, 3, 4):
        room.restart()
        room.go(minute)
    assert len(room.phones["call-a"].took) == 1
    room.restart()
    room.go(5)
    assert len(room.phones["call-a"].took) == 2
    assert len(set(room.phones["call-a"].took)) == 2


def test_a_message_whose_fate_is_not_known_is_sent_again_under_the_same_name(room: Room) -> None:
    room.raised()
    room.minute = 0
    room.notifier.take([Happening("log", 0, room.events[0])])
    ((page, _, _),) = room.store.outgoing(at(0))
    room.store.begun(page, at(0.2))  # killed while the channel had it
    room.restart()
    room.go(0.1)
    assert room.phones["call-a"].took == []
    room.go(0.3)
    assert room.phones["call-a"].took == [page]


def test_a_page_that_was_answered_before_it_could_go_is_not_sent(room: Room) -> None:
    room.database.close()
    event = room.raised()
    room.open()
    room.minute = 3
    room.acknowledged(event)
    room.go(200)
    assert all(phone.took == [] for phone in room.phones.values())
    assert [d.why for d in room.store.decisions(event.occurrence) if d.kind is Kind.STOP] == [Why.ACKNOWLEDGED]


def test_a_channel_is_tried_three_times_then_the_next_is_taken(room: Room) -> None:
    room.phones["call-a"].refuses = True
    event = room.raised()
    for second in range(0, 60, 2):
        room.go(second / 60)
    assert len(room.phones["call-b"].took) == 1
    kinds = [(d.kind, d.person, d.channel) for d in room.store.decisions(event.occurrence)]
    assert (Kind.FAILED, "wang", "call-a") in kinds
    assert (Kind.SENT, "wang", "call-b") in kinds


def test_when_every_channel_fails_it_is_said_that_nobody_was_reached(room: Room) -> None:
    for phone in room.phones.values():
        phone.refuses = True
    event = room.raised()
    for second in range(0, 600, 2):
        room.go(second / 60)
    assert Why.ALL_FAILED in [d.why for d in room.store.decisions(event.occurrence) if d.kind is Kind.UNREACHED]


def test_why_tells_the_whole_story_of_a_problem_by_any_of_its_alarms(room: Room) -> None:
    first = room.raised()
    room.go(0)
    room.minute = 1
    second = room.raised("intake/flow/low-low")
    room.go(1)
    room.minute = 2
    room.acknowledged(first)
    room.acknowledged(second)
    room.go(2)
    assert [d.kind for d in room.store.decisions(second.occurrence)] == [Kind.PAGE, Kind.SENT, Kind.HOLD, Kind.STOP]
    assert room.store.decisions(first.occurrence) == room.store.decisions(second.occurrence)
    assert room.store.decisions("no3/never/heard/of@1") == []


def test_a_clock_that_goes_back_pages_nobody_anew(room: Room) -> None:
    room.raised()
    room.go(6)
    count = len(room.phones["call-a"].took)
    room.go(1)
    room.go(5)
    assert len(room.phones["call-a"].took) == count


def test_a_clock_that_was_ahead_and_is_set_right_does_not_stop_the_repeats(room: Room) -> None:
    room.raised()
    room.go(0)
    room.go(-600)  # ten hours back
    count = len(room.phones["call-a"].took)
    for minute in range(-600, -540):
        room.go(minute)
    assert len(room.phones["call-a"].took) > count
    assert room.notifier._now < at(31)  # it runs slowly until it is right again, so that nobody is early for long


def test_a_channel_that_raises_what_no_channel_should_is_one_that_failed(room: Room) -> None:
    class Broken(Phone):
        async def send(self, page: str, title: str, body: str, urgent: bool) -> None:
            """It is not what was thought."""
            raise ValueError("no such port")

    room.phones["call-a"] = Broken()
    room.raised()
    for minute in range(3):
        room.go(minute / 10)
    assert room.phones["call-b"].took != []


def test_hostile_names_become_one_plain_line(room: Room) -> None:
    event = room.raised()
    room.events[-1] = replace(event, rule="x\r\nBcc: all@example\x1b[2J")
    room.go(0)
    (title,) = room.phones["call-a"].titles
    assert all(c.isprintable() for c in title)


def test_the_log_is_whole_after_any_number_of_kills(room: Room) -> None:
    events = [room.raised(f"intake/p{i}/low-low") for i in range(30)]
    for event in events:
        room.acknowledged(event)
    for _ in range(5):
        room.go(1)
        room.restart()
    numbers = [d.number for e in events for d in room.store.decisions(e.occurrence)]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))


def test_a_log_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        Database.open(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")
    (tmp_path / "text.sqlite").write_text("this is no database, but a letter of some length " * 50, encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used"):
        Database.open(f"sqlite:///{tmp_path / 'text.sqlite'}")


def steps(decisions: Sequence[Decision]) -> list[tuple[float, Kind]]:
    """When, in minutes, and what."""
    return [((d.time - at(0)) / MINUTE, d.kind) for d in decisions]


def test_after_an_absence_only_what_still_asks_is_paged_once(room: Room) -> None:
    gone = room.raised("highlift/pressure/burst")
    room.acknowledged(gone)
    room.raised()
    room.restart()
    room.go(180)
    assert len(room.phones["call-a"].took) == 1
    assert steps(room.store.decisions(room.events[-1].occurrence))[0] == (180, Kind.PAGE)
