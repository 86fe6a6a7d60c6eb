"""Named arrays and plain data to bytes and back: how processors store their state.

A header (JSON) names each array with dtype and shape; the raw bytes follow. Equal contents give equal bytes,
which pickle and npz do not promise, and nothing in it can run code.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"HWS1"


def pack(meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """`meta` must be JSON data; arrays keep dtype and shape."""
    table = [[name, a.dtype.str, list(a.shape)] for name, a in sorted(arrays.items())]
    head = json.dumps({"meta": meta, "arrays": table}, sort_keys=True).encode()
    parts = [_MAGIC, struct.pack("<I", len(head)), head]
    parts += [np.ascontiguousarray(a).tobytes() for _, a in sorted(arrays.items())]
    return b"".join(parts)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` was given; the arrays are writable copies. ValueError for damaged bytes."""
    if data[:4] != _MAGIC or len(data) < 8:
        raise ValueError("not a packed state")
    (length,) = struct.unpack_from("<I", data, 4)
    try:
        head = json.loads(data[8 : 8 + length])
        meta: dict[str, Any] = head["meta"]
        at, arrays = 8 + length, {}
        for name, dtype, shape in head["arrays"]:
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(data, np.dtype(dtype), count, at)
            arrays[name] = array.reshape(shape).copy()
            at += array.nbytes
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"damaged state: {error}") from None
    if at != len(data):
        raise ValueError(f"damaged state: {len(data) - at} bytes left over")
    return meta, arrays
