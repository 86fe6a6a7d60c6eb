"""What every test leaves as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that is run inside a test sends the logs to that test's stderr, which is closed after it."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
