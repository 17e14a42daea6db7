"""What people and programs hold: tokens, invitations, idempotency keys, saved views, imports."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import InstantField
from stageproof.records.models.organisation import ROLES, Person, Team

SCOPES = ("read", "write", "admin")


class Token(models.Model):
    """A personal API token: only its hash is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=[(scope, scope) for scope in SCOPES])
    created_at = InstantField()
    expires_at = InstantField()
    revoked_at = InstantField(null=True)
    used_at = InstantField(null=True)


class Invitation(models.Model):
    """An invitation to join, good once and for a while; only its key's hash is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20, choices=[(role, role) for role in ROLES])
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    invited_at = InstantField()
    expires_at = InstantField()
    accepted_at = InstantField(null=True)


class Change(models.Model):
    """One change of a setting: who made it, when, and each field before and after."""

    changed_at = InstantField(db_index=True)
    actor = models.CharField(max_length=254)
    door = models.CharField(max_length=12)
    what = models.CharField(max_length=20)
    which = models.CharField(max_length=254)
    fields = models.JSONField(default=dict)


class IdempotencyKey(models.Model):
    """The answer once given to a key, so that a repeated request gets it again and does nothing twice."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = InstantField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "key"], name="idempotency_key_once"),)


class SavedView(models.Model):
    """Filters, columns and order that someone named."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="views")
    page = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    query = models.JSONField(default=dict)
    shared = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "page", "name"], name="view_named_once"),)


class ImportRun(models.Model):
    """One import: what came, what became of it, and what is needed to undo it."""

    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="imports")
    status = models.CharField(max_length=12, default="preview")
    files = models.JSONField(default=list)
    summary = models.JSONField(default=dict)
    first_seq = models.BigIntegerField(null=True)
    last_seq = models.BigIntegerField(null=True)
    created_at = InstantField()
    committed_at = InstantField(null=True)
    undone_at = InstantField(null=True)
