"""The definition of a book that came without one: the order of its stages, and what nothing tells of it."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from stageproof.engine.book import Book
from stageproof.engine.found_definition import found_definition, stages_in_order, stages_without_place
from stageproof.engine.templates import template

TEMPLATE = template("mid-market")


def book(*journeys: str) -> Book:
    """A book of deals that were in the stages named, one after another, a day each."""
    rows = [
        {
            "deal": str(deal),
            "stage": stage.strip(),
            "status": "open",
            "valid_from": dt.datetime(2025, 1, 1 + day),
        }
        for deal, journey in enumerate(journeys)
        for day, stage in enumerate(journey.split(">"))
    ]
    return Book.build(deals=pl.DataFrame(rows))


@pytest.mark.parametrize(
    ("journeys", "order", "without"),
    [
        # Known to the template, two of them as one stage: in the order in which it names them.
        (
            ["Needs Analysis", "Qualification", "Negotiation"],
            "Qualification, Needs Analysis, Negotiation",
            "",
        ),
        # How deals moved tells more than that.
        (["Needs Analysis > Qualification > Negotiation"], "Needs Analysis, Qualification, Negotiation", ""),
        (["10. Angebot", "9. Besuch", "1. Anfrage"], "1. Anfrage, 9. Besuch, 10. Angebot", ""),
        (["Zusage 90%", "Angebot 50 %", "Besuch 5%"], "Besuch 5%, Angebot 50 %, Zusage 90%", ""),
        (["Erstgespräch > Angebot > Zusage", "Erstgespräch"], "Erstgespräch, Angebot, Zusage", ""),
        # Nothing tells: by name, and said.
        (["Zusage", "Angebot"], "Angebot, Zusage", "Angebot, Zusage"),
        (["Angebot"], "Angebot", ""),
    ],
)
def test_the_order_of_stages(journeys: list[str], order: str, without: str) -> None:
    told = book(*journeys)
    assert ", ".join(stages_in_order(told, TEMPLATE)) == order
    assert ", ".join(stages_without_place(told, TEMPLATE)) == without


def test_what_the_source_lists_comes_first() -> None:
    told = book("Zusage", "Angebot", "1. Anfrage")
    order = ["Zusage", "Angebot"]
    assert stages_in_order(told, TEMPLATE, order=order) == ["Zusage", "Angebot", "1. Anfrage"]
    assert stages_without_place(told, TEMPLATE, order=order) == []
    assert [stage.name for stage in found_definition(told, TEMPLATE, order=order).stages] == [
        "Zusage",
        "Angebot",
        "1. Anfrage",
    ]
