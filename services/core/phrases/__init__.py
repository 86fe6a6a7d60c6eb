"""What the catalogue says, in other languages: the English text, as it stands there, is the key. README.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.core.phrases.book import Book, Phrases
from services.core.phrases.reading import KEPT_FILE, beside, found, keep, kept, read_phrases

__all__ = [
    "KEPT_FILE", "Book", "Phrases", "beside", "found", "keep", "kept", "read_phrases", "said", "shipped",
]  # fmt: skip


@cache
def shipped() -> Phrases:
    """The phrases that come with the shipped station types and incident models, read once."""
    here = Path(__file__).parent
    books: dict[str, Book] = {}
    for folder in sorted(path for path in here.iterdir() if path.is_dir() and not path.name.startswith("_")):
        texts: dict[str, str] = {}
        for file in sorted(folder.glob("*.yaml")):
            texts |= read_phrases(file)
        books[folder.name] = Book(texts)
    return Phrases(books)


def said(text: str, language: str) -> str:
    """`text` in `language` by the shipped phrases; a text that has no phrase is given as it is."""
    return shipped().said(text, language)
