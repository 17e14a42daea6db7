"""The routes: pages at the root, the API under /api/v1."""

from __future__ import annotations

from django.urls import include, path

from stageproof.server import health, rehearsal

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include("stageproof.api.app")),
    path("", include("stageproof.web.urls")),
]

if rehearsal.is_on():
    urlpatterns.insert(0, path("rehearsal/enter/<str:key>", rehearsal.enter_once, name="rehearsal_enter"))

handler404 = "stageproof.web.answers.not_found"
