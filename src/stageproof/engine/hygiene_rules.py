"""Hygiene rules: the thresholds of Monday's four checks, which the pipeline owner sets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class HygieneRules:
    """Thresholds of the four checks; what a stage sets itself (norm, quiet days) is not among them.

    `closing_soon_days`: from so many days before the close date the buyer must have confirmed it.
    `close_date_evidence`, `close_date_within_days`: the kind of evidence that confirms it, and for how long.
    `pushes_allowed`: later moves of the close date before the deal is reported.
    `stage_age_factor`: how many times its norm a deal may stay in a stage.
    `required_facts`: columns of a deal that must not be blank.
    `one_contact_amount`: from this amount, in major units, a deal needs more than one contact.
    `amount_far_factor`: how many times above or below the typical amount is far from it.
    `typical_from_deals`: how many won deals it takes to call an amount typical.
    """

    closing_soon_days: int = 30
    close_date_evidence: str = "close_date"
    close_date_within_days: int = 45
    pushes_allowed: int = 1
    stage_age_factor: float = 1.5
    required_facts: tuple[str, ...] = ("amount", "owner", "account", "close_on", "source")
    one_contact_amount: Decimal = Decimal(50_000)
    amount_far_factor: float = 3.0
    typical_from_deals: int = 10
