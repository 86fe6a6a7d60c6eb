"""Reading payloads: data as columns, births and commands as named metrics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from services.core.errors import Rejected
from services.core.pb import sparkplug_b_pb2 as pb
from services.telemetry.sparkplug import scan as kernel

#: Bytes of a payload, and metrics in one; more is refused unread.
MAX_PAYLOAD = 1_000_000
MAX_METRICS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The metrics of a data payload as columns of length n, in the payload's order.

    timestamp: the payload's, ms, −1 absent.  seq: −1 absent.  alias, time (ms), quality (the property): −1 absent.
    kind: number of the field that carries the value, 0 none.  raw: its bits.  datatype: 0 absent.
    names: (start, length) in the payload, length 0 absent.
    """

    timestamp: int
    seq: int
    alias: NDArray[np.int64]
    time: NDArray[np.int64]
    kind: NDArray[np.int64]
    raw: NDArray[np.uint64]
    null: NDArray[np.bool_]
    quality: NDArray[np.int64]
    datatype: NDArray[np.int64]
    names: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.alias)


def _bounded(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise Rejected("payload too large", f"{len(payload)} bytes, at most {MAX_PAYLOAD}")


def decode_data(payload: bytes) -> Metrics:
    """The columns of a data payload.

    Rejected("payload too large" | "malformed payload" | "too many metrics").
    """
    _bounded(payload)
    head = np.empty(5, np.int64)
    out = np.empty((kernel.ROWS, min(len(payload) // 2, MAX_METRICS)), np.int64)
    kernel.scan(np.frombuffer(payload, np.uint8), head, out)
    if head[kernel.STATUS] == kernel.TOO_MANY:
        raise Rejected("too many metrics", f"more than {MAX_METRICS}")
    if head[kernel.STATUS] != kernel.OK:
        raise Rejected("malformed payload", f"at byte {head[kernel.AT]} of {len(payload)}")
    rows = out[:, : head[kernel.COUNT]]
    return Metrics(
        int(head[kernel.TIMESTAMP]),
        int(head[kernel.SEQ]),
        rows[kernel.ALIAS],
        rows[kernel.TIME],
        rows[kernel.KIND],
        rows[kernel.RAW].view(np.uint64),
        rows[kernel.NULL] != 0,
        rows[kernel.QUALITY],
        rows[kernel.DATATYPE],
        rows[kernel.NAME_START : kernel.NAME_LENGTH + 1],
    )


def warm_up() -> None:
    """Has the kernel compiled, or loaded from its cache, before messages wait for it: up to two seconds."""
    decode_data(b"")


@dataclass(frozen=True, slots=True)
class Named:
    """A metric with its name, from a birth or a command. `value` is None when it is null, absent or no number.

    unit: what its property `engUnit` says, "" where it says nothing.
    """

    name: str
    alias: int | None
    datatype: int
    value: int | float | bool | None
    unit: str = ""


def _unit(metric: pb.Payload.Metric) -> str:
    if not metric.HasField("properties"):
        return ""
    properties = zip(metric.properties.keys, metric.properties.values, strict=False)
    return next((one.string_value for key, one in properties if key == ENGINEERING_UNIT), "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A birth, a death or a command: few messages, read with the generated code."""

    timestamp: int
    seq: int
    metrics: tuple[Named, ...]

    def number(self, name: str) -> int | None:
        """The whole, non-negative value of the metric `name`, None when there is none."""
        for metric in self.metrics:
            if metric.name == name and isinstance(metric.value, int) and metric.value >= 0:
                return int(metric.value)
        return None


#: The property that names a metric's unit, as other gateways write it too.
ENGINEERING_UNIT = "engUnit"

_PLAIN = {"int_value", "long_value", "float_value", "double_value", "boolean_value"}


def decode_certificate(payload: bytes) -> Certificate:
    """A birth, death or command by name. Rejected as `decode_data`."""
    _bounded(payload)
    try:
        message = pb.Payload.FromString(payload)
        if len(message.metrics) > MAX_METRICS:
            raise Rejected("too many metrics", f"{len(message.metrics)}, at most {MAX_METRICS}")
        metrics = []
        for metric in message.metrics:
            field = metric.WhichOneof("value")
            value = getattr(metric, field) if field in _PLAIN and not metric.is_null else None
            alias = metric.alias if metric.HasField("alias") else None
            metrics.append(Named(metric.name, alias, metric.datatype, value, _unit(metric)))
    except (DecodeError, UnicodeDecodeError) as error:
        raise Rejected("malformed payload", str(error)) from None
    return Certificate(
        message.timestamp if message.HasField("timestamp") else -1,
        message.seq if message.HasField("seq") else -1,
        tuple(metrics),
    )
