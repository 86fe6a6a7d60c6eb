"""Folds over the windows of several stations: a zone's night flow and leakage, a plant's water balance. README.md."""

from services.aggregator.zones.processor import ZoneFolds

__all__ = ["ZoneFolds"]
