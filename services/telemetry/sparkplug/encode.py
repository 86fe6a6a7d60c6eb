"""Writing payloads: births with the generated code, data straight from columns.

Data metrics are all of one width, so a whole message is filled as a table of bytes. That rests on aliases of
128 to 16,383 (two bytes as a varint) and on times from 1971 to 2109 (six bytes); both are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.core.pb import sparkplug_b_pb2 as pb
from services.core.quality import Quality
from services.telemetry.sparkplug.datatypes import TO_WIRE, DataType

FIRST_ALIAS, LAST_ALIAS = 128, 16_383
EPOCH_ALIAS, NUMBER_ALIAS = 1, 2
EPOCH, NUMBER = "Headworks/Epoch", "Headworks/Number"
FIRST, LAST = "Headworks/First", "Headworks/Last"
RESEND = "Headworks/Resend"
REBIRTH = "Node Control/Rebirth"
BDSEQ = "bdSeq"

_MIN_MS, _MAX_MS = 2**35, 2**42 - 1
_MS = 1_000_000


def varint(value: int) -> bytes:
    """`value` (0 to 2^64 − 1) as a protobuf varint."""
    if not 0 <= value < 2**64:
        raise ValueError(f"{value} must be between 0 and 2^64 - 1")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def with_seq(payload: bytes, seq: int) -> bytes:
    """`payload` with Sparkplug's seq (0 to 255) appended: a number that is known only when it is sent."""
    if not 0 <= seq <= 255:
        raise ValueError(f"seq {seq} must be between 0 and 255")
    return payload + b"\x18" + varint(seq)


def _property(code: Quality) -> bytes:
    if code == Quality.GOOD:
        return b""
    properties = pb.Payload.PropertySet(keys=["Quality"])
    properties.values.add(type=DataType.INT32, int_value=TO_WIRE[code])
    body = properties.SerializeToString(deterministic=True)
    return b"\x4a" + varint(len(body)) + body


_PROPERTIES = {int(code): _property(code) for code in Quality}


def _table(alias: NDArray[np.int64], ms: NDArray[np.int64], values: NDArray[np.float64], tail: bytes) -> bytes:
    """A row a metric: tag, length, alias (2), timestamp (6), double value (8), the quality property."""
    fixed = 1 + 2 + 1 + 6 + 1 + 8
    row = np.empty((len(alias), 2 + fixed + len(tail)), np.uint8)
    row[:, 0], row[:, 1], row[:, 2] = 0x12, fixed + len(tail), 0x10
    row[:, 3], row[:, 4] = alias & 0x7F | 0x80, alias >> 7
    row[:, 5] = 0x18
    for i in range(6):
        row[:, 6 + i] = ms >> (7 * i) & 0x7F | (0x80 if i < 5 else 0)
    row[:, 12] = 0x69
    row[:, 13:21] = np.ascontiguousarray(values, "<f8").view(np.uint8).reshape(-1, 8)
    row[:, 21:] = np.frombuffer(tail, np.uint8)
    return row.tobytes()


def _numbered(alias: int, value: int) -> bytes:
    body = b"\x10" + varint(alias) + b"\x58" + varint(value)
    return b"\x12" + varint(len(body)) + body


def encode_data(
    alias: NDArray[np.int64],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    quality: NDArray[np.uint8],
    *,
    through: int,
    epoch: int,
    number: int,
) -> bytes:
    """A data payload without seq: columns of length n, `times` and `through` in ns (written in ms).

    Readings that are not good follow the good ones. ValueError for an alias, a time or a quality out of bounds.
    """
    ms, through_ms = times // _MS, through // _MS
    if len(alias) and not (alias.min() >= FIRST_ALIAS and alias.max() <= LAST_ALIAS):
        raise ValueError(f"aliases must be between {FIRST_ALIAS} and {LAST_ALIAS}")
    if len(ms) and not (ms.min() >= _MIN_MS and ms.max() <= _MAX_MS):
        raise ValueError("times must be between 1971 and 2109")
    parts = [
        b"\x08" + varint(through_ms),
        _numbered(EPOCH_ALIAS, epoch),
        _numbered(NUMBER_ALIAS, number),
    ]
    for code in np.unique(quality).tolist():
        if code not in _PROPERTIES:
            raise ValueError(f"quality {code} is none of services.core.quality")
        rows = quality == code
        parts.append(_table(alias[rows], ms[rows], values[rows], _PROPERTIES[code]))
    return b"".join(parts)


def encode_node_birth(time: int, *, bdseq: int, epoch: int, number: int, first: int, last: int) -> bytes:
    """A node's birth, without seq. `first` to `last` are the numbers that the gateway holds (first = last + 1: none).

    `time` in ns; `number` is the last one that the gateway knows to be committed.
    """
    message = pb.Payload(timestamp=time // _MS)
    for name, alias, value in (
        (BDSEQ, None, bdseq),
        (EPOCH, EPOCH_ALIAS, epoch),
        (NUMBER, NUMBER_ALIAS, number),
        (FIRST, None, first),
        (LAST, None, last),
        (RESEND, None, 0),
    ):
        metric = message.metrics.add(name=name, timestamp=time // _MS, datatype=DataType.UINT64, long_value=value)
        if alias is not None:
            metric.alias = alias
    message.metrics.add(name=REBIRTH, timestamp=time // _MS, datatype=DataType.BOOLEAN, boolean_value=False)
    return message.SerializeToString(deterministic=True)


def encode_device_birth(time: int, metrics: Iterable[tuple[str, int, str]]) -> bytes:
    """A station's birth, without seq: (name, alias, unit) each, without values. `time` in ns."""
    message = pb.Payload(timestamp=time // _MS)
    for name, alias, unit in metrics:
        metric = message.metrics.add(
            name=name,
            alias=alias,
            timestamp=time // _MS,
            datatype=DataType.DOUBLE,
            is_null=True,
        )
        if unit:
            metric.properties.keys.append("engUnit")
            metric.properties.values.add(type=DataType.STRING, string_value=unit)
    return message.SerializeToString(deterministic=True)


def encode_death(time: int, bdseq: int) -> bytes:
    """A node's death certificate, which has no seq. `time` in ns, of when the will was made."""
    message = pb.Payload(timestamp=time // _MS)
    message.metrics.add(name=BDSEQ, datatype=DataType.UINT64, long_value=bdseq)
    return message.SerializeToString(deterministic=True)


def encode_command(time: int, commands: Sequence[tuple[str, bool | int]]) -> bytes:
    """An NCMD: names with a boolean or a whole number. `time` in ns."""
    message = pb.Payload(timestamp=time // _MS)
    for name, value in commands:
        metric = message.metrics.add(name=name, timestamp=time // _MS)
        if isinstance(value, bool):
            metric.datatype, metric.boolean_value = DataType.BOOLEAN, value
        else:
            metric.datatype, metric.long_value = DataType.UINT64, value
    return message.SerializeToString(deterministic=True)
