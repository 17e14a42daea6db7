"""`stageproof freeze`: the same as the page's and the API's, with the same refusals."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.utils import timezone

from stageproof.actions.deals import edit_deal
from stageproof.records.models import Deal, FrozenReading
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.actions.readings_world import world
from tests.cli.conftest import Ran

__all__ = ["acme", "cast", "deal", "now", "ready", "world"]

Stageproof = Callable[..., Ran]


def test_it_is_frozen_listed_shown_and_compared(
    stageproof: Stageproof, cast: Cast, now: Clock, world: Deal
) -> None:
    assert "Nothing is frozen yet." in stageproof("freeze", "--list").out
    on = now.at.date().isoformat()
    made = stageproof(
        "freeze", "Board [April]", "--period", "2026-Q2", "--as-of", on, "--since", "2026-03-01"
    )
    assert (made.code, made.err) == (0, "")
    row = FrozenReading.objects.get()
    assert f"'Board [April]' is frozen as number {row.pk}" in made.out
    assert (row.period, row.actor, row.door, row.as_of.isoformat()) == (
        "2026-Q2", "system", "cli", f"{on}T22:59:59.999999+00:00",
    )  # fmt: skip
    (listed,) = json.loads(stageproof("freeze", "--list", "--json").out)["items"]
    assert (listed["id"], listed["name"], listed["digest"]) == (row.pk, "Board [April]", row.body_digest)
    assert "Board [April]" in stageproof("freeze", "--list").out
    # Acme's 50,000 EUR and Beta's 12,345.67 USD at 0.9, half-even.
    board = stageproof("freeze", "--show", row.pk).out
    assert "61,111.10" in board
    assert "What moved" in board
    assert "still gives the same to the cent" in board
    # The command reads the clock of the machine.
    edit_deal(cast.ann, world.key, now=timezone.now(), changes={"amount": 4_000_000})
    shown = stageproof("freeze", "--compare", row.pk).out
    (nominal,) = (line.split() for line in shown.splitlines() if line.startswith("Nominal"))
    assert [nominal[at] for at in (-7, -2, -1)] == ["61,111.10", "-10,000.00", "51,111.10"]


def test_only_the_deals_asked_for_are_frozen(stageproof: Stageproof, world: Deal) -> None:
    ran = stageproof(
        "freeze", "Ann's", "--period", "2026-Q2", "--owner", "Ann Archer", "--source", "Referral", "--json"
    )
    made = json.loads(ran.out)
    assert made["where"] == {"owner": ["Ann Archer"], "source": ["Referral"]}
    whole = json.loads(stageproof("freeze", "--show", made["id"], "--json").out)
    nominal = {line["name"]: line["amount"] for line in whole["lines"]}["nominal"]
    assert nominal == {"amount": "50000.00", "currency": "EUR"}
    assert whole["unchanged"] is True
    statement = stageproof("freeze", "--show", made["id"], "--reader", "reconciliation").out
    assert "50,000.00" in statement


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((" ",), "needs a name"),
        (("x" * 121,), "longer than 120"),
        (("board",), "'board' already"),
        (("B", "--as-of", "2999-01-01"), "has not come yet"),
        (("B", "--as-of", "soon"), "'soon' is not a day"),
        (("B", "--as-of", "2026-03-01", "--since", "2026-03-02"), "not before the reading's"),
        (("B", "--period", "2026-Q7"), "2026-Q7"),
        (("B", "--pipeline", "Nowhere"), "Nowhere"),
        (("--show", "99"), "no frozen reading '99'. `stageproof freeze --list` shows the numbers."),
        (("--compare", "99"), "no frozen reading '99'. `stageproof freeze --list` shows the numbers."),
        (("--show", "1", "--reader", "everyone"), "no reading for 'everyone'"),
    ],
)
def test_it_is_refused_as_on_the_page(
    stageproof: Stageproof, world: Deal, arguments: tuple[str, ...], says: str
) -> None:
    assert stageproof("freeze", "Board").code == 0
    ran = stageproof("freeze", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err
    assert list(FrozenReading.objects.values_list("name", flat=True)) == ["Board"]


@pytest.mark.parametrize("arguments", [(), ("Board", "--list"), ("--show", "1", "--compare", "1")])
def test_one_thing_is_asked_at_a_time(stageproof: Stageproof, arguments: tuple[str, ...]) -> None:
    assert stageproof("freeze", *arguments).code == 2
