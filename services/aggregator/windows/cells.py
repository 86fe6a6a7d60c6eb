"""The open cells of a site: one a (window, point), in columns, so that a batch folds without a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.core.quality import FIRST_BAD, FIRST_UNCERTAIN

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: A cell's key is window number * this + point index.
_POINTS = 1 << 24

_COLUMNS = ("keys", "total", "low", "high", "usable", "count", "good")


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns of equal length, ordered by key. Never changed in place.

    total, low, high: of the usable readings (good or uncertain, and finite), in the point's unit.
    usable, count, good: how many readings were usable, came at all, and were good.
    """

    keys: Ints
    total: Floats
    low: Floats
    high: Floats
    usable: Ints
    count: Ints
    good: Ints

    @classmethod
    def none(cls) -> Cells:
        """No open cell."""
        return cls._blank(np.zeros(0, np.int64))

    @classmethod
    def _blank(cls, keys: Ints) -> Cells:
        n = len(keys)
        zero = np.zeros(n, np.int64)
        return cls(
            keys, np.zeros(n), np.full(n, np.inf), np.full(n, -np.inf),
            zero, zero.copy(), zero.copy(),
        )  # fmt: skip

    def add(
        self,
        windows: Ints,
        points: NDArray[np.int32],
        values: Floats,
        quality: NDArray[np.uint8],
    ) -> Cells:
        """With the readings folded in, in their order.

        Sums are taken one reading after the other onto what was there, so that they are the same,
        to the last bit, however the readings were cut into batches; a pairwise sum would not be.
        """
        keys = windows * _POINTS + points
        new = self._with(np.unique(keys))
        at = np.searchsorted(new.keys, keys)
        usable = (quality < FIRST_BAD) & np.isfinite(values)
        np.add.at(new.count, at, 1)
        np.add.at(new.good, at[(quality < FIRST_UNCERTAIN) & usable], 1)
        at, values = at[usable], values[usable]
        np.add.at(new.usable, at, 1)
        np.add.at(new.total, at, values)
        np.minimum.at(new.low, at, values)
        np.maximum.at(new.high, at, values)
        return new

    def _with(self, keys: Ints) -> Cells:
        """A copy that also has cells for `keys`."""
        new = Cells._blank(np.union1d(self.keys, keys))
        at = np.searchsorted(new.keys, self.keys)
        for name in _COLUMNS[1:]:
            getattr(new, name)[at] = getattr(self, name)
        return new

    def split(self, window: int) -> tuple[list[tuple[int, Cells]], Cells]:
        """The cells of each window before `window`, by (window, cells) in order; and the rest."""
        end = int(np.searchsorted(self.keys, window * _POINTS))
        numbers = self.keys[:end] // _POINTS
        starts = np.flatnonzero(np.diff(numbers, prepend=-1)) if end else np.zeros(0, np.int64)
        ends = np.append(starts[1:], end)
        closed = [(int(numbers[a]), self._slice(int(a), int(b))) for a, b in zip(starts, ends, strict=False)]
        return closed, self._slice(end, len(self.keys))

    def _slice(self, start: int, end: int) -> Cells:
        return Cells(*(getattr(self, name)[start:end] for name in _COLUMNS))

    @property
    def points(self) -> NDArray[np.int32]:
        """The point index of each cell."""
        return (self.keys % _POINTS).astype(np.int32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns by name, as `from_arrays` takes them."""
        return {name: getattr(self, name) for name in _COLUMNS}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Cells:
        """ValueError when a column is missing or of another type or length."""
        blank = cls.none()
        for name in _COLUMNS:
            column = arrays.get(name)
            if column is None or column.dtype != getattr(blank, name).dtype:
                raise ValueError(f"damaged state: column {name!r} of the open windows")
            if column.shape != arrays["keys"].shape:
                raise ValueError(f"damaged state: {len(column)} rows in column {name!r}")
        return cls(**{name: arrays[name] for name in _COLUMNS})
