"""The routes: pages at the root, the API under /api/v1."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("stageproof.web.urls"))]

handler404 = "stageproof.web.answers.not_found"
