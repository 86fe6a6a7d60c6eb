"""Plants, logs and journals that tests of the processor share."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from services.alerts.processor import AlertProcessor
from services.core.catalogue import Point, Site, to_json, version_of
from services.core.catalogue.model import DerivedBy, Suppression
from services.core.clock import SECOND
from services.core.codec import encode_output
from services.core.frame import Frame
from services.core.journal import canonical_journal
from services.core.quality import Quality
from services.core.records import Config, Output, Record, Tick
from tests.unit.alerts.build import Reading, columns, gate, point, rule, site, station

T0 = 1_000_000


#: What stands apart suppresses what is measured, what is computed, and a silence; and holds on for a while.
CAUSES = (
    Suppression(
        cause="lab/temperature/hot",
        hides=("intake/raw_turbidity/*", "intake/flow_ratio/*", "clearwell/*/station-silent"),
        because="hot", hold=30 * SECOND,
    ),
)  # fmt: skip


def plant(flow_low: float = 85, high: float = 5, **more: Any) -> Site:
    """Two stations whose readings meet in derived points, and one that stands apart."""
    ratio = DerivedBy(
        function="percent",
        inputs={"part": "intake/raw_flow", "whole": "clearwell/required_flow"},
        parameters={"least_whole": 1},
    )
    low = rule("flow-low", "low", flow_low, clear=90, on_delay=20, off_delay=30, gate=gate("state", 3, settle=10))
    points: list[Point] = [
        point("state", station="intake"),
        point(
            "raw_turbidity",
            rule("turbidity-high", "high", high, clear=4, on_delay=15, off_delay=20, hidden_by="turbidity-high-high"),
            rule("turbidity-high-high", "high", 7, clear=6, on_delay=10, off_delay=20, gate=gate("state", 3)),
            rule("instrument", "fault", on_delay=10, off_delay=10),
            station="intake", low=0, high=8, saturates=True,
        ),
        point("raw_flow", station="intake"),
        point("screen_head", station="intake"),
        point("level", rule("low", "low", 3, clear=4, on_delay=25, off_delay=5), station="clearwell"),
        point("required_flow", station="clearwell", stale_after=50),
        point("temperature", rule("hot", "high", 5, on_delay=15, off_delay=15), station="lab"),
        point("flow_ratio", low, station="intake", derived=ratio, unit="%"),
    ]  # fmt: skip
    stations = tuple(station(n, stale_after=60, off_delay=300) for n in ("intake", "clearwell", "lab"))
    return site(*points, stations=stations, incidents=("intake-crisis",), **more)


def rich(**more: Any) -> Site:
    """The same plant with every kind of rule and of derived point that remembers something."""
    made = plant(**more)
    wide = {"window": 60, "on_delay": 5, "off_delay": 15, "certain_after": 25}
    modes = [{"point": "raw_flow", "states": (5, 6), "limit": 2, "clear": 1}, {"months": (1,), "limit": 6, "clear": 5}]
    several = (
        rule("silent", "silent", on_delay=10, gate=gate("state", 3, settle=10)),
        rule("sum", "cusum_high", 1, clear=0.5, reference=3, slack=0.5, **wide),
        rule("mean", "ewma_low", 3, clear=4, **wide),
        rule("drift", "drift", 2, clear=1, **wide),
        rule("spikes", "spike", 2, count=2, **wide),
        rule("slope", "slope_up", 2, clear=1, **wide),
        rule("mode", "high", 4, clear=3, limits=modes, on_delay=5, off_delay=5, gate=gate("state", 3)),
    )
    head = made.points[3].model_copy(update={"rules": several, "stale_after": 45 * SECOND})
    flow = {"flow": "intake/raw_flow", "pressure": "clearwell/level"}
    three = {"one": "intake/raw_turbidity", "other_01": "intake/screen_head", "other_02": "lab/temperature"}
    four = {"air": "lab/temperature", "water": "intake/raw_turbidity", "flow": "intake/raw_flow"}
    derived: tuple[tuple[str, str, dict[str, str], dict[str, float | None]], ...] = (
        ("off", "from_median", three, {}),
        ("starts", "starts", {"running": "intake/raw_flow"}, {"hours": 0.1}),
        ("hours", "running_hours", {"running": "intake/raw_flow", "service": "clearwell/level"}, {}),
        ("surge", "surge_arrival", {"gauge": "lab/temperature"}, {"rise": 2, "minutes": 2, "travel_minutes": 3}),
        ("frost", "freeze_degree_hours", four, {"air_below": 4, "water_below": 4, "least_flow": 6}),
        ("night", "night_flow_rise", {"flow": "intake/raw_flow"}, {}),
        ("burst", "burst_excess", flow, {"drop": 1}),
        ("drawn", "from_mean", {"value": "intake/raw_flow"}, {"days": 0.01}),
    )
    alarm = rule("moved", "high", 1, limits=modes, on_delay=10, off_delay=10)
    points = tuple(
        point(name, alarm, station="intake", derived=DerivedBy(function=f, inputs=inputs, parameters=given))
        for name, f, inputs, given in derived
    )
    return made.model_copy(update={"points": (*made.points[:3], head, *made.points[4:], *points)})


NAMES = {"intake": (0, 1, 2, 3), "clearwell": (4, 5), "lab": (6,)}


def config(made: Site, time: int = 0) -> Config:
    text = to_json(made)
    return Config("no3", version_of(text), text, time * SECOND)


def frame(name: str, through: float, *readings: Reading, death: bool = False) -> Frame:
    times, points, values, quality = columns(sorted(readings, key=lambda r: (r[0], r[1])))
    return Frame("no3", name, times, points, values, quality, round(through * SECOND), death=death)


@st.composite
def frames(draw: st.DrawFn) -> dict[str, list[Frame]]:
    """By station: frames in order, some empty, some missing for longer than the station may be silent."""
    periods = draw(st.integers(3, 9))
    made: dict[str, list[Frame]] = {}
    for name, points in NAMES.items():
        made[name] = []
        for p in range(periods):
            low, high = T0 + 20 * p, T0 + 20 * p + 20
            if draw(st.integers(0, 4)) == 0:
                continue
            readings: list[Reading] = []
            for _ in range(draw(st.integers(0, 5))):
                which = draw(st.sampled_from(points))
                values = [3, 3, 3, 1] if which == 0 else [0, 2, 3, 4, 5, 6, 7, 7.5, 8]
                code = draw(st.sampled_from([0] * 9 + [128, Quality.CLOCK]))
                at = draw(st.integers(low + 1, high)) + (7200 if code == Quality.CLOCK else 0)
                readings.append((at, which, draw(st.sampled_from(values)), int(code)))
            made[name].append(frame(name, high, *readings))
    return made


def merged(by_station: dict[str, list[Frame]], order: random.Random, ticks: Sequence[int]) -> list[Record]:
    """Some interleaving: each station in its own order, a tick after every frame that reaches no further."""
    queues = {name: list(one) for name, one in by_station.items()}
    log: list[Record] = []
    waiting = sorted(ticks)
    while any(queues.values()):
        name = order.choice([n for n, q in queues.items() if q])
        # Between ticks a station may run ahead of the others, as after a reconnect.
        for _ in range(order.choice([1, 1, 1, 3])):
            if queues[name]:
                log.append(queues[name].pop(0))
        while waiting and all(f.through > waiting[0] * SECOND for q in queues.values() for f in q):
            log.append(Tick(waiting.pop(0) * SECOND))
    return log + [Tick(t * SECOND) for t in waiting]


ticks = st.lists(st.integers(T0 + 1, T0 + 400), max_size=5, unique=True)
#: At the ends of frames: then what comes after a tick holds nothing from before it, in any interleaving.
marks = st.lists(st.integers(1, 20).map(lambda n: T0 + 20 * n), max_size=5, unique=True)
orders = st.randoms(use_true_random=False)


def fold(log: Sequence[Record]) -> list[Output]:
    return AlertProcessor().step("no3", [config(plant()), *log])


def guarded(log: Sequence[Record]) -> list[Output]:
    return AlertProcessor().step("no3", [config(rich(suppressions=CAUSES)), *log])


def as_bytes(outputs: Sequence[Output]) -> list[tuple[str, bytes]]:
    return [encode_output(o) for o in outputs]


def journal(outputs: Sequence[Output]) -> list[str]:
    return list(canonical_journal(outputs))
