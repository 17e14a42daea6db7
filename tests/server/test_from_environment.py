"""What the environment says of mail, signing in elsewhere and proxies."""

from __future__ import annotations

import pytest

from stageproof.server.from_environment import mail, origin, private_hosts, sign_in_elsewhere, trusted_proxies

ISSUER = {
    "STAGEPROOF_OIDC_ISSUER": "https://id.example.com/realm/",
    "STAGEPROOF_OIDC_CLIENT_ID": "stageproof",
    "STAGEPROOF_OIDC_CLIENT_SECRET": "hush",
}


def test_without_a_server_mail_goes_nowhere() -> None:
    assert mail({}) == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://a%40b:p%2Fw@mail.example.com", 587, False, True),
        ("smtp://a%40b:p%2Fw@mail.example.com:25?starttls=0", 25, False, False),
        ("smtps://a%40b:p%2Fw@mail.example.com", 465, True, False),
    ],
)
def test_a_mail_server_is_read_from_its_address(url: str, port: int, ssl: bool, tls: bool) -> None:
    found = mail({"STAGEPROOF_SMTP_URL": url})
    names = (
        "EMAIL_HOST",
        "EMAIL_PORT",
        "EMAIL_HOST_USER",
        "EMAIL_HOST_PASSWORD",
        "EMAIL_USE_SSL",
        "EMAIL_USE_TLS",
    )
    assert tuple(found[name] for name in names) == ("mail.example.com", port, "a@b", "p/w", ssl, tls)


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_what_is_no_mail_server_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="STAGEPROOF_SMTP_URL must look like"):
        mail({"STAGEPROOF_SMTP_URL": url})


def test_an_issuer_is_offered_with_its_origin_for_forms() -> None:
    (app,) = sign_in_elsewhere(ISSUER)["openid_connect"]["APPS"]
    assert (app["name"], app["client_id"], app["secret"]) == ("id.example.com", "stageproof", "hush")
    assert app["settings"] == {"server_url": "https://id.example.com/realm"}
    assert origin(ISSUER) == ["https://id.example.com"]
    assert (sign_in_elsewhere({}), origin({})) == ({}, [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"STAGEPROOF_OIDC_CLIENT_SECRET": ""}, "STAGEPROOF_OIDC_CLIENT_SECRET must be too"),
        ({"STAGEPROOF_OIDC_ISSUER": "http://id.example.com"}, "must be an https address"),
    ],
)
def test_a_half_set_issuer_stops_the_start(change: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sign_in_elsewhere({**ISSUER, **change})


def test_hosts_of_ones_own_network_are_those_that_are_named() -> None:
    assert private_hosts({}) == frozenset()
    named = {"STAGEPROOF_PRIVATE_HOSTS": " ID.lan, localhost,,[::1] "}
    assert private_hosts(named) == {"id.lan", "localhost", "::1"}
    inside = {**ISSUER, "STAGEPROOF_OIDC_ISSUER": "http://id.lan:8080/"}
    with pytest.raises(ValueError, match="must be an https address"):
        sign_in_elsewhere(inside)
    assert sign_in_elsewhere({**inside, **named})["openid_connect"]["APPS"]


@pytest.mark.parametrize("given", ["yes", "-1", "11", ""])
def test_proxies_are_a_small_number(given: str) -> None:
    with pytest.raises(ValueError, match="STAGEPROOF_TRUSTED_PROXIES"):
        trusted_proxies({"STAGEPROOF_TRUSTED_PROXIES": given})


def test_no_proxy_is_trusted_unless_said() -> None:
    assert (trusted_proxies({}), trusted_proxies({"STAGEPROOF_TRUSTED_PROXIES": "2"})) == (0, 2)
