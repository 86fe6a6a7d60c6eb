"""What a site's new catalogue takes over from the old one: all that was known, held and said, by name.

What is held for lateness stays held, under the new rules; where nothing is held any more, it is folded first, in order
and under the rules that it came under. A station that is unknown stays so: its backlog is historical still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.detection.layout import ACTIVE
from services.alerts.detection.plan import Plan
from services.alerts.transitions import to_events
from services.core.clock import NEVER
from services.core.quality import Quality
from services.core.records import Output

if TYPE_CHECKING:
    from services.alerts.site import SiteFold


def adopt(new: SiteFold, old: SiteFold, time: int) -> list[Output]:
    """`new` goes on where `old` stands; `time` (ns) is the change's own. What the change brings about, in order."""
    out: list[Output] = []
    if old.ordering is not None and new.ordering is not None:
        new.ordering.adopt(old.ordering)
        time -= old.ordering.lateness  # what is folded next was read as long before the change
    elif old.ordering is not None:
        out += old.fold(old.ordering.release(NEVER))
    time = max(time, old.tick, int(old.heard.max(initial=0)))
    rows = new.engine.adopt(old.engine, time)
    closed = to_events(old.plan, rows)
    if any((e.station, e.point, e.rule) in old.escalation.keys for e in closed) or not new.escalation.keys:
        out += old.keeper.take(old.escalation.release(NEVER))
    new.escalation.adopt(old.escalation, closed)
    out += new.keeper.adopt(old.keeper, closed, time)
    for key in sorted(new.escalation.keys - old.escalation.keys):
        if (held := new.keeper.memory.held.get("/".join(key))) is not None and held.state.active:
            new.escalation.stand(held.last)
    names = old.plan.station_ids
    kept = [(s, names.index(name)) for s, name in enumerate(new.plan.station_ids) if name in names]
    for s, was in kept:
        new.heard[s], new.silent[s] = old.heard[was], old.silent[was]
    new.repeats.adopt(old.repeats, kept)
    new.tick = old.tick
    incidents = new.diagnosis.adopt(old.diagnosis, closed, time)
    new.escalation.turn(incidents)
    new.diagnosis.active |= _newly_noted(new, old)
    out += incidents
    ended = _names(old.plan, rows)
    for s, name in enumerate(new.plan.station_ids):
        if new.silent[s] and (name, "station", new.plan.site.stations[s].stale.id) in ended:
            out += new.events(new.engine.silence(s, time, False))
    out += new.backfill.adopt(old.backfill)
    new.clocks.adopt(old.clocks)
    new.lawful.refused = old.lawful.refused
    new.begin_grid()
    take_over(new, old)
    out += new.worse_in_incidents()
    return out


def take_over(new: SiteFold, old: SiteFold) -> None:
    """As-of values by name; the buffer of instants not yet evaluated is taken column by column."""
    if old.grid.base < 0 or not new.inputs:
        return
    ids, was = [new.plan.site.points[i].id for i in new.inputs], old.watched
    arrays, before = new.grid.arrays(), old.grid.arrays()
    if new.grid.step != old.grid.step:
        before = _of_other_steps(before, old.grid.step, new.grid.step)
    ahead = len(before["grid_v"])
    arrays["grid_base"] = before["grid_base"]
    arrays["grid_filled"] = np.full(len(ids), before["grid_base"][0], np.int64)
    arrays["grid_v"], arrays["grid_q"] = (
        np.full((ahead, len(ids)), np.nan),
        np.zeros((ahead, len(ids)), np.uint8),
    )
    for n, name in enumerate(ids):
        if name in was:
            o = was.index(name)
            for key in ("grid_filled", "grid_now_v", "grid_now_q", "grid_now_t"):
                arrays[key][n] = before[key][o]
            arrays["grid_v"][:, n], arrays["grid_q"][:, n] = (
                before["grid_v"][:, o],
                before["grid_q"][:, o],
            )
        elif (known := new.engine.points[new.inputs[n]])["quality"] != Quality.NEVER_SEEN:
            for key, field in (("v", "value"), ("q", "quality"), ("t", "time")):
                arrays[f"grid_now_{key}"][n] = known[field]
    new.grid.load(arrays)
    memories = {old.plan.site.points[i].id: (f, old.plan.site.points[i].derived) for i, f, _ in old.functions}
    for i, function, _ in new.functions:
        point = new.plan.site.points[i]
        known, definition = memories.get(point.id, (None, None))
        if known is not None and definition == point.derived:
            function.memory[:] = known.memory


def _of_other_steps(arrays: dict[str, NDArray[Any]], old: int, new: int) -> dict[str, NDArray[Any]]:
    """The grid of `old` ns a step in steps of `new`: it goes on after all that readings have reached already."""
    base, begun, floor = arrays["grid_base"].tolist()
    reached = int(arrays["grid_filled"].max(initial=base)) * old
    first, least = -(-reached // new), -(-floor * old // new)
    return arrays | {
        "grid_base": np.array([first, begun, least]),
        "grid_filled": np.full_like(arrays["grid_filled"], first),
        "grid_v": arrays["grid_v"][:0],
        "grid_q": arrays["grid_q"][:0],
    }


def _newly_noted(new: SiteFold, old: SiteFold) -> set[str]:
    """What stands that no incident has heard of: none was named, or none looked at its station."""
    told = {old.plan.names[r] for r in np.flatnonzero(old.noted)} if old.diagnosis.models else set()
    stands = np.flatnonzero(new.noted & (new.engine.rules["phase"] >= ACTIVE))
    return {"/".join(new.plan.names[r]) for r in stands} - {"/".join(name) for name in told}


def _names(plan: Plan, rows: NDArray[Any]) -> set[tuple[str, str, str]]:
    return {plan.names[r] for r in rows["rule"]}
