"""Which bucket holds what: InfluxDB keeps a bucket for one length of time, and what the sink writes is kept for three.

With HEADWORKS_INFLUX_SPLIT the sink writes readings into the bucket of HEADWORKS_INFLUX_BUCKET (`telemetry`), minutes
and quarters of an hour into `telemetry_1m`, and hours, days, alarms and incidents into `telemetry_long`. Without it all
go into the one bucket: enough to try it, or for a replay that is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.aggregator.sinks.influx.lines import Lines

#: After the bucket's name.
MINUTES, LONG = "_1m", "_long"

_SHORT_LIVED = (b"readings", b"aggregates_1m", b"aggregates_15m", b"health")


@dataclass(frozen=True, slots=True)
class Buckets:
    """The names of the buckets for readings, for minutes, and for what is kept for ever."""

    readings: str
    minutes: str
    long: str

    @classmethod
    def split(cls, name: str) -> Buckets:
        """Three buckets."""
        return cls(name, name + MINUTES, name + LONG)

    @classmethod
    def one(cls, name: str) -> Buckets:
        """One bucket for all."""
        return cls(name, name, name)

    @property
    def names(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.readings, self.minutes, self.long)))

    def of(self, measurement: bytes) -> str:
        """Where lines of the measurement go."""
        if measurement not in _SHORT_LIVED:
            return self.long
        return self.readings if measurement == b"readings" else self.minutes

    def sorted(self, lines: Lines) -> list[tuple[str, Lines]]:
        """(bucket, lines) in the lines' order; the lines of one entry are of one measurement."""
        if len(self.names) == 1 or not lines.data:
            return [(self.readings, lines)]
        out: list[tuple[str, int, int]] = []
        ends = (*lines.starts[1:], len(lines.data))
        for begin, end in zip(lines.starts, ends, strict=True):
            if begin == end:
                continue
            bucket = self.of(lines.data[begin : lines.data.index(b",", begin)])
            if out and out[-1][0] == bucket:
                out[-1] = (bucket, out[-1][1], end)
            else:
                out.append((bucket, begin, end))
        return [(bucket, lines.cut(begin, end)) for bucket, begin, end in out]


#: How long the buckets of live telemetry keep what is in them; None: for ever.
RETENTION: dict[str, timedelta | None] = {"": timedelta(days=30), MINUTES: timedelta(days=365), LONG: None}
