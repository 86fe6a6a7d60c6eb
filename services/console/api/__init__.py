"""The HTTP API: what the pages show, and what people do to alarms, for programs with a token."""
