"""What a console shows after a start in the middle of things is what one shows that saw all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import pytest

from services.console.acting.answers import Answers
from services.console.view.live import LiveView
from services.core.codec import ALARM, INCIDENT, encode_output
from services.core.ports import Entry
from services.core.records import AlarmEvent, IncidentEvent
from services.core.settings import Settings
from services.daemons.control_room import feed as module
from services.daemons.control_room.feed import Feed
from services.daemons.control_room.load import Load
from services.daemons.control_room.standstill import Standstill
from services.daemons.daemon import Daemon
from services.daemons.health import Health
from services.daemons.metrics import Metrics
from services.runtime.cluster.places import Extent
from services.runtime.cluster.reading import Batch, Part

HOUR = 3_600_000_000_000


def alarm(site: str, hour: int, transition: str, number: int, state: str) -> AlarmEvent:
    name = f"{site}/intake/level/high@{HOUR}"
    return AlarmEvent(hour * HOUR, site, "intake", "level", "high", name, number, transition, "high", state=state)


def incident(hour: int, phase: str, number: int) -> IncidentEvent:
    return IncidentEvent(hour * HOUR, "no3", "storm", f"no3/storm@{HOUR}", number, phase, "rain", "watch")


#: By part what was said; what lies before the bar is more than a day ago.
SAID: dict[Part, tuple[list[AlarmEvent | IncidentEvent], int]] = {
    (ALARM, 0): ([alarm("no3", 1, "raised", 1, "B"), alarm("no3", 40, "acknowledged", 2, "C")], 1),
    (ALARM, 1): ([alarm("no1", 1, "raised", 1, "B"), alarm("no1", 2, "cleared", 2, "D"),
                  alarm("no2", 3, "raised", 1, "B"), alarm("up", 41, "raised", 1, "B")], 3),
    (INCIDENT, 0): ([incident(1, "rain", 1), incident(39, "surge", 2)], 1),
    (INCIDENT, 1): ([], 0),
}  # fmt: skip


class Reader:
    """A follower of what is in memory; at its end it waits."""

    def __init__(self, start: Mapping[Part, int], only: Collection[Part] | None) -> None:
        self._left = [
            Batch(topic, number, [Entry(n, topic, "", encode_output(said[n])[1]) for n in range(first, len(said))],
                  len(said))
            for (topic, number), (said, _) in SAID.items()
            if (first := start.get((topic, number), 0)) < len(said) and (only is None or (topic, number) in only)
        ]  # fmt: skip

    @classmethod
    def whole(cls, _s: Settings, _t: Sequence[str], start: Mapping[Part, int], only: Any = None) -> Self:
        return cls(start, only)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        if not self._left:
            await asyncio.Event().wait()
        return self._left.pop(0)


async def test_what_began_before_the_start_is_shown_as_if_all_had_been_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def places(*_: object) -> dict[Part, int]:
        return {part: bar for part, (_, bar) in SAID.items()}

    async def there(*_: object) -> dict[Part, Extent]:
        return {part: Extent(0, len(said)) for part, (said, _) in SAID.items()}

    monkeypatch.setattr(module, "Follower", Reader)
    monkeypatch.setattr(module, "places_at", places)
    monkeypatch.setattr(module, "extents", there)
    daemon = Daemon("console", Settings(partitions=2), Health(), Metrics(), asyncio.Event())
    view, straight = LiveView(()), LiveView(())
    feed = Feed(daemon, view, Answers())
    adopt, adopted = view.adopt, asyncio.Event()

    def noted(other: LiveView) -> None:
        adopt(other)
        adopted.set()

    monkeypatch.setattr(view, "adopt", noted)
    following = asyncio.create_task(feed.follow_alarms())
    async with asyncio.timeout(10):
        await adopted.wait()
    following.cancel()
    assert feed.alarms is not None
    assert feed.alarms.done()
    everything: list[AlarmEvent | IncidentEvent] = [event for said, _ in SAID.values() for event in said]
    everything.sort(key=lambda event: event.time)
    straight.apply_all(everything)
    assert [(a.occurrence, a.raised, a.letter) for a in view.active()] == [
        (a.occurrence, a.raised, a.letter) for a in straight.active()
    ]
    assert len(view.active()) == 3
    assert view.cleared() == straight.cleared()
    assert view.incidents() == straight.incidents()
    assert [phase.phase for phase in view.incidents()[0].phases] == ["rain", "surge"]


def test_a_load_is_done_when_every_part_has_come_to_its_end():
    load = Load({("a", 0): 5, ("a", 1): 7}, {("a", 0): 15, ("a", 1): 7})
    assert load.parts == {("a", 0)}
    load.reached(("a", 0), 10)
    load.reached(("a", 1), 9)
    assert (load.share, load.done()) == (0.5, False)
    load.reached(("a", 0), 20)
    assert (load.share, load.done()) == (1.0, True)
    assert Load({}, {}).done()


def test_who_has_work_and_does_none_stands_and_who_is_slow_does_not():
    part = ("sites", 0)
    one = Standstill(30.0)
    one.look({part: 5}, {part: 5}, 0.0)
    one.look({part: 5}, {part: 9}, 100.0)
    assert (one.behind, one.stands) == (4, False)
    one.look({part: 6}, {part: 20}, 120.0)
    one.look({part: 6}, {part: 30}, 149.0)
    assert not one.stands, "it moved less than its bound ago"
    one.look({part: 6}, {part: 30}, 150.0)
    assert (one.behind, one.stands) == (24, True)
    one.look({part: 30}, {part: 30}, 151.0)
    assert (one.behind, one.stands) == (0, False)
    one.look({}, {part: 40}, 160.0)
    one.look({}, {part: 40}, 190.0)
    assert one.stands, "who never began stands too"
