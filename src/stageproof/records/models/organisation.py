"""The organisation, its teams and its people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from stageproof.records.models.fields import InstantField

ROLES = ("rep", "manager", "pipeline owner", "marketing", "finance", "executive", "admin")


class Organisation(models.Model):
    """The one organisation of this deployment: its zone, currency and calendar."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3)
    calendar_kind = models.CharField(max_length=8, default="months")
    year_starts = models.PositiveSmallIntegerField(default=1)
    week_starts = models.PositiveSmallIntegerField(default=0)
    pipeline_owner = models.ForeignKey("Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="organisation_single_row"),
            models.CheckConstraint(
                condition=models.Q(year_starts__gte=1, year_starts__lte=12), name="organisation_year_starts"
            ),
            models.CheckConstraint(condition=models.Q(week_starts__lte=6), name="organisation_week_starts"),
        )

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A team; its manager sees and edits what its people and the teams below it own."""

    name = models.CharField(max_length=120, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="teams")
    manager = models.ForeignKey("Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **more: Any) -> Person:
        person = self.model(email=self.normalize_email(email).casefold(), **more)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email=(username or "").casefold())


class Person(AbstractBaseUser):
    """Someone who signs in. Names are unique, so that a figure by owner names one person."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, unique=True)
    role = models.CharField(max_length=20, choices=[(role, role) for role in ROLES], default="rep")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    joined_at = InstantField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]  # noqa: RUF012 - the base class has a list
    objects = People()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(role__in=ROLES), name="person_known_role"),)

    def __str__(self) -> str:
        return self.name
