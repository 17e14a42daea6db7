"""The pages' routes."""

from __future__ import annotations

from django.urls import URLPattern, path

from stageproof.web import home

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
]
