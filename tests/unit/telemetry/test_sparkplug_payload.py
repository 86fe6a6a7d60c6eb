"""Payloads: the kernel beside the generated code, and what is written against what is read."""

import struct

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.clock import MINUTE, SECOND
from services.core.errors import Rejected
from services.core.pb import sparkplug_b_pb2 as pb
from services.core.quality import Quality
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.datatypes import TO_WIRE, numbers, quality_from_wire
from services.telemetry.sparkplug.decode import (
    MAX_METRICS,
    MAX_PAYLOAD,
    decode_certificate,
    decode_data,
)
from services.telemetry.sparkplug.scan import PROPERTIES
from tests.unit.telemetry.field import START

FIELDS = {
    "int_value": 10, "long_value": 11, "float_value": 12, "double_value": 13, "boolean_value": 14,
    "string_value": 15, "bytes_value": 16, "dataset_value": 17, "template_value": 18,
    "extension_value": 19,
}  # fmt: skip


def signed(value):
    return value - 2**64 if value >= 2**63 else value


def bits(metric, field):
    if field == "float_value":
        return struct.unpack("<I", struct.pack("<f", metric.float_value))[0]
    if field == "double_value":
        return struct.unpack("<Q", struct.pack("<d", metric.double_value))[0]
    return int(getattr(metric, field)) if field in ("int_value", "long_value", "boolean_value") else 0


def quality(properties):
    keys = list(properties.keys)
    at = keys.index("Quality") if "Quality" in keys else PROPERTIES
    if at >= min(len(properties.values), PROPERTIES):
        return -1
    value = properties.values[at]
    match value.WhichOneof("value"):
        case "int_value":
            return value.int_value
        case "long_value":
            return min(value.long_value, 2**31 - 1)
        case _:
            return -2


def reference(payload):
    """What the kernel must give, by the generated code."""
    message = pb.Payload.FromString(payload)
    rows = []
    for metric in message.metrics:
        field = metric.WhichOneof("value")
        rows.append((
            signed(metric.alias) if metric.HasField("alias") else -1,
            signed(metric.timestamp) if metric.HasField("timestamp") else -1,
            FIELDS[field] if field else 0,
            bits(metric, field) if field else 0,
            metric.is_null,
            quality(metric.properties),
            metric.datatype,
        ))  # fmt: skip
    head = (
        signed(message.timestamp) if message.HasField("timestamp") else -1,
        signed(message.seq) if message.HasField("seq") else -1,
    )
    return head, rows


def scanned(payload):
    m = decode_data(payload)
    rows = zip(
        m.alias.tolist(), m.time.tolist(), m.kind.tolist(), m.raw.tolist(), m.null.tolist(),
        m.quality.tolist(), m.datatype.tolist(), strict=True,
    )  # fmt: skip
    return (m.timestamp, m.seq), list(rows)


def unless_malformed(read, payload):
    """What `read` gives, None when it refuses the payload as malformed; any other refusal is an error."""
    try:
        return read(payload)
    except Rejected as refusal:
        if refusal.reason != "malformed payload":
            raise
        return None


u32, u64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
words = st.text(max_size=9) | st.sampled_from(["Quality", "Qualitx", "engUnit"])


def one_of(**strategies):
    return st.one_of(*[st.builds(lambda v, k=k: {k: v}, s) for k, s in strategies.items()])


property_values = st.builds(
    lambda value, rest: pb.Payload.PropertyValue(**value, **rest),
    st.just({}) | one_of(
        int_value=u32, long_value=u64, float_value=st.floats(width=32), double_value=st.floats(),
        boolean_value=st.booleans(), string_value=words,
    ),
    st.fixed_dictionaries({}, optional={"type": u32, "is_null": st.booleans()}),
)  # fmt: skip
properties = st.builds(
    lambda keys, values: pb.Payload.PropertySet(keys=keys, values=values),
    st.lists(words, max_size=20), st.lists(property_values, max_size=20),
)  # fmt: skip
metrics = st.builds(
    lambda value, rest: pb.Payload.Metric(**value, **rest),
    st.just({}) | one_of(
        int_value=u32, long_value=u64, float_value=st.floats(width=32), double_value=st.floats(),
        boolean_value=st.booleans(), string_value=words, bytes_value=st.binary(max_size=9),
        dataset_value=st.binary(max_size=9), template_value=st.binary(max_size=9),
        extension_value=st.binary(max_size=9),
    ),
    st.fixed_dictionaries({}, optional={
        "name": words, "alias": u64, "timestamp": u64, "datatype": u32, "is_historical": st.booleans(),
        "is_transient": st.booleans(), "is_null": st.booleans(), "metadata": st.binary(max_size=9),
        "properties": properties,
    }),
)  # fmt: skip
payloads = st.builds(
    lambda metrics, rest: pb.Payload(metrics=metrics, **rest).SerializeToString(),
    st.lists(metrics, max_size=6),
    st.fixed_dictionaries({}, optional={"timestamp": u64, "seq": u64, "uuid": words, "body": st.binary(max_size=9)}),
)


@settings(max_examples=80, deadline=None)
@given(payloads, payloads)
def test_the_kernel_reads_what_the_generated_code_reads(first, second):
    together = first + second  # protobuf: the later single field stands, repeated ones are joined
    assert scanned(first) == reference(first)
    assert scanned(together) == reference(together)


@settings(max_examples=150, deadline=None)
@given(payloads, st.data())
def test_damaged_bytes_are_refused_or_read_as_the_generated_code_reads_them(payload, data):
    damaged = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    found = unless_malformed(scanned, bytes(damaged))
    if found is None:
        return
    try:
        expected = reference(bytes(damaged))
    except (DecodeError, UnicodeDecodeError):
        return  # text that is not UTF-8: no matter for a number
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_read_or_refused(data):
    for read in (decode_data, decode_certificate):
        unless_malformed(read, data)


def test_every_truncation_is_noticed_unless_it_falls_between_fields():
    payload = encode.with_seq(encoded(), 7)
    whole = len(decode_data(payload))
    for cut in range(len(payload)):
        assert len(unless_malformed(decode_data, payload[:cut]) or ()) <= whole
    with pytest.raises(Rejected, match="at byte"):
        decode_data(payload[:-3])


def encoded(n=40, **changes):
    given = {
        "alias": np.arange(n, dtype=np.int64) + encode.FIRST_ALIAS,
        "times": START + np.arange(n, dtype=np.int64) * SECOND,
        "values": np.linspace(-1, 1, n),
        "quality": np.zeros(n, np.uint8),
    }
    given.update(changes)
    return encode.encode_data(**given, through=START + MINUTE, epoch=2**64 - 1, number=9)


all_quality = st.sampled_from([int(q) for q in Quality])
rows = st.tuples(
    st.integers(encode.FIRST_ALIAS, encode.LAST_ALIAS),
    st.integers(2**35, 2**42 - 1),
    st.floats(allow_nan=False),
    all_quality,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=30), st.integers(0, 255), u64, u64)
def test_data_that_are_written_are_read_back(readings, seq, epoch, number):
    alias, ms, values, quality_ = (np.array(c) for c in zip(*readings, strict=True)) if readings else (
        np.empty(0), np.empty(0), np.empty(0), np.empty(0)
    )  # fmt: skip
    payload = encode.encode_data(
        alias.astype(np.int64), ms.astype(np.int64) * 10**6, values.astype(float),
        quality_.astype(np.uint8), through=START, epoch=epoch, number=number,
    )  # fmt: skip
    assert reference(payload)[0] == (START // 10**6, -1)
    found = decode_data(encode.with_seq(payload, seq))
    assert (found.timestamp, found.seq) == (START // 10**6, seq)
    assert found.alias[:2].tolist() == [encode.EPOCH_ALIAS, encode.NUMBER_ALIAS]
    assert found.raw[:2].tolist() == [epoch, number]
    decoded, numeric = numbers(found.kind, found.raw, found.datatype)
    assert numeric.all()
    read = zip(
        found.alias[2:].tolist(), found.time[2:].tolist(), decoded[2:].tolist(),
        quality_from_wire(found.quality)[2:].tolist(), strict=True,
    )  # fmt: skip
    assert sorted(read) == sorted(readings)


@pytest.mark.parametrize(
    "changes",
    [
        {"alias": np.full(40, encode.FIRST_ALIAS - 1)},
        {"alias": np.full(40, encode.LAST_ALIAS + 1)},
        {"times": np.full(40, 10**18 * 9)},
        {"times": np.zeros(40, np.int64)},
        {"quality": np.full(40, 7, np.uint8)},
    ],
)
def test_columns_out_of_bounds_are_not_written(changes):
    with pytest.raises(ValueError, match=r"between|quality"):
        encoded(**changes)
    with pytest.raises(ValueError, match="between"):
        encode.with_seq(b"", 256)
    with pytest.raises(ValueError, match="between"):
        encode.varint(-1)


@pytest.mark.parametrize(
    ("datatype", "field", "written", "value"),
    [
        (1, "int_value", 0xFF, -1), (1, "int_value", 0xFFFFFFFF, -1), (1, "int_value", 0x7F, 127),
        (2, "int_value", 0x8000, -32768), (2, "int_value", 0xFFFF8000, -32768),
        (3, "int_value", 0xFFFFFFFE, -2), (3, "int_value", 5, 5),
        (4, "long_value", 2**64 - 3, -3), (4, "long_value", 2**40, 2.0**40),
        (5, "int_value", 0xFF, 255), (6, "int_value", 0xFFFF, 65535),
        (7, "int_value", 0xFFFFFFFF, 2.0**32 - 1), (7, "long_value", 0xFFFFFFFF, 2.0**32 - 1),
        (8, "long_value", 2**64 - 1, 2.0**64), (0, "long_value", 2**64 - 1, 2.0**64),
        (9, "float_value", 0.5, 0.5), (10, "double_value", -0.1, -0.1),
        (11, "boolean_value", True, 1.0), (11, "boolean_value", False, 0.0),
    ],
)  # fmt: skip
def test_values_obey_their_data_type(datatype, field, written, value):
    message = pb.Payload()
    message.metrics.add(alias=1, datatype=datatype, **{field: written})
    found = decode_data(message.SerializeToString())
    values, numeric = numbers(found.kind, found.raw, found.datatype)
    assert numeric.all()
    assert values.tolist() == [value]


def test_quality_codes_go_there_and_back_and_what_is_not_understood_is_not_good():
    codes = np.array([TO_WIRE[q] for q in Quality])
    assert quality_from_wire(codes).tolist() == [int(q) for q in Quality]
    others = np.array([-1, 192, 193, 216, 80, 24, 128, 300, 499, 501, 2**31 - 1, -2])
    good, uncertain, bad = Quality.GOOD, Quality.UNCERTAIN, Quality.BAD
    expected = [good, good, good, good, uncertain, bad, bad, bad, bad, bad, bad, bad]
    assert quality_from_wire(others).tolist() == expected


def test_a_payload_too_large_or_with_too_many_metrics_is_refused():
    with pytest.raises(Rejected, match="payload too large"):
        decode_data(b"\x00" * (MAX_PAYLOAD + 1))
    with pytest.raises(Rejected, match="too many metrics"):
        decode_data(b"\x12\x00" * (MAX_METRICS + 1))
    assert len(decode_data(b"\x12\x00" * MAX_METRICS)) == MAX_METRICS


def test_births_and_commands_are_read_by_name():
    birth = decode_certificate(encode.encode_node_birth(START, bdseq=3, epoch=2**64 - 1, number=4, first=5, last=9))
    asked = [birth.number(n) for n in (encode.BDSEQ, encode.EPOCH, encode.FIRST, encode.LAST, "none")]
    assert asked == [3, 2**64 - 1, 5, 9, None]
    command = decode_certificate(encode.encode_command(START, [(encode.REBIRTH, True), ("n", 7)]))
    assert [(m.name, m.value) for m in command.metrics] == [(encode.REBIRTH, True), ("n", 7)]
    device = decode_certificate(encode.encode_device_birth(START, [("level", 128, "m")]))
    assert [(m.name, m.alias, m.value) for m in device.metrics] == [("level", 128, None)]
