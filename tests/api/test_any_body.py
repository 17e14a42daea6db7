"""Any JSON at all, sent to every operation: never a fault of ours, always problems in the one shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageproof.api.app import urlpatterns
from stageproof.api.door import Door
from stageproof.records.models import Account, Deal
from tests.actions.conftest import Cast
from tests.api.conftest import Caller

PLACES = [
    (method, str(pattern.pattern), door)
    for pattern in urlpatterns
    if isinstance(door := pattern.callback, Door)
    for method in door.policies
    # These would shut the caller out in the middle.
    if not str(pattern.pattern).startswith(("people/", "me/tokens/"))
]
NAMES = st.sampled_from(
    ["name", "to", "amount", "currency", "close_on", "owner", "account", "custom", "contact", "role", "deals", "changes",
     "reason", "expected_version", "kind", "what", "side", "starts_on", "ends_on", "toml", "rate", "from_on", "text"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(
        ["2026-06-30", "9999-12-31", "0001-01-01", "2026-03-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "EUR", "1e309",
         "won", "lost", "D1", "\x00", "-0", "economic_buyer", "2026-03-01T00:00", "'; --", "{{7*7}}", "=1+1"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
BODIES = st.dictionaries(NAMES, VALUES, max_size=6) | VALUES
TEXTS = st.sampled_from(
    ["1", "0", "D1", "-1", "9" * 30, "x", "%00", "champion", "open_pipeline", "bridge", "\u00fc"]
)


@pytest.mark.parametrize(("method", "route", "door"), PLACES, ids=[f"{each[0]} {each[1]}" for each in PLACES])
def test_nothing_that_is_sent_breaks_anything(
    api: Callable[..., Caller], cast: Cast, acme: Account, deal: Deal, method: str, route: str, door: Door
) -> None:
    role = "ada" if "admin" in next(iter(door.policies.values())) else "olga"
    caller = api(role, "admin")

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(
        body=BODIES,
        place=TEXTS,
        query=st.dictionaries(
            NAMES
            | st.sampled_from(
                ["as_of", "known_at", "cursor", "limit", "by", "period", "sort", "start", "text", "risk"]
            ),
            TEXTS,
            max_size=3,
        ),
    )
    def sent(body: Any, place: str, query: dict[str, str]) -> None:
        path = "/" + "/".join(place if part.startswith("<") else part for part in route.split("/"))
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = caller.send(method, f"{path}?{asked}", json.dumps(body) if method != "GET" else None)
        assert answer.status < 500, answer.body
        if answer.status >= 400:
            assert all(problem["code"] and problem["says"] for problem in answer.body["problems"])

    sent()
