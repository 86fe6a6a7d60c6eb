"""Parameters of river records and the conversion of their units, in one table.

Factors are exact: the international foot is 0.3048 m (NIST SP 811, appendix B), so a cubic foot is
0.028316846592 m3.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.core.errors import Rejected


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter code means: the point that it feeds unless the site says otherwise, its unit."""

    point: str
    unit: str


#: By USGS parameter code (https://help.waterdata.usgs.gov/codes-and-parameters/parameters).
PARAMETERS = {
    "63680": Parameter("turbidity", "FNU"),
    "00060": Parameter("discharge", "ft3/s"),
    "00065": Parameter("stage", "ft"),
    "00010": Parameter("water_temperature", "°C"),
    "00095": Parameter("conductance", "µS/cm"),
    "00300": Parameter("oxygen", "mg/L"),
    "00400": Parameter("ph", ""),
}

_CUBIC_FOOT = 0.028316846592
_FOOT = 0.3048

#: value in `to` = value in `from` × factor.
FACTORS = {
    ("ft3/s", "m3/s"): _CUBIC_FOOT,
    ("ft3/s", "m3/h"): _CUBIC_FOOT * 3600,
    ("ft3/s", "L/s"): _CUBIC_FOOT * 1000,
    ("ft", "m"): _FOOT,
    ("ft", "cm"): _FOOT * 100,
    ("m", "cm"): 100.0,
}

#: How the sources write a unit, folded to lower case, and how we write it.
_WRITTEN = {
    "ft3/s": "ft3/s", "ft^3/s": "ft3/s", "cfs": "ft3/s",
    "ft": "ft", "m": "m", "m3/s": "m3/s",
    "fnu": "FNU", "_fnu": "FNU", "ntu": "NTU",
    "deg c": "°C", "degc": "°C", "°c": "°C", "deg f": "°F",
    "us/cm": "µS/cm", "us/cm @25c": "µS/cm", "µs/cm @25c": "µS/cm", "µs/cm": "µS/cm",
    "mg/l": "mg/L",
    "std units": "", "ph": "", "standard units": "",
}  # fmt: skip


def source_unit(code: str, written: str) -> str:
    """The unit of a series: as the file writes it, else by code; Rejected when neither tells."""
    if written:
        unit = _WRITTEN.get(written.strip().lower())
        if unit is None:
            raise Rejected("unknown unit", f"{written!r} of parameter {code}")
        return unit
    if code not in PARAMETERS:
        raise Rejected("unknown unit", f"parameter {code} has no unit in the file, nor one we know")
    return PARAMETERS[code].unit


def factor(source: str, target: str) -> float:
    """What to multiply by; Rejected when the two cannot be converted."""
    if source == target:
        return 1.0
    if (source, target) not in FACTORS:
        raise Rejected("unit", f"{source!r} cannot be converted to {target!r}")
    return FACTORS[source, target]
