"""From a window's sums to what is given out of it: a row a point."""

from __future__ import annotations

import numpy as np

from services.aggregator.windows.course import Window
from services.aggregator.windows.kernel import any_row
from services.aggregator.windows.layout import (
    ABOVE,
    BELOW,
    COUNT,
    DIFF,
    GOOD,
    HIGH,
    INTEGRAL,
    KNOWN,
    LAST,
    LOW,
    TOTAL,
    USABLE,
    Flags,
)
from services.aggregator.windows.terms import Terms
from services.core.records import Aggregates

_S = 1e-9


def rows_of(site: str, window: Window, terms: Terms, chosen: Flags | None = None, revision: int = 0) -> Aggregates:
    """The rows of `chosen` points; without it of those that had readings or a value that held."""
    if chosen is None:
        chosen = np.zeros(len(window.ints), np.bool_)
        any_row(window.ints, chosen)
    points = np.flatnonzero(chosen)
    ints, floats = window.ints[points], window.floats[points]
    none = ints[:, USABLE] == 0
    count, known = ints[:, COUNT], ints[:, KNOWN]
    seconds = known * _S
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = floats[:, TOTAL] / ints[:, USABLE]
        twa = floats[:, INTEGRAL] / seconds
        good = ints[:, GOOD] / count
    unknown = known == 0
    return Aggregates(
        site=site,
        start=window.start,
        width=window.width,
        points=points.astype(np.int32),
        mean=mean,
        min=np.where(none, np.nan, floats[:, LOW]),
        max=np.where(none, np.nan, floats[:, HIGH]),
        count=count,
        good_ratio=good,
        catalogue=terms.version,
        end=window.end,
        revision=revision,
        twa=twa,
        last=floats[:, LAST],
        above=np.where(np.isinf(terms.high[points]) | unknown, np.nan, ints[:, ABOVE] * _S),
        below=np.where(np.isinf(terms.low[points]) | unknown, np.nan, ints[:, BELOW] * _S),
        volume=np.where(unknown, np.nan, floats[:, INTEGRAL] * terms.flow[points]),
        gap=np.multiply((window.end - window.start) - known, _S, dtype=np.float64),
        diff=floats[:, DIFF],
    )
