"""History: the ledger that numbers every change, and the shape of a version."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import InstantField

DOORS = ("page", "api", "import", "sync", "automation", "agent", "cli", "admin")


class Ledger(models.Model):
    """One row: the number and the digest of the last change, locked by whoever writes the next.

    `directory` counts changes to what versions refer to by identity: names of people, teams and accounts, rates,
    definitions.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_seq = models.BigIntegerField(default=0)
    last_digest = models.CharField(max_length=64, default="0" * 64)
    directory = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="ledger_single_row"),)


class Version(models.Model):
    """A version of something: what held from when until when, learned when, from whom, through which door.

    `seq` numbers all changes of all tables without a gap; `digest` chains each to the one before.
    """

    seq = models.BigIntegerField(unique=True)
    valid_from = InstantField()
    valid_to = InstantField(null=True)
    recorded_at = InstantField()
    actor = models.CharField(max_length=254)
    door = models.CharField(max_length=12, choices=[(door, door) for door in DOORS])
    digest = models.CharField(max_length=64)

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="%(class)s_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=models.Q(door__in=DOORS), name="%(class)s_known_door"),
        )
