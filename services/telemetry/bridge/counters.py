"""What the bridge counts, for the command line and the console to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class BridgeCounters:
    """Since the bridge was made. All but `in_flight` only grow.

    messages, bytes: taken from MQTT.  frames, readings: in the log.  duplicates: messages whose number, or whose
    hash, was known.  gaps: messages beyond the next number.  sequence_gaps: jumps of Sparkplug's seq.
    before_birth: data whose aliases are not known, sent again by our gateways, lost of others.
    rejects: by reason; messages or, where single metrics are refused, metrics.  lost: numbers given up.
    late_ticks: clock messages at or before the log's last tick.  held_ticks: times that a tick had to wait.
    in_flight: messages received and not yet in the log.
    """

    messages: int = 0
    bytes: int = 0
    frames: int = 0
    readings: int = 0
    duplicates: int = 0
    gaps: int = 0
    sequence_gaps: int = 0
    before_birth: int = 0
    births: int = 0
    deaths: int = 0
    stale_deaths: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    rebirth_requests: int = 0
    resend_requests: int = 0
    ticks: int = 0
    late_ticks: int = 0
    held_ticks: int = 0
    connections: int = 0
    log_errors: int = 0
    in_flight: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "rejects"}
        return {**plain, "rejects": dict(sorted(self.rejects.items()))}
