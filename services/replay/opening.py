"""A replay from its files: record, site, and what the event library expects of them."""

from __future__ import annotations

from pathlib import Path

from services.core.catalogue import Site, load_catalogue
from services.core.clock import HOUR
from services.core.errors import Rejected
from services.core.yaml_source import read_yaml
from services.replay.expected import Expected, load_expected
from services.replay.importers import read_record
from services.replay.mapping import load_mapping
from services.replay.prepare import Prepared, prepare


def open_replay(record: Path, site_file: Path, site: str | None = None, *, width: int = HOUR) -> Prepared:
    """The frames of `record` for the site in `site_file` (`site`: which, when the file has several).

    Raises ConfigError when the site's files are wrong, Rejected when the record cannot be taken.
    """
    chosen = _site(site_file, site)
    return prepare(read_record(record), chosen, load_mapping(chosen, site_file), width=width)


def _site(file: Path, name: str | None) -> Site:
    sites = {s.id: s for s in load_catalogue(file).sites}
    if name is None and len(sites) == 1:
        return next(iter(sites.values()))
    if name not in sites:
        raise Rejected("which site", f"{file} has {sorted(sites)}; name one of them")
    return sites[name]


def span(prepared: Prepared) -> tuple[int, int]:
    """First and last time (ns) of the record."""
    return int(prepared.frames[0].times[0]), prepared.frames[-1].through


def expected_for(prepared: Prepared, events: Path) -> Expected | None:
    """What the event library in `events` expects of this site within the record; None: nothing.

    Of several events of the site, the one with most surges in the record. A part of a record has the surges that
    lie in it altogether. Raises ConfigError when an expected.yaml of this site is wrong.
    """
    start, end = span(prepared)
    best: Expected | None = None
    for file in sorted(events.glob("*/expected.yaml")):
        data = read_yaml(file).data
        if not isinstance(data, dict) or data.get("site") != prepared.site.id or "surges" not in data:
            continue  # a simulated night has another kind of expectation
        part = load_expected(file).within(start, end)
        if part is not None and (best is None or len(part.surges) > len(best.surges)):
            best = part
    return best
