"""What is asked of other servers never leads back here: no address in any dress, no name that changes its mind."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from stageproof.outgoing import Fetched, Unreachable, fetch
from stageproof.outgoing.addresses import is_private, is_public, read_address
from stageproof.outgoing.requests_session import requests_session
from tests.security.loopback import Answer, Asked, Loopback, certified, serving

PUBLIC = "93.184.216.34"
INWARD = [
    # Loopback, plainly and in the dresses that resolvers take off.
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0177.1", "0x7f.0.0.1", "0x7f000001", "0x7F.1", "2130706433",
    "017700000001", "00000177.0.0.1", "127.255.255.254", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.",
    "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]",
    # The same inside IPv6.
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]",
    "[2001:0:7f00:1::]", "[2001::f7ff:fffe]", "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:10.0.0.1]",
    # Nobody in particular, and private networks.
    "0.0.0.0", "0", "0.1.2.3", "[::]", "10.0.0.1", "10.255.255.255", "012.0.0.1", "0xa.1", "167772161", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.257", "3232235521", "100.64.0.1", "100.127.255.255", "[fc00::1]",
    "[fd12:3456:789a::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.1.1]", "[2002:c0a8:101::1]",
    # Where machines are told their secrets.
    "169.254.169.254", "0251.0376.0251.0376", "0xa9fea9fe", "2852039166", "169.254.170.2", "[fd00:ec2::254]",
    "[fd20:ce::254]", "[fe80::1]", "[fe80::a9fe:a9fe]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]", "100.100.100.200", "168.63.129.16",
    # Reserved, shown in books, spoken to many at once.
    "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]", "[fec0::1]", "[2001:db8::1]",
    "[2001:20::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[4000::1]",
]  # fmt: skip
MALFORMED = [
    "http://93.184.216.34/", "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/",
    "https://", "https:///path", "https://@127.0.0.1/", "https://93.184.216.34@127.0.0.1/", "https://a:b@example.com/",
    "https://127.0.0.1\\@93.184.216.34/", "https://93.184.216.34\t/", "https://93.184.216.34/\r\nHost: x",
    "https://[fe80::1%25eth0]/", "https://127.0.0.1%00.example.com/", "https://exa mple.com/", "https://example.com:99999/",
    "https://example.com:x/", "https://[::1/", "https://.../", "", "127.0.0.1", "https://a..b/", "javascript:alert(1)",
]  # fmt: skip


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection that is tried; none is made."""
    tried: list[Any] = []

    def refuse(_wire: socket.socket, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


def words_of(url: str, **more: Any) -> str:
    with pytest.raises(Unreachable) as caught:
        fetch(url, **more)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_there_are_enough_forms() -> None:
    assert len(set(INWARD)) == len(INWARD) >= 60


@pytest.mark.parametrize("host", INWARD)
def test_no_form_of_an_inward_address_is_connected_to(host: str, connections: list[Any]) -> None:
    for url in (f"https://{host}/", f"https://{host}:8443/x?y=z", f"http://{host}/"):
        assert words_of(url) == str(Unreachable())
    with pytest.raises(requests.RequestException):
        requests_session(()).get(f"https://{host}/")
    assert connections == []


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_web_address_is_not_looked_up(
    url: str, connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: looked.append(given) or [])
    assert words_of(url) == str(Unreachable())
    assert (connections, [each for each in looked if each[0] not in ("a..b",)]) == ([], [])


def test_nothing_tells_a_shut_door_from_one_that_is_not_there(
    connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    inward = words_of("https://10.0.0.1/")
    refused = words_of(f"https://{PUBLIC}/")
    assert connections == [(PUBLIC, 443)]

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert inward == refused == words_of("https://nowhere.example/")


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1", "8.8.8.8", PUBLIC, "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "169.253.255.255", "223.255.255.255", "2606:4700::1111",
        "2a00:1450:4001::200e", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8",
    ],
)  # fmt: skip
def test_addresses_of_the_open_internet_are_that(text: str) -> None:
    assert is_public(read_address(text))
    assert not is_private(read_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_in_every_dress(address: Any) -> None:
    number = int(address)
    for dressed in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_public(read_address(str(type(read_address("::"))(dressed)))) == is_public(address)
    # Python's own table may know fewer, never more.
    assert not is_public(address) or address.is_global
    assert not (is_public(address) and is_private(address))


@given(st.ip_addresses(v=6))
def test_only_the_part_of_ipv6_that_is_given_out_is_public(address: Any) -> None:
    if is_public(address) and not any(str(address).startswith(each) for each in ("64:ff9b:", "::ffff:")):
        assert int(address) >> 125 == 1


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """A server that stands for one on the open internet, under a name that the tests look up."""
    server, trust = certified(tmp_path, "other.example", PUBLIC)
    made = Outside(trust)
    with serving(made.answer, server) as running:
        made.running = running
        connect = socket.socket.connect

        def leads_there(wire: socket.socket, address: Any) -> None:
            made.connected.append(address[0])
            connect(wire, ("127.0.0.1", running.port) if address[0] == PUBLIC else address)

        def look_up(host: str, port: int, **_: Any) -> list[Any]:
            made.looked_up.append(host)
            found = made.names.pop(0) if len(made.names) > 1 else made.names[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket.socket, "connect", leads_there)
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        yield made


class Outside:
    """The server, the answers of the names' keeper one after the other, and what came of it."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self.trust = trust
        self.names: list[list[str]] = [[PUBLIC]]
        self.connected: list[str] = []
        self.looked_up: list[str] = []
        self.running = Loopback(0)
        self.gives: Any = (200, {"Content-Type": "text/plain"}, b"hello")

    def answer(self, _asked: Asked) -> Answer:
        return self.gives  # type: ignore[no-any-return]

    def fetch(self, url: str = "https://other.example/a?b=c", **more: Any) -> Fetched:
        return fetch(url, trust=self.trust, **more)

    def refuses(self, **more: Any) -> None:
        assert words_of("https://other.example/", trust=self.trust, **more) == str(Unreachable())


def test_an_answer_comes_back_whole(outside: Outside) -> None:
    got = outside.fetch(method="POST", headers={"X-One": "1", "Host": "evil.example"}, body=b"said")
    assert (got.status, got.body, dict(got.headers)["Content-Type"]) == (200, b"hello", "text/plain")
    (asked,) = outside.running.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/a?b=c", b"said")
    assert (asked.headers["Host"], asked.headers["X-One"]) == ("other.example", "1")
    assert (outside.looked_up, outside.connected) == (["other.example"], [PUBLIC])


def test_a_name_is_looked_up_once_and_cannot_change_its_mind(outside: Outside) -> None:
    outside.names = [[PUBLIC], ["127.0.0.1"]]
    assert outside.fetch().body == b"hello"
    assert (outside.looked_up, outside.connected) == (["other.example"], [PUBLIC])
    # By now it leads inward, and the next request sees that.
    outside.refuses()
    assert outside.connected == [PUBLIC]


@pytest.mark.parametrize("inward", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0"])
def test_one_inward_address_among_others_is_enough(outside: Outside, inward: str) -> None:
    for found in ([PUBLIC, inward], [inward, PUBLIC]):
        outside.names = [found]
        outside.refuses()
    assert outside.connected == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["https://127.0.0.1/", "http://169.254.169.254/latest/", "/elsewhere", "//10.0.0.1"]
)
def test_a_redirect_is_not_followed(outside: Outside, status: int, place: str) -> None:
    outside.gives = (status, {"Location": place}, b"")
    assert outside.fetch().status == status
    assert len(outside.running.asked) == 1
    assert outside.connected == [PUBLIC]


def test_libraries_are_told_that_a_redirect_is_no_answer() -> None:
    with (
        serving(lambda _: (302, {"Location": "http://127.0.0.1:1/"}, b"")) as running,
        pytest.raises(requests.ConnectionError, match=str(Unreachable())),
    ):
        requests_session({"127.0.0.1"}).get(f"http://127.0.0.1:{running.port}/")
    assert len(running.asked) == 1


def test_more_than_is_wanted_is_refused(outside: Outside) -> None:
    outside.gives = (200, {}, b"x" * 1001)
    assert len(outside.fetch(most_bytes=1001).body) == 1001
    outside.refuses(most_bytes=1000)


def test_what_is_packed_or_cut_short_is_refused(outside: Outside) -> None:
    outside.gives = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    outside.refuses()
    outside.gives = (200, {"Content-Length": "50"}, b"short")
    outside.refuses(seconds=1)


def test_a_server_that_drips_is_cut_off(outside: Outside) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            try:
                handler.wfile.write(b"X-%d: 1\r\n" % number)
            except OSError:
                return
            time.sleep(0.05)

    outside.gives = drip
    begun = time.monotonic()
    outside.refuses(seconds=0.5)
    # All that it drips would take five seconds.
    assert 0.4 < time.monotonic() - begun < 4.5


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(8) or [])
    begun = time.monotonic()
    assert words_of("https://other.example/", seconds=0.3) == str(Unreachable())
    assert time.monotonic() - begun < 7


def test_another_ones_certificate_is_refused(outside: Outside) -> None:
    assert words_of("https://another.example/", trust=outside.trust) == str(Unreachable())
    assert words_of("https://other.example/") == str(Unreachable())
    assert outside.running.asked == []


def test_a_host_that_the_operator_names_may_stand_inside(connections: list[Any]) -> None:
    with serving(lambda _: (200, {}, b"inside")) as running:
        here = f"http://localhost:{running.port}/"
        assert words_of(here) == str(Unreachable())
        assert words_of(here, private_hosts={"127.0.0.1"}) == str(Unreachable())
        assert connections == []
        # Only now is it let through to the wire, where the fixture stops it.
        words_of(here, private_hosts={"localhost"})
        assert ("127.0.0.1", running.port) in connections


def test_no_name_makes_the_place_of_secrets_one_of_ours(connections: list[Any]) -> None:
    for host in ("169.254.169.254", "fe80::1", "0.0.0.0", "fd00:ec2::254", "224.0.0.1", "100.100.100.200"):
        url = f"http://[{host}]/" if ":" in host else f"http://{host}/"
        assert words_of(url, private_hosts={host}) == str(Unreachable())
    assert connections == []


def test_a_session_of_requests_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("NO_PROXY", "")
    with serving(lambda _: (200, {"Content-Type": "application/json"}, b'{"a": 1}')) as running:
        session = requests_session({"localhost"})
        answer = session.post(f"http://localhost:{running.port}/x", data={"b": "c"})
        assert (answer.json(), answer.status_code, answer.ok) == ({"a": 1}, 200, True)
    assert running.asked[0].body == b"b=c"
