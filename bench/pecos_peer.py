"""The same day through pecos: its quality-control tests with the nearest settings to the site's rules.

pecos looks for values out of range, jumps, stagnation and outliers in a data frame; it keeps no alarm state, no
delays and no deadbands, so that it does less for each reading than the kernel does.
"""

from __future__ import annotations

import logging
import time
import warnings
from typing import Any

from bench.plant_day import PlantDay

#: Unchanged instants that are stagnation (two hours of 10 s), and the window of the outlier test (s).
_STAGNATION, _OUTLIERS = 720, 3600


def pecos_speed(day: PlantDay, rows: int) -> dict[str, Any]:
    """Readings/s over the first `rows` instants, with range tests alone and with all four; a reason when absent."""
    try:
        import pandas
        from pecos.monitoring import PerformanceMonitoring
    except ImportError as error:
        return {"peer": None, "peer_reason": f"{error} (it comes with `make setup-dev`)"}
    logging.getLogger("pecos").setLevel(logging.ERROR)
    columns = [day.site.points[p] for p in day.points]
    index = pandas.to_datetime(day.times[:rows], unit="ns")
    table = pandas.DataFrame(day.values[:rows], index=index, columns=[p.id for p in columns])
    bounds = {p.id: _bounds([(r.kind, r.limit) for r in p.rules]) for p in columns}
    seconds: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        monitor = PerformanceMonitoring()
        monitor.add_dataframe(table)
        for name, bound in bounds.items():
            if bound != [None, None]:
                monitor.check_range(bound, name)
        seconds["range"] = time.process_time() - start
        for point in columns:
            span = (point.high - (point.low or 0.0)) if point.high is not None else 1.0
            monitor.check_increment([None, 0.5 * span], point.id)
            # States and switches stand still by nature. (pecos 1.0's own `check_delta` fails under pandas 3.)
            if point.high is not None and not point.states:
                monitor.check_increment([1e-9 * span, None], point.id, min_failures=_STAGNATION)
                monitor.check_outlier([-4.0, 4.0], _OUTLIERS, point.id)
        seconds["all"] = time.process_time() - start
    count = table.size
    return {
        "peer": round(count / seconds["all"]),
        "peer_range_alone": round(count / seconds["range"]),
        "peer_readings": count,
        "peer_findings": len(monitor.test_results),
        "peer_tests": "range, increment, stagnation, outlier",
    }


def _bounds(rules: list[tuple[str, float]]) -> list[float | None]:
    low = [limit for kind, limit in rules if kind == "low"]
    high = [limit for kind, limit in rules if kind in ("high", "successive_high")]
    return [max(low, default=None), min(high, default=None)]
