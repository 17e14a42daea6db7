"""A session of `requests`, for libraries that fetch with one, behind which is our own `fetch`."""

from __future__ import annotations

from collections.abc import Collection
from http.client import responses
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from stageproof.outgoing.fetch import Unreachable, fetch


class _Guarded(BaseAdapter):  # type: ignore[misc]
    """Sends what a session has prepared, and makes its answer of what came back."""

    def __init__(self, private_hosts: Collection[str]) -> None:
        super().__init__()
        self.private_hosts = private_hosts

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            fetched = fetch(
                request.url or "",
                method=request.method or "GET",
                headers=dict(request.headers),
                body=body,
                private_hosts=self.private_hosts,
            )
        except Unreachable as unreachable:
            raise requests.ConnectionError(str(unreachable)) from None
        if 300 <= fetched.status < 400:
            raise requests.ConnectionError(str(Unreachable()))
        response = requests.Response()
        response.request, response.url, response.status_code = request, request.url or "", fetched.status
        response.reason = fetched.reason or responses.get(fetched.status, "")
        response.headers = CaseInsensitiveDict(fetched.headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw = BytesIO(fetched.body)
        return response

    def close(self) -> None:
        """Nothing is kept open."""


def requests_session(private_hosts: Collection[str]) -> requests.Session:
    """A session that fetches as `fetch` does, and takes nothing from the environment: no proxy, no password."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Guarded(private_hosts))
    return session
