"""The kernel against the plain-Python reference, on anything that a station might send."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import compile_site
from services.alerts.transitions import to_events
from services.core.catalogue import Rule, Site
from services.core.clock import SECOND
from services.core.quality import Quality
from tests.unit.alerts.build import columns, gate, point, rule, site
from tests.unit.alerts.reference import ReferenceSite

delays = st.sampled_from([0, 0, 5, 20, 60])
gates = st.none() | st.builds(lambda s: gate("state", 3, settle=s), st.sampled_from([0, 0, 15]))


@st.composite
def simple_rules(draw: st.DrawFn) -> list[Rule]:
    """Rules of the analyser `x`: a ladder with hiding, a low limit, and the odd kinds."""
    flicker = draw(st.sampled_from([0, 4, 30]))
    common = {"on_delay": draw(delays), "off_delay": draw(delays), "gate": draw(gates), "certain_after": flicker}
    deadband = draw(st.sampled_from([0, 1]))
    ladder = [
        rule("h", "high", 5, clear=5 - deadband, hidden_by="hh", **common),
        rule("hh", "high", 7, clear=7 - deadband, on_delay=draw(delays), off_delay=draw(delays), gate=draw(gates)),
    ]
    others = [
        rule("l", "low", 2, clear=2 + deadband, **common),
        rule("is", "equals", 4, on_delay=draw(delays), off_delay=draw(delays)),
        rule("not", "not_equals", 4, on_delay=draw(delays), off_delay=draw(delays), certain_after=flicker),
        rule("among", "state", states=(1, 4, 7), on_delay=draw(delays), off_delay=draw(delays)),
        rule("mute", "silent", on_delay=draw(delays), off_delay=draw(delays), gate=draw(gates)),
        rule("bad", "fault", on_delay=draw(delays), off_delay=draw(delays), gate=draw(gates)),
        rule("flat", "flat", window=draw(st.sampled_from([10, 30])), off_delay=draw(delays)),
        rule("twice", "successive_high", 5, window=15, on_delay=0, off_delay=draw(delays), gate=draw(gates)),
    ]
    return ladder + draw(st.lists(st.sampled_from(others), unique_by=lambda r: r.id, max_size=3))


@st.composite
def rate_rules(draw: st.DrawFn) -> list[Rule]:
    """A window of 30 s over readings at whole seconds: no reading shares its part of the window."""
    common = {"window": 30, "on_delay": draw(delays), "off_delay": draw(delays)}
    some = [
        rule("rise", "rise", 3, clear=draw(st.sampled_from([1, 3])), **common),
        rule("fall", "fall", 3, clear=draw(st.sampled_from([1, 3])), **common),
        rule("ratio", "rise_ratio", 2, clear=1.5, floor=draw(st.sampled_from([0, 4])), **common),
    ]
    return draw(st.lists(st.sampled_from(some), min_size=1, unique_by=lambda r: r.id))


@st.composite
def sites(draw: st.DrawFn, rules: st.SearchStrategy[list[Rule]]) -> Site:
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more["stale_after"] = draw(st.sampled_from([8, 40]))
    if draw(st.booleans()):
        more["sample_flow"] = "flow"
    return site(
        point("state"),
        point("x", *draw(rules), low=0, high=8, saturates=draw(st.booleans()), **more),
        point("flow"),
    )


values = st.sampled_from([0, -0.2, -0.21, 1, 2, 3, 4, 4, 4.5, 5, 5.5, 6, 7, 7.5, 8, 8.5, 8.51, math.nan, math.inf])
codes = st.sampled_from([0] * 12 + [1, 64, 128, 130, Quality.CLOCK])


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Batches of readings and ticks; now and then late, twice, far apart."""
    now = 1_000
    log: list[tuple[str, Any]] = []
    for _ in range(draw(st.integers(1, 5))):
        batch = []
        for _ in range(draw(st.integers(1, 14))):
            now += draw(st.sampled_from([0, 1, 1, 3, 5, 10, 15, 45]))
            back = draw(st.sampled_from([0, 0, 0, 0, 0, 7]))
            which = draw(st.sampled_from([0, 1, 1, 1, 1, 2]))
            value = draw(values) if which == 1 else draw(st.sampled_from([[3, 3, 1, 63, -1], [], [1, 1, 0]][which]))
            batch.append((now - back, which, value, int(draw(codes))))
        log.append(("read", batch))
        if draw(st.booleans()):
            log.append(("tick", now + draw(st.sampled_from([0, 2, 30]))))
    log.append(("tick", now + 1_000))  # reveals every deadline
    return log


def check(made: Site, log: list[tuple[str, Any]]) -> None:
    plan = compile_site(made, "v1")
    engine, reference = Engine(plan), ReferenceSite(made)
    events = []
    clock = 0
    for what, content in log:
        if what == "tick":
            clock = content
            events += to_events(plan, engine.settle(content * SECOND))
            reference.tick(content * SECOND)
            continue
        readings = [r for r in content if r[0] > clock]  # a tick says that nothing older will come
        for reading in readings:  # the station is heard up to here when its frame comes
            if reading[3] != Quality.CLOCK:
                engine.alive(0, reading[0] * SECOND)
                reference.heard = max(reference.heard, reading[0] * SECOND)
        rows, _, _ = engine.feed(*columns(readings))
        events += to_events(plan, rows)
        for time, which, value, quality in readings:
            reference.read(time * SECOND, which, value, quality)
    told = sorted((e.time, e.point, e.rule, e.number, e.transition, e.cause, e.annunciated, e.value) for e in events)
    for e in events:
        assert e.occurrence.startswith(f"no3/st/{e.point}/{e.rule}@")
    finite = [(s, s.value if math.isfinite(s.value) else None) for s in reference.said]
    expected = sorted((s.time, s.point, s.rule, s.number, s.transition, s.cause, s.annunciated, v) for s, v in finite)
    assert told == expected
    assert sorted((e.time, int(e.occurrence.split("@")[1])) for e in events) == sorted(
        (s.time, s.raised) for s in reference.said
    )
    for i, name in enumerate(reference.order):
        assert engine.points[i]["late"] == reference.points[name].late


@settings(max_examples=300, deadline=None, derandomize=True)
@given(sites(simple_rules()), logs())
def test_limits_delays_gates_hiding_and_quality(made: Site, log: list[tuple[str, Any]]) -> None:
    check(made, log)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(sites(rate_rules()), logs())
def test_rates_over_a_window(made: Site, log: list[tuple[str, Any]]) -> None:
    check(made, log)
