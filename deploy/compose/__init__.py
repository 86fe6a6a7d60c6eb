"""Headworks in containers: the stack and the services, each from a pinned image."""
