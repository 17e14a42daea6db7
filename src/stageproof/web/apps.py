"""The pages' app: templates and static files, no models."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class WebConfig(AppConfig):
    """Names the app, and keeps the table that limits are counted in."""

    name = "stageproof.web"
    label = "web"

    def ready(self) -> None:
        # Only once every app is there can its models be named.
        from stageproof.web.sign_in_signals import listen

        listen()
        post_migrate.connect(_make_cache_table, sender=apps.get_app_config("records"))


def _make_cache_table(using: str, **_: Any) -> None:
    # Made with the other tables, so that no installation lacks it.
    call_command("createcachetable", database=using, verbosity=0)
