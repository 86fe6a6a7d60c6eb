"""YAML files as plain data, with the line of every field, so that an error can name it.

Hostile until validated: size and depth are bounded, aliases and duplicate keys are refused, and only the
plain YAML types exist (no Python objects). Site files, event files, expectations and mappings are read here, so
that what is wrong is said in the same words everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.error import MarkedYAMLError

from services.core.errors import ConfigError, Fault

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_SHOWN = 60

_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

_Path = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)


class _Refused(MarkedYAMLError):
    """YAML that is right but not taken; `field` is where it stands."""

    def __init__(self, problem: str, mark: yaml.Mark, field: str) -> None:
        super().__init__(problem=problem, problem_mark=mark)
        self.field = field


class _Loader(yaml.SafeLoader):
    """Refuses aliases, a short file of them can stand for a billion nodes, and depth before it costs the stack."""

    def __init__(self, text: str, max_depth: int) -> None:
        super().__init__(text)
        self.max_depth = max_depth
        self.at: list[str | int | None] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        depth = len(self.at)
        if parent is not None:
            # A value comes with its key's node, an entry with its number, a key with nothing.
            key = index.value if isinstance(index, yaml.ScalarNode) else index
            self.at.append(key if isinstance(key, str | int) else None)
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise _Refused("an alias: aliases are not taken", mark, self._field())
        if len(self.at) > self.max_depth:
            raise _Refused(f"nested more than {self.max_depth} deep", mark, self._field())
        try:
            return super().compose_node(parent, index)
        finally:
            del self.at[depth:]

    def _field(self) -> str:
        return dotted([part for part in self.at if part is not None])


@dataclass(frozen=True, slots=True)
class Source:
    """A file's data and where each field stands.

    `clocks`: what YAML 1.1 read as a number of base 60 and is written like a clock time, as written.
    """

    file: str
    data: Any
    lines: dict[_Path, int]
    clocks: dict[_Path, str]

    def line(self, path: Sequence[str | int]) -> int:
        """The line of `path`, or of its nearest parent that is in the file."""
        key = tuple(path)
        while key not in self.lines and key:
            key = key[:-1]
        return self.lines.get(key, 1)

    def fault(self, path: Sequence[str | int], value: object, bound: str) -> Fault:
        """A fault at `path`, in the words of this file."""
        return Fault(self.file, self.line(path), dotted(path), shown(value), bound)

    def absence(self, path: Sequence[str | int], bound: str) -> Fault:
        """A fault where no value stands."""
        return Fault(self.file, self.line(path), dotted(path), "", bound)

    def written(self, start: _Path, loc: _Path) -> _Path:
        """`start` and pydantic's `loc` as the file has it.

        Between a list's entry and its field pydantic names the chosen member of a union, after a key "[key]".
        """
        path = start
        for index, part in enumerate(loc):
            own = part == "[key]" or str(part).startswith("function-")
            if (*path, part) in self.lines or (index == len(loc) - 1 and not own):
                path = (*path, part)
        return path


def shown(value: object) -> str:
    """The value as a message shows it: at most MAX_SHOWN characters."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def dotted(path: Sequence[str | int]) -> str:
    """`sites[0].stations[1].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"


def read_yaml(path: Path, name: str | None = None, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Source:
    """The file's data; `name`: what messages call the file.

    Raises ConfigError when it cannot be read, has more than `max_bytes`, is nested deeper than `max_depth` or is
    not clean YAML.
    """
    file = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([Fault(file, 0, "file", error.strerror or "", "must be readable")]) from None
    if len(raw) > max_bytes:
        raise ConfigError([Fault(file, 1, "file", f"{len(raw)} bytes", f"at most {max_bytes} bytes")])
    loader = None
    source = Source(file, None, {}, {})
    try:
        loader = _Loader(raw.decode("utf-8"), max_depth)
        node = loader.get_single_node()
        data = _build(loader, node, (), source) if node is not None else None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError([Fault(file, line, "file", "not UTF-8", str(error))]) from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        what = getattr(error, "problem", None) or str(error)
        field = getattr(error, "field", "yaml")
        raise ConfigError([Fault(file, line, field, str(what), "must be valid YAML")]) from None
    finally:
        if loader is not None:
            loader.dispose()
    return replace(source, data=data)


def _build(loader: _Loader, node: yaml.Node, path: _Path, source: Source) -> Any:
    line = node.start_mark.line + 1
    source.lines.setdefault(path, line)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
        raise ConfigError([Fault(source.file, line, dotted(path), node.tag, "must be a plain list or mapping")])
    if isinstance(node, yaml.MappingNode):
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(loader, key_node, path, source) if isinstance(key_node, yaml.ScalarNode) else None
            if isinstance(key, bool | float | type(None)) and isinstance(key_node, yaml.ScalarNode):
                key = key_node.value  # `off:` and `no:` are names here, whatever YAML 1.1 makes of them
            at = key_node.start_mark.line + 1
            if not isinstance(key, str | int):
                raise ConfigError([Fault(source.file, at, dotted(path), shown(key), "keys must be names")])
            if key in out:
                raise ConfigError([Fault(source.file, at, dotted((*path, key)), shown(key), "must stand only once")])
            source.lines[(*path, key)] = at
            out[key] = _build(loader, value_node, (*path, key), source)
        return out
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, n, (*path, i), source) for i, n in enumerate(node.value)]
    value = _scalar(loader, node, path, source)
    if isinstance(value, int) and ":" in node.value:
        source.clocks[path] = node.value
    return value


def _scalar(loader: _Loader, node: yaml.Node, path: _Path, source: Source) -> Any:
    try:
        return loader.construct_object(node)
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # What the tag promises the text does not hold: 2023-02-30, `!!bool perhaps`.
        line = node.start_mark.line + 1
        fault = Fault(source.file, line, dotted(path), shown(node.value), f"must be valid: {error}")
        raise ConfigError([fault]) from None


def validate(model: type[_Model], source: Source, path: _Path = (), data: Any = None) -> _Model:
    """`data` (default: the whole file) as `model`; ConfigError names file, line, field, value and bound."""
    try:
        return model.model_validate(source.data if data is None else data)
    except ValidationError as error:
        raise ConfigError(faults_of(error, source, path)) from None


#: Where in a file, what stands there, and what would be right.
Complaint = tuple[_Path, object, str]


def read_checked(
    path: Path,
    model: type[_Model],
    complaints: Callable[[_Model], Iterable[Complaint]],
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> _Model:
    """The file in `path` as `model`; ConfigError with every fault of a field, else with all that `complaints` says."""
    source = read_yaml(path, max_bytes=max_bytes, max_depth=max_depth)
    found = validate(model, source)
    if faults := [source.fault(where, value, bound) for where, value, bound in complaints(found)]:
        raise ConfigError(faults)
    return found


def faults_of(error: ValidationError, source: Source, path: _Path = ()) -> list[Fault]:
    """pydantic's complaints as faults with lines; `path`: where in the file the validated part stands."""
    faults = []
    for item in error.errors():
        where = source.written(path, item["loc"])
        if item["type"] == "missing":
            faults.append(source.absence(where, "is missing"))
        elif not where and item["input"] is None:
            faults.append(source.absence(where, "is empty"))
        elif item["type"] == "extra_forbidden":
            faults.append(source.fault(where, item["input"], "is not a field here"))
        elif item["type"] == "string_too_short" and item["ctx"]["min_length"] == 1:
            faults.append(source.fault(where, item["input"], "must not be empty"))
        else:
            bound = _bound(item["msg"])
            if item["type"] == "string_type" and where in source.clocks:
                bound += f' (a clock time needs quotes: "{source.clocks[where]}")'
            faults.append(source.fault(where, item["input"], bound))
    return faults


def _bound(message: str) -> str:
    for prefix in ("Value error, ", "Assertion failed, "):
        if message.startswith(prefix):
            return message.removeprefix(prefix)
    return message[0].lower() + message[1:]
