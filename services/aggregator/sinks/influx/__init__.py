"""The InfluxDB sink: readings, aggregates, alarms and incidents as line protocol. See README.md."""

from services.aggregator.sinks.influx.columns import Collected, Columns
from services.aggregator.sinks.influx.encode import Encoded, encode_aggregates, encode_events, encode_readings
from services.aggregator.sinks.influx.lanes import Lanes, Part, Piece
from services.aggregator.sinks.influx.lines import Gathered, Lines, Place
from services.aggregator.sinks.influx.names import Names
from services.aggregator.sinks.influx.server import Answer, Meaning, Server
from services.aggregator.sinks.influx.translate import Translated, nameless, translate
from services.aggregator.sinks.influx.writer import BODY, Watch, Writer

__all__ = [
    "BODY", "Answer", "Collected", "Columns", "Encoded", "Gathered", "Lanes", "Lines", "Meaning", "Names", "Part",
    "Piece", "Place", "Server", "Translated", "Watch", "Writer", "encode_aggregates", "encode_events",
    "encode_readings", "nameless", "translate",
]  # fmt: skip
