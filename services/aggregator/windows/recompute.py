"""Windows from readings that lie in an archive, by the same fold as the stream's: the same readings, the same bits."""

from __future__ import annotations

from collections.abc import Iterator

from services.aggregator.windows.course import Course
from services.aggregator.windows.rows import rows_of
from services.aggregator.windows.terms import Terms
from services.aggregator.windows.waiting import Columns, Waiting, acceptable
from services.core.clock import MINUTE
from services.core.records import FROM_ARCHIVE, Aggregates, Recompute


def looks_back(terms: Terms) -> int:
    """How long before a window (ns) readings may matter to it, except for counters."""
    return int(terms.limit.max(initial=0))


def windows_again(wanted: Recompute, columns: Columns, terms: Terms) -> Iterator[Aggregates]:
    """The windows that are wanted, whole.

    `columns`: all readings of the site from `looks_back` before the first window to the end of the last, in the order
    in which they came; of each counter also its last usable reading before that.
    """
    waiting, course = Waiting(), Course(len(terms))
    waiting.add(columns.of(acceptable(columns, len(terms))), 0)
    for window in course.advance(-(-wanted.end // MINUTE), waiting.buckets, terms):
        if window.width == wanted.width and wanted.start <= window.start < wanted.end:
            rows = rows_of(wanted.site, window, terms, None, FROM_ARCHIVE)
            if len(rows.points):
                yield rows
