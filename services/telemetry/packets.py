"""MQTT 3.1.1 as bytes: the packets that a subscriber sends, and a kernel that finds many of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.core.compiled import compiled

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"

#: Columns of a packet that `split` found: its first byte, its topic, its payload (of others: the rest), its number.
HEAD, TOPIC, TOPIC_END, BODY, END, MID = range(6)
COLUMNS = 6

#: What `split` says beside how many packets it found and how many bytes they were.
FINE, BROKEN = 0, 1


@compiled
def split(data: Any, most: int, out: Any) -> Any:
    """`data` uint8 (n), `out` int64 (capacity, 6). Returns (packets, bytes done with, FINE or BROKEN).

    Stops before a packet that is not whole, and when `out` is full. BROKEN: bytes that are no MQTT, a packet of more
    than `most` bytes, or a PUBLISH at QoS 2, which nobody asked for. MID is 0 at QoS 0 and of other packets.
    """
    found, size = 0, len(data)
    at: Any = 0
    while at < size and found < len(out):
        head = np.int64(data[at])
        length, shift = np.int64(0), 0
        here: Any = at + 1
        whole: Any = False
        while here < size and not whole:
            if shift > 21:
                return found, at, BROKEN
            byte = np.int64(data[here])
            here += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            whole = byte < 0x80
        if not whole:
            break
        if length > most:
            return found, at, BROKEN
        end = here + length
        if end > size:
            break
        topic, topic_end, body, mid = here, here, here, np.int64(0)
        if head >> 4 == PUBLISH:
            qos = head >> 1 & 3
            topic = here + 2
            if qos > 1 or topic > end:
                return found, at, BROKEN
            topic_end = topic + (np.int64(data[here]) << 8 | np.int64(data[here + 1]))
            body = topic_end + 2 * qos
            if body > end:
                return found, at, BROKEN
            if qos:
                mid = np.int64(data[topic_end]) << 8 | np.int64(data[topic_end + 1])
                if mid == 0:
                    return found, at, BROKEN
        out[found, HEAD], out[found, TOPIC], out[found, TOPIC_END] = head, topic, topic_end
        out[found, BODY], out[found, END], out[found, MID] = body, end, mid
        found += 1
        at = end
    return found, at, FINE


def _length(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2) + data


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + _length(len(body)) + body


def connect(client_id: str, *, keep_alive: int, clean: bool, username: str = "", password: str = "") -> bytes:
    """CONNECT; `keep_alive` in seconds."""
    flags = (0x02 if clean else 0) | (0x80 if username else 0) | (0x40 if username and password else 0)
    body = _text("MQTT") + bytes([4, flags]) + keep_alive.to_bytes(2) + _text(client_id)
    if username:
        body += _text(username)
        if password:
            body += _text(password)
    return _packet(0x10, body)


def subscribe(mid: int, filters: list[str]) -> bytes:
    """SUBSCRIBE to all of `filters` at QoS 1."""
    return _packet(0x82, mid.to_bytes(2) + b"".join(_text(text) + b"\x01" for text in filters))


def publish(topic: str, payload: bytes, *, mid: int = 0, retain: bool = False) -> bytes:
    """PUBLISH, at QoS 1 when it has a number."""
    head = 0x30 | (0x02 if mid else 0) | (0x01 if retain else 0)
    return _packet(head, _text(topic) + (mid.to_bytes(2) if mid else b"") + payload)


def acknowledge(mids: NDArray[np.int64]) -> bytes:
    """The PUBACKs of `mids`, in their order."""
    out = np.empty((len(mids), 4), np.uint8)
    out[:, 0], out[:, 1] = 0x40, 0x02
    out[:, 2], out[:, 3] = mids >> 8, mids & 0xFF
    return out.tobytes()
