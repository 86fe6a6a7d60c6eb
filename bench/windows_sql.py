"""The figures of windows in plain SQL: each window by itself, straight from the readings. What others would write."""

from __future__ import annotations

#: Tables: `said` (site, station, point, t in ns, value, quality, log_offset), `terms` (station, point, holds, high,
#: low, modulus, flow) and `spans` (width, start, until, all ns). A row a window and point that has any.
FIGURES = """
WITH one AS (
  SELECT said.*, holds, high, low, modulus, flow, quality < 128 AND isfinite(value) AS usable
  FROM said JOIN terms USING (station, point)
  QUALIFY row_number() OVER (PARTITION BY site, station, point, t ORDER BY log_offset) = 1
), course AS (
  SELECT *,
    least(coalesce(lead(t) OVER w, 9223372036854775807), t + holds) AS stale,
    last_value(CASE WHEN usable THEN value END IGNORE NULLS)
      OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM one WINDOW w AS (PARTITION BY site, station, point ORDER BY t)
), moved AS (
  SELECT *, CASE WHEN usable AND modulus > 0 THEN value - before + CASE WHEN value < before THEN modulus ELSE 0 END END
    AS more
  FROM course
), read AS (
  SELECT site, station, point, width, start, until,
    avg(value) FILTER (usable) AS mean, min(value) FILTER (usable) AS min, max(value) FILTER (usable) AS max,
    count(*) AS count, count(*) FILTER (usable AND quality < 64) / count(*) AS good_ratio,
    arg_max(value, t) FILTER (usable) AS last, sum(more) FILTER (more >= 0 AND more < modulus / 2) AS diff
  FROM moved JOIN spans ON t >= start AND t < until GROUP BY ALL
), held AS (
  SELECT site, station, point, width, start, until,
    sum(least(stale, until) - greatest(t, start)) AS known,
    sum(value * (least(stale, until) - greatest(t, start)) / 1e9) AS integral,
    sum(least(stale, until) - greatest(t, start)) FILTER (value > high) AS above,
    sum(least(stale, until) - greatest(t, start)) FILTER (value < low) AS below
  FROM course JOIN spans ON t < until AND stale > start WHERE usable GROUP BY ALL
)
SELECT site, station, point, width, start,
  mean, min, max, coalesce(count, 0) AS count, good_ratio, integral / (known / 1e9) AS twa, last,
  CASE WHEN isfinite(high) AND known > 0 THEN coalesce(above, 0) / 1e9 END AS above,
  CASE WHEN isfinite(low) AND known > 0 THEN coalesce(below, 0) / 1e9 END AS below,
  CASE WHEN known > 0 THEN integral * flow END AS volume, (until - start - coalesce(known, 0)) / 1e9 AS gap, diff
FROM read FULL JOIN held USING (site, station, point, width, start, until) JOIN terms USING (station, point)
"""
