"""The long-running services of a cluster: each wires rooms together; health, metrics and an end in order are common."""
