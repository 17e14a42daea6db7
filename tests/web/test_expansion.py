"""The page of expansion: what is up for renewal, and the renewal opened from it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.records.models import Deal
from tests.actions.won_deal import expanding, won
from tests.web.conftest import Cast, Clock, acme, at, cast, deal, now, text_of

__all__ = ["acme", "at", "cast", "deal", "expanding", "now", "won"]


def test_before_there_is_a_contract_it_says_how_one_comes_to_be(
    at: Callable[[str], Client], deal: Deal
) -> None:
    said = text_of(at("ann").get("/expansion"))
    assert "No contract has a day of renewal" in said
    assert "Contract end date" in said


@pytest.mark.usefixtures("expanding")
def test_a_contract_is_listed_and_its_renewal_opened_from_there(
    at: Callable[[str], Client], won: Deal, now: Clock
) -> None:
    ann = at("ann")
    said = text_of(ann.get("/expansion?period=2027"))
    assert "1 contract" in said
    assert "50,000.00 EUR" in said
    assert "not begun" in said
    opened = ann.post(f"/deals/{won.key}/expansion", {"deal_type": "renewal"})
    renewal = Deal.objects.get(follows=won.key)
    assert (opened.status_code, opened["Location"]) == (302, f"/deals/{renewal.key}")
    page = ann.get("/expansion?period=2027")
    assert "renewal open" in text_of(page)
    assert "Open its renewal" not in text_of(page)
    again = ann.post(f"/deals/{won.key}/expansion", {"deal_type": "renewal"})
    assert again.status_code == 422
    assert renewal.key in text_of(again)
    assert won.key in text_of(ann.get(f"/deals/{renewal.key}"))


def test_without_a_pipeline_for_it_nothing_is_opened(at: Callable[[str], Client], won: Deal) -> None:
    ann = at("ann")
    page = text_of(ann.get("/expansion?period=2027"))
    assert "No pipeline here is for after the purchase" in page
    assert "Open its renewal" not in page
    assert ann.post(f"/deals/{won.key}/expansion").status_code == 422
    assert Deal.objects.count() == 1


@pytest.mark.usefixtures("expanding")
def test_whose_deal_it_is_not_sees_and_opens_nothing(at: Callable[[str], Client], won: Deal) -> None:
    assert won.name not in text_of(at("otto").get("/expansion?period=2027"))
    assert at("otto").post(f"/deals/{won.key}/expansion").status_code == 404
    assert "Open its renewal" not in text_of(at("fay").get("/expansion?period=2027"))
    assert at("fay").post(f"/deals/{won.key}/expansion").status_code == 403
    assert Deal.objects.count() == 1


def test_the_export_holds_every_contract_in_major_units(
    at: Callable[[str], Client], won: Deal, cast: Cast
) -> None:
    body = b"".join(at("ann").get("/expansion/export?period=2027&format=csv")).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(body))
    assert (row["deal"], row["value"], row["state"], row["renews_on"]) == (
        won.key, "50000.00", "awaited", "2027-03-02",
    )  # fmt: skip


def test_a_period_that_is_none_is_refused(at: Callable[[str], Client], won: Deal) -> None:
    assert at("ann").get("/expansion?period=soon").status_code == 422
