"""SiteWindows: the windows of one site, from the readings that wait to what is given out at a tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from services.aggregator.windows.course import Course, Window
from services.aggregator.windows.kernel import any_row, catch_up
from services.aggregator.windows.late import TooLate, keeps
from services.aggregator.windows.rows import rows_of
from services.aggregator.windows.terms import Terms
from services.aggregator.windows.waiting import Columns, Waiting, acceptable, joined
from services.core.clock import MINUTE
from services.core.frame import Frame
from services.core.packing import pack, unpack
from services.core.records import Aggregates, Output

_SCHEMA = 2


class SiteWindows:
    """closed: minutes before it have been given out.  late, lost, ignored: readings that came after their minute was
    given out but changed it; after it had left memory; of unknown points or with a time that cannot be.

    Two folds of the same readings. `base` stands where minutes leave memory, and is what is stored; `head` stands where
    they are given out, and can be made from `base` and the readings that wait at any time: that is what happens when a
    late one has come.
    """

    def __init__(self, site: str) -> None:
        self.site = site
        self.terms = Terms.none()
        self.closed = 0
        self.late = self.lost = self.ignored = 0
        self._base = Course()
        self._head: Course | None = None
        self._waiting = Waiting()
        self._too_late = TooLate()
        self._revisions: dict[tuple[int, int], int] = {}
        self._frames: list[Frame] = []

    def take(self, frame: Frame) -> None:
        """Keeps its readings for the next tick."""
        if len(frame):
            self._frames.append(frame)

    def configure(self, terms: Terms) -> None:
        """From here on. What is still in memory is seen in the new way; what was given out is not given out again."""
        self._absorb()
        self.terms = terms
        self._base, self._head = self._base.grown(len(terms)), None

    def tick(self, now: int) -> list[Output]:
        """What ends by `now` (ns), and what readings have changed that was given out before."""
        minute = now // MINUTE
        if minute <= self.closed:
            return []
        self._absorb()
        out: list[Output] = []
        if self._head is None:
            self._head = self._base.copy()
            touched = np.full(len(self.terms), 2**62, np.int64)
            for point, first in self._waiting.touched.items():
                touched[point] = first * MINUTE
            for window in self._head.advance(self.closed, self._waiting.buckets, self.terms):
                if self._waiting.touched and (chosen := touched < window.end).any():
                    out.append(self._rows(window, chosen))
            self._waiting.touched = {}
        for window in self._head.advance(minute, self._waiting.buckets, self.terms):
            chosen = np.zeros(len(window.ints), np.bool_)
            if any_row(window.ints, chosen):
                out.append(self._rows(window, chosen))
        out += self._too_late.told(self.site, self._base.at * MINUTE, self.terms.zone, self.terms.version)
        self.closed = minute
        out += self._seal(max(minute - keeps(self.terms.lateness), 0))
        return out

    def _rows(self, window: Window, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Aggregates:
        key = (window.width, window.start)
        revision = self._revisions.get(key, -1) + 1
        self._revisions[key] = revision
        return rows_of(self.site, window, self.terms, chosen, revision)

    def _seal(self, sealed: int) -> list[Output]:
        """Minutes before `sealed` leave memory."""
        if sealed <= self._base.at:
            return []
        for _ in self._base.advance(sealed, self._waiting.buckets, self.terms):
            pass
        self._waiting.forget(sealed)
        until = sealed * MINUTE
        day = self._base.day
        self._revisions = {
            (width, start): n
            for (width, start), n in self._revisions.items()
            if start + width > until or (start == day[0] and day[1] > until)
        }
        return list(self._too_late.left(self.site, until, self.terms.version))

    def _absorb(self) -> None:
        """Puts what came since to the minutes that it is of."""
        frames, self._frames = self._frames, []
        if not frames:
            return
        columns = joined(frames)
        good = acceptable(columns, len(self.terms))
        if not good.all():
            self.ignored += int((~good).sum())
            columns = columns.of(good)
        sealed = columns.times < self._base.at * MINUTE
        if sealed.any():
            self._lose(columns.of(sealed))
            columns = columns.of(~sealed)
        late = self._waiting.add(columns, self.closed)
        if late:
            self.late += late
            self._head = None

    def _lose(self, columns: Columns) -> None:
        """Their windows are for the archive to give anew; what they say of the present is taken from the newest."""
        times, points = columns.times, columns.points
        base = self._base
        self.lost += len(times)
        sealed = base.at * MINUTE
        # What a counter said counts for the next reading, however much later that came.
        reach = np.where(self.terms.modulus[points] > 0, sealed, times + self.terms.limit[points])
        self._too_late.add(times, np.minimum(reach, sealed))
        seen, counted = base.seen.copy(), base.counted.copy()
        catch_up(*columns, self.terms.modulus, base.seen, base.held, base.counted, base.counted_at)
        changed = (base.seen != seen) & (base.seen + self.terms.limit > sealed)
        changed |= (base.counted != counted) & ~(np.isnan(base.counted) & np.isnan(counted))
        for point in np.flatnonzero(changed).tolist():
            self._waiting.touched[point] = base.at
            self._head = None

    # -- state

    def dump(self) -> bytes:
        """Equal states give equal bytes."""
        self._absorb()
        course, arrays = self._base.dump()
        meta = {
            "schema": _SCHEMA, "closed": self.closed, "late": self.late, "lost": self.lost, "ignored": self.ignored,
            "version": self.terms.version, "zone": self.terms.zone, "lateness": self.terms.lateness,
            "course": course, "too_late": self._too_late.dump(),
            "revisions": sorted([*key, n] for key, n in self._revisions.items()),
        }  # fmt: skip
        terms = {f"term_{f.name}": getattr(self.terms, f.name) for f in fields(Terms)[3:]}
        return pack(meta, arrays | self._waiting.arrays() | terms)

    @classmethod
    def load(cls, site: str, state: bytes) -> SiteWindows:
        """ValueError for another schema version or damaged bytes."""
        meta, arrays = unpack(state)
        if meta.get("schema") != _SCHEMA:
            raise ValueError(f"windows of schema {meta.get('schema')}, where this reads schema {_SCHEMA}")
        new = cls(site)
        try:
            new.terms = Terms(
                meta["version"], meta["zone"], meta["lateness"], *(arrays[f"term_{f.name}"] for f in fields(Terms)[3:])
            )
            new.closed, new.late, new.lost, new.ignored = (meta[n] for n in ("closed", "late", "lost", "ignored"))
            new._base = Course.load(meta["course"], arrays)
            new._waiting = Waiting.from_arrays(arrays)
            new._too_late = TooLate.load(meta["too_late"])
            new._revisions = {(width, start): n for width, start, n in meta["revisions"]}
            if any(len(arrays[f"term_{f.name}"]) != len(new._base) for f in fields(Terms)[3:]):
                raise ValueError("damaged state: terms of another number of points")
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"damaged state: {error} is missing") from None
        return new


def terms_after(site: SiteWindows | None, found: Sequence[Terms]) -> None:
    """ValueError when one of the catalogues has fewer points than the one before it: indices are append-only."""
    have = 0 if site is None else len(site.terms)
    for terms in found:
        if len(terms) < have:
            raise ValueError(f"{len(terms)} points where there were {have}: indices are append-only")
        have = len(terms)
