"""A reader of line protocol, written from its specification and not from the sink, and a site to write about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.core.catalogue import Point, Rule, Site, Station, to_json, version_of
from services.core.clock import MINUTE
from services.core.records import Config

Value = float | int | str | bool

_ESCAPED = re.compile(r"\\([,= ])")
_NAME = r"((?:[^,= \\\n]|\\.)+)"
_STRING = r'"(?:[^"\\]|\\.)*"'
_FIELD = re.compile(rf"{_NAME}=({_STRING}|[^, \n]+)")
_TAG = re.compile(rf",{_NAME}={_NAME}")
_LINE = re.compile(rf"{_NAME}((?:,{_NAME}={_NAME})*) (.+) (-?\d+)\Z")


@dataclass(frozen=True)
class Line:
    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    time: int


def read(data: bytes) -> list[Line]:
    """AssertionError for what InfluxDB could not parse, and for a key that is there twice."""
    assert not data or data.endswith(b"\n")
    return [_line(text) for text in data.decode().split("\n")[:-1]]


def _line(text: str) -> Line:
    found = _LINE.match(text)
    assert found, text
    body, fields = found[5], dict[str, Value]()
    while body:
        one = _FIELD.match(body)
        assert one, f"{body!r} in {text!r}"
        key = _plain(one[1])
        assert key not in fields, f"{key} twice in {text!r}"
        fields[key] = _value(one[2])
        rest = body[one.end() :]
        assert not rest or rest[0] == ",", text
        body = rest[1:]
    tags = {_plain(key): _plain(value) for key, value in _TAG.findall(found[2])}
    return Line(_plain(found[1]), tags, fields, int(found[6]))


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _value(text: str) -> Value:
    if text[0] == '"':
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text[-1] == "i" else float(text)


#: Points of two stations, one mixed among the other's as when a point was added later.
POINTS = (
    ("intake", "raw_turbidity"), ("intake", "river_level"), ("filters", "f1_flow"), ("intake", "screen_head"),
    ("filters", "time"),
)  # fmt: skip


def site(count: int = len(POINTS), name: str = "no3") -> Site:
    words = {"consequence": "c", "response": "r", "respond_within": MINUTE}
    stale = Rule.model_validate({"id": "station-silent", "kind": "stale", "priority": "medium"} | words)
    return Site(
        id=name, group="g", name="n", kind="plant", time_zone="Asia/Shanghai",
        stations=tuple(
            Station(id=s, type="t", name=s, heartbeat=MINUTE, stale_after=3 * MINUTE, stale=stale)
            for s in ("intake", "filters")
        ),
        points=tuple(Point(station=s, name=p) for s, p in POINTS[:count]),
    )  # fmt: skip


def config(count: int = len(POINTS), name: str = "no3") -> Config:
    text = to_json(site(count, name))
    return Config(name, version_of(text), text, 0)
