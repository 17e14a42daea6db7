"""The issuer: signing in with the company's own identity provider, by OpenID Connect.

What comes back is believed only after every check of the standard: state and proof key, which allauth makes, and here
the signature, the issuer, for whom the token is, until when, and that it answers to this very attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from requests import RequestException

from stageproof.web.policy import PUBLIC, policy

# Only signatures that the issuer alone can make; a shared secret would also let whoever verifies sign.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCKS_DIFFER_SECONDS = 60
_NEEDED = ("iss", "sub", "aud", "exp", "iat", "nonce")
_PLACES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Issuer(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Asks the issuer, and checks what it says."""

    proof_key = ""
    _told: dict[str, Any] | None = None

    @property
    def openid_config(self) -> dict[str, Any]:
        """Where the issuer's parts are; refused unless it says itself that it is the one that was asked."""
        if self._told is None:
            provider = self.get_provider()
            found = self._asked(provider.server_url)
            expected = provider.app.settings["server_url"].rstrip("/")
            if not isinstance(found, dict) or str(found.get("issuer")).rstrip("/") != expected:
                raise OAuth2Error("the issuer is not the one that was asked")
            if not all(isinstance(found.get(place), str) for place in _PLACES):
                raise OAuth2Error("the issuer does not say where its parts are")
            self._told = found
        return self._told

    def get_access_token_data(
        self,
        request: HttpRequest,
        app: SocialApp,
        client: OAuth2Client,
        pkce_code_verifier: str | None = None,
    ) -> dict[str, Any]:
        self.proof_key = pkce_code_verifier or ""
        found: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return found

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        claims = read_id_token(
            str(kwargs["response"].get("id_token", "")),
            self._asked(self.openid_config["jwks_uri"]),
            issuer=self.openid_config["issuer"],
            client=app.client_id,
            nonce=nonce_of(self.proof_key),
        )
        data = {"id_token": claims}
        if isinstance(self.openid_config.get("userinfo_endpoint"), str):
            data["userinfo"] = self._fetch_user_info(token.token)
            if not isinstance(data["userinfo"], dict) or data["userinfo"].get("sub") != claims["sub"]:
                raise OAuth2Error("what is told of the person is of another")
        return self.get_provider().sociallogin_from_response(request, data)

    def _asked(self, url: str) -> Any:
        with get_adapter().get_requests_session() as session:
            response = session.get(url)
            response.raise_for_status()
            return response.json()


class Company(OpenIDConnectProvider):  # type: ignore[misc]
    """The one issuer of a deployment."""

    oauth2_adapter_class = Issuer

    def get_pkce_params(self) -> dict[str, str]:
        params: dict[str, str] = super().get_pkce_params()
        return {**params, "nonce": nonce_of(params["code_verifier"])}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        # What is asked of the issuer is not for an address to say, nor is anything but signing in.
        kwargs: dict[str, Any] = super().get_redirect_from_request_kwargs(request)
        return {**kwargs, "scope": self.get_scope(), "auth_params": {}, "process": AuthProcess.LOGIN}


def read_id_token(text: str, keys: Any, *, issuer: str, client: str, nonce: str) -> dict[str, Any]:
    """What the token says, once all of it has been checked; OAuth2Error otherwise."""
    try:
        found: dict[str, Any] = jwt.decode(
            text,
            _signer(jwt.get_unverified_header(text), keys),
            algorithms=list(SIGNATURES),
            issuer=issuer,
            audience=client,
            leeway=CLOCKS_DIFFER_SECONDS,
            options={"require": list(_NEEDED)},
        )
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        raise OAuth2Error("the token of the issuer is not good") from error
    if found["nonce"] != nonce:
        raise OAuth2Error("the token answers to another attempt")
    if found.get("azp", client) != client:
        raise OAuth2Error("the token is for another program")
    return found


def nonce_of(proof_key: str) -> str:
    """What an attempt's token must carry: bound to the session, which alone holds the proof key."""
    if not proof_key:
        raise OAuth2Error("this attempt has no proof key")
    return hashlib.sha256(f"nonce of {proof_key}".encode()).hexdigest()


def _signer(header: Mapping[str, Any], keys: Any) -> Any:
    """The key that the token names, or the only one; a key is used for what it is made for."""
    found = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
    named = [key for key in found if key.key_id == header.get("kid")] if "kid" in header else found
    if len(named) != 1:
        raise ValueError("no single key")
    return named[0]


@policy(*PUBLIC)
def sign_in_with(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leads to the issuer."""
    return _answered(OAuth2LoginView, request, provider_id)


@policy(*PUBLIC)
def signed_in_with(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lets in whom the issuer has sent back."""
    return _answered(OAuth2CallbackView, request, provider_id)


def _answered(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        issuer = Issuer(request, provider_id)
        issuer.get_provider()
    except SocialApp.DoesNotExist:
        raise Http404 from None
    try:
        answer: HttpResponse = view.adapter_view(issuer)(request)
    except (OAuth2Error, RequestException, AttributeError, KeyError, TypeError, ValueError) as error:
        # An issuer that is not there, or says what no issuer says, is no fault of ours.
        answer = render_authentication_error(request, issuer.get_provider(), exception=error)
    return answer
