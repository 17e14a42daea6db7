"""Accounts and the contacts in them: the present rows, and every version of each."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import InstantField
from stageproof.records.models.history import Version

HERE = models.Q(merged_into__isnull=True, removed=False)
"""Those that are listed: neither part of another nor taken out."""


class AccountFacts(models.Model):
    """What is known of a buying company."""

    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=120, null=True)
    domain = models.CharField(max_length=255, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=120, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    segment = models.CharField(max_length=120, blank=True)
    merged_into = models.ForeignKey(
        "records.Account", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    removed = models.BooleanField(default=False, db_default=False)
    created_at = InstantField()

    class Meta:
        abstract = True


class ContactFacts(models.Model):
    """What is known of a person at the buyer."""

    account = models.ForeignKey(
        "records.Account", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=120, null=True)
    name = models.CharField(max_length=255)
    email = models.EmailField(blank=True)
    title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    merged_into = models.ForeignKey(
        "records.Contact", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    removed = models.BooleanField(default=False, db_default=False)
    created_at = InstantField()

    class Meta:
        abstract = True


ACCOUNT_FACTS = tuple(field.name for field in AccountFacts._meta.local_fields)
CONTACT_FACTS = tuple(field.name for field in ContactFacts._meta.local_fields)


class Account(AccountFacts):
    """A buying company. A merged one points to the account that it became part of."""

    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(fields=["name"], name="account_name"),
            models.Index(fields=["merged_into"], name="account_merged_into"),
        )
        constraints = (models.UniqueConstraint(fields=["external_id"], name="account_external_id_once"),)

    def __str__(self) -> str:
        return self.name


class AccountVersion(AccountFacts, Version):
    """An account as it was from one change to the next."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="versions", db_index=False)
    change = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["account", "valid_from"], name="accountversion_of_account"),)


class Contact(ContactFacts):
    """A person at the buyer. A merged one points to the contact that it became part of."""

    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(fields=["account"], name="contact_account"),
            models.Index(fields=["email"], name="contact_email"),
            models.Index(fields=["merged_into"], name="contact_merged_into"),
        )
        constraints = (models.UniqueConstraint(fields=["external_id"], name="contact_external_id_once"),)

    def __str__(self) -> str:
        return self.name


class ContactVersion(ContactFacts, Version):
    """A contact as it was from one change to the next."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="versions", db_index=False)
    change = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["contact", "valid_from"], name="contactversion_of_contact"),)
