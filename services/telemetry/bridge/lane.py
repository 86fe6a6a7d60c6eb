"""The quick lane: ordinary data messages of known gateways, by the hundred, without an object for any of them.

What is ordinary is for services.telemetry.sparkplug.carry to say. Everything else, and whatever of the same gateway
comes after it, is left to the Reader, so that a gateway's messages are always judged in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.packed import Packed
from services.core.pb import headworks_pb2 as pb
from services.telemetry import packets
from services.telemetry.bridge.frames import AHEAD, EARLIEST
from services.telemetry.bridge.session import Session
from services.telemetry.sparkplug import carry
from services.telemetry.sparkplug.datatypes import FROM_WIRE
from services.telemetry.sparkplug.scan import ROWS

#: Bytes after which frames go into another message of the log.
PIECE = 64_000

#: Metrics in a message that the lane takes.
_METRICS = 4_096

_MS = 1_000_000


class Tables:
    """A gateway's births as the kernel wants them; good while the session's `stamp` stays."""

    def __init__(self, session: Session) -> None:
        self.stamp = session.stamp
        self.stations = {station: i for i, station in enumerate(sorted(session.stations))}
        self.keys, rows = session.aliases.sorted()
        self.points = rows[:, 0].copy()
        owner = np.array([self.stations[station] for station in session.station_of.tolist()], np.int64)
        self.owners = np.where(self.points >= 0, owner[np.maximum(self.points, 0)], -1)
        headers = [
            pb.Frame(
                site=session.site.id, station=station, catalogue=session.version, epoch=session.epoch
            ).SerializeToString(deterministic=True)
            for station in self.stations
        ]
        self.headers = np.frombuffer(b"".join(headers), np.uint8)
        self.ends = np.cumsum([len(header) for header in headers])
        self.longest = max(map(len, headers), default=0)
        aliases = [session.epoch_alias, session.number_alias]
        self.usable = min(aliases) >= 0 and aliases[0] != aliases[1] and len(session.site.points) > 0
        self.state = np.array([np.uint64(session.epoch).astype(np.int64), 0, 0, *aliases], np.int64)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a chunk: frames for the log, and which of its rows are left, in order, for the Reader.

    messages, frames, readings, bytes: of those taken.  latest: by site, the last event time, ns.
    """

    packed: list[Packed]
    left: list[int]
    messages: int
    size: int
    readings: int
    latest: dict[str, int]


class Lane:
    """Knows topics and gateways; remembers only what the sessions say."""

    def __init__(self) -> None:
        self._routes: dict[bytes, tuple[Session, int]] = {}
        self._tables: dict[str, Tables] = {}
        self._columns = np.empty((ROWS, _METRICS), np.int64)
        self._out = np.empty(0, np.uint8)

    def learn(self, source: bytes, session: Session, station: str) -> None:
        """Messages of this topic may go by the lane from now on, while the births of its gateway stand."""
        if not (session.numbered and session.born and station in session.devices):
            return
        tables = self._tables.get(session.site.id)
        if tables is None or tables.stamp != session.stamp:
            self._forget(session)
            tables = self._tables[session.site.id] = Tables(session)
        if tables.usable:
            self._routes[source] = (session, tables.stations[station])

    def take(self, data: bytes, rows: NDArray[np.int64], received: int, now: int) -> Carried:
        """Takes what it can of a chunk (`rows` as services.telemetry.packets has them); times in ns."""
        left: list[int] = []
        groups: dict[str, tuple[Session, list[int], list[int]]] = {}
        away: set[bytes] = set()
        routes = self._routes
        topics = zip(rows[:, packets.TOPIC].tolist(), rows[:, packets.TOPIC_END].tolist(), strict=True)
        for i, (start, end) in enumerate(topics):
            route = routes.get(data[start:end])
            if route is None:
                # A birth among the data: what comes after it is to be read with it.
                away.add(_edge(data[start:end]))
                left.append(i)
                continue
            session, station = route
            if away and session.site.id.encode() in away:
                left.append(i)
                continue
            group = groups.get(session.site.id)
            if group is None:
                group = groups[session.site.id] = (session, [], [])
            group[1].append(i)
            group[2].append(station)
        packed: list[Packed] = []
        latest: dict[str, int] = {}
        messages = size = 0
        view = np.frombuffer(data, np.uint8)
        bounds = np.array([EARLIEST, now + AHEAD, received, PIECE], np.int64)
        for session, members, stations in groups.values():
            taken = self._carry(session, view, rows, members, stations, bounds, packed, latest)
            left += members[taken:]
            messages += taken
            if taken:
                done = rows[members[:taken]]
                size += int((done[:, packets.END] - done[:, packets.BODY]).sum())
        if len(left) > 1:
            left.sort()
        readings = sum(one.readings for one in packed)
        return Carried(packed, left, messages, size, readings, latest)

    def _carry(
        self, session: Session, view: NDArray[np.uint8], rows: NDArray[np.int64],
        members: list[int], stations: list[int], bounds: NDArray[np.int64],
        packed: list[Packed], latest: dict[str, int],
    ) -> int:  # fmt: skip
        tables = self._tables.get(session.site.id)
        if not members or tables is None:
            return 0
        if tables.stamp != session.stamp or not session.born:
            self._forget(session)
            return 0
        messages = np.empty((len(members), 3), np.int64)
        messages[:, :2] = rows[members][:, [packets.BODY, packets.END]]
        messages[:, 2] = stations
        size = int((messages[:, 1] - messages[:, 0]).sum())
        room = 3 * size + len(members) * (tables.longest + 128) + 256
        if len(self._out) < room:
            self._out = np.empty(2 * room, np.uint8)
        pieces = np.empty((len(members), 5), np.int64)
        state = tables.state
        state[carry.ACCEPTED], state[carry.LAST_SEQ] = session.accepted, session.seq
        number = session.accepted
        taken, count, _ = carry.carry(
            view, messages, state, tables.keys, tables.points, tables.owners, FROM_WIRE,
            tables.headers, tables.ends, bounds, self._columns, self._out, pieces,
        )  # fmt: skip
        if not taken:
            return 0
        session.accept(int(state[carry.ACCEPTED]))
        session.seq = int(state[carry.LAST_SEQ])
        site = session.site.id
        for start, end, frames, readings, last in pieces[:count].tolist():
            data = self._out[start:end].tobytes()
            packed.append(Packed(site, session.epoch, number + 1, number + frames, readings, data))
            number += frames
            latest[site] = max(latest.get(site, 0), last)
        return int(taken)

    def _forget(self, session: Session) -> None:
        self._tables.pop(session.site.id, None)
        for source in [source for source, route in self._routes.items() if route[0] is session]:
            del self._routes[source]


def _edge(source: bytes) -> bytes:
    """The edge node of a topic, empty of others."""
    parts = source.split(b"/", 4)
    return parts[3] if len(parts) > 3 else b""
