"""What the command line prints: people read stdout, or one JSON object; logs go to stderr, structured."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from typing import Any

from rich.console import Console


def people() -> Console:
    """Where people read. With --json use `quiet` instead."""
    # Into a file or a pipe a table must not lose its times for want of width.
    return Console(soft_wrap=True, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140)


def quiet() -> Console:
    """Prints nothing."""
    return Console(quiet=True)


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout, on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """Why the command fails, in words, on stderr."""
    Console(stderr=True, soft_wrap=True, highlight=False).print("[bold red]error:[/] ", end="")
    print(sentence, file=sys.stderr)


def set_up_logs(verbose: bool = False, level: str = "") -> None:
    """Structured logs to stderr: JSON lines, or aligned words on a terminal. Other packages' logs come the same way."""
    import structlog

    least = logging.DEBUG if verbose else logging.WARNING
    if level:
        least = min(least, logging.getLevelNamesMapping()[level.upper()])
    stamps: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    terminal = sys.stderr.isatty()
    render: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=True)]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*stamps, *render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamps],
        )
    )
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler], force=True)
    # A warning of a package is for its developers.
    logging.captureWarnings(True)
    if not verbose:
        warnings.simplefilter("ignore")
