"""The few errors that callers tell apart: each says what, where, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass


class HeadworksError(Exception):
    """Any error that this project raises on purpose; its text is meant for people."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: where, which field, what stood there, what would be right.

    `line`: 0 when the file cannot be read.  `value`: empty when nothing stood there.
    """

    file: str
    line: int
    field: str
    value: str
    bound: str

    def __str__(self) -> str:
        parts = (f"{self.file}:{self.line}", self.field, self.value, self.bound)
        return ": ".join(part for part in parts if part)


class ConfigError(HeadworksError):
    """A configuration file is wrong. Nothing starts."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class LogError(HeadworksError):
    """The site log cannot be read or written: disk full, not writable, corrupt."""


class Rejected(HeadworksError):
    """Input that cannot be taken. `reason` is a short constant, counted; `detail` names value and bound."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
