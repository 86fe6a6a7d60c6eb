"""Has the bridge's kernels compiled, or loaded from their cache, before messages wait for them."""

from __future__ import annotations

import numpy as np

from services.telemetry import packets
from services.telemetry.sparkplug import carry
from services.telemetry.sparkplug.datatypes import FROM_WIRE
from services.telemetry.sparkplug.decode import warm_up as warm_up_decoding
from services.telemetry.sparkplug.scan import ROWS


def warm_up() -> None:
    """Takes seconds the first time on a machine, then some hundredths of one."""
    warm_up_decoding()
    bytes_read, empty = np.frombuffer(b"\0", np.uint8), np.empty(0, np.int64)
    packets.split(bytes_read, 1, np.empty((1, packets.COLUMNS), np.int64))
    carry.carry(
        bytes_read, np.empty((0, 3), np.int64), np.zeros(5, np.int64), empty, empty, empty, FROM_WIRE,
        bytes_read, empty, np.zeros(4, np.int64), np.empty((ROWS, 1), np.int64), np.empty(1, np.uint8),
        np.empty((0, 5), np.int64),
    )  # fmt: skip
