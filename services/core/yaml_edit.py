"""Values set in a YAML text, and not a byte else changed: comments, order and quotes stay as people wrote them.

A round trip through a YAML library keeps comments but rewraps and re-indents what it did not touch, and a change of one
limit would then show as a change of the file. Here the parser only says where things stand (its marks), and the text
between is cut and pasted. The caller reads the result again and compares: what is written is never taken on trust.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

Path = tuple[str | int, ...]

#: (start, end, what stands there instead)
_Splice = tuple[int, int, str]


def set_fields(text: str, changes: Mapping[Path, Mapping[str, str]], instead: Mapping[str, str] | None = None) -> str:
    """`text` with fields set in the mappings at paths; a mapping that is not there is made, in one line.

    changes: path of the mapping -> field -> value as YAML (`scalar`).  instead: field -> the one that it replaces, when
    that stands there.  Raises ValueError when a path leads through something that is no mapping or list.
    """
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    splices: list[_Splice] = []
    missing: dict[int, tuple[yaml.Node, dict[Any, Any]]] = {}
    for path, fields in changes.items():
        node, rest = _walk(root, path)
        if rest or not isinstance(node, yaml.MappingNode):
            _, tree = missing.setdefault(id(node), (node, {}))
            for part in rest:
                tree = tree.setdefault(part, {})
            tree.update(fields)
            continue
        new: dict[str, Any] = {}
        for field, value in fields.items():
            there = _entry(node, field)
            old = _entry(node, (instead or {}).get(field))
            if there is not None:
                splices.append(_over(text, there[1], value))
            elif old is not None:
                splices.append((old[0].start_mark.index, _over(text, old[1], "")[1], f"{field}: {value}"))
            else:
                new[field] = value
        if new:
            _, tree = missing.setdefault(id(node), (node, {}))
            tree.update(new)
    splices += [_added(text, node, tree) for node, tree in missing.values()]
    for start, end, what in sorted(splices, reverse=True):
        text = text[:start] + what + text[end:]
    return text


def scalar(value: object) -> str:
    """A value in YAML's flow style; texts always in quotes, so that no word is taken for something else."""
    if isinstance(value, str):
        return '"' + "".join(map(_character, value)) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(scalar, value))}]"
    if isinstance(value, float):
        text = str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text  # 1e-5 is a word in YAML 1.1
    return str(value)


def _character(one: str) -> str:
    if one in '"\\':
        return "\\" + one
    return one if one.isprintable() else f"\\U{ord(one):08X}"


def _walk(node: Any, path: Path) -> tuple[Any, Path]:
    """The deepest node of the path that is there, and what of the path is left."""
    for n, part in enumerate(path):
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = _entry(node, part)
            if found is None:
                return node, path[n:]
            node = found[1]
        elif _empty(node):
            return node, path[n:]
        else:
            raise ValueError(f"{part!r} has no place in {getattr(node, 'tag', node)!r}")
    return node, ()


def _entry(node: yaml.MappingNode, key: object) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((k, v) for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == key), None)


def _empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _over(text: str, node: yaml.Node, value: str) -> _Splice:
    """In place of a node; the line end that belongs to a block text stays."""
    start, end = node.start_mark.index, _tail(node)
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return (start, end, value if start == 0 or text[start - 1].isspace() else " " + value)


def _tail(node: Any) -> int:
    """Where the node's own text ends; the parser's mark of a block stands after the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _tail(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _added(text: str, node: yaml.Node, tree: dict[str, Any]) -> _Splice:
    """The entries of `tree` at the end of a mapping, in its style."""
    entries = [f"{_key(k)}: {_flow(v)}" for k, v in tree.items()]
    if not isinstance(node, yaml.MappingNode):
        return _over(text, node, "{" + ", ".join(entries) + "}")
    if not node.value:
        at = node.start_mark.index + 1
        return (at, at, ", ".join(entries))
    end = _tail(node.value[-1][1])
    if node.flow_style:
        return (end, end, "".join(f", {entry}" for entry in entries))
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = " " * node.value[0][0].start_mark.column
    if end and text[end - 1] == "\n":  # after a block text, which ends with its line
        return (end, end, "".join(f"{indent}{entry}{newline}" for entry in entries))
    at = text.find("\n", end)
    at = len(text) if at < 0 else at - 1 if text[at - 1] == "\r" else at
    return (at, at, "".join(f"{newline}{indent}{entry}" for entry in entries))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    return str(value)


def _key(name: str) -> str:
    return json.dumps(name) if name in ("off", "on", "no", "yes", "y", "n", "null", "true", "false") else name
