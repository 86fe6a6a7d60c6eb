"""Alertmanager is told of every problem that pages, in its v2 API, so that its own silences and routes apply."""

from __future__ import annotations

from typing import Any

import httpx

from services.alerts.oncall.problems import Problem, Status
from services.core.clock import MINUTE, iso
from services.notify.channels import ChannelError

#: Told again this often (s): Alertmanager takes what it hears nothing of for long as over.
AGAIN = 60.0

_TELLS = (Status.PAGING, Status.ANSWERED, Status.GONE, Status.UNANSWERED)


def alerts_of(problems: list[Problem], now: int) -> list[dict[str, Any]]:
    """The bodies of `POST /api/v2/alerts` at `now` (ns); each ends by itself when it is not told again."""
    return [
        {
            "labels": {
                "alertname": problem.kind or "WaterAlarm",
                "problem": problem.id,
                "site": problem.site,
                "station": problem.place,
                "priority": problem.worst,
            },
            "annotations": {
                "summary": "; ".join(m.text for m in list(problem.members.values())[:5]),
                "phase": problem.phase,
                "response": problem.next_step,
                "status": problem.status,
            },
            "startsAt": iso(now),
            "endsAt": iso(now + 5 * MINUTE),
        }
        for problem in problems
        if problem.status in _TELLS
    ]


def ended(labels: dict[str, str], now: int) -> dict[str, Any]:
    """The body that says that an alert with these labels is over."""
    return {"labels": labels, "startsAt": iso(now - MINUTE), "endsAt": iso(now)}


class Alertmanager:
    """Remembers what it told, so that what is over is said to be."""

    def __init__(self, base: str, client: httpx.AsyncClient) -> None:
        self._url, self._client = base.rstrip("/") + "/api/v2/alerts", client
        self._told: dict[str, dict[str, str]] = {}

    async def tell(self, problems: list[Problem], now: int) -> None:
        """The present problems; ChannelError when they are not taken, and then all is told again next time."""
        present = alerts_of(problems, now)
        labels = {alert["labels"]["problem"]: alert["labels"] for alert in present}
        bodies = present + [ended(old, now) for problem, old in self._told.items() if labels.get(problem) != old]
        if not bodies:
            return
        try:
            answer = await self._client.post(self._url, json=bodies)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError(f"Alertmanager: {type(error).__name__}") from None
        if not answer.is_success:
            raise ChannelError(f"Alertmanager answered {answer.status_code}: {answer.text[:200]}")
        self._told = labels
