"""schemathesis over the whole API as every role and as nobody: no answer of 500 and above, and each as described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.console.acting.duties import Duties
from services.console.api.routes import mount
from services.console.door.guard import Guard
from tests.control_room import ROLES, ControlRoom, levels

#: Requests to each address, of each role, that fit the description; and as many that do not.
EXAMPLES = 6

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> ControlRoom:
    """Three alarms stand, and everything can be asked about them."""
    found = ControlRoom(tmp_path_factory.mktemp("plant"), levels(3))
    for _ in range(2):
        found.measure([9.0] * 3)
    return found


@pytest.fixture(scope="module")
def described(plant: ControlRoom) -> Any:
    """The API as it describes itself."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(Guard)
    desk = replace(plant.desk, patience=0.01)
    mount(app, desk, Duties(desk, plant.database), plant.database)
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.fixture
def examples() -> settings:
    """Bounded, and the same every time."""
    return settings(
        max_examples=2 * EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.mark.parametrize("who", ["nobody", *ROLES])
def test_nothing_that_is_sent_breaks_the_api(plant: ControlRoom, described: Any, examples: settings, who: str) -> None:
    headers = {"Authorization": f"Bearer {plant.tokens[who]}"} if who in plant.tokens else {}
    for found in described.get_all_operations():
        operation = found.ok()

        fitting, unlike = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

        @examples
        @given(case=fitting | unlike)
        def asked(case: Any) -> None:
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)

        asked()
