"""Leads, campaigns and touches."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.deals import Deal
from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.models.history import Version
from stageproof.records.models.organisation import Person

LEAD_STATUSES = ("new", "working", "qualified", "converted", "disqualified")


class LeadVersion(Version):
    """A version of one lead."""

    lead = models.CharField(max_length=120, db_index=True)
    name = models.CharField(max_length=255)
    account = models.CharField(max_length=255, null=True)
    source = models.CharField(max_length=120, null=True)
    campaign = models.CharField(max_length=200, null=True)
    status = models.CharField(max_length=14)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="leads")
    created_at = InstantField()
    removed = models.BooleanField(default=False)


class Touch(models.Model):
    """One touch of a lead or a deal."""

    lead = models.CharField(max_length=120, null=True, db_index=True)
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="touches")
    source = models.CharField(max_length=120)
    campaign = models.CharField(max_length=200, null=True)
    touched_at = InstantField()
    recorded_at = InstantField()


class Campaign(models.Model):
    """A campaign and what it cost, in minor units."""

    name = models.CharField(max_length=200, unique=True)
    source = models.CharField(max_length=120)
    starts_on = DayField(null=True)
    ends_on = DayField(null=True)
    cost = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
