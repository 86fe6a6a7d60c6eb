"""Roles, and what each may do. A role may do all that those before it may."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """In order of what they may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


_ORDER = list(Role)

#: The least role for each act. What is not here nobody may do.
NEEDS: dict[str, Role] = {
    "view": Role.VIEWER,
    "acknowledge": Role.OPERATOR,
    "reset": Role.OPERATOR,
    "shelve": Role.OPERATOR,
    "shelve_once": Role.OPERATOR,
    "unshelve": Role.OPERATOR,
    "responsible": Role.OPERATOR,  # for sites: take, hand over, accept
    "take_over": Role.ENGINEER,
    "comment": Role.OPERATOR,
    "step": Role.OPERATOR,  # of an incident's playbook, done or taken back
    "shift_note": Role.OPERATOR,
    "answer": Role.OPERATOR,
    "silence": Role.OPERATOR,
    "silence_critical": Role.ENGINEER,
    "swap": Role.OPERATOR,  # of one's own duty
    "swap_any": Role.ENGINEER,
    "suppress": Role.ENGINEER,
    "unsuppress": Role.ENGINEER,
    "out_of_service": Role.ENGINEER,
    "in_service": Role.ENGINEER,
    "users": Role.ADMINISTRATOR,
    "audit": Role.ADMINISTRATOR,
}


def may(role: Role, act: str) -> bool:
    """Whether `role` may do `act`; an act that is not known is nobody's."""
    needed = NEEDS.get(act)
    return needed is not None and _ORDER.index(role) >= _ORDER.index(needed)
