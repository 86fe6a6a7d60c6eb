"""The catalogue: sites, stations, points, rules; read from YAML, validated, versioned by content hash."""

from services.core.catalogue.model import Catalogue, Demand, DerivedBy, Gate, Point, Rule, Site, Station
from services.core.catalogue.resolve import load_catalogue
from services.core.catalogue.version import from_json, keep_indices, to_json, version_of

__all__ = [
    "Catalogue",
    "Demand",
    "DerivedBy",
    "Gate",
    "Point",
    "Rule",
    "Site",
    "Station",
    "from_json",
    "keep_indices",
    "load_catalogue",
    "to_json",
    "version_of",
]
