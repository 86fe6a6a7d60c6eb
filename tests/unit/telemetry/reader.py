"""A reader of the bridge, and a gateway's hand to write messages for it."""

import numpy as np

from services.core.clock import HOUR
from services.core.pb import sparkplug_b_pb2 as pb
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.bridge.digest import Digest, Reader
from services.telemetry.bridge.ticks import PlayerTicks
from services.telemetry.gateway.births import device_births
from services.telemetry.sparkplug import encode
from tests.unit.telemetry.field import EPOCH, START, StillClock, columns, small_site

MS = 10**6


class Field:
    """A reader and what it said, with a gateway's hand to write messages."""

    def __init__(self, position=None, player=True, patience=30.0):
        self.site, self.clock, self.counters = small_site(), StillClock(), BridgeCounters()
        self.mono, self.digest, self.seq = 100.0, Digest(), 0
        self.asked: list[tuple[bool, int | None]] = []
        self.reader = Reader(
            {"no3": (self.site, "v1")},
            {"no3": position} if position else {},
            self.clock,
            self.counters,
            lambda session, rebirth, resend: self.asked.append((rebirth, resend)),
            ticks=PlayerTicks(0) if player else None,
            patience=patience,
            monotonic=lambda: self.mono,
        )

    def give(self, kind, payload, device="", edge="no3", group="liuyang"):
        end = f"/{device}" if device else ""
        self.reader.take(f"spBv1.0/{group}/{kind}/{edge}{end}", payload, START + HOUR, self.digest)

    def sequenced(self, kind, payload, device=""):
        self.give(kind, encode.with_seq(payload, self.seq), device)
        self.seq = (self.seq + 1) % 256

    def born(self, epoch=EPOCH, first=1, last=0, bdseq=1):
        self.seq = 0
        self.sequenced("NBIRTH", encode.encode_node_birth(
            START, bdseq=bdseq, epoch=epoch, number=first - 1, first=first, last=last
        ))  # fmt: skip
        for station, payload in device_births(self.site, START):
            self.sequenced("DBIRTH", payload, station)
        return self

    def data(self, number, station="intake", epoch=EPOCH, **changes):
        times, points, values, quality, through = columns(number, station)
        given = {"times": times, "points": points, "values": values, "quality": quality, **changes}
        return encode.encode_data(
            given["points"].astype(np.int64) + encode.FIRST_ALIAS,
            given["times"], np.asarray(given["values"], float), given["quality"],
            through=given.get("through", through), epoch=epoch, number=number,
        )  # fmt: skip

    def send(self, number, station="intake", **changes):
        self.sequenced("DDATA", self.data(number, station, **changes), station)

    def metric(self, number, **fields):
        """A message with one metric written by hand, of alias 128 (intake/p0) unless said otherwise."""
        message = pb.Payload(timestamp=START // MS)
        given = {"alias": encode.FIRST_ALIAS, "timestamp": START // MS, **fields}
        message.metrics.add(**{k: v for k, v in given.items() if v is not None})
        numbered = encode.encode_data(
            *(np.empty(0, t) for t in (np.int64, np.int64, float, np.uint8)),
            through=START, epoch=EPOCH, number=number,
        )  # fmt: skip
        self.sequenced("DDATA", numbered + message.SerializeToString(), "intake")

    @property
    def records(self):
        return self.digest.records

    @property
    def numbers(self):
        return [record.number for record in self.records]

    @property
    def reasons(self):
        return [reject.reason for reject in self.digest.rejects]
