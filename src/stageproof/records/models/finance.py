"""Targets, submitted forecasts and exchange rates."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.models.history import Version
from stageproof.records.models.organisation import Person, Team


class TargetVersion(Version):
    """A version of one target: of a person, a team, or (with neither) the whole."""

    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="targets")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="targets")
    starts_on = DayField()
    ends_on = DayField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    removed = models.BooleanField(default=False)

    class Meta(Version.Meta):
        constraints = (  # type: ignore[assignment]
            *Version.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="target_period_in_order"
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="target_not_negative"),
        )


class Call(models.Model):
    """One submitted forecast."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="calls")
    starts_on = DayField()
    ends_on = DayField()
    category = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    called_at = InstantField()


class RateVersion(Version):
    """What one unit of a currency is worth in the reporting currency, from a day on; corrected, a further version."""

    currency = models.CharField(max_length=3)
    from_on = DayField()
    rate = models.CharField(max_length=40)
    removed = models.BooleanField(default=False, db_default=False)

    class Meta(Version.Meta):
        constraints = (  # type: ignore[assignment]
            *Version.Meta.constraints,
            models.UniqueConstraint(
                fields=["currency", "from_on"],
                condition=models.Q(valid_to__isnull=True),
                name="rate_once_a_day",
            ),
        )
