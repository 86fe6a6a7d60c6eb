"""Benchmarks beside peers: each module has `run(seconds_budget) -> dict`, which ends as one JSON line."""

#: What `headworks bench NAME` knows: the name, and the module whose `run` measures it.
BENCHES = {
    "cardinality": "bench.cardinality",
    "detect": "bench.detect",
    "ingest": "bench.ingest",
    "latency": "bench.latency",
    "response": "bench.response",
    "scale": "bench.scale",
    "sink": "bench.sink",
    "windows": "bench.windows",
}
