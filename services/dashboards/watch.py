"""Grafana's alert rules for the pipeline itself. Alarms of the water are Headworks' own: Grafana acknowledges none.

InfluxDB shows what has arrived, not what is on its way: lag, rejects and messages in flight are on the services' own
/metrics, for whoever has a Prometheus.
"""

from __future__ import annotations

import yaml

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries import GRAFANA
from services.dashboards.flux import SOURCE

#: Alerts are of what happens now, never of a replay.
LIVE = Buckets.split("telemetry")


def rules() -> str:
    """The file for Grafana's provisioning."""
    group = {
        "orgId": 1,
        "name": "pipeline",
        "folder": "Headworks",
        "interval": "1m",
        "rules": [
            _rule(
                "headworks-nothing", "Nothing arrives in InfluxDB", ask.silent_for(LIVE, GRAFANA), 3600, "gt", 300.0,
                "No station's minute has come for five minutes: look at the sink, then at Kafka, then at the bridge.",
                least=True, nothing="Alerting",
            ),
            _rule(
                "headworks-silent", "A station is not heard", ask.silent_for(LIVE, GRAFANA), 86400, "gt", 900.0,
                "{{ $labels.site }}/{{ $labels.station }}: no minute for a quarter of an hour. Its own alarm "
                "(station-silent) is Headworks'; this one tells that the pipeline, too, has nothing of it.",
            ),
            _rule(
                "headworks-bad", "Many readings are not good", ask.good_ratio(LIVE, GRAFANA), 3600, "lt", 80.0,
                "{{ $labels.site }}/{{ $labels.station }}: less than 80 % of the last hour's readings are good.",
            ),
        ],
    }  # fmt: skip
    head = "# Made by `make dashboards` from services/dashboards/watch.py.\n"
    return head + yaml.safe_dump({"apiVersion": 1, "groups": [group]}, sort_keys=False, width=1000, allow_unicode=True)


def _rule(
    uid: str,
    title: str,
    query: str,
    back: int,
    test: str,
    limit: float,
    summary: str,
    *,
    least: bool = False,
    nothing: str = "OK",
) -> dict[str, object]:
    """back: seconds that are looked at.  least: of all stations the least value counts, not each by itself."""
    # Grafana's alerts want numbers at a time, told apart by labels: one series a station, or one for all.
    query += "  |> min()\n" if least else '  |> group(columns: ["site", "station"])\n'
    keep = '["_time", "_value"]' if least else '["_time", "_value", "site", "station"]'
    query += f"  |> map(fn: (r) => ({{r with _time: {GRAFANA.stop}}}))\n  |> keep(columns: {keep})\n"
    return {
        "uid": uid,
        "title": title,
        "condition": "beyond",
        "data": [
            _step("asked", str(SOURCE.uid), {"query": query}, back),
            _step("one", "__expr__", {"type": "reduce", "expression": "asked", "reducer": "last"}, 0),
            _step("beyond", "__expr__", {
                "type": "threshold", "expression": "one",
                "conditions": [{"evaluator": {"type": test, "params": [limit]}}],
            }, 0),
        ],
        "noDataState": nothing,
        "execErrState": "Error",
        "for": "2m",
        "annotations": {"summary": summary},
        "labels": {"of": "pipeline"},
    }  # fmt: skip


def _step(name: str, source: str, model: dict[str, object], back: int) -> dict[str, object]:
    return {
        "refId": name,
        "relativeTimeRange": {"from": back, "to": 0},
        "datasourceUid": source,
        "model": {"refId": name, **model},
    }
