"""USGS instantaneous values as JSON (WaterML 1.1 in JSON).

`value.timeSeries[]` is one parameter of one station; its `values[]` are the methods (sensors) that
measured it.
"""

from __future__ import annotations

import math
from html import unescape
from typing import Any

from services.core.errors import Rejected
from services.replay.importers.jsons import field, items, text, time_of
from services.replay.importers.model import Recording, Rejects, SeriesBuilder
from services.replay.importers.words import NO_DATA, judge

FORMAT = "USGS instantaneous values (JSON)"


def is_iv(data: Any) -> bool:
    """Whether `data` has this format's shape."""
    return isinstance(field(data, "value", "timeSeries"), list)


def read_iv(data: Any) -> Recording:
    """The record in `data`; values that cannot be taken are counted."""
    rejects, names = Rejects(), dict[str, str]()
    builders = dict[tuple[str, str, str], SeriesBuilder]()
    for i, one in enumerate(items(data, "value", "timeSeries")):
        where = f"timeSeries[{i}]"
        station = text(one, "sourceInfo", "siteCode", 0, "value")
        code = text(one, "variable", "variableCode", 0, "value")
        if len(code) != 5 or not code.isdigit():
            rejects.add(where, "no parameter code", "variable.variableCode[0].value: five digits")
            continue
        names.setdefault(station, text(one, "sourceInfo", "siteName"))
        no_data = _no_data(one)
        for j, group in enumerate(items(one, "values")):
            method = text(group, "method", 0, "methodID")
            key = (station, code, method)
            if key not in builders:
                description = text(group, "method", 0, "methodDescription") or text(
                    one, "variable", "variableDescription"
                )
                builders[key] = SeriesBuilder(
                    *key, unit=text(one, "variable", "unit", "unitCode"),
                    description=unescape(description),
                )  # fmt: skip
            for k, item in enumerate(items(group, "value")):
                try:
                    marks = [q for q in items(item, "qualifiers") if isinstance(q, str)]
                    reading = judge(text(item, "value"), marks, no_data)
                    if reading is not None:
                        builders[key].add(time_of(item, "dateTime"), *reading)
                except Rejected as bad:
                    rejects.add(f"{where}.values[{j}].value[{k}]", bad.reason, bad.detail)
    return Recording(FORMAT, names, tuple(b.build(rejects) for b in builders.values()), rejects)


def _no_data(series: Any) -> float:
    found = field(series, "variable", "noDataValue")
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else NO_DATA
