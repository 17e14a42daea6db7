"""The definition's versions, as drafted and published."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import DayField, InstantField


class DefinitionVersion(models.Model):
    """One version of a pipeline's definition: a draft until it is published, unchangeable after."""

    pipeline = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    toml = models.TextField()
    effective_from = DayField(null=True)
    drafted_by = models.CharField(max_length=254)
    drafted_at = InstantField()
    published_by = models.CharField(max_length=254, null=True)
    published_at = InstantField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["pipeline", "version"], name="definition_version_once"),
            models.CheckConstraint(
                condition=models.Q(published_at__isnull=True) | models.Q(effective_from__isnull=False),
                name="definition_published_with_a_date",
            ),
        )

    def __str__(self) -> str:
        return f"{self.pipeline} {self.version}"
