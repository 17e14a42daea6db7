"""The routes of the first run, of invitations and of the settings."""

from __future__ import annotations

from django.urls import URLPattern, path

from stageproof.web import first_run, sign_in

urlpatterns: list[URLPattern] = [
    path("welcome", first_run.first_run, name="first_run"),
    path("account", sign_in.account_settings, name="account_settings"),
]
