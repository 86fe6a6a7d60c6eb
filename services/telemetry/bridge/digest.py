"""What each message means: the bridge without its network, its queue and its log."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from services.core.catalogue import Site
from services.core.errors import Rejected
from services.core.frame import Frame
from services.core.packed import Packed
from services.core.ports import Position, Reject
from services.core.records import Record
from services.telemetry.bridge.counters import BridgeCounters
from services.telemetry.bridge.frames import AHEAD, UNKNOWN_POINT, WRONG_UNIT, Taken, frames_of, number_of
from services.telemetry.bridge.lane import Lane
from services.telemetry.bridge.session import Session
from services.telemetry.bridge.ticks import PlayerTicks, parse_clock
from services.telemetry.sparkplug.decode import Metrics, decode_certificate, decode_data
from services.telemetry.sparkplug.topics import COMMITTED, TICKED, Kind, Topic, clock_topic, parse_topic

#: Bytes of a refused message that are kept.
KEPT = 64_000

_ASK_EVERY = 1.0  # seconds between requests to one gateway
_GAP_ASKS = 3

#: amqtt hands a client all that is retained, subscribed to or not: here, what bridges said.
_OWN_WORDS = (COMMITTED, TICKED)

_log = structlog.get_logger("headworks.bridge")


class Clock(Protocol):
    """What event times are held against: the wall clock, or, in a simulated run, the event's end."""

    def now(self) -> int:
        """ns UTC."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> int:
        """ns UTC."""
        return time.time_ns()


@dataclass(slots=True)
class Digest:
    """What a batch comes to: records and packed frames in order; what was refused; whose committed number is to be
    said; by site the last event time, ns; and how many frames and readings there are."""

    records: list[Record | Packed] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    say: set[str] = field(default_factory=set)
    latest: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    readings: int = 0


#: (session, whether to ask for a rebirth, number to send again from or None)
Ask = Callable[[Session, bool, int | None], None]


class Reader:
    """Turns messages into records, gateway by gateway; keeps their sessions."""

    def __init__(
        self,
        catalogues: Mapping[str, tuple[Site, str]],
        positions: Mapping[str, Position],
        clock: Clock,
        counters: BridgeCounters,
        ask: Ask,
        *,
        ticks: PlayerTicks | None,
        patience: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ticks`: of the player, None in a live system, where deaths are acted on.

        `patience`: seconds after which a number that never comes is given up.
        """
        self.sessions = {
            name: Session(site, version, positions.get(name)) for name, (site, version) in catalogues.items()
        }
        self.ticks = ticks
        self._clocks = {clock_topic(s.site.group) for s in self.sessions.values()}
        self._elsewhere: set[str] = set()
        self._lane = Lane()
        self._clock, self._counters, self._ask_gateway = clock, counters, ask
        self._patience, self._monotonic = patience, monotonic

    def add(self, site: Site, version: str, position: Position | None) -> Session:
        """A gateway that was not known before."""
        session = self.sessions[site.id] = Session(site, version, position)
        self.hear_clock(site.group)
        self._elsewhere.discard(site.id)
        return session

    def hear_clock(self, group: str) -> None:
        """Takes the clock of a group, whether or not a gateway of it is known."""
        self._clocks.add(clock_topic(group))

    def leave_elsewhere(self, edge: str) -> None:
        """An edge node that another bridge carries; one that is carried here stays here."""
        if edge not in self.sessions:
            self._elsewhere.add(edge)

    def take_many(self, data: bytes, rows: NDArray[np.int64], received: int, into: Digest) -> None:
        """Takes what one read brought, `rows` as services.telemetry.packets has them; it does not raise."""
        carried = self._lane.take(data, rows, received, self._clock.now())
        counters = self._counters
        counters.messages += carried.messages
        counters.bytes += carried.size
        into.frames += carried.messages
        into.readings += carried.readings
        into.records += carried.packed
        into.say |= carried.latest.keys()
        for site, latest in carried.latest.items():
            into.latest[site] = max(latest, into.latest.get(site, 0))
        for i in carried.left:
            _, topic, topic_end, body, end, _ = rows[i].tolist()
            self.take(data[topic:topic_end].decode("utf-8", "replace"), data[body:end], received, into)

    def take(self, source: str, payload: bytes, received: int, into: Digest) -> None:
        """Takes one message; whatever it holds, it does not raise."""
        self._counters.messages += 1
        self._counters.bytes += len(payload)
        try:
            if source in self._clocks:
                self._clock_message(payload)
            elif not source.startswith(_OWN_WORDS):
                self._sparkplug(parse_topic(source), source, payload, received, into)
        except Rejected as error:
            self._refuse(source, error.reason, error.detail, payload, received, into)
        except Exception:
            # A fault of ours must not hold up every other gateway; the message and its trace are kept.
            detail = traceback.format_exc(limit=-4)
            _log.error("message not handled", topic=source, error=detail.splitlines()[-1][:200])
            self._refuse(source, "not handled", detail, payload, received, into)

    def _refuse(
        self, source: str, reason: str, detail: str, payload: bytes, received: int, into: Digest,
        count: int = 1,
    ) -> None:  # fmt: skip
        self._counters.rejects[reason] += count
        into.rejects.append(Reject(source[:300], reason, detail, payload[:KEPT], received))

    def _clock_message(self, payload: bytes) -> None:
        if self.ticks is None:
            return
        said = parse_clock(payload)
        if said.time > self._clock.now() + AHEAD:
            # Once in the log it could not be taken back: every later tick would be late, and retention delete all.
            raise Rejected("time out of bounds", f"the clock says {said.time} ns")
        if strangers := sorted(said.marks.keys() - self.sessions.keys() - self._elsewhere):
            raise Rejected("unknown edge node", f"the clock waits for {', '.join(strangers[:20])!r}"[:1000])
        for edge in self._elsewhere & said.marks.keys():
            del said.marks[edge]
        if not self.ticks.take(said):
            self._counters.late_ticks += 1

    def _sparkplug(self, topic: Topic, source: str, payload: bytes, received: int, into: Digest) -> None:
        if topic.kind in (Kind.NCMD, Kind.DCMD):
            return  # our own requests come by, and others' to the gateways
        session = self.sessions.get(topic.edge)
        if session is None and topic.edge in self._elsewhere:
            return  # left in the broker from when this bridge carried it
        if session is None or session.site.group != topic.group:
            raise Rejected("unknown edge node", f"{topic.group}/{topic.edge}")
        if topic.device and topic.device not in session.stations:
            # The gateway's number, if it has one, is used up all the same.
            if topic.kind is Kind.DDATA:
                with suppress(Rejected):
                    self._numbered(session, decode_data(payload), into)
            raise Rejected("unknown device", f"{topic.edge} has no station {topic.device}")
        match topic.kind:
            case Kind.NBIRTH:
                self._birth(session, payload, into)
            case Kind.NDEATH:
                self._death(session, payload, received, into)
                return
            case Kind.DDEATH:
                self._counters.deaths += 1
                session.follows(decode_data(payload).seq)
                self._station_deaths(session, [topic.device], received, into)
                return
            case Kind.DDATA | Kind.NDATA:
                self._data(session, topic.device, source, payload, received, into)
                return
            case _:
                pass
        certificate = decode_certificate(payload)
        if topic.kind is Kind.DBIRTH:
            if not session.born:
                self._ask(session, rebirth=True)
                return
            if not session.follows(certificate.seq):
                self._jump(session)
        strangers, otherwise = session.name_metrics(topic.device, certificate)
        if strangers:
            detail = f"{len(strangers)} metrics are not in the catalogue: {', '.join(strangers[:20])}"
            self._refuse(source, UNKNOWN_POINT, detail[:1000], payload, received, into, len(strangers))
        if otherwise:
            detail = f"{len(otherwise)} metrics have a unit that is not the catalogue's: {', '.join(otherwise[:20])}"
            self._refuse(source, WRONG_UNIT, detail[:1000], payload, received, into, len(otherwise))
        if not session.numbered:
            metrics = decode_data(payload)
            self._keep(session, topic.device, metrics, source, payload, received, into, 0, True)

    def _birth(self, session: Session, payload: bytes, into: Digest) -> None:
        self._counters.births += 1
        lost = session.birth(decode_certificate(payload))
        if lost:
            self._counters.lost += lost
            _log.error("gateway no longer holds frames that the log has not", frames=lost,
                       site=session.site.id)  # fmt: skip
        into.say.add(session.site.id)

    def _death(self, session: Session, payload: bytes, received: int, into: Digest) -> None:
        from services.telemetry.sparkplug.encode import BDSEQ

        said = decode_certificate(payload).number(BDSEQ)
        if session.bdseq is not None and said != session.bdseq:
            self._counters.stale_deaths += 1  # the will of a connection that has been followed by another
            return
        self._counters.deaths += 1
        session.die()
        self._station_deaths(session, sorted(session.stations), received, into)

    def _station_deaths(self, session: Session, stations: list[str], received: int, into: Digest) -> None:
        if self.ticks is not None:
            return
        for station in stations:
            into.records.append(
                Frame(
                    session.site.id, station,
                    np.empty(0, np.int64), np.empty(0, np.int32),
                    np.empty(0, np.float64), np.empty(0, np.uint8),
                    through=received, catalogue=session.version, received=received, death=True,
                )
            )  # fmt: skip

    def _jump(self, session: Session) -> None:
        self._counters.sequence_gaps += 1
        self._ask(session, rebirth=True)

    def _data(self, session: Session, device: str, source: str, payload: bytes, received: int, into: Digest) -> None:
        metrics = decode_data(payload)
        if not session.born or (device and device not in session.devices):
            # Its aliases mean nothing yet. A gateway of ours sends it again when asked.
            self._counters.before_birth += 1
            session.seq = metrics.seq
            self._ask(session, rebirth=True, resend=session.accepted + 1)
            return
        if not session.follows(metrics.seq):
            self._jump(session)
        if not session.numbered:
            if session.seen_before(source, payload):
                self._counters.duplicates += 1
                return
            self._keep(session, device, metrics, source, payload, received, into, 0)
            return
        number = self._numbered(session, metrics, into)
        if number:
            self._keep(session, device, metrics, source, payload, received, into, number)
            self._lane.learn(source.encode(), session, device)

    def _numbered(self, session: Session, metrics: Metrics, into: Digest) -> int:
        """Go-back-N: the number when it is the next one, else 0."""
        said = number_of(session, metrics) if session.numbered else None
        if said is None:
            if session.numbered:
                raise Rejected("no number", "a gateway that numbers its messages left it out")
            return 0
        epoch, number = said
        if epoch != session.epoch or number <= session.accepted:
            self._counters.duplicates += 1
            into.say.add(session.site.id)
            if epoch != session.epoch:
                # Left over from before a birth, or a birth that was not this gateway's: then it waits for ever.
                self._ask(session, rebirth=True)
            return 0
        if number > session.accepted + 1:
            self._counters.gaps += 1
            if not self._give_up(session, number):
                self._ask(session, rebirth=True, resend=session.accepted + 1)
                return 0
        session.accept(number)
        into.say.add(session.site.id)
        return number

    def _give_up(self, session: Session, number: int) -> bool:
        """Whether the numbers before `number` will not come: damaged in the gateway's store, for one."""
        now = self._monotonic()
        if session.gap_since is None:
            session.gap_since = now
        if session.gap_asks < _GAP_ASKS or now - session.gap_since < self._patience:
            return False
        lost = number - session.accepted - 1
        self._counters.lost += lost
        _log.error("frames given up: asked for, never came", site=session.site.id, frames=lost,
                   first=session.accepted + 1)  # fmt: skip
        return True

    def _keep(
        self, session: Session, device: str, metrics: Metrics, source: str, payload: bytes,
        received: int, into: Digest, number: int, birth: bool = False,
    ) -> None:  # fmt: skip
        taken: Taken = frames_of(
            session, device, metrics, payload,
            now=self._clock.now(), received=received, number=number,
        )  # fmt: skip
        if birth:
            # What a birth names and does not know was refused when its names were read.
            taken.refused.pop(UNKNOWN_POINT, None)
            taken.refused.pop(WRONG_UNIT, None)
            taken.frames = [frame for frame in taken.frames if len(frame)]
        for reason, (count, detail) in taken.refused.items():
            self._refuse(source, reason, detail, payload, received, into, count)
        if "unknown alias" in taken.refused:
            self._ask(session, rebirth=True)
        for frame in taken.frames:
            into.frames += 1
            into.readings += len(frame)
            if len(frame):
                into.latest[session.site.id] = max(int(frame.times[-1]), into.latest.get(session.site.id, 0))
        into.records.extend(taken.frames)

    def _ask(self, session: Session, *, rebirth: bool, resend: int | None = None) -> None:
        now = self._monotonic()
        if now - session.asked < _ASK_EVERY:
            return
        session.asked = now
        self._counters.rebirth_requests += rebirth
        if resend is not None:
            self._counters.resend_requests += 1
            session.gap_asks += 1
        self._ask_gateway(session, rebirth, resend)

    def reached(self, edge: str, epoch: int) -> int:
        """The last number taken of an edge node in `epoch`; 0 of one that is not known."""
        session = self.sessions.get(edge)
        return session.reached(epoch) if session is not None else 0
