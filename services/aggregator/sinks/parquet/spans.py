"""Spans of offsets: what is covered, what is left open. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Offsets from `first` to `last`, both of them within."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many offsets."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same offsets as few spans, in order, none touching the next."""
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.first <= whole[-1].last + 1:
            whole[-1] = Span(whole[-1].first, max(whole[-1].last, span.last))
        else:
            whole.append(span)
    return whole


def holes(covered: Sequence[Span]) -> list[Span]:
    """What lies open from offset 0 to the end of `covered`, which is merged."""
    found, at = [], 0
    for span in covered:
        if span.first > at:
            found.append(Span(at, span.first - 1))
        at = span.last + 1
    return found


def without(spans: Iterable[Span], covered: Sequence[Span]) -> list[Span]:
    """The offsets of `spans` that are not in `covered`, which is merged; in order, merged."""
    left = []
    for span in merged(spans):
        at = span.first
        for other in covered:
            if other.last < at or other.first > span.last:
                continue
            if other.first > at:
                left.append(Span(at, other.first - 1))
            at = other.last + 1
        if at <= span.last:
            left.append(Span(at, span.last))
    return left


def first_overlap(spans: Iterable[Span]) -> tuple[Span, int] | None:
    """A span that another covers from its beginning, and the first of its offsets that none does.

    That offset lies beyond the span when it is covered whole. None when no two overlap.
    """
    at = 0
    for span in sorted(set(spans), key=lambda one: (one.first, -one.last)):
        if span.first < at:
            return span, min(at, span.last + 1)
        at = span.last + 1
    return None
