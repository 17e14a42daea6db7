"""Leads, campaigns and touches."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.accounts import Contact
from stageproof.records.models.deals import Deal
from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.models.history import Version
from stageproof.records.models.organisation import Person

LEAD_STATUSES = ("new", "working", "qualified", "converted", "disqualified")


class LeadVersion(Version):
    """A version of one lead. A merged one is removed and names the lead that took it in.

    `technology` holds what the company works with, divided by commas; `answers` a framework's elements with what the
    buyer said to each.
    """

    lead = models.CharField(max_length=120, db_index=True)
    name = models.CharField(max_length=255)
    account = models.CharField(max_length=255, null=True)
    email = models.EmailField(null=True)
    title = models.CharField(max_length=200, null=True)
    phone = models.CharField(max_length=60, null=True)
    industry = models.CharField(max_length=120, null=True)
    employees = models.PositiveIntegerField(null=True)
    country = models.CharField(max_length=120, null=True)
    technology = models.CharField(max_length=500, null=True)
    trigger = models.CharField(max_length=300, null=True)
    source = models.CharField(max_length=120, null=True)
    campaign = models.CharField(max_length=200, null=True)
    status = models.CharField(max_length=14)
    qualification = models.CharField(max_length=2000, null=True)
    answers = models.JSONField(default=dict)
    disqualified_reason = models.CharField(max_length=300, null=True)
    responded_at = InstantField(null=True)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="leads")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="leads")
    merged_into = models.CharField(max_length=120, null=True)
    created_at = InstantField()
    removed = models.BooleanField(default=False)
    change = models.CharField(max_length=20, default="edited")
    note = models.CharField(max_length=500, default="")

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["email"], name="leadversion_email"),)

    @property
    def version(self) -> int:
        """What whoever edits it has seen: the number of its last change."""
        return self.seq


LEAD_FACTS = (
    "name", "account", "email", "title", "phone", "industry", "employees", "country", "technology", "trigger",
    "source", "campaign",
)  # fmt: skip
"""What people and files say of a lead, but for its owner and what became of it."""


class Touch(models.Model):
    """One touch of a lead or a deal by marketing or sales; not versioned, for what happened does not change.

    `withdrawn_at`: when the import that brought it was undone; it no longer counts.
    """

    lead = models.CharField(max_length=120, null=True, db_index=True)
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="touches")
    source = models.CharField(max_length=120)
    campaign = models.CharField(max_length=200, null=True)
    touched_at = InstantField()
    recorded_at = InstantField()
    seq = models.BigIntegerField(unique=True)
    actor = models.CharField(max_length=254)
    door = models.CharField(max_length=12)
    digest = models.CharField(max_length=64)
    withdrawn_at = InstantField(null=True)


class CampaignVersion(Version):
    """A version of one campaign and what it cost in minor units; its name is what leads and touches know it by."""

    name = models.CharField(max_length=200, db_index=True)
    source = models.CharField(max_length=120)
    starts_on = DayField(null=True)
    ends_on = DayField(null=True)
    cost = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    removed = models.BooleanField(default=False)

    class Meta(Version.Meta):
        constraints = (  # type: ignore[assignment]
            *Version.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(cost__isnull=True) | models.Q(cost__gte=0),
                name="campaign_cost_not_negative",
            ),
        )

    @property
    def version(self) -> int:
        """What whoever edits it has seen: the number of its last change."""
        return self.seq
