"""The routes: pages at the root, the API under /api/v1."""

from __future__ import annotations

from django.urls import include, path

from stageproof.server import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include("stageproof.api.app")),
    path("", include("stageproof.web.urls")),
]

handler404 = "stageproof.web.answers.not_found"
