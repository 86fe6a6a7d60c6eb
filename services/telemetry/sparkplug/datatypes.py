"""Sparkplug's data types and the quality property, and what they are here."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from services.core.quality import Quality


class DataType(IntEnum):
    """Those that the project writes or must tell apart (Sparkplug 3.0, section 6.4.16)."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


#: Field numbers of a metric's value in the payload.
INT, LONG, FLOAT, DOUBLE, BOOLEAN = 10, 11, 12, 13, 14

#: Sparkplug 3.0 knows 0, 192 and 500. Between, the codes of OPC DA say more, and say it to others too: the two high
#: bits good/uncertain/bad, then the reason, then limits (2: high limited).
TO_WIRE: dict[Quality, int] = {
    Quality.GOOD: 192,
    Quality.SATURATED: 194,  # good, high limited
    Quality.UNCERTAIN: 64,
    Quality.HELD: 68,  # last usable value
    Quality.BAD: 0,
    Quality.OUT_OF_RANGE: 16,  # sensor failure
    Quality.NOT_A_NUMBER: 12,  # device failure
    Quality.NO_SAMPLE: 8,  # not connected
    Quality.CLOCK: 4,  # configuration error
    Quality.STALE: 500,
    Quality.NEVER_SEEN: 32,  # waiting for initial data
}

_LAST_WIRE = 501


def _table() -> NDArray[np.uint8]:
    table = np.full(_LAST_WIRE + 1, Quality.BAD, np.uint8)  # what is not understood is not good
    table[64:128] = Quality.UNCERTAIN
    table[192:256] = Quality.GOOD
    for quality, code in TO_WIRE.items():
        table[code] = quality
    return table


#: By code of the quality property, beyond its end the last.
FROM_WIRE = _table()


def quality_from_wire(codes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Our codes of quality properties, −1 where the property is absent: good."""
    known = FROM_WIRE[np.clip(codes, 0, _LAST_WIRE)]
    return np.where(codes == -1, np.uint8(Quality.GOOD), known)


def numbers(
    kind: NDArray[np.int64], raw: NDArray[np.uint64], datatype: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values from the bits of their fields, and whether each is a number at all (else its value is NaN).

    `kind` is the field that carried it; `datatype` the metric's, from the data or its birth. Negative integers come
    as two's complement, of their own width or widened to 32 bits, according to who wrote them; both are read.
    """
    values = np.full(len(raw), np.nan)
    whole = (kind == INT) | (kind == LONG)
    if whole.any():
        values[whole] = raw[whole].astype(np.float64)
        for code, width in ((1, np.int8), (2, np.int16), (3, np.int32), (4, np.int64)):
            signed = whole & (datatype == code)
            if signed.any():
                values[signed] = raw[signed].astype(width).astype(np.float64)
    double = kind == DOUBLE
    values[double] = raw.view(np.float64)[double]
    single = kind == FLOAT
    if single.any():
        values[single] = raw[single].astype(np.uint32).view(np.float32).astype(np.float64)
    boolean = kind == BOOLEAN
    values[boolean] = raw[boolean].astype(np.float64)
    return values, whole | double | single | boolean
