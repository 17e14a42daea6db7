"""The log holds no secret, whatever name or shape it comes in."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from django.test import Client

from stageproof.server import logging as log
from stageproof.server.logging import HIDDEN, without_secrets

TOKEN = "stp_R3allySecretTokenTextThatNobodyMayRead"
KEY = "aVeryLongInvitationKey-of_43_letters1234567"


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "Authorization", "cookie", "sessionid", "csrf_token", "api_key", "otp"],
)
def test_what_is_secret_by_name_is_hidden(name: str) -> None:
    assert without_secrets(None, "info", {name: "plain", "event": "x"}) == {name: HIDDEN, "event": "x"}
    nested = without_secrets(None, "info", {"headers": {name: "plain", "accept": "json"}})
    assert nested == {"headers": {name: HIDDEN, "accept": "json"}}


@pytest.mark.parametrize(
    "text",
    [
        f"called with {TOKEN}",
        f"Authorization: Bearer {KEY}",
        f"GET /rehearsal/enter/{KEY}",
        f"postgresql://owner:{KEY}@db.example/stageproof",
        f"/sign-in/forgotten/{KEY}",
    ],
)
def test_what_looks_secret_is_hidden_in_any_text(text: str) -> None:
    event = without_secrets(None, "info", {"event": text, "parts": [text]})
    assert TOKEN not in str(event)
    assert KEY not in str(event)
    assert HIDDEN in event["event"]


def test_what_is_not_secret_stays() -> None:
    event = {"event": "request", "route": "deals/<str:key>", "status": 200, "person": 7, "milliseconds": 1.5}
    assert without_secrets(None, "info", dict(event)) == event


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a server would write."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", stream)
    log.configure()
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.django_db
def test_each_request_is_one_line_with_its_route_and_no_address(lines: io.StringIO) -> None:
    answer = Client().get("/deals/D-77?password=hunter2", headers={"Authorization": f"Bearer {TOKEN}"})
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    (line,) = [each for each in written if each["event"] == "request"]
    assert line["route"] == "deals/<str:key>"
    assert (line["method"], line["status"], line["person"]) == ("GET", answer.status_code, None)
    assert line["request_id"] == answer["X-Request-Id"]
    assert line["milliseconds"] >= 0
    for secret in (TOKEN, "hunter2", "D-77"):
        assert secret not in lines.getvalue()


def test_a_fault_is_logged_with_its_place_and_without_what_it_held(lines: io.StringIO) -> None:
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        logging.getLogger("anything").exception("it broke")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["event"] == "it broke"
    assert "test_logging.py" in line["exception"]
    assert TOKEN not in line["exception"]
    assert HIDDEN in line["exception"]
