"""Catalogue versions: canonical JSON, content hash, and append-only point indices."""

from __future__ import annotations

import hashlib

from services.core.catalogue.model import Point, Site
from services.core.codec import canonical_json


def to_json(site: Site) -> str:
    """The site as canonical JSON: equal sites give equal text."""
    return canonical_json(site.model_dump(mode="json", exclude_defaults=True))


def from_json(text: str) -> Site:
    """What `to_json` wrote; ValueError (pydantic's) when it is damaged."""
    return Site.model_validate_json(text)


def version_of(text: str) -> str:
    """The content hash of canonical JSON: 16 hex digits of SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep_indices(site: Site, previous: Site | None) -> Site:
    """`site` with every point of `previous` at its old index; points that went are kept, marked removed."""
    if previous is None:
        return site
    new = {p.id: p for p in site.points}
    ordered: list[Point] = []
    for old in previous.points:
        kept = new.pop(old.id, None)
        ordered.append(kept or old.model_copy(update={"removed": True, "rules": ()}))
    ordered += [p for p in site.points if p.id in new]
    return site.model_copy(update={"points": tuple(ordered)})
