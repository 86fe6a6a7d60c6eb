"""Limits of the catalogue as Grafana's thresholds: the colour of the priority where the alarm would stand."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from services.core.catalogue import Catalogue

COLOURS = {"critical": "red", "high": "orange", "medium": "yellow"}

#: What is as it should be has no colour: a screen without alarms is calm.
CALM = "transparent"

Limit = tuple[float, str, bool]  # (limit, priority, whether it is a low one)


def limits(catalogue: Catalogue, station_type: str, point: str) -> list[Limit]:
    """The fixed limits of a point that all stations of the type with such alarms have alike.

    What one has otherwise is drawn for none; a station where all of them are off says nothing.
    """
    found: list[set[Limit]] = []
    for site in catalogue.sites:
        stations = {station.id for station in site.stations if station.type == station_type}
        for one in site.points:
            if one.station in stations and one.name == point:
                found.append({
                    (rule.limit, rule.priority, rule.kind == "low")
                    for rule in one.rules
                    if rule.kind in ("high", "low") and rule.priority in COLOURS and not rule.limits
                })  # fmt: skip
    spoken = [one for one in found if one]
    return sorted(set.intersection(*spoken)) if spoken else []


def thresholds(some: list[Limit], calm: str = CALM) -> build.ThresholdsConfig:
    """Steps from below: the worst low limit at the bottom, calm between, the worst high limit at the top."""
    low = sorted((limit, priority) for limit, priority, is_low in some if is_low)
    high = sorted((limit, priority) for limit, priority, is_low in some if not is_low)
    steps = []
    edge: float | None = None
    for limit, priority in low:
        steps.append(model.Threshold(value=edge, color=COLOURS[priority]))
        edge = limit
    steps.append(model.Threshold(value=edge, color=calm))
    steps += [model.Threshold(value=limit, color=COLOURS[priority]) for limit, priority in high]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def greatest(catalogue: Catalogue, station_type: str, point: str) -> float | None:
    """Where the instrument saturates, when all that are of the type do so at the same value."""
    tops = {
        one.high
        for site in catalogue.sites
        for station in site.stations
        if station.type == station_type
        for one in site.points
        if one.station == station.id and one.name == point and one.saturates
    }
    return tops.pop() if len(tops) == 1 else None


def computed(catalogue: Catalogue) -> list[str]:
    """Names of the points that are computed, by any site; no sensor is behind them."""
    return sorted({one.name for site in catalogue.sites for one in site.points if one.derived is not None})
