"""The kernel that carries ordinary data messages of one gateway from the wire to the log's form, in one pass.

Ordinary: numbered, the next number and the next seq, of one station, doubles under aliases that its births named, with
times that may be. It leaves every other message, and all of the gateway that come after it, to the bridge's careful
way; so there is nothing to refuse here, and nothing to say about it. What it writes is byte for byte what
services.core.codec.encode_records makes of the same frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.core.compiled import compiled, inner
from services.core.quality import FIRST_BAD, Quality
from services.telemetry.sparkplug.datatypes import DOUBLE
from services.telemetry.sparkplug.scan import (
    ALIAS,
    COUNT,
    KIND,
    NAME_LENGTH,
    NULL,
    OK,
    QUALITY,
    RAW,
    SEQ,
    STATUS,
    TIME,
    TIMESTAMP,
    scan,
)

#: Entries of a gateway's state, which `carry` moves on. EPOCH has the bits of the unsigned number.
EPOCH, ACCEPTED, LAST_SEQ, EPOCH_ALIAS, NUMBER_ALIAS = range(5)

#: Columns of a message: its payload in `data`, and the number of its station.
START, END, STATION = range(3)

#: Columns of a piece of output, frames that make one message: bytes in `out`, frames, readings, the latest event time.
FROM, TO, FRAMES, READINGS, LATEST = range(5)

#: Entries of `bounds`: event times, ns, that are taken; what `received` says; bytes after which a piece is full.
EARLIEST, LATEST_TIME, RECEIVED, PIECE = range(4)

_MS = 1_000_000
_CLOCK = int(Quality.CLOCK)
_NAN = 0x7FF8000000000000

#: Bytes of a frame beside its header and its columns: five fixed fields, lengths and tags, with room.
_BESIDE = 96


@inner
def _varint(out: Any, at: Any, value: Any) -> Any:
    while value > 0x7F:
        out[at] = value & 0x7F | 0x80
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@inner
def _varint_size(value: Any) -> Any:
    size = 1
    while value > 0x7F:
        value >>= 7
        size += 1
    return size


@inner
def _fixed(out: Any, at: Any, tag: Any, value: Any) -> Any:
    """A fixed64 field, absent when it is zero, as proto3 has it."""
    if value == 0:
        return at
    out[at] = tag
    for i in range(8):
        out[at + 1 + i] = value >> 8 * i & 0xFF
    return at + 9


@inner
def _whole(out: Any, at: Any, value: Any, width: Any) -> Any:
    for i in range(width):
        out[at + i] = value >> 8 * i & 0xFF
    return at + width


@inner
def _find(keys: Any, alias: Any) -> Any:
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < alias:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == alias else -1


@compiled
def carry(
    data: Any, messages: Any, state: Any, keys: Any, points: Any, owners: Any, wire_quality: Any,
    headers: Any, header_ends: Any, bounds: Any, columns: Any, out: Any, pieces: Any,
) -> Any:  # fmt: skip
    """Returns (messages taken, pieces, bytes of `out`); the messages taken are the first ones.

    data uint8; messages int64 (n, 3), in order; state int64 (5).  keys: sorted aliases; points, owners: of each the
    point index (negative: none) and the number of its station.  wire_quality uint8: our codes of wire codes.
    headers uint8, header_ends int64: by station, the frame's fields before its number.  bounds int64 (4).
    columns: room for `scan`.  out uint8.  pieces int64 (n, 5).
    """
    head = np.empty(5, np.int64)
    wrote, cut = 0, -1
    for m in range(len(messages)):
        station = messages[m, STATION]
        scan(data[messages[m, START] : messages[m, END]], head, columns)
        if head[STATUS] != OK:
            return m, cut + 1, wrote
        metrics = head[COUNT]
        epoch, number, n = np.int64(0), np.int64(0), 0
        said_epoch = said_number = False
        stamp, latest, ordered, all_good = head[TIMESTAMP], np.int64(-1), True, True
        for i in range(metrics):
            alias = columns[ALIAS, i]
            if alias == state[EPOCH_ALIAS]:
                epoch, said_epoch = columns[RAW, i], True
                continue
            if alias == state[NUMBER_ALIAS]:
                number, said_number = columns[RAW, i], True
                continue
            at = _find(keys, alias)
            if at < 0 or alias < 0 or points[at] < 0 or owners[at] != station:
                return m, cut + 1, wrote
            if columns[KIND, i] != DOUBLE or columns[NULL, i] != 0 or columns[NAME_LENGTH, i] != 0:
                return m, cut + 1, wrote
            ms = columns[TIME, i] if columns[TIME, i] != -1 else stamp
            if ms < bounds[EARLIEST] // _MS or ms > bounds[LATEST_TIME] // _MS:
                return m, cut + 1, wrote
            code = columns[QUALITY, i]
            quality = np.int64(0)
            if code != -1:
                quality = np.int64(wire_quality[min(max(code, 0), len(wire_quality) - 1)])
            raw = columns[RAW, i]
            if raw >> 52 & 0x7FF == 0x7FF:  # infinite, or no number: only what is marked bad may be
                if quality < FIRST_BAD:
                    return m, cut + 1, wrote
                raw = np.int64(_NAN)
            all_good = all_good and quality == 0
            # In place: row n is at or before row i.
            time, point = ms * _MS, points[at]
            if n and (time < columns[TIME, n - 1] or (time == columns[TIME, n - 1] and point < columns[ALIAS, n - 1])):
                ordered = False
            columns[TIME, n], columns[ALIAS, n] = time, point
            columns[RAW, n], columns[QUALITY, n] = raw, quality
            if quality != _CLOCK:
                latest = max(latest, time)
            n += 1
        if not (said_epoch and said_number and epoch == state[EPOCH] and number == state[ACCEPTED] + 1):
            return m, cut + 1, wrote
        if head[SEQ] >= 0 and head[SEQ] != (state[LAST_SEQ] + 1) % 256:
            return m, cut + 1, wrote
        if stamp < bounds[EARLIEST] // _MS or stamp > bounds[LATEST_TIME] // _MS:
            return m, cut + 1, wrote
        through = max(stamp * _MS, latest)

        begin = header_ends[station - 1] if station else np.int64(0)
        header = header_ends[station] - begin
        base = columns[TIME, 0] if n else through
        if not ordered:
            base = columns[TIME, :n].min()
        frame = header + 9 * 3 + (9 if bounds[RECEIVED] else 0)
        if n:
            frame += 3 + _varint_size(4 * n) + 2 * _varint_size(8 * n) + 20 * n
            if not all_good:
                frame += 1 + _varint_size(n) + n
        record = 1 + _varint_size(frame) + frame
        if wrote + record + _BESIDE > len(out):
            return m, cut + 1, wrote
        if cut < 0 or wrote + record - pieces[cut, FROM] > bounds[PIECE]:
            cut += 1
            pieces[cut, FROM], pieces[cut, FRAMES], pieces[cut, READINGS] = wrote, 0, 0
            pieces[cut, LATEST] = 0
        to = wrote
        out[to] = 0x0A
        to = _varint(out, to + 1, record)
        out[to] = 0x0A
        to = _varint(out, to + 1, frame)
        out[to : to + header] = headers[begin : begin + header]
        to += header
        to = _fixed(out, to, 0x29, number)
        to = _fixed(out, to, 0x31, base)
        to = _fixed(out, to, 0x39, through)
        to = _fixed(out, to, 0x41, bounds[RECEIVED])
        if n:
            order: Any = np.arange(n)
            if not ordered:
                order = np.argsort(columns[ALIAS, :n], kind="mergesort")
                order = order[np.argsort(columns[TIME, :n][order], kind="mergesort")]
            out[to] = 0x4A
            to = _varint(out, to + 1, 4 * n)
            for i in order:
                to = _whole(out, to, columns[ALIAS, i], 4)
            out[to] = 0x52
            to = _varint(out, to + 1, 8 * n)
            for i in order:
                to = _whole(out, to, columns[TIME, i] - base, 8)
            out[to] = 0x5A
            to = _varint(out, to + 1, 8 * n)
            for i in order:
                to = _whole(out, to, columns[RAW, i], 8)
            if not all_good:
                out[to] = 0x62
                to = _varint(out, to + 1, n)
                for i in order:
                    out[to] = columns[QUALITY, i]
                    to += 1
        wrote = to
        state[ACCEPTED] = number
        if head[SEQ] >= 0:
            state[LAST_SEQ] = head[SEQ]
        pieces[cut, TO] = wrote
        pieces[cut, FRAMES] += 1
        pieces[cut, READINGS] += n
        pieces[cut, LATEST] = max(pieces[cut, LATEST], latest)
    return len(messages), cut + 1, wrote
