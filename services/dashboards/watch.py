"""Grafana's alert rules for the pipeline itself. Alarms of the water are Headworks' own: Grafana acknowledges none.

Services tell of themselves in `health`; who can no longer tell anything is silent there. /metrics has more.
"""

from __future__ import annotations

import yaml

from services.aggregator.sinks.influx import queries as ask
from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries import GRAFANA
from services.core.catalogue import Catalogue
from services.dashboards.flux import SOURCE
from services.dashboards.limits import computed

#: Alerts are of what happens now, never of a replay.
LIVE = Buckets.split("telemetry")


_SERVICE = ("service", "worker")


def _mute() -> str:
    """Seconds since each service told anything."""
    return (
        ask.vital_now(LIVE, GRAFANA, "ready")
        + "  |> map(fn: (r) => ({r with "
        + f"_value: float(v: int(v: {GRAFANA.stop}) - int(v: r._time)) / 1000000000.0}}))\n"
    )


def rules(catalogue: Catalogue) -> str:
    """The file for Grafana's provisioning."""
    bad = ask.good_ratio(LIVE, GRAFANA, computed(catalogue))
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
                "headworks-bad", "Many readings are not good", bad, 3600, "lt", 80.0,
                "{{ $labels.site }}/{{ $labels.station }}: less than 80 % of the last hour's readings are good.",
            ),
            _rule(
                "headworks-mute", "A service tells nothing", _mute(), 86400, "gt", 120.0,
                "{{ $labels.service }} {{ $labels.worker }}: told nothing of itself for two minutes, and did "
                "within the last day. It is down, hangs, or cannot reach InfluxDB.",
                by=_SERVICE,
            ),
            _rule(
                "headworks-unready", "A service is not ready", ask.vital_now(LIVE, GRAFANA, "ready"), 120, "lt", 0.5,
                "{{ $labels.service }} {{ $labels.worker }}: its /readyz says why.",
                by=_SERVICE,
            ),
            _rule(
                "headworks-lag", "Messages wait in Kafka", ask.vital_now(LIVE, GRAFANA, "lag"), 120, "gt", 10_000.0,
                "{{ $labels.service }} {{ $labels.worker }}: more than 10,000 messages wait. More workers, or look at "
                "what holds this one up.",
                by=_SERVICE,
            ),
            _rule(
                "headworks-rejects", "Dead letters grow", ask.grown(LIVE, GRAFANA, "rejected"), 900, "gt", 10.0,
                "{{ $labels.service }} {{ $labels.worker }}: more than 10 dead letters in a quarter of an hour; the "
                "topic `rejected` has them with their reasons.",
                by=_SERVICE,
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
    by: tuple[str, ...] = ("site", "station"),
) -> dict[str, object]:
    """back: seconds that are looked at.  least: of all stations the least value counts, not each by itself."""
    # Grafana's alerts want numbers at a time, told apart by labels: one series a station, or one for all.
    labels = ", ".join(f'"{name}"' for name in by)
    query += "  |> min()\n" if least else f"  |> group(columns: [{labels}])\n"
    keep = '["_time", "_value"]' if least else f'["_time", "_value", {labels}]'
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
