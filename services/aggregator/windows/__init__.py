"""Event-time windows: one minute of a point becomes mean, min, max, count and share of good readings."""

from services.aggregator.windows.minute import MinuteAggregator

__all__ = ["MinuteAggregator"]
