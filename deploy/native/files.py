"""Files that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path


def secret(path: Path, text: str) -> str:
    """What the file holds; when there is none it is made, mode 600, with `text`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        private(path, text)
    return path.read_text()


def private(path: Path, text: str) -> None:
    """Writes a file of mode 600, whole or not at all."""
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    aside.replace(path)
