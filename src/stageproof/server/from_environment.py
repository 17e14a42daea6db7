"""What the environment says of mail, of signing in elsewhere, and of the proxies in front."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}


def mail(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Django's mail settings from STAGEPROOF_SMTP_URL; mail goes nowhere where that is empty.

    `smtp://` speaks TLS after STARTTLS unless `?starttls=0` says otherwise, `smtps://` from the first byte.
    """
    given = environment.get("STAGEPROOF_SMTP_URL", "")
    if not given:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    url = urlsplit(given)
    if url.scheme not in PORTS or not url.hostname:
        raise ValueError("STAGEPROOF_SMTP_URL must look like smtp://user:password@mail.example.com:587")
    plain = parse_qs(url.query).get("starttls") == ["0"]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or PORTS[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_USE_TLS": url.scheme == "smtp" and not plain,
        "EMAIL_TIMEOUT": 15,
        "DEFAULT_FROM_EMAIL": environment.get("STAGEPROOF_MAIL_FROM", f"stageproof@{url.hostname}"),
    }


def sign_in_elsewhere(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The OpenID Connect issuer to sign in with, as allauth takes it; empty where none is set."""
    issuer = environment.get("STAGEPROOF_OIDC_ISSUER", "").rstrip("/")
    if not issuer:
        return {}
    missing = [name for name in ("STAGEPROOF_OIDC_CLIENT_ID", "STAGEPROOF_OIDC_CLIENT_SECRET")
               if not environment.get(name)]  # fmt: skip
    if missing:
        raise ValueError(f"STAGEPROOF_OIDC_ISSUER is set, so {' and '.join(missing)} must be too")
    url = urlsplit(issuer)
    if url.scheme != "https" and url.hostname not in private_hosts(environment):
        raise ValueError("STAGEPROOF_OIDC_ISSUER must be an https address")
    return {
        "openid_connect": {
            "provider_class": "stageproof.web.issuer.Company",
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "company",
                    "name": environment.get("STAGEPROOF_OIDC_NAME", url.hostname),
                    "client_id": environment["STAGEPROOF_OIDC_CLIENT_ID"],
                    "secret": environment["STAGEPROOF_OIDC_CLIENT_SECRET"],
                    "settings": {"server_url": issuer},
                }
            ],
        }
    }


def origin(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Where a form may lead besides here: the issuer's origin, for browsers judge redirects of forms too."""
    url = urlsplit(environment.get("STAGEPROOF_OIDC_ISSUER", ""))
    return [f"{url.scheme}://{url.netloc}"] if url.netloc else []


def private_hosts(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The names of hosts in a network of one's own that may be asked, over http too; none unless they are named."""
    names = environment.get("STAGEPROOF_PRIVATE_HOSTS", "").split(",")
    return frozenset(name.strip().casefold().strip("[]") for name in names if name.strip())


def trusted_proxies(environment: Mapping[str, str] = os.environ) -> int:
    """How many proxies in front are ours, so that what they say of a client's address is believed; none otherwise."""
    given = environment.get("STAGEPROOF_TRUSTED_PROXIES", "0")
    if not given.isdigit() or int(given) > 10:
        raise ValueError("STAGEPROOF_TRUSTED_PROXIES must be a small number, such as 1")
    return int(given)
