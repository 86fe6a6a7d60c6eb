"""What a site's new catalogue takes over of the grid that the old one had filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.core.quality import Quality

if TYPE_CHECKING:
    from services.alerts.site import SiteFold


def take_over(new: SiteFold, old: SiteFold) -> None:
    """As-of values by name; the buffer of instants not yet evaluated is taken column by column."""
    if old.grid.base < 0 or not new.inputs:
        return
    ids, was = [new.plan.site.points[i].id for i in new.inputs], old._watched
    arrays, before = new.grid.arrays(), old.grid.arrays()
    ahead = len(before["grid_v"])
    arrays["grid_base"] = before["grid_base"]
    arrays["grid_filled"] = np.full(len(ids), old.grid.base, np.int64)
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
