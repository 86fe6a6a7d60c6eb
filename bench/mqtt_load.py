"""A load of MQTT messages for measuring: packets made beforehand, sent over plain sockets as fast as they are taken.

paho as sender would be the slowest part of what is measured. Messages are QoS 1; a connection has a window of packets
that the broker has not acknowledged, and all of them together keep no more than so far ahead of what the measured
program has delivered, so that the broker's queues neither run dry nor over.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.cluster import BenchError
from bench.fleet import CALM, GROUP, STATION, fleet, site_id
from services.core.catalogue import Site
from services.core.clock import SECOND
from services.telemetry import packets
from services.telemetry.gateway.births import device_births
from services.telemetry.sparkplug import encode
from services.telemetry.sparkplug.topics import Kind, topic

CONNECTIONS, WINDOW = 4, 500

#: The group in the topics of `lines`; a broker with an access list takes no other topics.
LINES = "lines"

#: Seconds without progress after which a measurement is given up.
_STALL = 20.0

#: Seconds between two looks at what is delivered: asking costs the measured program something.
_LOOK = 0.1

#: Of every gateway of the fleet.
EPOCH = 1


@dataclass(frozen=True, slots=True)
class Stream:
    """What one connection sends: `first` before anything is measured, then `data`, whose packets end at `ends`."""

    first: bytes
    data: bytes
    ends: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages delivered a second, and of how many that was seen in how many seconds."""

    rate: float
    messages: int
    seconds: float


def _stream(first: Sequence[bytes], messages: Sequence[tuple[str, bytes]]) -> Stream:
    made = [packets.publish(to, payload, mid=i % 65_535 + 1) for i, (to, payload) in enumerate(messages)]
    return Stream(b"".join(first), b"".join(made), np.cumsum([len(one) for one in made]))


def births(site: Site, start: int) -> list[bytes]:
    """The packets with which a gateway of the fleet introduces itself and its stations; its numbers begin at 1."""
    node = encode.encode_node_birth(start, bdseq=0, epoch=EPOCH, number=0, first=1, last=0)
    said = [(topic(Kind.NBIRTH, GROUP, site.id), node)]
    said += [(topic(Kind.DBIRTH, GROUP, site.id, s), birth) for s, birth in device_births(site, start)]
    return [packets.publish(to, encode.with_seq(birth, seq)) for seq, (to, birth) in enumerate(said)]


def sparkplug(sites: int, points: int, readings: int, messages: int, start: int) -> list[Stream]:
    """`messages` data messages of each of `sites` gateways of the fleet, after their births; `start` in ns.

    A message has `readings` readings, of the next points in turn, each with its time; messages are a second apart.
    """
    of = fleet(sites, points).sites
    alias = np.arange(points, dtype=np.int64) + encode.FIRST_ALIAS
    values = CALM + np.arange(points, dtype=np.float64) % 7
    good = np.zeros(readings, np.uint8)
    streams = []
    for connection in range(CONNECTIONS):
        mine = of[connection::CONNECTIONS]
        first, data = [], []
        for site in mine:
            first += births(site, start)
        for number in range(1, messages + 1):
            at = start + number * SECOND
            which = (np.arange(readings) + (number - 1) * readings) % points
            body = encode.encode_data(
                alias[which], np.full(readings, at), values[which], good, through=at, epoch=EPOCH, number=number
            )
            payload = encode.with_seq(body, (number + 1) % 256)
            data += [(topic(Kind.DDATA, GROUP, site.id, STATION), payload) for site in mine]
        streams.append(_stream(first, data))
    return streams


def lines(
    sites: int, points: int, readings: int, messages: int, start: int, *, own_times: bool = False
) -> list[Stream]:
    """As `sparkplug`, as line protocol under topics as long: a line a message, a field a reading, one time for all.

    `own_times`: a line a reading, so that each has a time of its own, as it has in Sparkplug.
    """
    streams = []
    for connection in range(CONNECTIONS):
        data = []
        for number in range(1, messages + 1):
            at = start + number * SECOND
            which = (np.arange(readings) + (number - 1) * readings) % points
            fields = ",".join(f"p{i:02d}={CALM + i % 7}" for i in which.tolist())
            for site in range(connection, sites, CONNECTIONS):
                name = site_id(site)
                series = f"readings,site={name},station={STATION}"
                line = f"{series} {fields} {at}"
                if own_times:
                    line = "\n".join(f"{series} {field} {at}" for field in fields.split(","))
                data.append((topic(Kind.DDATA, LINES, name, STATION), line.encode()))
        streams.append(_stream([], data))
    return streams


def send(port: int, streams: Sequence[Stream], delivered: Callable[[], int], ahead: int, warm: float = 0.2) -> Sent:
    """Sends all of `streams` to the broker at `port` and returns when `delivered` says that all of it is.

    `ahead`: messages beyond what is delivered.  `warm`: the part that is not measured, from the start.
    BenchError when nothing is delivered for long.
    """
    links = [_Link(port, f"load-{i}", stream) for i, stream in enumerate(streams)]
    total = sum(len(stream.ends) for stream in streams)
    try:
        for link in links:
            link.socket.sendall(link.stream.first)
        seen: list[tuple[float, int]] = [(time.monotonic(), 0)]
        look = 0.0
        while seen[-1][1] < total:
            now = time.monotonic()
            if now >= look:
                done = delivered()
                now = time.monotonic()
                look = now + _LOOK
                if done > seen[-1][1]:
                    seen.append((now, done))
                elif now - seen[-1][0] > _STALL:
                    raise BenchError(f"{seen[-1][1]} of {total} messages were delivered, then none for {_STALL:g} s")
            share = (seen[-1][1] + ahead) // len(links)
            wanting = [link for link in links if link.wants(share)]
            readable, writable, _ = select.select(links, wanting, [], 0.005)
            for link in readable:
                link.hear()
            for link in writable:
                link.send(share)
    finally:
        for link in links:
            link.socket.close()
    begun = next(i for i, (_, done) in enumerate(seen) if done >= warm * total)
    if begun == len(seen) - 1:
        begun = 0
    seconds, messages = seen[-1][0] - seen[begun][0], seen[-1][1] - seen[begun][1]
    return Sent(messages / seconds, messages, seconds)


def forget(port: int, client_id: str) -> None:
    """Has the broker drop a client's session, and what it would go on keeping for it."""
    with socket.create_connection(("127.0.0.1", port), timeout=5.0) as link:
        link.sendall(packets.connect(client_id, keep_alive=0, clean=True))
        link.recv(4)
        link.sendall(packets.DISCONNECT)


class _Link:
    def __init__(self, port: int, client_id: str, stream: Stream) -> None:
        self.stream, self._data = stream, memoryview(stream.data)
        self._at = self._acknowledged = self._heard = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(packets.connect(client_id, keep_alive=0, clean=True))
        if self.socket.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError(f"the broker at {port} does not take a client")
        self.socket.setblocking(False)

    def fileno(self) -> int:
        return self.socket.fileno()

    def hear(self) -> None:
        """Nothing but acknowledgements of four bytes comes here."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the broker ended a connection of the load")
        self._heard += len(data)
        self._acknowledged = self._heard // 4

    def _until(self, share: int) -> int:
        upto = min(self._acknowledged + WINDOW, share, len(self.stream.ends))
        return int(self.stream.ends[upto - 1]) if upto else 0

    def wants(self, share: int) -> bool:
        return self._until(share) > self._at

    def send(self, share: int) -> None:
        self._at += self.socket.send(self._data[self._at : self._until(share)])
