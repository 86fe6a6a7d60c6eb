"""From messages of the log to lines of the protocol: columns by the kernel, transitions one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from services.aggregator.sinks.influx.columns import Columns
from services.aggregator.sinks.influx.kernel import SLACK, assemble
from services.aggregator.sinks.influx.lines import Gathered, Lines, Place
from services.aggregator.sinks.influx.names import Indices, Lengths, Names, Texts
from services.aggregator.sinks.influx.words import fields, tags
from services.core.clock import format_duration
from services.core.codec import canonical_json
from services.core.frame import Points
from services.core.records import OPTIONAL_STATISTICS, Aggregates, AlarmEvent, IncidentEvent, ZoneFigures

_STATISTICS = ("mean", "min", "max", "count", "good_ratio", *OPTIONAL_STATISTICS)
_GAP = _STATISTICS.index("gap")
_ENDINGS = Texts(b"", *(f".{name}".encode() for name in _STATISTICS))
_WHOLE = np.array([False, *(name == "count" for name in _STATISTICS)])


Event = AlarmEvent | IncidentEvent | ZoneFigures


class Encoded(NamedTuple):
    """unnamed: where a point has no name that InfluxDB could keep it by, and what is said of it; it is left out."""

    lines: Lines
    unnamed: tuple[tuple[Place, str], ...] = ()


def encode_readings(said: Columns, names: Names) -> Encoded:
    """`readings`: a line an instant of a station, a field a point; a value that is no number has only its `.q`.

    Of two readings of one (point, time) in a frame the first stands.
    """
    if not len(said):
        return Encoded(Lines(b"", (), ()))
    times, points, values, quality = said.times, said.points, said.values, said.quality
    series, keys = names.of(said.sites, said.lengths, points)
    unnamed = _unnamed(said.places, said.sites, said.lengths, points, keys)
    bounds = np.concatenate(([0], np.cumsum(said.lengths)))
    order = _order(bounds, times, series, points)
    if order is not None:
        times, series, keys, values, quality = times[order], series[order], keys[order], values[order], quality[order]
    endings = np.zeros(len(series), np.uint8)
    return Encoded(
        _assemble(b"readings", names, bounds, said.places, series, keys, endings, times, values, quality), unnamed
    )


def _unnamed(
    places: Sequence[Place], sites: Sequence[str], lengths: Lengths, points: Points, keys: Indices
) -> tuple[tuple[Place, str], ...]:
    if not (keys < 0).any():
        return ()
    block = np.repeat(np.arange(len(places)), lengths)
    return tuple(
        (places[b], f"site {sites[b]!r}: no catalogue names {np.unique(points[(block == b) & (keys < 0)]).tolist()}")
        for b in np.unique(block[keys < 0])
    )


def _order(
    bounds: NDArray[np.int64], times: NDArray[np.int64], series: Indices, points: Indices
) -> NDArray[np.int64] | None:
    """Puts together, within each block, what shares a line and what is said twice; None when it is so already."""
    same = times[1:] == times[:-1]
    apart = (times[1:] < times[:-1]) | (same & ((points[1:] < points[:-1]) | (series[1:] != series[:-1])))
    apart[bounds[1:-1] - 1] = False
    if not apart.any():
        return None
    order = np.arange(len(times))
    for block in np.unique(np.searchsorted(bounds, np.flatnonzero(apart), "right") - 1):
        mine = slice(bounds[block], bounds[block + 1])
        order[mine] = bounds[block] + np.lexsort((points[mine], series[mine], times[mine]))
    return order


def encode_aggregates(windows: Sequence[tuple[Place, Aggregates]], names: Names) -> Encoded:
    """`aggregates_1m` (or the width that it is): a line a station and window, the fields `<point>.mean` and so on.

    A figure that there is not is not written, nor a gap of no seconds.
    """
    out, unnamed = Gathered(), list[tuple[Place, str]]()
    by_width: dict[int, list[tuple[Place, Aggregates]]] = {}
    for place, window in windows:
        if len(window.points):
            by_width.setdefault(window.width, []).append((place, window))
    for width, some in by_width.items():
        measurement = f"aggregates_{format_duration(width)}".encode()
        lengths = [len(window.points) for _, window in some]
        points = np.concatenate([window.points for _, window in some])
        places, sites = tuple(place for place, _ in some), [window.site for _, window in some]
        series, keys = names.of(sites, lengths, points)
        unnamed += _unnamed(places, sites, lengths, points, keys)
        order = np.lexsort((points, series, np.repeat(np.arange(len(some)), lengths)))
        columns = [np.concatenate([getattr(window, name) for _, window in some]) for name in _STATISTICS]
        values = np.stack([column[order].astype(np.float64) for column in columns], axis=1)
        said = np.isfinite(values)
        said[:, _GAP] &= values[:, _GAP] > 0
        row, statistic = np.nonzero(said)
        blocks = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        made = _assemble(
            measurement, names, np.searchsorted(row, blocks), places, series[order][row], keys[order][row],
            (statistic + 1).astype(np.uint8),
            np.repeat([window.start for _, window in some], lengths).astype(np.int64)[row],
            values[said], np.zeros(len(row), np.uint8),
        )  # fmt: skip
        out.add_many(made.data, made.starts, made.places)
    return Encoded(out.lines(), tuple(unnamed))


def _assemble(
    measurement: bytes,
    names: Names,
    bounds: NDArray[np.int64],
    places: tuple[Place, ...],
    series: Indices,
    keys: Indices,
    endings: NDArray[np.uint8],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    quality: NDArray[np.uint8],
) -> Lines:
    # Four times as quick as Arrow's, and of readings nothing costs more than their digits.
    numbers = np.frombuffer(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY), np.uint8)
    (series_text, series_at), (key_text, key_at) = names.series.arrays, names.keys.arrays
    most = len(series) * (len(measurement) + SLACK + _longest(series_at) + 2 * _longest(key_at)) + len(numbers)
    out = np.empty(most, np.uint8)
    starts = np.empty(len(bounds), np.int64)
    size = assemble(
        np.frombuffer(measurement, np.uint8), series_text, series_at, key_text, key_at, *_ENDINGS.arrays, _WHOLE,
        bounds, series, keys, endings, times, values, quality, numbers, out, starts,
    )  # fmt: skip
    return Lines(out[:size].tobytes(), tuple(starts[:-1].tolist()), places)


def _longest(bounds: NDArray[np.int64]) -> int:
    return int(np.diff(bounds).max()) if len(bounds) > 1 else 0


def encode_events(events: Iterable[tuple[Place, Event]]) -> Lines:
    """`alarms`, `incidents`: a line a transition, at its time plus (number - 1) ns.  `zones`: a line at its start.

    So two transitions of one occurrence at one instant are two points, and the same transition is always the same
    point. As a tag the number would do the same, but an alarm that comes and goes for months would make a series
    of each transition.
    """
    out = Gathered()
    for place, event in events:
        match event:
            case AlarmEvent():
                out.add(_alarm(event), place)
            case IncidentEvent():
                out.add(_incident(event), place)
            case ZoneFigures():
                out.add(_zone(event), place)
    return out.lines()


def _alarm(a: AlarmEvent) -> bytes:
    where = tags(
        site=a.site, station=a.station, point=a.point, rule=a.rule, priority=a.priority, state=a.transition
    )  # fmt: skip
    said = fields(
        value=a.value, limit=a.limit, occurrence=a.occurrence, number=a.number, cause=a.cause, unit=a.unit,
        annunciated=a.annunciated, quality=a.quality, catalogue=a.catalogue,
    )  # fmt: skip
    return f"alarms{where} {said} {a.time + max(a.number - 1, 0)}\n".encode()


def _incident(i: IncidentEvent) -> bytes:
    where = tags(site=i.site, kind=i.kind, phase=i.phase)
    said = fields(
        incident=i.incident, number=i.number, cause=i.cause, next_step=i.next_step,
        evidence=canonical_json(i.evidence),
    )  # fmt: skip
    return f"incidents{where} {said} {i.time + max(i.number - 1, 0)}\n".encode()


def _zone(z: ZoneFigures) -> bytes:
    where = tags(zone=z.zone, site=z.site, kind=z.kind)
    # What is empty is said too: of a point written twice a field that is left out would keep what it said before.
    texts = {name: ",".join(some) or "none" for name, some in (("silent", z.silent), ("caveats", z.caveats))}
    said = fields(**z.figures, verdict=z.verdict, revision=z.revision, **texts)
    return f"zones{where} {said} {z.start}\n".encode()
