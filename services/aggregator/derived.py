"""DerivedWindows: the windows of computed points, whose readings come beside the site's log and not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.aggregator.windows import WindowAggregator
from services.core.catalogue import Point, from_json, to_json
from services.core.frame import Frame
from services.core.packing import pack, unpack
from services.core.records import Aggregates, Config, Output, Record

_SCHEMA = "derived windows 1"

#: Of a site without a catalogue: no point is computed.
_NONE = np.full(1, -1, np.int32)


class DerivedWindows:
    """A Processor over the computed readings of a site, as frames, its configurations and ticks.

    It keeps rows for computed points only: beside an alarm processor the state must not double. What comes too late
    for memory is counted and not asked for again: no archive has it by itself, a replay computes it anew.
    """

    name = "derived windows"

    def __init__(self) -> None:
        self._windows = WindowAggregator()
        #: By site, in the order in which they were first seen: append-only, as a site's points are.
        self._ids: dict[str, list[str]] = {}
        self._index: dict[str, list[int]] = {}
        self._ours: dict[str, NDArray[np.int32]] = {}

    def accept(self, site: str, records: Sequence[Record]) -> None:
        """Changes nothing. ValueError for a catalogue that is none."""
        for record in records:
            if isinstance(record, Config):
                from_json(record.catalogue_json)

    def step(self, site: str, records: Sequence[Record]) -> list[Output]:
        """The windows that ticks end, of the computed points alone."""
        self.accept(site, records)
        out: list[Output] = []
        mine: list[Record] = []
        for record in records:
            if isinstance(record, Config):
                out += self._given(site, mine)  # named as the points were until here
                mine = [self._configured(site, record)]
            else:
                mine.append(self._mine(site, record) if isinstance(record, Frame) else record)
        return out + self._given(site, mine)

    def _given(self, site: str, mine: list[Record]) -> list[Output]:
        given = self._windows.step(site, mine) if mine else []
        return [self._named(site, one) for one in given if isinstance(one, Aggregates)]

    def _configured(self, site: str, config: Config) -> Config:
        """The configuration of a site that has the computed points only."""
        whole = from_json(config.catalogue_json)
        ids = self._ids.setdefault(site, [])
        there = {p.id: n for n, p in enumerate(whole.points)}
        ids += [p.id for p in whole.points if p.derived is not None and p.id not in ids]
        self._place(site, [there.get(one, -1) for one in ids])
        points = tuple(whole.points[n] if n >= 0 else _gone(one) for one, n in zip(ids, self._index[site], strict=True))
        small = whole.model_copy(update={"points": points, "zones": (), "balance": None})
        return replace(config, catalogue_json=to_json(small))

    def _place(self, site: str, index: list[int]) -> None:
        """index: of each computed point its index in the site, -1 for one that is in no catalogue any more."""
        self._index[site] = index
        ours = np.full(max(index, default=-1) + 2, -1, np.int32)  # the last for all beyond
        for k, n in enumerate(index):
            if n >= 0:
                ours[n] = k
        self._ours[site] = ours

    def _mine(self, site: str, frame: Frame) -> Frame:
        ours = self._ours.get(site, _NONE)
        return replace(frame, points=ours[np.minimum(frame.points, len(ours) - 1)])

    def _named(self, site: str, window: Aggregates) -> Aggregates:
        index = np.array(self._index[site], np.int32)
        return replace(window, points=index[window.points])

    def dump(self, site: str) -> bytes:
        """The site's state; that of a site never seen is the initial one."""
        meta = {"schema": _SCHEMA, "ids": self._ids.get(site, []), "index": self._index.get(site, [])}
        return pack(meta, {"windows": np.frombuffer(self._windows.dump(site), np.uint8)})

    def load(self, site: str, state: bytes) -> None:
        """ValueError for another schema version or damaged bytes."""
        meta, arrays = unpack(state)
        if meta.get("schema") != _SCHEMA:
            raise ValueError(f"windows of computed points of schema {meta.get('schema')}, this reads {_SCHEMA!r}")
        try:
            ids, index, windows = _texts(meta["ids"]), list(meta["index"]), arrays["windows"].tobytes()
        except (KeyError, TypeError) as error:
            raise ValueError(f"damaged state: {error} is missing") from None
        self._windows.load(site, windows)
        self._ids[site] = ids
        self._place(site, index)


def _gone(name: str) -> Point:
    station, _, point = name.partition("/")
    return Point(station=station, name=point, removed=True)


def _texts(some: Iterable[object]) -> list[str]:
    return [str(one) for one in some]
