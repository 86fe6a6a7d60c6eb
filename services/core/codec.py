"""Between the wire (proto/headworks.proto) and the messages of services.core.records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from services.core.errors import Rejected
from services.core.frame import Frame, Values
from services.core.pb import headworks_pb2 as pb
from services.core.records import (
    OPTIONAL_STATISTICS,
    Aggregates,
    AlarmEvent,
    Command,
    Config,
    Derived,
    IncidentEvent,
    Output,
    Recompute,
    Record,
    SiteStep,
    Tick,
    ZoneFigures,
)

#: Readings in one frame; a frame with more is refused, so that one message cannot hold up a site.
MAX_READINGS = 100_000


_STEP = ("key", "origin", "width", "start", "end", "revision", "definition", "configured")
_STEP_COLUMNS = (("member", "members"), ("volume", "volume"), ("gap", "gap"), ("last", "last"))


def _fill_frame(message: pb.Frame, frame: Frame) -> None:
    base = int(frame.times[0]) if len(frame) else frame.through
    message.site, message.station, message.catalogue = frame.site, frame.station, frame.catalogue
    message.epoch, message.number = frame.epoch, frame.number
    message.base_time, message.through, message.received = base, frame.through, frame.received
    message.point = frame.points.astype("<u4").tobytes()
    message.offset = (frame.times - base).astype("<i8").tobytes()
    message.value = frame.values.astype("<f8", copy=False).tobytes()
    if frame.quality.any():
        message.quality = frame.quality.tobytes()
    message.clock = frame.clock
    if frame.death:
        message.kind = pb.FRAME_KIND_DEATH


def _frame(message: pb.Frame) -> Frame:
    n = len(message.point) // 4
    if n > MAX_READINGS:
        raise Rejected("frame too large", f"{n} readings, at most {MAX_READINGS}")
    sizes = (len(message.point), len(message.offset), len(message.value), len(message.quality))
    if sizes[:3] != (4 * n, 8 * n, 8 * n) or sizes[3] not in (0, n):
        raise Rejected("columns differ", f"point/offset/value/quality bytes {sizes} for {n} readings")
    points = np.frombuffer(message.point, "<u4").astype(np.int32)
    if n and (points < 0).any():
        raise Rejected("point index", "an index of 2^31 or more")
    quality = np.frombuffer(message.quality, np.uint8) if message.quality else np.zeros(n, np.uint8)
    return Frame(
        message.site, message.station,
        np.frombuffer(message.offset, "<i8") + message.base_time,
        points, np.frombuffer(message.value, "<f8"), quality,
        message.through, message.catalogue, message.epoch, message.number, message.received,
        message.kind == pb.FRAME_KIND_DEATH, message.clock,
    )  # fmt: skip


def _fill_record(message: pb.Record, record: Record) -> None:
    match record:
        case Frame():
            _fill_frame(message.frame, record)
        case Tick():
            message.tick.time, message.tick.end = record.time, record.end
            message.tick.SetInParent()
        case Command():
            for name in ("id", "site", "time", "who", "why", "action", "occurrence", "until"):
                setattr(message.command, name, getattr(record, name))
        case Config():
            for name in ("site", "version", "catalogue_json", "time"):
                setattr(message.config, name, getattr(record, name))
        case SiteStep():
            for name in _STEP:
                setattr(message.step, name, getattr(record, name))
            for name, column in _STEP_COLUMNS:
                getattr(message.step, name).extend(getattr(record, column))


def _record(message: pb.Record) -> Record:
    match message.WhichOneof("body"):
        case "frame":
            return _frame(message.frame)
        case "tick":
            return Tick(message.tick.time, message.tick.end)
        case "command":
            c = message.command
            return Command(c.id, c.site, c.time, c.who, c.why, c.action, c.occurrence, c.until)
        case "config":
            g = message.config
            return Config(g.site, g.version, g.catalogue_json, g.time)
        case "step":
            s = message.step
            columns = [tuple(getattr(s, name)) for name, _ in _STEP_COLUMNS]
            if len({len(column) for column in columns}) > 1:
                raise Rejected("columns differ", f"member/volume/gap/last of {[len(one) for one in columns]} rows")
            return SiteStep(*(getattr(s, name) for name in _STEP), *columns)
        case _:
            raise Rejected("not a record", "no body")


def encode_record(record: Record) -> bytes:
    """The bytes of a site-log entry."""
    message = pb.Record()
    _fill_record(message, record)
    return message.SerializeToString(deterministic=True)


def decode_record(data: bytes) -> Record:
    """The record in `data`; Rejected when the bytes are not one."""
    try:
        message = pb.Record.FromString(data)
    except DecodeError as error:
        raise Rejected("not a record", str(error)) from None
    return _record(message)


def encode_records(records: Sequence[Record]) -> bytes:
    """The bytes of a message of a cluster's log: records of one site, or ticks, in order."""
    message = pb.Records()
    for record in records:
        _fill_record(message.record.add(), record)
    return message.SerializeToString(deterministic=True)


def decode_records(data: bytes) -> list[Record]:
    """The records in `data`, in order; Rejected when the bytes are none, or one of them is no record."""
    try:
        message = pb.Records.FromString(data)
    except DecodeError as error:
        raise Rejected("not records", str(error)) from None
    if not message.record:
        raise Rejected("not records", "the message is empty")
    return [_record(record) for record in message.record]


_ALARM_TEXT = (
    "time", "site", "station", "point", "rule", "occurrence", "number", "transition", "priority",
    "cause", "unit", "annunciated", "quality", "catalogue", "state", "who", "command", "until",
    "lane",
)  # fmt: skip
_INCIDENT_TEXT = ("time", "site", "kind", "incident", "number", "phase", "cause", "next_step")

ALARM, INCIDENT, DERIVED, AGGREGATES = "alarms", "incidents", "derived", "aggregates"
RECOMPUTE, STEPS, ZONES = "recompute", "steps", "zones"
_ZONES = ("zone", "site", "kind", "start", "end", "revision", "verdict")
_RECOMPUTE = ("site", "width", "start", "end", "readings", "catalogue")


def encode_output(output: Output) -> tuple[str, bytes]:
    """(topic, bytes) of a processor's output."""
    match output:
        case AlarmEvent():
            alarm = pb.AlarmEvent(**{name: getattr(output, name) for name in _ALARM_TEXT})
            if output.value is not None:
                alarm.value, alarm.has_value = output.value, True
            if output.limit is not None:
                alarm.limit, alarm.has_limit = output.limit, True
            return ALARM, alarm.SerializeToString(deterministic=True)
        case IncidentEvent():
            incident = pb.IncidentEvent(**{name: getattr(output, name) for name in _INCIDENT_TEXT})
            incident.evidence_json = canonical_json(output.evidence)
            return INCIDENT, incident.SerializeToString(deterministic=True)
        case Derived():
            derived = pb.Derived()
            _fill_frame(derived.frame, output.frame)
            return DERIVED, derived.SerializeToString(deterministic=True)
        case Recompute():
            fields = {name: getattr(output, name) for name in _RECOMPUTE}
            return RECOMPUTE, pb.Recompute(**fields).SerializeToString(deterministic=True)
        case SiteStep():
            return STEPS, encode_records([output])
        case ZoneFigures():
            message = pb.ZoneFigures(**{name: getattr(output, name) for name in _ZONES})
            message.figure.update(output.figures)
            message.silent.extend(output.silent)
            message.caveat.extend(output.caveats)
            return ZONES, message.SerializeToString(deterministic=True)
        case Aggregates():
            return AGGREGATES, pb.Aggregates(
                site=output.site,
                catalogue=output.catalogue,
                start=output.start,
                width=output.width,
                end=output.end,
                revision=output.revision,
                point=output.points.astype("<u4").tobytes(),
                count=output.count.astype("<u4").tobytes(),
                **{
                    name: getattr(output, name).astype("<f8", copy=False).tobytes()
                    for name in ("mean", "min", "max", "good_ratio")
                },
                **{name: _some(getattr(output, name)) for name in OPTIONAL_STATISTICS},
            ).SerializeToString(deterministic=True)


def _some(column: Values) -> bytes:
    """A column that many windows do not have: nothing at all when it is NaN throughout."""
    return b"" if np.isnan(column).all() else column.astype("<f8", copy=False).tobytes()


def decode_output(topic: str, data: bytes) -> Output:
    """The output that `encode_output` wrote; Rejected for damaged bytes or an unknown topic."""
    try:
        if topic == ALARM:
            a = pb.AlarmEvent.FromString(data)
            fields: dict[str, Any] = {name: getattr(a, name) for name in _ALARM_TEXT}
            return AlarmEvent(
                value=a.value if a.has_value else None,
                limit=a.limit if a.has_limit else None,
                **fields,
            )
        if topic == INCIDENT:
            i = pb.IncidentEvent.FromString(data)
            texts: dict[str, Any] = {name: getattr(i, name) for name in _INCIDENT_TEXT}
            evidence = json.loads(i.evidence_json or "{}")
            if not isinstance(evidence, dict):
                raise ValueError("the evidence is not a JSON object")
            return IncidentEvent(evidence=evidence, **texts)
        if topic == DERIVED:
            return Derived(_frame(pb.Derived.FromString(data).frame))
        if topic == AGGREGATES:
            g = pb.Aggregates.FromString(data)
            n = len(g.point) // 4
            sizes = tuple(len(c) for c in (g.point, g.count, g.mean, g.min, g.max, g.good_ratio))
            if sizes != (4 * n, 4 * n, 8 * n, 8 * n, 8 * n, 8 * n):
                raise ValueError(f"columns of {sizes} bytes differ")
            some = {name: getattr(g, name) for name in OPTIONAL_STATISTICS}
            if any(len(column) not in (0, 8 * n) for column in some.values()):
                raise ValueError(f"columns of {[len(c) for c in some.values()]} bytes differ")
            return Aggregates(
                g.site, g.start, g.width,
                np.frombuffer(g.point, "<u4").astype(np.int32),
                np.frombuffer(g.mean, "<f8"), np.frombuffer(g.min, "<f8"),
                np.frombuffer(g.max, "<f8"), np.frombuffer(g.count, "<u4").astype(np.int64),
                np.frombuffer(g.good_ratio, "<f8"), g.catalogue, g.end, g.revision,
                **{name: np.frombuffer(column, "<f8") for name, column in some.items()},
            )  # fmt: skip
        if topic == RECOMPUTE:
            wanted = pb.Recompute.FromString(data)
            return Recompute(**{name: getattr(wanted, name) for name in _RECOMPUTE})
        if topic == STEPS:
            records = decode_records(data)
            if len(records) != 1 or not isinstance(records[0], SiteStep):
                raise ValueError("not one step")
            return records[0]
        if topic == ZONES:
            z = pb.ZoneFigures.FromString(data)
            return ZoneFigures(
                **{name: getattr(z, name) for name in _ZONES},
                figures=dict(sorted(z.figure.items())), silent=tuple(z.silent), caveats=tuple(z.caveat),
            )  # fmt: skip
    except (DecodeError, ValueError) as error:
        raise Rejected("not an output", f"{topic}: {error}") from None
    raise Rejected("unknown topic", topic)


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no spaces, no NaN: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
