"""What the command line prints: people read stdout, or one JSON object; logs go to stderr, structured."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog
from rich.console import Console


def people() -> Console:
    """Where people read. With --json use `quiet` instead."""
    return Console(soft_wrap=True)


def quiet() -> Console:
    """Prints nothing."""
    return Console(quiet=True)


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout, on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def set_up_logs(verbose: bool = False) -> None:
    """Structured logs to stderr: JSON lines, or aligned words on a terminal."""
    level = logging.DEBUG if verbose else logging.WARNING
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
