"""How the field names itself to a broker with an access list: a user for each gateway, and one for the player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from services.core.errors import HeadworksError
from services.telemetry.link import Server

PLAYER = "player"


class AccessError(HeadworksError):
    """A secret that cannot be read."""


@dataclass(frozen=True, slots=True)
class Access:
    """`server` as everyone sees it.  `secrets`: a folder with a file `mqtt-<user>` for each, its password in it.

    Without it everyone is whom `server` names, or nobody.
    """

    server: Server
    secrets: Path | None = None

    def of(self, user: str) -> Server:
        """The server as `user` (an edge node, or PLAYER) connects to it; AccessError without a password for him."""
        if self.secrets is None:
            return self.server
        return replace(self.server, username=user, password=read_secret(self.secrets / f"mqtt-{user}"))


def read_secret(path: Path) -> str:
    """What stands in a file, without the end of the line; AccessError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"{path}: cannot be read as a password: {error}") from error
