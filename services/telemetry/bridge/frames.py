"""From the columns of a payload to frames, and what of it cannot be taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.core.clock import DAY, SECOND, parse_time
from services.core.errors import Rejected
from services.core.frame import Frame, make_frame
from services.core.quality import FIRST_BAD, Quality
from services.telemetry.bridge.session import LAST_NUMBER, NOT_A_POINT, OTHER_UNIT, UNKNOWN, Session
from services.telemetry.sparkplug.datatypes import numbers, quality_from_wire
from services.telemetry.sparkplug.decode import Metrics

_MS = 1_000_000
EARLIEST = parse_time("2000-01-01T00:00:00Z")
AHEAD = 60 * SECOND

UNKNOWN_ALIAS = "unknown alias"
UNKNOWN_POINT = "unknown point"
WRONG_UNIT = "wrong unit"
WRONG_TYPE = "wrong type"
NOT_A_NUMBER = "not a number"
OUT_OF_BOUNDS = "time out of bounds"
OTHER_STATION = "point of another station"


@dataclass(slots=True)
class Taken:
    """What became of a message: its frames, and per reason how many metrics were refused, with an example."""

    frames: list[Frame] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)


def frames_of(
    session: Session,
    device: str,
    metrics: Metrics,
    payload: bytes,
    *,
    now: int,
    received: int,
    number: int = 0,
) -> Taken:
    """Frames of a data message: one of `device`, or one a station when `device` is empty.

    `now` (ns) is what event times are held against. A reading that is no number stays, marked so, and is counted
    too; one up to a day ahead of `now` stays, marked for its clock; every other refusal drops that reading alone.
    Where a clock is beyond belief, the message's own or that of a reading kept or not, the frame says what it showed.
    """
    taken = Taken()
    point, datatype = session.aliases.find(metrics.alias)
    datatype = np.where(metrics.datatype != 0, metrics.datatype, datatype)
    own = _own(session, metrics)
    for i in np.flatnonzero((metrics.alias == -1) & ~own).tolist():
        start, length = metrics.names[:, i].tolist()
        name = payload[start : start + length].decode("utf-8", "replace")
        if name.startswith(("Headworks/", "Node Control/", "bdSeq")):
            own[i] = True
        elif (device, name) in session.aliases.names:
            point[i], known = session.aliases.names[device, name]
            datatype[i] = datatype[i] or known
    keep = ~own

    def refuse(bad: NDArray[np.bool_], reason: str, shown: NDArray[np.int64], label: str) -> None:
        bad = bad & keep
        if bad.any():
            first = int(shown[np.flatnonzero(bad)[0]])
            count = taken.refused.get(reason, (0, ""))[0] + int(bad.sum())
            taken.refused[reason] = (count, f"{count} of {len(metrics)} metrics, first {label} {first}")

    def drop(bad: NDArray[np.bool_], reason: str, shown: NDArray[np.int64], label: str) -> None:
        nonlocal keep
        refuse(bad, reason, shown, label)
        keep &= ~bad

    drop(point == UNKNOWN, UNKNOWN_ALIAS, metrics.alias, "alias")
    drop(point == NOT_A_POINT, UNKNOWN_POINT, metrics.alias, "alias")
    drop(point == OTHER_UNIT, WRONG_UNIT, metrics.alias, "alias")
    if device and keep.any():
        elsewhere = np.zeros(len(keep), bool)
        elsewhere[keep] = session.station_of[point[keep]] != device
        drop(elsewhere, OTHER_STATION, metrics.alias, "alias")
    values, numeric = numbers(metrics.kind, metrics.raw, datatype)
    drop(~numeric & ~metrics.null, WRONG_TYPE, metrics.kind, "value field")
    ms = np.where(metrics.time == -1, metrics.timestamp, metrics.time)
    told = keep & ~((metrics.time == -1) & (metrics.timestamp == -1))
    strange = told & ((ms < EARLIEST // _MS) | (ms > (now + AHEAD) // _MS))
    drop((ms < EARLIEST // _MS) | (ms > (now + DAY) // _MS), OUT_OF_BOUNDS, ms, "time (ms)")
    quality = quality_from_wire(metrics.quality)
    values = np.where(metrics.null, np.nan, values)
    quality[metrics.null & (quality < FIRST_BAD)] = Quality.BAD
    senseless = ~np.isfinite(values) & (quality < FIRST_BAD)
    refuse(senseless, NOT_A_NUMBER, metrics.alias, "alias")
    quality[senseless] = Quality.NOT_A_NUMBER
    values[~np.isfinite(values)] = np.nan
    times = np.where(keep, ms, 0) * _MS
    quality[times > now + AHEAD] = Quality.CLOCK

    through = _through(metrics.timestamp, times[keep & (quality != Quality.CLOCK)], now)
    if device:
        rows = {device: keep}
    else:
        owners = np.where(keep | strange, session.station_of[np.maximum(point, 0)], "")
        rows = {one: keep & (owners == one) for one in sorted(set(owners[keep | strange].tolist()))}
    # The log takes a number once, and the frames of one message together: the last of them carries it.
    numbered = list(rows)[-1:] if number else []
    taken.frames = [
        make_frame(
            session.site.id, station,
            times[chosen], point[chosen].astype(np.int32), values[chosen], quality[chosen],
            through=through, catalogue=session.version,
            epoch=session.epoch if station in numbered else 0, number=number if station in numbered else 0,
            received=received,
            clock=_shown(ms[strange if device else strange & (owners == station)], metrics.timestamp, now),
        )
        for station, chosen in rows.items()
    ]  # fmt: skip
    return taken


def _own(session: Session, metrics: Metrics) -> NDArray[np.bool_]:
    if not session.numbered:
        return np.zeros(len(metrics), bool)
    own: NDArray[np.bool_] = metrics.alias == session.epoch_alias
    own |= metrics.alias == session.number_alias
    return own


def _through(timestamp: int, times: NDArray[np.int64], now: int) -> int:
    """The message's own time, unless its clock is wrong: a time ahead of ours must not move a watermark."""
    latest = int(times.max()) if len(times) else 0
    if EARLIEST // _MS <= timestamp <= (now + AHEAD) // _MS:
        return max(timestamp * _MS, latest)
    return latest or now


def _shown(strange: NDArray[np.int64], timestamp: int, now: int) -> int:
    """What the clock showed, ns, of the readings' times (ms) that cannot be believed and the message's own; 0: nothing.

    The one that is furthest from `now`; what no log can hold is said as its bound.
    """
    shown = strange.tolist()
    if timestamp != -1 and not EARLIEST // _MS <= timestamp <= (now + AHEAD) // _MS:
        shown.append(timestamp)
    if not shown:
        return 0
    furthest = int(max(shown, key=lambda ms: abs(ms * _MS - now))) * _MS
    return max(1, min(furthest, 2**62))


def number_of(session: Session, metrics: Metrics) -> tuple[int, int] | None:
    """(epoch, number) of a message of a numbering gateway, None when it carries none.

    Rejected("number out of bounds") for one that the log cannot hold.
    """
    epoch = np.flatnonzero(metrics.alias == session.epoch_alias)
    number = np.flatnonzero(metrics.alias == session.number_alias)
    if not len(epoch) or not len(number):
        return None
    said = int(metrics.raw[epoch[-1]]), int(metrics.raw[number[-1]])
    if said[1] > LAST_NUMBER:
        raise Rejected("number out of bounds", str(said[1]))
    return said
