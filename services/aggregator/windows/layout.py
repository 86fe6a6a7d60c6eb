"""What a point has in a window, as rows of two arrays: whole numbers (counts, ns) and sums."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

#: Columns of the whole numbers. COUNT: all readings; USABLE: good or uncertain, and finite. Times in ns.
COUNT, GOOD, USABLE, KNOWN, ABOVE, BELOW = range(6)
#: Columns of the sums: of usable readings; INTEGRAL in unit · s. LAST, DIFF: NaN when there is none.
TOTAL, LOW, HIGH, LAST, INTEGRAL, DIFF = range(6)
WIDE = 6

#: A moment before all others: of a point that has not been read.
NEVER_READ = -(2**62)


def blank(points: int) -> tuple[Ints, Floats]:
    """Whole numbers i8[points, 6] and sums f8[points, 6] of a window in which nothing has been read."""
    floats = np.zeros((points, WIDE))
    floats[:, LOW], floats[:, HIGH] = np.inf, -np.inf
    floats[:, LAST] = floats[:, DIFF] = np.nan
    return np.zeros((points, WIDE), np.int64), floats
