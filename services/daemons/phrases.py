"""The phrases of a cluster's services: the shipped ones, and a utility's own that HEADWORKS_PHRASES names."""

from __future__ import annotations

from pathlib import Path

from services.core.phrases import Phrases, found, shipped
from services.core.settings import Settings


def phrases_of(settings: Settings) -> Phrases:
    """HeadworksError for a path without phrases, ConfigError for a file that is wrong."""
    paths = [Path(one.strip()) for one in settings.phrases.split(",") if one.strip()]
    return shipped().with_own(found(paths))
