"""Files of phrases: the shipped ones, and a utility's own beside its site file. Everything in them is checked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from services.core.errors import ConfigError, Fault, HeadworksError
from services.core.phrases.book import places_of, takes_words
from services.core.yaml_source import Source, read_yaml

#: Bounds of a file: texts, characters of one.
MOST, LONGEST_TEXT = 10_000, 600

#: Places that take words, in one form: more of them and a form could be tried on a text for long.
MOST_OPEN = 2

#: Where a run leaves the utility's own phrases, in its data folder, for the services beside it.
KEPT_FILE = "phrases.json"

_LANGUAGE = re.compile("[a-z]{2}")

Own = dict[str, dict[str, str]]


def read_phrases(path: Path) -> dict[str, str]:
    """`English: phrase` of a file; ConfigError with file, line, field, value and bound."""
    return _checked(read_yaml(path))


def _checked(source: Source) -> dict[str, str]:
    data = source.data
    if not isinstance(data, dict) or len(data) > MOST:
        raise ConfigError([source.fault((), "", f"must be a mapping of at most {MOST} texts to phrases")])
    faults = [fault for key, phrase in data.items() if (fault := _fault(source, key, phrase)) is not None]
    if faults:
        raise ConfigError(faults)
    return dict(data)


def _fault(source: Source, key: object, phrase: object) -> Fault | None:
    where = (key,) if isinstance(key, str | int) else ()
    if not isinstance(key, str) or not isinstance(phrase, str):
        return source.fault(where, phrase, "must be a text and its phrase")
    for text in (key, phrase):
        if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
            return source.fault(where, text, f"must be 1 to {LONGEST_TEXT} printable characters on one line")
    places = places_of(key)
    if len(set(places)) < len(places):
        return source.fault(where, key, "must name each of its places once")
    if sum(map(takes_words, places)) > MOST_OPEN:
        return source.fault(where, key, f"must have at most {MOST_OPEN} places that take words")
    if set(places_of(phrase)) - set(places):
        return source.fault(where, phrase, f"must have no other places than {', '.join(places) or 'none'}")
    return None


def beside(files: Iterable[Path]) -> Own:
    """The utility's own phrases: those of `sites/name.yaml` are in `sites/zh/name.yaml`, by language."""
    out: Own = {}
    for file in files:
        for path in sorted(file.parent.glob(f"[a-z][a-z]/{file.name}")):
            _take(out, path)
    return out


def found(paths: Iterable[Path]) -> Own:
    """Of folders all files `zh/name.yaml` in them, or of single ones; HeadworksError for a path that has none."""
    out: Own = {}
    for path in paths:
        files = sorted(path.glob("[a-z][a-z]/*.yaml")) if path.is_dir() else [path]
        if not files or not all(_take(out, file) for file in files):
            raise HeadworksError(f"{path} has no phrases: they are in files named after their language, zh/name.yaml")
    return out


def _take(out: Own, path: Path) -> bool:
    language = path.parent.name
    if not (path.is_file() and _LANGUAGE.fullmatch(language)):
        return False
    out.setdefault(language, {}).update(read_phrases(path))
    return True


def keep(own: Own, data: Path) -> None:
    """Leaves them in a data folder for the services beside; OSError when it cannot be written."""
    file = data / KEPT_FILE
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(own, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    os.replace(fresh, file)


def kept(data: Path) -> Own:
    """What `keep` left there; nothing where there is none. HeadworksError for a file that is not one."""
    file = data / KEPT_FILE
    try:
        own = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HeadworksError(
            f"{file} cannot be read ({type(error).__name__}): `headworks run` writes it anew"
        ) from None
    if not isinstance(own, dict) or not all(isinstance(texts, dict) for texts in own.values()):
        raise HeadworksError(f"{file} is not a file of phrases: `headworks run` writes it anew")
    return {str(language): _checked(Source(str(file), texts, {}, {})) for language, texts in own.items()}
