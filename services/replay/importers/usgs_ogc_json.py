"""USGS OGC API, collection `continuous`, as GeoJSON: one feature a reading.

The API promises no order of features, so they are sorted here.
"""

from __future__ import annotations

from typing import Any

from services.core.errors import Rejected
from services.replay.importers.jsons import field, items, text, time_of
from services.replay.importers.model import Recording, Rejects, SeriesBuilder
from services.replay.importers.words import judge, split_qualifiers

FORMAT = "USGS OGC API, continuous (JSON)"
_APPROVAL = {"approved": "A", "provisional": "P"}


def is_ogc(data: Any) -> bool:
    """Whether `data` has this format's shape."""
    return field(data, "type") == "FeatureCollection" and isinstance(field(data, "features"), list)


def read_ogc(data: Any) -> Recording:
    """The record in `data`; features that cannot be taken are counted."""
    rejects = Rejects()
    builders = dict[tuple[str, str, str], SeriesBuilder]()
    for i, feature in enumerate(items(data, "features")):
        row = field(feature, "properties")
        try:
            code = text(row, "parameter_code")
            if len(code) != 5 or not code.isdigit():
                raise Rejected("no parameter code", "parameter_code must be five digits")
            station = text(row, "monitoring_location_id").removeprefix("USGS-")
            key = (station, code, text(row, "time_series_id"))
            if key not in builders:
                builders[key] = SeriesBuilder(*key, unit=text(row, "unit_of_measure"))
            reading = judge(text(row, "value"), _qualifiers(row))
            if reading is not None:
                builders[key].add(time_of(row, "time"), *reading)
        except Rejected as bad:
            rejects.add(f"features[{i}]", bad.reason, bad.detail)
    built = tuple(b.build(rejects, sort=True) for b in builders.values())
    return Recording(FORMAT, {}, built, rejects)


def _qualifiers(row: Any) -> list[str]:
    """One word, several in one text, or a list, as the API's versions have it."""
    found = field(row, "qualifier")
    written = found if isinstance(found, list) else [found]
    marks = [q for text in written if isinstance(text, str) for q in split_qualifiers(text)]
    return [*marks, _APPROVAL.get(text(row, "approval_status").lower(), "")]
