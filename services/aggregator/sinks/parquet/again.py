"""Again: windows that got readings after they had left memory, recomputed from the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from services.aggregator.sinks.parquet.history import History
from services.aggregator.windows.late import window_of
from services.aggregator.windows.recompute import looks_back, windows_again
from services.aggregator.windows.terms import Terms
from services.aggregator.windows.waiting import Columns
from services.aggregator.zones.steps import step_of
from services.aggregator.zones.terms import told_of
from services.core.catalogue import from_json
from services.core.clock import DAY, iso
from services.core.records import Aggregates, Config, Recompute, SiteStep

_WITHIN = """
SELECT r.log_offset, p.index, epoch_ns(r.time) AS time, r.value, r.quality
FROM readings r JOIN (SELECT unnest(?) AS station, unnest(?) AS point, unnest(?) AS index) p USING (station, point)
WHERE r.site = ? AND r.time >= CAST(? AS TIMESTAMPTZ_NS) AND r.time < CAST(? AS TIMESTAMPTZ_NS)
ORDER BY r.log_offset, time, index
"""
_BEFORE = """
SELECT r.log_offset, p.index, epoch_ns(r.time) AS time, r.value, r.quality
FROM readings r JOIN (SELECT unnest(?) AS station, unnest(?) AS point, unnest(?) AS index) p USING (station, point)
WHERE r.site = ? AND r.time < CAST(? AS TIMESTAMPTZ_NS) AND r.quality < 128 AND isfinite(r.value)
QUALIFY row_number() OVER (PARTITION BY p.index ORDER BY r.time DESC, r.log_offset) = 1
ORDER BY r.log_offset, time, index
"""


def asked(history: History, after: int = 0) -> list[Recompute]:
    """What is to be recomputed by entries of the log past offset `after`, as few spans: those that touch are one."""
    found = history.sql(
        'SELECT site, width, epoch_ns(start) AS start, epoch_ns("end") AS until, readings FROM recompute '
        "WHERE log_offset > ? ORDER BY ALL",
        [after],
    )
    rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    return joined(Recompute(*row) for row in rows)


def joined(wanted: Iterable[Recompute]) -> list[Recompute]:
    """As few spans, by site and width: those that overlap or touch are one."""
    spans: list[Recompute] = []
    for one in sorted(wanted, key=lambda one: (one.site, one.width, one.start, one.end)):
        last = spans[-1] if spans else None
        if last is not None and (last.site, last.width) == (one.site, one.width) and one.start <= last.end:
            spans[-1] = replace(last, end=max(last.end, one.end), readings=last.readings + one.readings)
        else:
            spans.append(replace(one, catalogue=""))
    return spans


def days_of(wanted: Recompute, zone: str) -> Iterator[Recompute]:
    """The same in parts of at most a day of the site's zone each."""
    start = wanted.start
    while start < wanted.end:
        end = min(window_of(start, DAY, zone)[1] if wanted.width == DAY else start + DAY, wanted.end)
        yield replace(wanted, start=start, end=end)
        start = end


class Readings(Protocol):
    """What can be asked for a table `readings`, each reading in it once."""

    def sql(self, text: str, parameters: list[Any] | None = None) -> pa.Table:
        """What DuckDB answers; duckdb.Error."""
        ...


def recompute(history: Readings, config: Config, wanted: Recompute) -> list[Aggregates]:
    """The windows that are wanted, whole, under the catalogue of `config`; duckdb.Error when the history cannot be.

    A day's worth of a plant with 300 points every ten seconds is 2.6 million readings, held at once.
    """
    terms, site = Terms.of(config.catalogue_json, config.version), from_json(config.catalogue_json)
    since = iso(wanted.start - looks_back(terms))
    everything = list(range(len(site.points)))
    counters = [n for n in everything if terms.modulus[n] > 0]
    parts = []
    for text, which, times in ((_BEFORE, counters, [since]), (_WITHIN, everything, [since, iso(wanted.end)])):
        if which:
            points = [site.points[n] for n in which]
            named = [[p.station for p in points], [p.name for p in points], which]
            parts.append(history.sql(text, [*named, wanted.site, *times]))
    columns = Columns(
        *(
            np.concatenate([part.column(name).to_numpy().astype(kind) for part in parts])
            for name, kind in (("time", np.int64), ("index", np.int32), ("value", np.float64), ("quality", np.uint8))
        )
    )
    return list(windows_again(wanted, columns, terms))


def steps_again(config: Config, windows: Sequence[Aggregates]) -> Iterator[SiteStep]:
    """What recomputed windows say to zones and balances, which give out anew what they still keep."""
    _, told = told_of(config.catalogue_json)
    for one in told:
        for window in windows:
            if window.width in one.widths:
                yield step_of(config.site, one, config.time, window)
