"""Accounts and the contacts in them."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import InstantField


class Account(models.Model):
    """A buying company. A merged one points to the account that it became part of."""

    name = models.CharField(max_length=255, db_index=True)
    external_id = models.CharField(max_length=120, null=True, unique=True)
    domain = models.CharField(max_length=255, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=120, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    segment = models.CharField(max_length=120, blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    created_at = InstantField()
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person at the buyer."""

    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="contacts")
    external_id = models.CharField(max_length=120, null=True, unique=True)
    name = models.CharField(max_length=255)
    email = models.EmailField(blank=True, db_index=True)
    title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    created_at = InstantField()
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name
