"""The programs of the machine that the stack stands on, and what to install when one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.core.errors import HeadworksError

#: program → the package of Debian that has it.
PACKAGES: Mapping[str, str] = {
    "java": "openjdk-17-jre-headless",
    "mvn": "maven",
    "go": "golang",
    "cargo": "cargo",
    "clang": "clang",
    "protoc": "protobuf-compiler",
    "mosquitto": "mosquitto",
    "openssl": "openssl",
}


class NativeError(HeadworksError):
    """The native stack cannot do what was asked; the message says why and what would help."""


def find(program: str) -> str | None:
    """Its path; Debian puts servers where ordinary users' PATH does not look."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(program, path=os.pathsep.join([path, "/usr/sbin", "/usr/local/sbin"]))


def need(programs: Iterable[str], what_for: str) -> dict[str, str]:
    """The path of each. NativeError that names all that are missing, and the packages that have them."""
    found = {program: find(program) for program in programs}
    missing = [program for program, path in found.items() if path is None]
    if missing:
        packages = " ".join(dict.fromkeys(PACKAGES[program] for program in missing))
        raise NativeError(
            f"{what_for} needs {', '.join(missing)}, not found on PATH; on Debian: apt-get install {packages}"
        )
    return {program: path for program, path in found.items() if path is not None}


def run(command: list[str], *, what: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Runs a program to its end and gives what it printed.

    env: added to ours.  NativeError with its last words when it fails.
    """
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        last = "\n".join(done.stdout.strip().splitlines()[-20:])
        raise NativeError(f"{what} failed with status {done.returncode}:\n{last}")
    return done.stdout
