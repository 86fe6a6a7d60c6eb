"""Headworks: telemetry, alarms and replay for water utilities."""
