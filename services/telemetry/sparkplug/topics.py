"""Topics: `spBv1.0/{group}/{kind}/{edge_node}[/{device}]`, and the four of Headworks' own.

Names come from outside, so they are held to a small alphabet: what passes here can go into a path or a log line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.core.errors import Rejected

NAMESPACE = "spBv1.0"
COMMITTED, TICKED = "headworks/committed/", "headworks/ticked/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


class Kind(StrEnum):
    """The kinds of message; those with D concern a device (our station)."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    NCMD = "NCMD"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"
    DCMD = "DCMD"

    @property
    def of_device(self) -> bool:
        """Whether the topic ends with a device."""
        return self.value.startswith("D")


@dataclass(frozen=True, slots=True)
class Topic:
    """A Sparkplug topic; `device` is empty for messages of the edge node itself."""

    group: str
    kind: Kind
    edge: str
    device: str = ""

    def __str__(self) -> str:
        return topic(self.kind, self.group, self.edge, self.device)


def is_name(text: str) -> bool:
    """Whether `text` may stand as a group, edge node or device."""
    return _NAME.fullmatch(text) is not None


def _named(*names: str) -> None:
    for name in names:
        if not is_name(name):
            raise ValueError(f"{name!r} cannot be part of a topic: letters, digits, . _ -, at most 64")


def topic(kind: Kind, group: str, edge: str, device: str = "") -> str:
    """The topic's text. ValueError for a name that a topic cannot carry, or a device where none belongs."""
    _named(group, edge)
    if kind.of_device != bool(device):
        raise ValueError(f"{kind} {'needs' if kind.of_device else 'has no'} device, got {device!r}")
    if not device:
        return f"{NAMESPACE}/{group}/{kind}/{edge}"
    _named(device)
    return f"{NAMESPACE}/{group}/{kind}/{edge}/{device}"


def parse_topic(text: str) -> Topic:
    """The parts of a Sparkplug topic; Rejected("unknown topic") when it is none."""
    parts = text.split("/")
    if parts[0] == NAMESPACE and len(parts) in (4, 5) and parts[2] in Kind.__members__:
        kind = Kind[parts[2]]
        if kind.of_device == (len(parts) == 5) and all(map(is_name, (parts[1], *parts[3:]))):
            return Topic(parts[1], kind, parts[3], parts[4] if len(parts) == 5 else "")
    raise Rejected("unknown topic", repr(text[:200]))


def all_of_group(group: str) -> str:
    """The filter that takes every Sparkplug message of a group."""
    _named(group)
    return f"{NAMESPACE}/{group}/#"


def all_of_edge(group: str, edge: str) -> str:
    """The filter that takes every Sparkplug message of one edge node and its devices."""
    _named(group, edge)
    return f"{NAMESPACE}/{group}/+/{edge}/#"


def committed_topic(group: str, edge: str) -> str:
    """Where the bridge says, retained, how far a gateway's frames are in the log."""
    _named(group, edge)
    return f"{COMMITTED}{group}/{edge}"


def clock_topic(group: str) -> str:
    """Where the player says, retained, what time it is in its run."""
    _named(group)
    return f"headworks/clock/{group}"


def ticked_topic(group: str, index: int = 0, count: int = 1) -> str:
    """Where a bridge says, retained, which of the player's times is the last in the log, or in its share of it.

    Of several bridges the first says on the topic of an only one how many they are.
    """
    _named(group)
    whole = f"{TICKED}{group}"
    return whole if count == 1 else f"{whole}/{index}-of-{count}"
