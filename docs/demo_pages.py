"""The demo company's pages on the day after its story, on a clock that stands still, for pictures."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

DAY_AFTER = dt.datetime(2026, 1, 1, 9, 0, tzinfo=dt.UTC)
"""So that the story is told on its own days: its last one is yesterday."""


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def demo_pages(folder: Path, role: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of the pages, and the cookie by which someone of this role is signed in."""
    # The browser's driver keeps a loop running in this thread, and Django takes that for a view that must not wait.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ.pop("DATABASE_URL", None)
    from stageproof.server import home, logging

    folder.mkdir(parents=True)
    home.enter(folder)
    home.prepare()
    home.collect_static()
    logging.configure("ERROR")
    from django.test import Client
    from django.utils import timezone

    from stageproof.actions.load_demo import load_demo

    timezone.now = lambda: DAY_AFTER
    person = load_demo(now=DAY_AFTER, password="not-for-signing-in").people[role]  # noqa: S106
    client = Client()
    client.force_login(person)
    from stageproof.server.wsgi import application

    server = make_server("127.0.0.1", 0, application, _Threaded, _Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    cookie = client.cookies["sessionid"].value
    yield address, {"name": "sessionid", "value": cookie, "url": address}
    server.shutdown()
