"""The command line: `headworks …`."""

from services.cli.app import main

__all__ = ["main"]
