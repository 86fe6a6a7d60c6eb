"""How a site asks for an incident: by its name alone, or with points of its own in the incident's roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
#: `station/point`, where a role that takes several points may have `*`.
_Place = Annotated[str, Field(pattern=r"^[a-z0-9*][a-z0-9_\-*]{0,63}/[a-z*][a-z0-9_*]{0,63}$")]


class OtherSource(BaseModel):
    """Another source of the same supply, which has a log of its own: what it can give, and how soon.

    capacity: m3/h of finished water.  start_minutes: from the order to full output.  available: False when it is not
    yet in service; then it is only told what it would bring.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    capacity: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    start_minutes: Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)]
    available: bool = True


class IncidentUse(BaseModel):
    """An incident that a site wants diagnosed.

    roles: the site's points for the model's roles; those left out have the model's own names.  parameters: numbers of
    the model, by name; those left out have the model's defaults.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")]
    roles: dict[_Name, _Place] = {}
    parameters: dict[_Name, _Finite] = {}
    other_sources: tuple[OtherSource, ...] = Field(default=(), max_length=10)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, data: object) -> object:
        return {"model": data} if isinstance(data, str) else data

    @model_serializer(mode="wrap")
    def _plain(self, handler: Callable[[IncidentUse], dict[str, Any]]) -> str | dict[str, Any]:
        """A name alone stays a name: versions of sites that say no more stay what they were."""
        if not (self.roles or self.parameters or self.other_sources):
            return self.model
        return {name: value for name, value in handler(self).items() if value or name == "model"}
