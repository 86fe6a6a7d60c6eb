"""Text as line protocol has it: names and tags with their special characters escaped, strings in quotes."""

from __future__ import annotations

import math
import re

_SPECIAL = re.compile(r"([,= ])")
#: A backslash at the end of a tag would swallow what follows it, and no escape prevents that; a line end ends a line.
_UNFIT = re.compile(r"[\\\x00-\x1f\x7f]")
_LINE_ENDS = re.compile(r"[\r\n]+")


def escape(name: str) -> str:
    """A tag's value, or a key. Backslashes and control characters, which line protocol cannot carry, become `_`."""
    return _SPECIAL.sub(r"\\\1", _UNFIT.sub("_", name))


def quote(text: str) -> str:
    """A field's string. Line ends become a space: a line of the protocol is one line everywhere in the sink."""
    return '"' + _LINE_ENDS.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def tags(**said: str) -> str:
    """`,name=value` for each that is not empty: InfluxDB knows no empty tag."""
    return "".join(f",{name}={escape(value)}" for name, value in said.items() if value)


def fields(**said: str | float | int | bool | None) -> str:
    """`name=value,…` without those that are None, empty or no number; int as integer, float as float."""
    return ",".join(f"{name}={text}" for name, value in said.items() if (text := _field(value)) is not None)


def _field(value: str | float | int | bool | None) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case int():
            return f"{value}i"
        case float():
            return repr(value) if math.isfinite(value) else None


def parts(line: bytes) -> tuple[bytes, list[bytes], bytes]:
    """(measurement and tags, fields, time) of a line as this sink writes it, without its end."""
    head, rest = _cut(line, b" ")
    body, _, time = rest.rpartition(b" ")
    out = []
    while body:
        one, body = _cut(body, b",")
        out.append(one)
    return head, out, time


def key_of(field: bytes) -> str:
    """The field's key, unescaped."""
    return re.sub(r"\\([,= ])", r"\1", _cut(field, b"=")[0].decode())


def _cut(text: bytes, at: bytes) -> tuple[bytes, bytes]:
    """Before and after the first `at` that is neither escaped nor within quotes."""
    quoted = False
    place = 0
    while place < len(text):
        one = text[place : place + 1]
        if one == b"\\":
            place += 1
        elif one == b'"':
            quoted = not quoted
        elif one == at and not quoted:
            return text[:place], text[place + 1 :]
        place += 1
    return text, b""
