"""Compiled kernels, with a cache that cannot go stale.

Numba's cache on disk notices a change of the kernel's own file, but not of what it takes in from others: codes,
layouts, inlined functions. After an update that changed only those, old machine code would judge new data. So the
cache lies in a folder named after the contents of everything that kernels are made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SERVICES = Path(__file__).resolve().parents[1]
_MADE_OF = (
    "core/quality.py", "core/compiled.py", "alerts/**/*.py", "aggregator/windows/*.py", "telemetry/sparkplug/*.py",
)  # fmt: skip
_KEPT_DAYS = 7


def _key() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for pattern in _MADE_OF:
        for file in sorted(_SERVICES.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _place() -> Path | None:
    """The cache's folder; None where it cannot be written, and Numba finds its own place."""
    root = _SERVICES / "__pycache__" / "kernels"
    here = root / _key()
    try:
        here.mkdir(parents=True, exist_ok=True)
        (here / ".used").touch()
    except OSError:
        return None
    for other in root.iterdir():
        with suppress(OSError):
            if other != here and time.time() - (other / ".used").stat().st_mtime > _KEPT_DAYS * 86400:
                shutil.rmtree(other)
    return here


_folder = _place()
if _folder is not None and not os.environ.get("NUMBA_CACHE_DIR"):
    vars(config)["CACHE_DIR"] = str(_folder)

_INNER: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: _Function) -> _Function:
    """Decorates a kernel: machine code, cached, without the interpreter's lock.

    Never fastmath, never parallel: the same readings must give the same bits on every run.
    """
    kernel: Any = njit(cache=True, nogil=True)(function)
    made: _Function = kernel
    return made


def inner(function: _Function) -> _Function:
    """Decorates what only kernels call: without a wrapper for Python, which would double the time to compile it."""
    kernel: Any = njit(**_INNER)(function)
    made: _Function = kernel
    return made
