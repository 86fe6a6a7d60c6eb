"""The kernel that reads a data payload: one pass over the protobuf bytes, no object per reading.

It reads what data messages carry and steps over every field that it does not know. It follows protobuf: the last of
a repeated single field stands, a known number with another wire type is unknown. Groups, which Sparkplug has not,
count as malformed. The generated code is its reference in the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.core.compiled import compiled

#: Rows of the columns that `scan` fills.
ALIAS, TIME, RAW, KIND, NULL, QUALITY, DATATYPE, NAME_START, NAME_LENGTH = range(9)
ROWS = 9

#: Entries of the head that `scan` fills: status, metrics, payload timestamp and seq (−1: absent), where it stopped.
STATUS, COUNT, TIMESTAMP, SEQ, AT = range(5)

OK, MALFORMED, TOO_MANY = 0, 1, 2

#: Properties of a metric beyond this many are stepped over.
PROPERTIES = 16


@compiled
def scan(data: Any, head: Any, out: Any) -> None:
    """`data` uint8 (n); `head` int64 (5); `out` int64 (9, capacity): a column a metric.

    `ends` walks the nesting: level 0 payload, 1 metric, 2 property set, 3 property value.
    """
    ends = np.zeros(4, np.int64)
    codes = np.zeros(PROPERTIES, np.int64)
    ends[0] = len(data)
    capacity = out.shape[1]
    level, n, keys, values, quality_key = 0, 0, 0, 0, -1
    at = np.int64(0)
    head[STATUS] = MALFORMED
    head[COUNT] = 0
    head[TIMESTAMP] = -1
    head[SEQ] = -1
    while True:
        head[AT] = at
        if at == ends[level]:
            if level == 0:
                break
            if level == 1:
                if 0 <= quality_key < min(values, PROPERTIES):
                    out[QUALITY, n] = codes[quality_key]
                n += 1
            elif level == 3:
                values += 1
            level -= 1
            continue
        # A varint is read at most twice a field: the tag, then a number or a length.
        field, wire, length = np.int64(0), np.int64(-1), np.int64(0)
        number = np.uint64(0)
        while True:
            number = np.uint64(0)
            shift = 0
            while True:
                if at >= ends[level] or shift > 63:
                    return
                byte = data[at]
                at += 1
                if shift == 63 and byte > 1:
                    return
                number |= np.uint64(byte & 0x7F) << np.uint64(shift)
                shift += 7
                if byte < 0x80:
                    break
            if wire >= 0:
                break
            if number > np.uint64(0xFFFFFFFF):
                return
            wire = np.int64(number & np.uint64(7))
            field = np.int64(number >> np.uint64(3))
            if field == 0:
                return
            if wire != 0 and wire != 2:
                break
        if wire == 2:
            if number > np.uint64(ends[level] - at):
                return
            length = np.int64(number)
        elif wire == 1 or wire == 5:
            length = np.int64(8 if wire == 1 else 4)
            if length > ends[level] - at:
                return
            number = np.uint64(0)
            for i in range(length):
                number |= np.uint64(data[at + i]) << np.uint64(8 * i)
        elif wire != 0:
            return
        start = at
        at += length

        if level == 0:
            if field == 1 and wire == 0:
                head[TIMESTAMP] = np.int64(number)
            elif field == 3 and wire == 0:
                head[SEQ] = np.int64(number)
            elif field == 2 and wire == 2:
                if n == capacity:
                    head[STATUS] = TOO_MANY
                    return
                out[:, n] = 0
                out[ALIAS, n] = -1
                out[TIME, n] = -1
                out[QUALITY, n] = -1
                keys, values, quality_key = 0, 0, -1
                level, at = 1, start
                ends[1] = start + length
        elif level == 1:
            if wire == 0:
                if field == 2:
                    out[ALIAS, n] = np.int64(number)
                elif field == 3:
                    out[TIME, n] = np.int64(number)
                elif field == 4:
                    out[DATATYPE, n] = np.int64(number & np.uint64(0xFFFFFFFF))
                elif field == 7:
                    out[NULL, n] = number != 0
                elif field == 10:
                    out[KIND, n], out[RAW, n] = 10, np.int64(number & np.uint64(0xFFFFFFFF))
                elif field == 11:
                    out[KIND, n], out[RAW, n] = 11, np.int64(number)
                elif field == 14:
                    out[KIND, n], out[RAW, n] = 14, number != 0
            elif wire == 1:
                if field == 13:
                    out[KIND, n], out[RAW, n] = 13, np.int64(number)
            elif wire == 5:
                if field == 12:
                    out[KIND, n], out[RAW, n] = 12, np.int64(number)
            elif field == 1:
                out[NAME_START, n], out[NAME_LENGTH, n] = start, length
            elif field == 9:
                level, at = 2, start
                ends[2] = start + length
            elif 15 <= field <= 19:
                out[KIND, n], out[RAW, n] = field, 0
        elif level == 2:
            if field == 1 and wire == 2:
                # "Quality"
                if (
                    quality_key < 0 and length == 7
                    and data[start] == 81 and data[start + 1] == 117 and data[start + 2] == 97
                    and data[start + 3] == 108 and data[start + 4] == 105
                    and data[start + 5] == 116 and data[start + 6] == 121
                ):  # fmt: skip
                    quality_key = keys
                keys += 1
            elif field == 2 and wire == 2:
                if values < PROPERTIES:
                    codes[values] = -2  # neither an int nor a long: not understood
                level, at = 3, start
                ends[3] = start + length
        elif values < PROPERTIES:
            if wire == 0 and field == 3:
                codes[values] = np.int64(number & np.uint64(0xFFFFFFFF))
            elif wire == 0 and field == 4:
                codes[values] = np.int64(min(number, np.uint64(0x7FFFFFFF)))
            elif 5 <= field <= 8 and wire == (5, 1, 0, 2)[field - 5]:
                codes[values] = -2
    head[STATUS] = OK
    head[COUNT] = n
