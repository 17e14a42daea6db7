"""The pages' app: templates and static files, no models."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Names the app."""

    name = "stageproof.web"
    label = "web"
