"""detect: readings a second that one core takes through the rule kernel and the alarm lifecycle, beside pecos.

CPU seconds of this process, not wall seconds: the kernel has one thread, and another program on the core is not
its doing. A first pass compiles (or loads what is compiled) and is reported by itself.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.detect_more import feed_and_keep, multi_point, with_every_kind
from bench.pecos_peer import pecos_speed
from bench.plant_day import START, PlantDay, plant_day
from services.alerts.detection.engine import Engine
from services.alerts.detection.plan import Plan, compile_site
from services.alerts.processor import AlertProcessor
from services.core.catalogue import load_catalogue, to_json, version_of
from services.core.frame import Frame
from services.core.records import AlarmEvent, Config, Derived, Output, Tick

SITES, SITE = Path(__file__).parent.parent / "sites" / "liuyang.yaml", "no3"
#: Rules that look back in time; the others see one reading and their timers.
WINDOWED = {"rise", "fall", "rise_ratio", "successive_high", "flat"}  # of those that the plant has
#: Instants of 10 s in a frame: an hour, as from an archive; a minute, as a gateway publishes.
ARCHIVED, PUBLISHED = 360, 6
_PECOS_ROWS = 1080


def run(seconds_budget: float = 20.0) -> dict[str, Any]:
    """Measures for about `seconds_budget` s (pecos and compiling come on top of what is left of it).

    "ours": a day of all measured points of a plant, frames of an hour, Engine.feed; "every_kind": with a rule more on
    each point, the other kinds in turn, and the alarms' life; "multi_point": results of derived points; "peer": pecos
    on the first three hours. In readings/s a core. FileNotFoundError when the project has no sites folder.
    """
    site = load_catalogue(SITES).site(SITE)
    plan = compile_site(site, "bench")
    day = plant_day(site)
    start = time.process_time()
    _feed(plan, day.frames(ARCHIVED)[:5])
    compiling = time.process_time() - start
    share = seconds_budget / 8
    kinds = {p: {r.kind for r in site.points[p].rules} for p in day.points.tolist()}
    threshold = day.only({p for p, k in kinds.items() if k and not k & WINDOWED})
    windowed = day.only({p for p, k in kinds.items() if k & WINDOWED})
    ours, transitions = _speed(plan, day, ARCHIVED, share)
    result: dict[str, Any] = {
        "bench": "detect",
        "unit": "readings/s a core",
        "ours": ours,
        "readings": len(day),
        "transitions": transitions,
        "frames_of_a_minute": _speed(plan, day, PUBLISHED, share)[0],
        "threshold_rules_readings_per_second": _speed(plan, threshold, ARCHIVED, share)[0],
        "windowed_rules_readings_per_second": _speed(plan, windowed, ARCHIVED, share)[0],
    }
    frames = day.frames(ARCHIVED)
    seconds, _ = _median(lambda: feed_and_keep(plan, frames), share)
    result["with_lifecycle_readings_per_second"] = round(len(day) / seconds)
    every = compile_site(with_every_kind(site), "every kind")
    seconds, events = _median(lambda: feed_and_keep(every, frames), share)
    result["every_kind_and_lifecycle_readings_per_second"] = round(len(day) / seconds)
    result["every_kind_rules"], result["every_kind_events"] = len(every.rules), events
    result |= _processor(day, share)
    result |= multi_point(day)
    result |= pecos_speed(day, _PECOS_ROWS)
    result["ratio"] = round(ours / result["peer"], 1) if result["peer"] else None
    state = sum(table.nbytes for table in Engine(plan).arrays().values())
    result["state_bytes_per_point"] = round(state / len(site.points))
    result["points"], result["rules"] = len(site.points), len(plan.rules)
    result["compile_or_load_seconds"] = round(compiling, 2)
    return result


def _feed(plan: Plan, frames: list[Frame]) -> int:
    engine = Engine(plan)
    return sum(len(engine.feed(f.times, f.points, f.values, f.quality)[0]) for f in frames)


def _speed(plan: Plan, day: PlantDay, instants: int, budget: float) -> tuple[int, int]:
    """(readings/s, transitions of one pass): the median of the passes that fit into `budget` seconds."""
    frames = day.frames(instants)
    seconds, transitions = _median(lambda: _feed(plan, frames), budget)
    return round(len(day) / seconds), transitions


def _median(once: Callable[[], int], budget: float) -> tuple[float, int]:
    """CPU seconds of a pass, and what it returned; after one unmeasured pass, three passes at least."""
    answer, seconds = once(), list[float]()
    end = time.monotonic() + budget
    while len(seconds) < 3 or (time.monotonic() < end and len(seconds) < 101):
        start = time.process_time()
        again = once()
        seconds.append(time.process_time() - start)
        if again != answer:
            raise RuntimeError(f"two passes over the same readings gave {answer} and {again}")
    return statistics.median(seconds), answer


def _processor(day: PlantDay, budget: float) -> dict[str, Any]:
    """Frames of a minute and a tick a minute through AlertProcessor.step, with derived points, events and incidents."""
    text = to_json(day.site)
    config = Config(day.site.id, version_of(text), text, START)
    records: list[Frame | Tick] = []
    for frame in day.frames(PUBLISHED):
        if records and frame.through > _through(records[-1]):
            records.append(Tick(_through(records[-1])))
        records.append(frame)

    def once() -> int:
        processor = AlertProcessor()
        out: list[Output] = processor.step(day.site.id, [config])
        for record in records:
            out += processor.step(day.site.id, [record])
        counts.update(_counts(out))
        return len(out)

    counts: dict[str, int] = {}
    seconds, _ = _median(once, budget)
    return {"processor_readings_per_second": round(len(day) / seconds), **counts}


def _through(record: Frame | Tick) -> int:
    return record.through if isinstance(record, Frame) else record.time


def _counts(out: list[Output]) -> dict[str, int]:
    derived = sum(len(o.frame) for o in out if isinstance(o, Derived))
    return {"processor_alarm_events": sum(isinstance(o, AlarmEvent) for o in out), "processor_derived": derived}
