"""The --speed option."""

from __future__ import annotations

import math

import typer


def parse_speed(text: str) -> float | None:
    """Event seconds a wall second; None for `max`. BadParameter otherwise."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0.01 <= speed <= 1_000_000:
        raise typer.BadParameter(f"{text!r} must be max, or a number between 0.01 and 1000000", param_hint="--speed")
    return speed
