"""The front door: payloads as a gateway publishes them, through the bridge's reader, the log on disk and its shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Site, to_json, version_of
from services.core.clock import DAY, SECOND, parse_time
from services.core.codec import decode_output
from services.core.packed import Packed
from services.core.records import AlarmEvent, Command, Config, Tick
from services.runtime.local import SITES, LocalLog, ProcessorShell
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.bridge.digest import Digest, Reader
from services.telemetry.gateway.births import device_births
from services.telemetry.sparkplug import encode
from tests.unit.telemetry.field import StillClock

#: All times of a timeline are seconds from here.
START = parse_time("2023-04-18T12:00:00Z")
EPOCH = 7

Reading = tuple[float, str, float]


class Door:
    """A site `no3` of group `g` with its log in a folder. Nothing is folded before `told` asks.

    What a gateway says is numbered, and kept until the log has said that it holds it: `unsaid` says it again.
    """

    def __init__(self, made: Site, folder: Path) -> None:
        self.site, self.folder = made, folder
        self.index = made.point_index
        self.counters = BridgeCounters()
        self.kept: list[tuple[int, str, bytes]] = []
        self._number = self._seq = self._read = self._commands = 0
        self.open()

    def open(self) -> None:
        """The log is opened and a bridge reads from where it ends."""
        self.log = LocalLog.open(self.folder / "log.sqlite")
        version = version_of(to_json(self.site))
        self.digest = Digest()
        self._reader = Reader(
            {self.site.id: (self.site, version)}, self.log.positions(), StillClock(START + DAY), self.counters,
            lambda _session, _rebirth, _resend: None, ticks=None, patience=30.0,
        )  # fmt: skip

    async def begin(self) -> Door:
        """The site's catalogue is in force, its gateway has introduced itself."""
        await self.configure(self.site, -60)
        self.born()
        return self

    async def configure(self, made: Site, at: float) -> None:
        text = to_json(made)
        await self.log.append([Config(made.id, version_of(text), text, _ns(at))])

    def born(self) -> None:
        """The births of a gateway that holds what `kept` holds."""
        first = self.kept[0][0] if self.kept else self._number + 1
        self._seq = 0
        self._give("NBIRTH", encode.encode_node_birth(START, bdseq=1, epoch=EPOCH, number=first - 1, first=first,
                                                      last=self._number))  # fmt: skip
        for name, payload in device_births(self.site, START):
            self._give("DBIRTH", payload, name)

    def keep(self, through: float, *readings: Reading, station: str = "intake") -> None:
        """A message that the gateway has, and has not sent: readings (s, point, value) of a station."""
        rows = sorted(readings)
        self._number += 1
        payload = encode.encode_data(
            np.array([self.index[f"{station}/{name}"] for _, name, _ in rows], np.int64) + encode.FIRST_ALIAS,
            np.array([_ns(at) for at, _, _ in rows], np.int64), np.array([value for _, _, value in rows], float),
            np.zeros(len(rows), np.uint8), through=_ns(through), epoch=EPOCH, number=self._number,
        )  # fmt: skip
        self.kept.append((self._number, station, payload))

    def send_kept(self) -> None:
        """All that the gateway has, from the oldest, in order."""
        for _, station, payload in self.kept:
            self._give("DDATA", payload, station)

    async def says(self, through: float, *readings: Reading, station: str = "intake") -> None:
        """A message on its way into the log."""
        self.keep(through, *readings, station=station)
        self._give("DDATA", self.kept[-1][2], station)
        await self.commit()

    async def commit(self) -> None:
        """The log takes what the bridge has read; what it holds the gateway lets go."""
        await self.log.append([record for record in self.digest.records if not isinstance(record, Packed)])
        self.digest.records.clear()
        position = self.log.positions().get(self.site.id)
        self.kept = [one for one in self.kept if position is None or one[0] > position.number]

    async def tick(self, at: float) -> None:
        await self.log.append([Tick(_ns(at))])

    async def does(self, action: str, occurrence: str, at: float, *, until: float = 0, why: str = "seen") -> None:
        """A person's command at its place in the log."""
        self._commands += 1
        end = _ns(until) if until else 0
        await self.log.append(
            [Command(f"c{self._commands}", self.site.id, _ns(at), "li.wei", why, action, occurrence, end)]
        )

    async def told(self) -> list[AlarmEvent]:
        """What the alarm processor said since the last call, in order of event time."""
        async with ProcessorShell(self.log, [AlertProcessor()]) as shell:
            await shell.drain()
        entries = self.log.read("alarms", self._read, 10_000)
        self._read = max([self._read, *(entry.offset for entry in entries)])
        events = [decode_output(entry.topic, entry.data) for entry in entries]
        return sorted((e for e in events if isinstance(e, AlarmEvent)), key=lambda e: (e.time, e.occurrence, e.number))

    async def story(self, *names: str) -> list[tuple[Any, ...]]:
        """Of each event the named fields; `at` is its time in s."""
        return tell(await self.told(), *names)

    def frames(self) -> int:
        """How many records of the site the log holds."""
        return len(self.log.read(SITES, 0, 10_000))

    def _give(self, kind: str, payload: bytes, device: str = "") -> None:
        end = f"/{device}" if device else ""
        self._reader.take(
            f"spBv1.0/{self.site.group}/{kind}/{self.site.id}{end}", encode.with_seq(payload, self._seq), START,
            self.digest,
        )  # fmt: skip
        self._seq = (self._seq + 1) % 256


def tell(events: Sequence[AlarmEvent], *names: str) -> list[tuple[Any, ...]]:
    fields = names or ("at", "rule", "transition")
    return [tuple((e.time - START) / SECOND if n == "at" else getattr(e, n) for n in fields) for e in events]


def _ns(at: float) -> int:
    return START + round(at * 1000) * 1_000_000
