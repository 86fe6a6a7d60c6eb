"""How much of what lay there at the start a reader has read."""

from __future__ import annotations

from collections.abc import Mapping

from services.runtime.cluster.reading import Part


class Load:
    """From `start` to `end` of each part, offsets; what comes after `end` is the present."""

    def __init__(self, start: Mapping[Part, int], end: Mapping[Part, int]) -> None:
        self._end = {part: there for part, there in end.items() if there > start.get(part, 0)}
        self._start = {part: start.get(part, 0) for part in self._end}
        self._at = dict(self._start)

    @property
    def parts(self) -> frozenset[Part]:
        """Those that had anything to read."""
        return frozenset(self._end)

    def done(self) -> bool:
        """Whether all of it has been read."""
        return all(self._at[part] >= there for part, there in self._end.items())

    @property
    def share(self) -> float:
        """Of the messages, 0 to 1."""
        whole = sum(self._end.values()) - sum(self._start.values())
        read = sum(min(self._at[part], there) for part, there in self._end.items()) - sum(self._start.values())
        return read / whole if whole else 1.0

    def reached(self, part: Part, place: int) -> None:
        """Everything before offset `place` of the part has been read."""
        if part in self._at:
            self._at[part] = max(self._at[part], place)
