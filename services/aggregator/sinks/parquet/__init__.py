"""The historian: everything that the log held, as Parquet files named by log position, and queries."""

from services.aggregator.sinks.parquet.historian import Historian
from services.aggregator.sinks.parquet.history import History

__all__ = ["Historian", "History"]
