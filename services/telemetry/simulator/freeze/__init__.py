"""Exposed meters in a cold snap, and the customers who call."""
