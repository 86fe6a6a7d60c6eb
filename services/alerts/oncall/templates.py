"""Templates of messages: which there are, which places each may have, and what of a utility's own is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.core.yaml_source import read_yaml

#: Of a title with its places empty, and of any other template: what more would leave no room for.
LONGEST_TITLE, LONGEST = 30, 300

#: Languages that come with templates.
SHIPPED = ("en", "zh")

#: Each template, and the places that it may have.
PLACES: Mapping[str, tuple[str, ...]] = {
    "title": ("priority", "site", "what", "mark"),
    "incident": ("incident", "phase", "site"),
    "left": ("what", "time", "at"),
    "left_now": ("what",),
    "alarm": ("name", "station", "value", "limit"),
    "more": ("n",),
    "within": ("time",),
    "overdue": ("time", "late"),
    "step": ("step",),
    "response": ("step",),
    "since": ("time",),
    "told": ("n",),
    "unreached": (),
    "link": ("link",),
    "digest_title": ("standing", "over"),
    "digest_since": ("time",),
    "digest_standing": ("n",),
    "digest_over": ("n",),
    "digest_floods": ("n",),
    "digest_row": ("priority", "site", "what", "from", "paged"),
    "digest_row_over": ("priority", "site", "what", "from", "until", "paged"),
    "digest_flood": ("from", "until", "n", "peak"),
    "digest_more": ("n",),
    "lasts": (),
    "paged": (),
    "none": (),
    "at_least": ("value",),
    "minutes": ("n",),
    "hours": ("h", "n"),
    "whole_hours": ("h",),
    "days": ("d", "h"),
    "named": ("what", "turn"),
}

#: Tables of words, by what they name; `rules` are templates of these places.
TABLES = ("marks", "priorities", "kinds", "phases", "ends", "points", "turns", "rules")
OF_RULES = ("limit", "window", "ratio")

_PLACE = re.compile(r"\{([^{}]*)\}")
_EMPTIED = re.compile(r"\(\s*\)|（\s*）|【\s*】")

Section = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Templates:
    """Of one language. texts: by name.  tables: words by table and by what they name."""

    texts: Mapping[str, str]
    tables: Mapping[str, Mapping[str, str]]

    def fill(self, name: str, /, **values: object) -> str:
        """The template with its places filled, on one line; brackets and joints of what is empty are taken out.

        KeyError for a template or a place that there is not.
        """
        return fill(self.texts[name], values)

    def word(self, table: str, name: str) -> str:
        """What the table calls it; its own name, underscores and capitals apart, where the table has none."""
        return self.tables[table].get(name) or _apart(name)

    def with_own(self, own: Section) -> Templates:
        """These with a utility's own in their places."""
        texts = {**self.texts, **{k: v for k, v in own.items() if isinstance(v, str)}}
        tables = {name: {**words, **_table(own, name)} for name, words in self.tables.items()}
        return Templates(texts, tables)


def fill(template: str, values: Mapping[str, object]) -> str:
    """See Templates.fill."""
    filled = _PLACE.sub(lambda found: str(values[found.group(1)]), template)
    filled = " ".join(_EMPTIED.sub("", filled).split())
    return filled.strip(" :：,，;·")


@cache
def shipped(language: str) -> Templates:
    """The templates of one of SHIPPED."""
    data = read_yaml(Path(__file__).parent / "texts" / f"{language}.yaml").data
    return Templates(
        {name: text for name, text in data.items() if isinstance(text, str)},
        {name: dict(data[name]) for name in TABLES},
    )


def templates_of(language: str, own: Mapping[str, Section]) -> Templates:
    """The templates of a language: the shipped ones with the utility's own; English where there are none."""
    base = shipped(language if language in SHIPPED else "en")
    return base.with_own(own[language]) if language in own else base


def faults(language: str, own: Section) -> Iterator[tuple[tuple[str, ...], object, str]]:
    """(where, value, what would be right) of a utility's own templates in a language."""
    for name, text in own.items():
        if name in TABLES:
            words = text if isinstance(text, Mapping) else None
            if words is None:
                yield (name,), text, "must be a table of words"
                continue
            for key, word in words.items():
                allowed = OF_RULES if name == "rules" else ()
                yield from (((name, str(key)), *fault) for fault in _wrong(word, allowed, LONGEST))
        elif name not in PLACES:
            yield (name,), name, f"must be one of {', '.join((*PLACES, *TABLES))}"
        elif not isinstance(text, str):
            yield (name,), text, "must be a text"
        else:
            longest = LONGEST_TITLE if name == "title" else LONGEST
            yield from (((name,), *fault) for fault in _wrong(text, PLACES[name], longest))
    if language not in SHIPPED:
        missing = [name for name in (*PLACES, *TABLES) if name not in own]
        if missing:
            yield (), ", ".join(missing), f"is missing: {language} comes with no texts, so all of them must be given"


def _wrong(text: object, places: tuple[str, ...], longest: int) -> Iterator[tuple[object, str]]:
    if not isinstance(text, str):
        yield text, "must be a text"
        return
    unknown = [place for place in _PLACE.findall(text) if place not in places]
    if unknown:
        known = ", ".join(f"{{{place}}}" for place in places) or "none"
        yield text, f"has the unknown place {{{unknown[0]}}}; its places are {known}"
    rest = _PLACE.sub("", text)
    if "{" in rest or "}" in rest:
        yield text, "has a brace that opens or closes no place"
    if len(rest) > longest:
        yield text, f"must be at most {longest} characters without its places, and has {len(rest)}"
    if not text.isprintable():
        yield text, "must be printable characters on one line"


def _table(own: Section, name: str) -> Mapping[str, str]:
    found = own.get(name, {})
    return found if isinstance(found, Mapping) else {}


def _apart(name: str) -> str:
    """`PowerLossFlooding`, `power-loss`, `power_lost` as words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ")
    return spaced[:1] + spaced[1:].lower()
