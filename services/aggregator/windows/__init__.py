"""Event-time windows: minutes, quarters, hours and local days of every point. See docs/adr/0016."""

from services.aggregator.windows.processor import WindowAggregator

__all__ = ["WindowAggregator"]
