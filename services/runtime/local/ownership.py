"""One process owns a log: a lock file beside it that the system releases when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from services.core.errors import LogError
from services.runtime.local.faults import explain


class Ownership:
    """The lock on `path`, held from construction to `release`. LogError when somebody else has it."""

    def __init__(self, path: Path) -> None:
        self._lock = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise explain(error, path) from error
        try:
            _lock(self._file)
        except OSError:
            owner = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise LogError(
                f"the site log {path} is in use by process {owner or 'unknown'}: stop it first, "
                "or choose another data directory"
            ) from None
        os.truncate(self._file, 0)
        os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Gives the log free. The lock file stays: to remove it would race with the next owner."""
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1024, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        # flock, not lockf: it also holds against a second log in the same process.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
