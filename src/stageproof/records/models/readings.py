"""Frozen readings, and the links that show one to people without an account."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.models.history import DOORS
from stageproof.records.models.organisation import Person


class FrozenReading(models.Model):
    """The four readings of an instant as they were shown, under a name; kept for ever, and never changed.

    `body` is what was shown, as text of JSON, and `body_digest` its SHA-256. `pipelines` null asked for all of new
    business. `definitions` are all versions that were published by then. `seq` and `digest` chain it to every other
    change.
    """

    name = models.CharField(max_length=120)
    as_of = InstantField()
    known_at = InstantField()
    since = InstantField(null=True)
    since_known_at = InstantField(null=True)
    period = models.CharField(max_length=40)
    grain = models.CharField(max_length=8)
    starts_on = DayField()
    ends_on = DayField()
    pipelines = models.JSONField(null=True)
    where = models.JSONField(default=dict)
    definitions = models.JSONField(default=list)
    currency = models.CharField(max_length=3)
    body = models.TextField()
    body_digest = models.CharField(max_length=64)
    seq = models.BigIntegerField(unique=True)
    recorded_at = InstantField()
    actor = models.CharField(max_length=254)
    door = models.CharField(max_length=12, choices=[(door, door) for door in DOORS])
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["name"], name="frozen_reading_named_once"),
            models.CheckConstraint(condition=models.Q(door__in=DOORS), name="frozen_reading_known_door"),
        )

    def __str__(self) -> str:
        return self.name


class SharedLink(models.Model):
    """A link that shows one reading of a frozen one to whoever has it, until it expires; only its hash is kept."""

    frozen = models.ForeignKey(FrozenReading, on_delete=models.PROTECT, related_name="links")
    reader = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = InstantField()
    expires_at = InstantField()
    revoked_at = InstantField(null=True)
    opened_at = InstantField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="shared_link_ends_after_it_begins",
            ),
        )
