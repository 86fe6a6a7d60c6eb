"""While the console waits every address says so, and why, with nothing of the reason taken for markup."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from services.console.waiting import waiting


@pytest.mark.parametrize("path", ["/", "/alarms", "/api/v1/status", "/sign-in?next=%2F"])
def test_every_address_says_that_it_waits_and_why(path: str) -> None:
    answer = TestClient(waiting(lambda: "Kafka at <there> cannot be reached")).get(path)
    assert answer.status_code == 503
    assert "Kafka at &lt;there&gt; cannot be reached" in answer.text
    assert "正在启动" in answer.text
    assert answer.headers["refresh"] == "3"
