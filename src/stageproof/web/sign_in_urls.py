"""The routes of signing in: allauth's views at addresses of our own, and no others of it."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from allauth.socialaccount import views as elsewhere
from django.conf import settings
from django.urls import URLPattern, path, re_path

from stageproof.web.issuer import sign_in_with, signed_in_with

urlpatterns: list[URLPattern] = [
    path("sign-in", account.login, name="account_login"),
    path("sign-out", account.logout, name="account_logout"),
    path("sign-out", account.logout, name="sign_out"),
    path("sign-in/inactive", account.account_inactive, name="account_inactive"),
    path("sign-in/again", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code", factor.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/again/passkey", passkey.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("sign-in/code", factor.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey", passkey.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/forgotten", account.password_reset, name="account_reset_password"),
    path("sign-in/forgotten/sent", account.password_reset_done, name="account_reset_password_done"),
    path(
        "sign-in/forgotten/changed",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[\w-]+)$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/password/first", account.password_set, name="account_set_password"),
    path("account/second-factor", factor.index, name="mfa_index"),
    path("account/second-factor/app", totp.activate_totp, name="mfa_activate_totp"),
    path("account/second-factor/app/remove", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/second-factor/codes", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/second-factor/codes/new", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path("account/passkeys", passkey.list_webauthn, name="mfa_list_webauthn"),
    path("account/passkeys/new", passkey.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>", passkey.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove", passkey.remove_webauthn, name="mfa_remove_webauthn"),
]

elsewhere_urlpatterns: list[URLPattern] = [
    path("sign-in/with/<str:provider_id>", sign_in_with, name="openid_connect_login"),
    path("sign-in/with/<str:provider_id>/done", signed_in_with, name="openid_connect_callback"),
    path("sign-in/elsewhere/cancelled", elsewhere.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/elsewhere/failed", elsewhere.login_error, name="socialaccount_login_error"),
    path("sign-in/elsewhere/unknown", elsewhere.signup, name="socialaccount_signup"),
]

if settings.SOCIALACCOUNT_PROVIDERS:
    urlpatterns += elsewhere_urlpatterns
