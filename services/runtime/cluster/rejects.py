"""Dead letters as messages: the raw bytes, with reason and circumstances in the headers."""

from __future__ import annotations

from collections.abc import Sequence

from services.core.ports import Reject

#: Of a source's name this much makes the key.
_KEY = 300

Headers = list[tuple[str, bytes]]


def encode_reject(reject: Reject) -> tuple[bytes, bytes, Headers]:
    """(key, value, headers) of a message of the topic `rejected`."""
    headers = [
        ("reason", reject.reason.encode("utf-8", "replace")),
        ("detail", reject.detail.encode("utf-8", "replace")),
        ("source", reject.source.encode("utf-8", "replace")),
        ("received", str(reject.received).encode()),
    ]
    return reject.source[:_KEY].encode("utf-8", "replace"), reject.payload, headers


def decode_reject(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Reject:
    """What `encode_reject` was given; what a header lacks is empty, or 0."""
    said = {name: data.decode("utf-8", "replace") for name, data in headers}
    received = said.get("received", "0")
    return Reject(
        said.get("source", ""),
        said.get("reason", ""),
        said.get("detail", ""),
        value or b"",
        int(received) if received.lstrip("-").isdigit() else 0,
    )
