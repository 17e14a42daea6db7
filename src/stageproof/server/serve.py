"""The server: Waitress on one socket, in one process or several."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stageproof.engine.problem import Problem, Refused

THREADS = 8
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_GRACE = 10.0


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; refused with a sentence where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        says = f"Nothing can listen at {host}, port {port}: {reason}."
        remedy = "Choose another with --port, or end what is running there."
        raise Refused([Problem("cannot_listen", says, remedy, value=str(port))]) from None
    return listener


def address(listener: socket.socket, host: str) -> str:
    """The address to open in a browser."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def run(listener: socket.socket, *, workers: int = 1, threads: int = THREADS) -> int:
    """Serves until told to stop; the exit code."""
    if workers == 1:
        _stop_by(_interrupted)
        return work(listener, threads=threads)
    if not hasattr(os, "fork"):
        says = "Several workers need a Unix system."
        raise Refused([Problem("workers_unsupported", says, "Leave out --workers.", value=str(workers))])
    return _supervise(listener, workers, threads)


def work(listener: socket.socket, *, threads: int) -> int:
    """Answers requests in this process until interrupted."""
    import waitress
    from django.conf import settings

    from stageproof.server import warming
    from stageproof.server.wsgi import application

    warming.begin()
    # What proxies say of a client is believed only where they were said to be ours.
    trust: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        trust = {
            "trusted_proxy": "*",
            "trusted_proxy_headers": {"x-forwarded-proto"},
            "clear_untrusted_proxy_headers": False,
        }

    with suppress(KeyboardInterrupt):
        waitress.serve(
            application,
            sockets=[listener],
            threads=threads,
            ident=None,
            # A request that is larger than any of ours is refused before it is read.
            max_request_body_size=512 * 1024 * 1024,
            channel_timeout=60,
            **trust,
            _quiet=True,
        )
    return 0


def _supervise(listener: socket.socket, workers: int, threads: int) -> int:
    """Keeps so many processes at work on the socket, and ends them when told to stop."""
    _stop_by(_interrupted)
    handle = listener.fileno()
    command = [sys.executable, "-m", "stageproof.server.worker", str(handle), str(threads)]
    running: list[subprocess.Popen[bytes]] = []
    try:
        while True:
            running = [each for each in running if each.poll() is None]
            while len(running) < workers:
                running.append(subprocess.Popen(command, pass_fds=(handle,)))
            time.sleep(1)
    except KeyboardInterrupt:
        for each in running:
            each.terminate()
        until = time.monotonic() + _GRACE
        for each in running:
            try:
                each.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                each.kill()
    return 0


def _stop_by(handler: Callable[..., None]) -> None:
    """Being asked to stop by the system is the same as by the keyboard."""
    signal.signal(signal.SIGTERM, handler)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
