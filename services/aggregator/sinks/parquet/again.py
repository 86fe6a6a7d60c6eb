"""Again: windows that got readings after they had left memory, recomputed from the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from services.aggregator.sinks.parquet.history import History
from services.aggregator.windows.late import window_of
from services.aggregator.windows.recompute import looks_back, windows_again
from services.aggregator.windows.terms import Terms
from services.aggregator.windows.waiting import Columns
from services.core.catalogue import from_json
from services.core.clock import DAY, iso
from services.core.records import Aggregates, Config, Recompute

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
    spans: list[Recompute] = []
    for site, width, start, end, readings in zip(*(column.to_pylist() for column in found.columns), strict=True):
        last = spans[-1] if spans else None
        if last is not None and (last.site, last.width) == (site, width) and start <= last.end:
            spans[-1] = replace(last, end=max(last.end, end), readings=last.readings + readings)
        else:
            spans.append(Recompute(site, width, start, end, readings))
    return spans


def days_of(wanted: Recompute, zone: str) -> Iterator[Recompute]:
    """The same in parts of at most a day of the site's zone each."""
    start = wanted.start
    while start < wanted.end:
        end = min(window_of(start, DAY, zone)[1] if wanted.width == DAY else start + DAY, wanted.end)
        yield replace(wanted, start=start, end=end)
        start = end


def recompute(history: History, config: Config, wanted: Recompute) -> list[Aggregates]:
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
