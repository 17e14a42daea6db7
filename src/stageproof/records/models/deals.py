"""Deals: the present row, and every version of it."""

from __future__ import annotations

from django.db import models

from stageproof.engine.tables import STATUSES
from stageproof.records.models.accounts import Account, Contact
from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.models.history import Version
from stageproof.records.models.organisation import Person, Team

CATEGORIES = ("commit", "best case", "pipeline", "omitted")


class DealFacts(models.Model):
    """What is known of a deal; money is integer minor units of `currency`."""

    name = models.CharField(max_length=255)
    # No index of each: history would be written slower, and only the present is searched by them.
    account = models.ForeignKey(
        Account, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    pipeline = models.CharField(max_length=120)
    stage = models.CharField(max_length=120, null=True)
    status = models.CharField(max_length=8, choices=[(status, status) for status in STATUSES], default="open")
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    close_on = DayField(null=True)
    forecast_category = models.CharField(max_length=12, null=True)
    source = models.CharField(max_length=120, null=True)
    campaign = models.CharField(max_length=200, null=True)
    segment = models.CharField(max_length=120, null=True)
    product = models.CharField(max_length=200, null=True)
    next_step = models.CharField(max_length=500, null=True)
    next_step_on = DayField(null=True)
    lost_reason = models.CharField(max_length=300, null=True)
    competitor = models.CharField(max_length=200, null=True)
    deal_type = models.CharField(max_length=60, null=True)
    renews_on = DayField(null=True)
    follows = models.CharField(max_length=120, null=True)
    created_at = InstantField()
    custom = models.JSONField(default=dict)

    class Meta:
        abstract = True


FACTS = tuple(field.name for field in DealFacts._meta.local_fields)


class Deal(DealFacts):
    """A deal as it stands. `version` counts its changes, for whoever edits it at the same time as another."""

    key = models.CharField(max_length=120, unique=True)
    version = models.PositiveIntegerField(default=1)
    stage_entered_at = InstantField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status", "pipeline", "stage", "-amount", "id"], name="deal_board"),
            models.Index(fields=["owner", "status"], name="deal_owner"),
            models.Index(fields=["account"], name="deal_account"),
            models.Index(fields=["team"], name="deal_team"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="deal_known_status"),
        )

    def __str__(self) -> str:
        return self.name


class DealVersion(DealFacts, Version):
    """A deal as it was from one change to the next."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="versions", db_index=False)
    change = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["deal", "valid_from"], name="dealversion_of_deal"),)


class EvidenceVersion(Version):
    """A version of one piece of evidence, or of a waiver."""

    evidence = models.CharField(max_length=40, db_index=True)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="evidence")
    criterion = models.CharField(max_length=80, null=True)
    kind = models.CharField(max_length=60)
    what = models.CharField(max_length=2000)
    given_by = models.CharField(max_length=255, null=True)
    side = models.CharField(max_length=6, null=True)
    given_at = InstantField()
    expires_on = DayField(null=True)
    located_at = models.CharField(max_length=1000, null=True)
    verified_by = models.CharField(max_length=254, null=True)
    revoked = models.BooleanField(default=False)


class RoleVersion(Version):
    """A version of one contact's role in a deal's buying committee."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="roles")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=40)
    engaged_at = InstantField(null=True)
    removed = models.BooleanField(default=False)


class Activity(models.Model):
    """A thing that happened; not versioned, for what happened does not change.

    `withdrawn_at`: when the import that brought it was undone; it no longer counts as having happened.
    """

    key = models.CharField(max_length=120, unique=True)
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="activities")
    lead = models.CharField(max_length=120, null=True, db_index=True)
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="activities")
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12)
    side = models.CharField(max_length=6)
    direction = models.CharField(max_length=8, null=True)
    happened_at = InstantField()
    subject = models.CharField(max_length=500)
    recorded_at = InstantField()
    seq = models.BigIntegerField(unique=True)
    actor = models.CharField(max_length=254)
    door = models.CharField(max_length=12)
    digest = models.CharField(max_length=64)
    withdrawn_at = InstantField(null=True)

    class Meta:
        indexes = (models.Index(fields=["deal", "happened_at"], name="activity_of_deal"),)
