"""Fetch: one request to another server, whose address is looked up once, checked, and then used.

Between the check and the connection nothing is looked up again, so that a name cannot change its mind; a redirect is
an answer like any other. Whatever fails, fails with the same words: they say nothing of the network behind.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from stageproof.outgoing.addresses import Address, is_private, is_public, read_address

SECONDS = 10.0
"""How long a request may take in all, from looking up the name to the last byte."""
MOST_BYTES = 1024 * 1024
PORTS = {"https": 443, "http": 80}
_BLOCK = 64 * 1024
_SAYS = "The address cannot be fetched: it does not answer as it should, or is not on the open internet."


class Unreachable(Exception):
    """There is no answer to be had from this address; why is not said."""

    def __init__(self) -> None:
        super().__init__(_SAYS)


@dataclass(frozen=True)
class Fetched:
    """An answer in full."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]]
    body: bytes


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    private_hosts: Collection[str] = (),
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
    trust: ssl.SSLContext | None = None,
) -> Fetched:
    """The answer of the server at this https address; Unreachable where there is none to be had.

    `private_hosts` are the names, in lower case, that may stand in a network of one's own; these may speak http too.
    `trust` takes the place of the authorities that the system trusts.
    """
    until = time.monotonic() + seconds
    try:
        parts, host, port = _address(url, private_hosts)
        addresses = _looked_up(host, port, until)
        if not all(is_public(each) or (host in private_hosts and is_private(each)) for each in addresses):
            raise Unreachable
        with _connected(addresses, port, until) as (wire, late):
            if parts.scheme == "https":
                wire = (trust or ssl.create_default_context()).wrap_socket(wire, server_hostname=host)
            fetched = _answer(wire, method, parts, host, headers or {}, body, most_bytes)
            if late():
                raise Unreachable
            return fetched
    except (OSError, http.client.HTTPException, ValueError, UnicodeError):
        raise Unreachable from None


def _address(url: str, private_hosts: Collection[str]) -> tuple[SplitResult, str, int]:
    """The parts of a web address, its host as it is looked up, and its port."""
    if any(not letter.isprintable() or letter.isspace() for letter in url) or "\\" in url:
        raise Unreachable
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in PORTS or not host or "@" in parts.netloc or "%" in parts.netloc:
        raise Unreachable
    # Letters and digits in other dress become those that the resolver would make of them.
    host = host if ":" in host else host.encode("idna").decode()
    if parts.scheme == "http" and host not in private_hosts:
        raise Unreachable
    return parts, host, parts.port or PORTS[parts.scheme]


def _looked_up(host: str, port: int, until: float) -> list[Address]:
    """Every address of the host, looked up once; a resolver that does not answer is not waited for."""
    found: Future[list[Address]] = Future()

    def look() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result([read_address(str(row[4][0])) for row in rows])
        except (OSError, ValueError) as error:
            found.set_exception(error)

    threading.Thread(target=look, daemon=True).start()
    addresses = found.result(timeout=max(until - time.monotonic(), 0.01))
    if not addresses:
        raise Unreachable
    return list(dict.fromkeys(addresses))


@contextmanager
def _connected(
    addresses: Sequence[Address], port: int, until: float
) -> Iterator[tuple[socket.socket, Callable[[], bool]]]:
    """A connection to the first of the addresses that answers, cut when the time is over, and whether it was."""
    wire = _connect(addresses, port, until)
    over = threading.Event()
    # A copy of the wire, for the one that is handed out may become part of another.
    cut = wire.dup()

    def end() -> None:
        over.set()
        with cut, suppress(OSError):
            cut.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(until - time.monotonic(), 0), end)
    timer.daemon = True
    timer.start()
    try:
        yield wire, over.is_set
    finally:
        timer.cancel()
        wire.close()
        if not over.is_set():
            cut.close()


def _connect(addresses: Sequence[Address], port: int, until: float) -> socket.socket:
    for address in addresses:
        left = until - time.monotonic()
        if left <= 0:
            break
        wire = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            wire.settimeout(left)
            wire.connect((str(address), port))
        except OSError:
            wire.close()
            continue
        return wire
    raise Unreachable


def _answer(
    wire: socket.socket,
    method: str,
    parts: SplitResult,
    host: str,
    headers: Mapping[str, str],
    body: bytes | None,
    most: int,
) -> Fetched:
    connection = http.client.HTTPConnection(host)
    connection.sock = wire
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    # An answer that is packed could be larger than it looks.
    ours = {"Host": named, "Connection": "close", "Accept-Encoding": "identity"}
    given = {name: value for name, value in headers.items() if name.title() not in ours}
    try:
        connection.request(method, path, body, {**given, **ours})
        response = connection.getresponse()
        read = response.read(most + 1)
        if len(read) > most or response.getheader("Content-Encoding", "identity") != "identity":
            raise Unreachable
        expected = response.getheader("Content-Length")
        if expected is not None and method != "HEAD" and len(read) != int(expected):
            raise Unreachable
        return Fetched(response.status, response.reason, response.getheaders(), read)
    finally:
        connection.close()
