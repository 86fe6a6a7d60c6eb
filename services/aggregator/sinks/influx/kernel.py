"""The one loop over readings: copies names, numbers and times to where they stand in the lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.core.compiled import compiled, inner
from services.core.quality import FIRST_UNCERTAIN, Quality

_COMMA, _DOT, _EQUALS, _MINUS, _SPACE, _ZERO, _END = (ord(c) for c in ",.=- 0\n")
_I, _Q, _CLOSE = ord("i"), ord("q"), ord("]")
_UNCERTAIN, _NOT_A_NUMBER = int(FIRST_UNCERTAIN), int(Quality.NOT_A_NUMBER)

#: Most bytes that an item adds beyond measurement, tags, keys and value: ending, `.q`, integers, time, separators.
SLACK = 96


@inner
def _copy(out: Any, at: int, source: Any, first: int, last: int) -> int:
    for place in range(first, last):
        out[at] = source[place]
        at += 1
    return at


@inner
def _whole(out: Any, at: int, number: int) -> int:
    """The decimal digits of an int64."""
    if number < 0:
        out[at] = _MINUS
        at += 1
    first = at
    while True:
        digit = number % 10
        if number < 0 and digit:
            digit = 10 - digit
        out[at] = _ZERO + digit
        at += 1
        number = (number - (digit if number >= 0 else -digit)) // 10
        if number == 0:
            break
    last = at - 1
    while first < last:
        out[first], out[last] = out[last], out[first]
        first += 1
        last -= 1
    return at


@compiled
def assemble(
    measurement: NDArray[np.uint8],
    series_text: NDArray[np.uint8],
    series_at: NDArray[np.int64],
    key_text: NDArray[np.uint8],
    key_at: NDArray[np.int64],
    ending_text: NDArray[np.uint8],
    ending_at: NDArray[np.int64],
    whole: NDArray[np.bool_],
    bounds: NDArray[np.int64],
    series: NDArray[np.int32],
    keys: NDArray[np.int32],
    endings: NDArray[np.uint8],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    quality: NDArray[np.uint8],
    numbers: NDArray[np.uint8],
    out: NDArray[np.uint8],
    starts: NDArray[np.int64],
) -> int:
    """Writes the lines into `out`, and returns how many bytes they are.

    Items (series to quality, n each) lie in blocks bounds[b]..bounds[b + 1], ordered by (time, series, key, ending)
    within one; a run of equal time and series is one line. starts[b]: where a block's lines begin in `out`.
    Of equal items the first stands. An item without name (-1) is left out. A value that is no number is not written:
    of a reading its quality says so, of an aggregate nothing does. numbers: the values as a JSON list without spaces.
    """
    at = 0
    digit = 1
    for block in range(len(bounds) - 1):
        starts[block] = at
        line_series, line_time = -1, 0
        for n in range(bounds[block], bounds[block + 1]):
            number = digit
            while numbers[digit] != _COMMA and numbers[digit] != _CLOSE:
                digit += 1
            after, digit = digit, digit + 1
            if series[n] < 0 or keys[n] < 0:
                continue
            before = n - 1
            if (
                n > bounds[block]
                and times[before] == times[n]
                and series[before] == series[n]
                and keys[before] == keys[n]
                and endings[before] == endings[n]
            ):
                continue
            code = quality[n]
            finite = np.isfinite(values[n])
            if not finite and code < _UNCERTAIN:
                code = _NOT_A_NUMBER
            ending = endings[n]
            if not finite and ending > 0:
                continue
            if line_series != series[n] or line_time != times[n]:
                if line_series >= 0:
                    out[at] = _SPACE
                    at = _whole(out, at + 1, line_time)
                    out[at] = _END
                    at += 1
                at = _copy(out, at, measurement, 0, len(measurement))
                at = _copy(out, at, series_text, series_at[series[n]], series_at[series[n] + 1])
                out[at] = _SPACE
                at += 1
                line_series, line_time = series[n], times[n]
            else:
                out[at] = _COMMA
                at += 1
            if finite:
                at = _copy(out, at, key_text, key_at[keys[n]], key_at[keys[n] + 1])
                at = _copy(out, at, ending_text, ending_at[ending], ending_at[ending + 1])
                out[at] = _EQUALS
                at += 1
                if whole[ending]:
                    at = _whole(out, at, int(values[n]))
                    out[at] = _I
                    at += 1
                else:
                    at = _copy(out, at, numbers, number, after)
            if code:
                if finite:
                    out[at] = _COMMA
                    at += 1
                at = _copy(out, at, key_text, key_at[keys[n]], key_at[keys[n] + 1])
                out[at], out[at + 1], out[at + 2] = _DOT, _Q, _EQUALS
                at = _whole(out, at + 3, code)
                out[at] = _I
                at += 1
        if line_series >= 0:
            out[at] = _SPACE
            at = _whole(out, at + 1, line_time)
            out[at] = _END
            at += 1
    starts[len(bounds) - 1] = at
    return at
