"""What the commands share that speak to a cluster: its settings, and packages that the main job does not need."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from services.core.errors import HeadworksError

if TYPE_CHECKING:
    from services.core.settings import Settings

_MISSING = "what speaks to a cluster needs more packages than the main job: install headworks[cluster]"


def cluster_settings(**said: Any) -> Settings:
    """The settings of the cluster's services, `said` before all others.

    HeadworksError when the packages for them are not installed.
    """
    try:
        import services.runtime.cluster.client  # noqa: F401
        from services.core.settings import load_settings
    except ImportError as error:
        raise HeadworksError(f"{_MISSING} ({error})") from error
    return load_settings(**said)


def command_settings() -> Settings:
    """The same for a command that ends: Kafka's client tells of each of its tries, a command once what came of it."""
    if logging.getLogger().level > logging.DEBUG:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return cluster_settings()
