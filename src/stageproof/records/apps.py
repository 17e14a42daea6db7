"""The records app."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Names the app and its label."""

    name = "stageproof.records"
    label = "records"
    verbose_name = "Records"
