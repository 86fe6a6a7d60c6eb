"""The fold: a journal's alarm events, in canonical order, into what each position's report needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from services.alerts.performance.floods import Floods
from services.alerts.performance.position import Position
from services.alerts.performance.report import PositionReport, report_of
from services.alerts.performance.words import DISPATCH, OF_COMMANDS
from services.core.clock import iso
from services.core.codec import canonical_json
from services.core.records import AlarmEvent

#: Of the dumped state.
SCHEMA = 1


class Performance:
    """Counts from `start` (ns UTC) on; what came before it moves the state (what stands, waits, is shelved) only.

    Events are those of the canonical journal, in its order: ValueError for one that is earlier than the one before.
    Any split into batches gives the same. Events of the historical lane, refused commands and what is not annunciated
    are never alarms here. Memory: about 1 KB an alarm that was ever told, 47,000 numbers of durations a priority at the
    very most, the annunciations of the last ten minutes, 500 floods; all of them a position.
    """

    def __init__(self, positions: Mapping[str, str] | None = None, start: int = 0) -> None:
        """`positions`: by site the operator's position (`Site.position`); others are "dispatch"."""
        self._position_of = dict(positions or {})
        self._start = start
        self._positions: dict[str, Position] = {}
        self._floods = Floods(self._position_of)
        self._newest = -(2**63)

    def take(self, events: Iterable[AlarmEvent]) -> None:
        """The next events of the journal."""
        for event in events:
            if event.time < self._newest:
                raise ValueError(f"an event of {iso(event.time)} comes after {iso(self._newest)}: not in order")
            self._newest = event.time
            if event.lane or event.transition in OF_COMMANDS:
                continue
            self._position(event.site).take(event, self._start)
            if event.time >= self._start:
                self._flood(event)
            else:
                self._floods.mind_clock(event)

    def _flood(self, event: AlarmEvent) -> None:
        for told in self._floods.take([event]):
            if told.transition == "end":
                self._positions[told.position].flooded(told)

    def _position(self, site: str) -> Position:
        return self._positions.setdefault(self._position_of.get(site, DISPATCH), Position())

    def reports(self, end: int, only: str = "") -> list[PositionReport]:
        """One a position (`only`: of this one), by name, up to `end` (ns UTC), by which all has come.

        ValueError unless `end` is after the start and not before the last event. Reporting changes nothing.
        """
        if end <= self._start or end < self._newest:
            raise ValueError(f"the end {iso(end)} must be after {iso(max(self._start, self._newest))}")
        floods = Floods(self._position_of)
        floods.load(self._floods.dump())
        ended = [told for told in floods.advance(end) if told.transition == "end"]
        lasting = {told.position: told for told in floods.standing()}
        names = sorted({*self._positions, *self._position_of.values()})
        return [
            report_of(
                name,
                self._positions.get(name, Position()),
                self._floods.worst(name),
                [told for told in ended if told.position == name],
                lasting.get(name),
                self._start,
                end,
            )
            for name in names
            if not only or name == only
        ]

    def dump(self) -> bytes:
        """All of the state; equal states give equal bytes."""
        return canonical_json({
            "schema": SCHEMA,
            "start": self._start,
            "newest": self._newest,
            "position_of": self._position_of,
            "positions": {name: one.dump() for name, one in self._positions.items()},
            "floods": self._floods.plain(),
        }).encode()  # fmt: skip

    def load(self, state: bytes) -> None:
        """What `dump` gave. ValueError for another schema or damaged bytes."""
        try:
            data = json.loads(state)
            if data["schema"] != SCHEMA:
                raise ValueError(f"schema {data['schema']}, this version reads {SCHEMA}")
            positions = {name: Position.load(one) for name, one in data["positions"].items()}
            floods = Floods(data["position_of"])
            floods.take_plain(data["floods"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"damaged state of performance: {error}") from None
        self._start, self._newest, self._position_of = data["start"], data["newest"], data["position_of"]
        self._positions, self._floods = positions, floods
