"""One look at all alarms, shared by every browser: sorted and counted once a change, not once a page and second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar, overload

from services.console.view.alarms import Alarms, Occurrence
from services.console.view.snapshots import PRIORITIES, severity

Value = TypeVar("Value")

#: Answers to different questions that one look keeps.
_REMEMBERED = 60


class Listing:
    """The alarms as they are at one version of the fold. Making it is O(n log n); nothing in it changes any more.

    shown: active and in service, the worst first, then the newest.  hidden: active and not sounding.
    waiting: gone, to be seen or reset.  aside: shelved or out of service although they do not stand.
    unseen, unseen_worst: how many wait to be acknowledged, and the worst of their priorities.
    worst: by site, station/point and rule the priority of what stands, hidden or not.
    """

    def __init__(self, alarms: Alarms) -> None:
        self.version = alarms.version
        active = _ordered(list(alarms.active.values()))
        self.shown = tuple(one for one in active if not one.hidden)
        self.hidden = tuple(one for one in active if one.hidden)
        self.waiting = tuple(_ordered(list(alarms.waiting.values())))
        self.aside = tuple(_ordered(list(alarms.aside.values())))
        self.counts = dict.fromkeys(PRIORITIES, 0)
        self.by_site: dict[str, dict[str, int]] = {}
        for one in self.shown:
            of = self.by_site.setdefault(one.first.site, {})
            for counted in (self.counts, of):
                counted[one.last.priority] = counted.get(one.last.priority, 0) + 1
        waits = [one.last.priority for one in (*self.shown, *self.waiting) if one.state in "BDE"]
        self.unseen, self.unseen_worst = len(waits), min(waits, key=severity, default="")
        self.worst = {
            (one.first.site, f"{one.first.station}/{one.first.point}", one.first.rule): one.last.priority
            for one in (*self.hidden, *self.shown)
        }
        self.worst_of_points: dict[tuple[str, str], str] = {}
        for one in self.shown:  # the worst first
            self.worst_of_points.setdefault((one.first.site, f"{one.first.station}/{one.first.point}"),
                                            one.last.priority)  # fmt: skip
        self._answers: dict[object, object] = {}

    @property
    def everything(self) -> tuple[Occurrence, ...]:
        """All that is not simply normal, the worst first within each of the four."""
        return (*self.shown, *self.waiting, *self.hidden, *self.aside)

    def once(self, question: object, answer: Callable[[], Value]) -> Value:
        """The answer to a question about this look, worked out for whoever asks first."""
        if question not in self._answers:
            while len(self._answers) >= _REMEMBERED:
                self._answers.pop(next(iter(self._answers)))
            self._answers[question] = answer()
        return self._answers[question]  # type: ignore[return-value]  # what was put there under the question


def _ordered(found: list[Occurrence]) -> list[Occurrence]:
    return sorted(found, key=lambda one: (severity(one.last.priority), -one.first.time))


Made_co = TypeVar("Made_co", covariant=True)


class Lazily(Sequence[Made_co], Generic[Made_co]):
    """A sequence whose members are made when somebody looks at them: of ten thousand a page shows fifty."""

    def __init__(self, found: Sequence[Occurrence], make: Callable[[Occurrence], Made_co]) -> None:
        self._found, self._make = found, make

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, at: int) -> Made_co: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Made_co]: ...
    def __getitem__(self, at: int | slice) -> Made_co | Sequence[Made_co]:
        if isinstance(at, slice):
            return Lazily(self._found[at], self._make)
        return self._make(self._found[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(
            a == b for a, b in zip(self, other, strict=True)
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]  # as of a list


Key = TypeVar("Key")


class LazyMapping(Mapping[Key, Value]):
    """A mapping whose values are made once, when they are asked for: by its keys' numbers."""

    def __init__(self, numbers: Mapping[Key, int], make: Callable[[int], Value]) -> None:
        self._numbers, self._make, self._made = numbers, make, dict[Key, Value]()

    def __getitem__(self, key: Key) -> Value:
        if key not in self._made:
            self._made[key] = self._make(self._numbers[key])
        return self._made[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)
