"""Every address of the console and the least role that it answers, as a table.

`python -m tests.unit.console.endpoints` writes it into docs/guide/access.md.
"""

from __future__ import annotations

from pathlib import Path

from services.access.roles import NEEDS, Role

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "access.md"
BEGIN, END = "<!-- endpoints: written by tests/unit/console/endpoints.py -->\n", "<!-- /endpoints -->\n"

#: Needs neither a session nor a token.
EVERYBODY = "everybody"

#: The acts of `POST /api/v1/commands`; each needs the role that roles.NEEDS names.
COMMANDS = (
    "acknowledge", "reset", "shelve", "shelve_once", "unshelve", "suppress", "unsuppress", "out_of_service",
    "in_service",
)  # fmt: skip

VIEWER, ADMINISTRATOR = Role.VIEWER.value, Role.ADMINISTRATOR.value

#: Method and path as the application has them, and the least role.
ENDPOINTS: dict[tuple[str, str], str] = {
    ("GET", "/sign-in"): EVERYBODY,
    ("POST", "/sign-in"): EVERYBODY,
    ("POST", "/sign-out"): EVERYBODY,
    ("GET", "/language/{code}"): EVERYBODY,
    ("GET", "/p/{token}"): EVERYBODY,  # what the link's own signature allows
    ("POST", "/p/{token}"): EVERYBODY,
    ("GET", "/"): VIEWER,
    ("GET", "/alarms"): VIEWER,
    ("GET", "/alarms/one"): VIEWER,
    ("GET", "/oncall"): VIEWER,
    ("GET", "/work"): VIEWER,
    ("GET", "/incidents"): VIEWER,
    ("GET", "/handover"): VIEWER,
    ("GET", "/account"): VIEWER,
    ("POST", "/account/password"): VIEWER,
    ("POST", "/account/sessions"): VIEWER,
    ("GET", "/users"): ADMINISTRATOR,
    ("POST", "/users"): ADMINISTRATOR,
    ("POST", "/users/{name}"): ADMINISTRATOR,
    ("GET", "/audit"): ADMINISTRATOR,
    ("GET", "/api/openapi.json"): EVERYBODY,
    ("GET", "/api/v1/me"): VIEWER,
    ("GET", "/api/v1/status"): VIEWER,
    ("GET", "/api/v1/sites"): VIEWER,
    ("GET", "/api/v1/alarms"): VIEWER,
    ("GET", "/api/v1/alarms/{occurrence:path}"): VIEWER,
    ("GET", "/api/v1/comments"): VIEWER,
    ("POST", "/api/v1/comments"): NEEDS["comment"].value,
    ("GET", "/api/v1/history"): VIEWER,
    ("GET", "/api/v1/incidents"): VIEWER,
    ("GET", "/api/v1/incidents/{incident:path}"): VIEWER,
    ("POST", "/api/v1/incidents/{incident:path}/steps"): NEEDS["step"].value,
    ("GET", "/api/v1/handover"): VIEWER,
    ("POST", "/api/v1/handover/notes"): NEEDS["shift_note"].value,
    ("GET", "/api/v1/audit"): ADMINISTRATOR,
    ("GET", "/api/v1/problems"): VIEWER,
    ("POST", "/api/v1/problems/{problem:path}/answer"): NEEDS["answer"].value,
    ("GET", "/api/v1/silences"): VIEWER,
    ("POST", "/api/v1/silences"): NEEDS["silence"].value,  # of criticals: an engineer
    ("DELETE", "/api/v1/silences/{silence}"): NEEDS["silence"].value,
    ("GET", "/api/v1/oncall"): VIEWER,
    ("GET", "/api/v1/swaps"): VIEWER,
    ("POST", "/api/v1/swaps"): NEEDS["swap"].value,  # of others: an engineer
    ("POST", "/api/v1/swaps/{number}/withdraw"): NEEDS["swap"].value,
    ("GET", "/api/v1/areas"): VIEWER,
    ("POST", "/api/v1/areas/take"): NEEDS["responsible"].value,
    ("POST", "/api/v1/areas/take-over"): NEEDS["take_over"].value,
    ("GET", "/api/v1/offers"): VIEWER,
    ("POST", "/api/v1/offers"): NEEDS["responsible"].value,
    ("POST", "/api/v1/offers/{number}/accept"): NEEDS["responsible"].value,
    ("POST", "/api/v1/offers/{number}/end"): NEEDS["responsible"].value,
    ("GET", "/api/v1/work"): VIEWER,
    ("POST", "/api/v1/work"): NEEDS["suppress"].value,
    ("POST", "/api/v1/work/{number}/extend"): NEEDS["suppress"].value,
    ("POST", "/api/v1/work/{number}/end"): NEEDS["suppress"].value,
    **{("POST", f"/api/v1/commands {act}"): NEEDS[act].value for act in COMMANDS},
}

#: What the pages are made from, the same for everybody, and the socket of a page that was opened before.
ASSETS = ("/_nicegui",)

#: Answers 404 or 405 to everybody.
NOWHERE = "/api/{rest:path}"


def table() -> str:
    """As the guide shows it."""
    head = ["| request | least role |", "|---|---|"]
    return "\n".join([*head, *(f"| `{method} {path}` | {role} |" for (method, path), role in ENDPOINTS.items())]) + "\n"


def written(text: str) -> str:
    """The guide with the table in its place. ValueError when the place is not there."""
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:before] + table() + text[after:]


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text()))
