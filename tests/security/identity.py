"""An identity provider on this machine, with all that OpenID Connect asks of one.

Everything that it says can be spoiled by a test, as one that is wrong, old or hostile would say it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.security.loopback import Answer, Asked, Loopback, serving

CLIENT, SECRET = "stageproof-at-northwind", "the-client-secret-that-nobody-may-read"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JSON = {"Content-Type": "application/json"}


@dataclass
class Identity:
    """The provider, whom it signs in, and how its words are spoiled."""

    person: dict[str, Any] = field(default_factory=dict)
    spoil_claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    spoil_discovery: Callable[[dict[str, Any]], Any] = lambda found: found
    spoil_person: Callable[[dict[str, Any]], Any] = lambda person: person
    make_token: Callable[[dict[str, Any]], str] = lambda claims: signed(claims)
    running: Loopback = field(default_factory=lambda: Loopback(0))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.running.port}"

    def provider(self) -> dict[str, Any]:
        """The settings of a deployment that signs in with it."""
        from stageproof.server.from_environment import sign_in_elsewhere

        return sign_in_elsewhere(
            {
                "STAGEPROOF_OIDC_ISSUER": self.address, "STAGEPROOF_OIDC_CLIENT_ID": CLIENT,
                "STAGEPROOF_OIDC_CLIENT_SECRET": SECRET, "STAGEPROOF_PRIVATE_HOSTS": "localhost",
            }
        )  # fmt: skip

    def authorised(self, location: str) -> str:
        """Where the browser is sent back to, after the person has signed in at the provider."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.address}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert set(asked["scope"].split()) == {"openid", "profile", "email"}
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return f"{urlsplit(asked['redirect_uri']).path}?{back}"

    def answer(self, asked: Asked) -> Answer:
        match urlsplit(asked.path).path:
            case "/.well-known/openid-configuration":
                return _json(self.spoil_discovery(self._discovery()))
            case "/keys":
                key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
                return _json({"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]})
            case "/token":
                return self._token(parse_qs(asked.body.decode()))
            case "/person":
                right = asked.headers.get("Authorization") == "Bearer access"
                return _json(self.spoil_person(dict(self.person))) if right else _json({}, 401)
        return _json({}, 404)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys",
            "userinfo_endpoint": f"{self.address}/person",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }  # fmt: skip

    def _token(self, given: dict[str, list[str]]) -> Answer:
        said = {name: values[0] for name, values in given.items()}
        asked = self.codes.pop(said.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(said.get("code_verifier", "").encode()).digest())
        right = (
            asked is not None
            and (said["client_id"], said["client_secret"]) == (CLIENT, SECRET)
            and said["redirect_uri"] == asked["redirect_uri"]
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == proof.rstrip(b"=").decode()
        )
        if not right or asked is None:
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.address, "sub": self.person["sub"], "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.person,
        }  # fmt: skip
        token = self.make_token(self.spoil_claims(claims))
        return _json({"access_token": "access", "token_type": "Bearer", "id_token": token})


def signed(claims: dict[str, Any], key: Any = KEY, kid: str = "one", algorithm: str = "RS256") -> str:
    """The claims as a token."""
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@contextmanager
def identity() -> Iterator[Identity]:
    """The provider, running."""
    found = Identity()
    with serving(found.answer) as running:
        found.running = running
        yield found


def _json(body: Any, status: int = 200) -> Answer:
    return status, JSON, json.dumps(body).encode()
