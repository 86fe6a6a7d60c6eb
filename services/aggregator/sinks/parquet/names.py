"""Names as codes: what point index 17 of a site is called, for whole columns at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.core.catalogue import from_json
from services.core.frame import Points
from services.core.records import Config

Codes = NDArray[np.int32]


class Names:
    """Every site, station and point name seen, once each; a code is its place in `dictionary()`."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._points: dict[str, tuple[Codes, Codes]] = {}

    def code(self, name: str) -> int:
        """The code of `name`."""
        return self._codes.setdefault(name, len(self._codes))

    def learn(self, configs: Iterable[Config]) -> None:
        """Takes the point names of sites. Indices are append-only: the longest list has them all."""
        for config in configs:
            points = from_json(config.catalogue_json).points
            if len(points) > len(self._points.get(config.site, ([], []))[0]):
                self._points[config.site] = (
                    np.array([self.code(p.station) for p in points], np.int32),
                    np.array([self.code(p.name) for p in points], np.int32),
                )

    def of(self, site: str, station: str, points: Points) -> tuple[Codes, Codes]:
        """Codes of station and point for each index; one that no catalogue has is called `#index`."""
        none = np.zeros(0, np.int32)
        stations, names = self._points.get(site, (none, none))
        strange = (points < 0) | (points >= len(names))
        if not strange.any():
            return stations[points], names[points]
        at = np.where(strange, 0, points)
        fallback = np.zeros(1, np.int32)
        station_codes = np.where(strange, self.code(station), (stations if len(stations) else fallback)[at])
        point_codes = (names if len(names) else fallback)[at]
        for index in np.unique(points[strange]):
            point_codes[points == index] = self.code(f"#{index}")
        return station_codes.astype(np.int32), point_codes

    def column(self, codes: Codes) -> pa.DictionaryArray:
        """A dictionary-encoded Arrow column."""
        names = pa.array(list(self._codes), pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names)
