"""Merges, so that each can be undone; and what was said not to be the same, so that nobody is asked twice."""

from __future__ import annotations

from django.db import models

from stageproof.records.models.fields import InstantField

MERGED = ("deal", "account", "contact", "lead")


class Merge(models.Model):
    """One merge: which became part of which, and the changes of the ledger that it made.

    `winner` and `loser` are what each is addressed by: the key of a deal or lead, the id of an account or contact.
    """

    word = models.CharField(max_length=8, choices=[(word, word) for word in MERGED])
    winner = models.CharField(max_length=120)
    loser = models.CharField(max_length=120)
    winner_name = models.CharField(max_length=255)
    loser_name = models.CharField(max_length=255)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField(unique=True)
    actor = models.CharField(max_length=254)
    merged_at = InstantField()
    undone_by = models.CharField(max_length=254, blank=True)
    undone_at = InstantField(null=True)

    class Meta:
        indexes = (models.Index(fields=["word", "winner"], name="merge_winner"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(word__in=MERGED), name="merge_known_word"),
            models.CheckConstraint(
                condition=models.Q(first_seq__lte=models.F("last_seq")), name="merge_in_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.loser_name} into {self.winner_name}"


class Apart(models.Model):
    """Two that look the same and are not, as somebody said; `one` is the lesser of the two texts."""

    word = models.CharField(max_length=8, choices=[(word, word) for word in MERGED])
    one = models.CharField(max_length=120)
    other = models.CharField(max_length=120)
    said_by = models.CharField(max_length=254)
    said_at = InstantField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["word", "one", "other"], name="apart_once"),
            models.CheckConstraint(condition=models.Q(word__in=MERGED), name="apart_known_word"),
        )
