"""Which parameter of a record feeds which point of a site.

By default a point takes the parameter of its name (turbidity 63680, discharge 00060, …). A file
`records/SITE.yaml` beside the site's file says more: the source's station number, other names, and
which of several time series is meant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.core.catalogue import Site
from services.core.catalogue.model import Strict
from services.core.errors import ConfigError, Fault
from services.core.yaml_source import read_yaml, validate
from services.replay.units import PARAMETERS


class PointRecord(Strict):
    """What feeds a point: a parameter code, and a series' id when there are several."""

    code: Annotated[str, Field(pattern=r"^\d{5}$")]
    series: str | None = None


class Mapping(Strict):
    """`number`: the source's station (None: the only one in the file).

    `points`: by `station/point`.
    """

    number: str | None = None
    points: dict[str, PointRecord] = {}


def default_mapping(site: Site) -> Mapping:
    """Points by their names; of two points of one name neither, because that would be a guess."""
    points = {}
    for code, parameter in PARAMETERS.items():
        found = [p.id for p in site.points if p.name == parameter.point and not p.removed]
        if len(found) == 1:
            points[found[0]] = PointRecord(code=code)
    return Mapping(points=points)


def load_mapping(site: Site, site_file: Path) -> Mapping:
    """The default mapping with what `records/SITE.yaml` beside `site_file` says, if it is there.

    Raises ConfigError when that file is wrong or names a point that the site does not have.
    """
    base = default_mapping(site)
    path = site_file.parent / "records" / f"{site.id}.yaml"
    if not path.exists():
        return base
    source = read_yaml(path)
    given = validate(Mapping, source)
    faults: list[Fault] = [
        source.fault(("points", name), name, f"must be a point of site {site.id!r}")
        for name in given.points
        if name not in site.point_index
    ]
    if faults:
        raise ConfigError(faults)
    return Mapping(number=given.number, points=base.points | given.points)
