"""YAML files as plain data, with the line of every field, so that an error can name it.

Hostile until validated: size and depth are bounded, aliases and duplicate keys are refused, and only the
plain YAML types exist (no Python objects).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.error import MarkedYAMLError

from services.core.errors import ConfigError, Fault

MAX_BYTES = 2_000_000
MAX_DEPTH = 40

_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

_Path = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Refuses aliases, a short file of them can stand for a billion nodes, and depth before it costs the stack."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise MarkedYAMLError(problem="an alias: aliases are not taken", problem_mark=mark)
        if self.depth > MAX_DEPTH:
            raise MarkedYAMLError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


@dataclass(frozen=True, slots=True)
class Source:
    """A file's data and where each field stands."""

    file: str
    data: Any
    lines: dict[_Path, int]

    def line(self, path: Sequence[str | int]) -> int:
        """The line of `path`, or of its nearest parent that is in the file."""
        key = tuple(path)
        while key not in self.lines and key:
            key = key[:-1]
        return self.lines.get(key, 1)

    def fault(self, path: Sequence[str | int], value: object, bound: str) -> Fault:
        """A fault at `path`, in the words of this file."""
        return Fault(self.file, self.line(path), dotted(path), repr(value), bound)


def dotted(path: Sequence[str | int]) -> str:
    """`sites[0].stations[1].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"


def read_yaml(path: Path, name: str | None = None) -> Source:
    """The file's data. Raises ConfigError when it cannot be read or is not clean YAML."""
    file = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([Fault(file, 0, "file", error.strerror or "", "must be readable")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Fault(file, 1, "file", f"{len(raw)} bytes", f"at most {MAX_BYTES}")])
    loader = None
    try:
        loader = _Loader(raw.decode("utf-8"))
        node = loader.get_single_node()
        lines: dict[_Path, int] = {}
        data = _build(loader, node, (), lines, file) if node is not None else None
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(file, 1, "file", "not UTF-8", str(error))]) from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        what = getattr(error, "problem", None) or str(error)
        raise ConfigError([Fault(file, line, "yaml", str(what), "must be valid YAML")]) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Source(file, data, lines)


def _build(loader: _Loader, node: yaml.Node, path: _Path, lines: dict[_Path, int], file: str) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
        raise ConfigError([Fault(file, line, dotted(path), node.tag, "must be a plain list or mapping")])
    if isinstance(node, yaml.MappingNode):
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(loader, key_node, path, file) if isinstance(key_node, yaml.ScalarNode) else None
            if isinstance(key, bool | float | type(None)) and isinstance(key_node, yaml.ScalarNode):
                key = key_node.value  # `off:` and `no:` are names here, whatever YAML 1.1 makes of them
            at = key_node.start_mark.line + 1
            if not isinstance(key, str | int):
                raise ConfigError([Fault(file, at, dotted(path), repr(key), "keys must be names")])
            if key in out:
                raise ConfigError([Fault(file, at, dotted((*path, key)), repr(key), "must stand only once")])
            lines[(*path, key)] = at
            out[key] = _build(loader, value_node, (*path, key), lines, file)
        return out
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, n, (*path, i), lines, file) for i, n in enumerate(node.value)]
    return _scalar(loader, node, path, file)


def _scalar(loader: _Loader, node: yaml.Node, path: _Path, file: str) -> Any:
    try:
        return loader.construct_object(node)
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # What the tag promises the text does not hold: 2023-02-30, `!!bool perhaps`.
        line = node.start_mark.line + 1
        raise ConfigError([Fault(file, line, dotted(path), repr(node.value), f"must be valid: {error}")]) from None


def validate(model: type[_Model], source: Source, path: _Path = (), data: Any = None) -> _Model:
    """`data` (default: the whole file) as `model`; ConfigError names file, line, field, value and bound."""
    try:
        return model.model_validate(source.data if data is None else data)
    except ValidationError as error:
        raise ConfigError(faults_of(error, source, path)) from None


def faults_of(error: ValidationError, source: Source, path: _Path = ()) -> list[Fault]:
    """pydantic's complaints as faults with lines."""
    faults = []
    for item in error.errors():
        where = (*path, *(p for p in item["loc"] if p not in ("function-after", "[key]")))
        faults.append(source.fault(where, item.get("input"), item["msg"]))
    return faults
