"""One language's phrases: exact texts, forms with numbers and names in them, and sentences made of several of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

#: A longer text is given as it is: nobody's catalogue has one, and a form must not be tried on it.
LONGEST = 1000

#: So deep a sentence may hold sentences.
DEEPEST = 4

#: What may stand in a place of a form, by how its name begins; any other place takes words up to a semicolon.
_PLACES = {
    "n": r"[-−+±≥×]*[0-9][0-9.,]*",
    "at": r"\d\d-\d\d \d\d:\d\d",
    "rest": r".+",
}
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_KIND = re.compile(r"[a-z]+")


def places_of(text: str) -> list[str]:
    """The names of the places in a form, in order; none: it is a plain text."""
    return _PLACE.findall(text)


def takes_words(place: str) -> bool:
    """Whether the place is for words: those for numbers and times are narrow, and cost nothing to try."""
    return _kind(place) not in ("n", "at")


def _kind(place: str) -> str:
    found = _KIND.match(place)
    return found.group() if found else ""


@dataclass(frozen=True, slots=True)
class _Form:
    key: str
    pattern: re.Pattern[str]
    phrase: str


class Book:
    """`texts`: English as the catalogue has it, to how it is said.

    A key with places, as `raised {n} times within {n2} minute`, is a form. `{n…}` takes a number, `{at…}` a time as
    `04-18 21:40`, `{list…}` words with commas between them, `{rest…}` anything, any other name words without a
    semicolon. What stands in a place is looked up in its turn.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self._exact = {key: phrase for key, phrase in texts.items() if not places_of(key)}
        forms = [_Form(key, _compiled(key), phrase) for key, phrase in texts.items() if places_of(key)]
        # What says more of itself goes first: `again: {rest}` before `{list} unknown`.
        self._forms = sorted(forms, key=lambda form: (-len(_PLACE.sub("", form.key)), form.key))
        self._known = lru_cache(maxsize=4096)(self._said)

    def said(self, text: str) -> str:
        """The text in this language; what is not known stands in it as it came."""
        if not text or len(text) > LONGEST:
            return text
        return self._known(text, DEEPEST)

    def knows(self, text: str) -> bool:
        """Whether it has a phrase for the whole of `text`."""
        return text in self._exact or any(form.pattern.fullmatch(text) for form in self._forms)

    def _said(self, text: str, depth: int) -> str:
        if (phrase := self._exact.get(text)) is not None:
            return phrase
        if depth == 0:
            return text
        for form in self._forms:
            if (match := form.pattern.fullmatch(text)) is not None:
                return self._filled(form, match, depth)
        if "; " in text:
            return "；".join(self._said(part, depth - 1) for part in text.split("; "))
        return text

    def _filled(self, form: _Form, match: re.Match[str], depth: int) -> str:
        def place(found: re.Match[str]) -> str:
            name = found.group(1)
            words = match.group(name)
            if _kind(name) == "list":
                return "、".join(self._said(one, depth - 1) for one in words.split(", "))
            return self._said(words, depth - 1)

        return _PLACE.sub(place, form.phrase)


class Phrases:
    """Books by language."""

    def __init__(self, books: Mapping[str, Book]) -> None:
        self.books = dict(books)

    def said(self, text: str, language: str) -> str:
        """`text` in `language`; as it is where there is no book or no phrase, and in English always."""
        book = self.books.get(language)
        return text if book is None else book.said(text)

    def with_own(self, own: Mapping[str, Mapping[str, str]]) -> Phrases:
        """These, and a utility's own texts by language, which go before."""
        if not own:
            return self
        books = dict(self.books)
        for language, texts in own.items():
            known = books.get(language)
            books[language] = Book({**(known.texts if known else {}), **texts})
        return Phrases(books)


def _compiled(key: str) -> re.Pattern[str]:
    out, at = "", 0
    for found in _PLACE.finditer(key):
        taken = _PLACES.get(_kind(found.group(1)), r"[^;]+?")
        out += re.escape(key[at : found.start()]) + f"(?P<{found.group(1)}>{taken})"
        at = found.end()
    return re.compile(out + re.escape(key[at:]), re.DOTALL)
