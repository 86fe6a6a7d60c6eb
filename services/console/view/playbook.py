"""An incident's phases and the steps of each, from the site's catalogue: what is known of a kind, and what is not.

A phase's text in the site's file is a list of steps with semicolons between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.console.view.snapshots import IncidentView
from services.core.catalogue.known_incidents import INCIDENTS
from services.core.catalogue.model import Site
from services.core.records import IncidentEvent


@dataclass(frozen=True, slots=True)
class Step:
    """place: which of the phase's steps, from 0."""

    phase: str
    place: int
    text: str


def model_of(kind: str) -> str:
    """The catalogue's name of what events call `kind`: `IntakeCrisis` is `intake-crisis`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind).lower()


def phases(kind: str, reached: Iterable[str], site: Site | None = None) -> list[str]:
    """All phases in their order; of a kind that is not known the playbook's, and then those that were reached."""
    known = INCIDENTS.get(model_of(kind))
    names = list(known.phases) if known is not None else list(_playbook(kind, site))
    names += [name for name in reached if name not in names]
    if "closed" in names:  # however it was reached, it is the end
        names.remove("closed")
        names.append("closed")
    return names


def steps(kind: str, phase: str, site: Site | None, told: str = "") -> list[Step]:
    """The steps of a phase: as they were told when it was entered, or else by the playbook of now.

    What was told goes before: a playbook that is changed in the night must not move ticks to other steps.
    """
    text = told or _playbook(kind, site).get(phase, "")
    return [Step(phase, place, one) for place, one in enumerate(split(text))]


def all_steps(one: IncidentView, begun: Mapping[str, IncidentEvent], site: Site | None) -> list[Step]:
    """Of all phases in their order. begun: by phase the event that entered it, as far as they are known."""
    found: list[Step] = []
    for name in phases(one.kind, (phase.phase for phase in one.phases), site):
        event = begun.get(name)
        told = event.next_step if event is not None else one.next_step if name == one.phase else ""
        found += steps(one.kind, name, site, told)
    return found


def split(text: str) -> Sequence[str]:
    """The single steps of a phase's text."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _playbook(kind: str, site: Site | None) -> dict[str, str]:
    return {} if site is None else site.playbooks.get(model_of(kind), {})
