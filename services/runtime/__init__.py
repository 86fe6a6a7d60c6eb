"""The shells that run processors on a log: local (SQLite) and, later, cluster (Kafka)."""
