"""After the purchase: what Demo Company won is delivered, used, renewed or not; a pipeline of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.chance import Chance
from stageproof.engine.book import KEYS
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, day_number
from stageproof.engine.tables import FOREVER
from stageproof.engine.templates import template

TERM = 365
"""Days for which a contract runs."""

STREAM = 41
"""What keeps the draws of this part apart from those of all others."""

_STEPS = (("Onboarding", 3), ("Adoption", 55), ("Upsell", 190), ("Renewal", 275))
"""Each stage, and the day after the win on which a customer usually reaches it."""

_PROOF = (
    (20, "success_goals", "The customer named the results that they bought it for"),
    (48, "go_live", "The customer confirmed that it is in use"),
    (150, "usage", "The customer's people use it as planned"),
    (175, "value_realised", "The customer confirmed a result in numbers"),
    (240, "pain", "The customer named a further need"),
    (258, "usage", "The customer's people still use it as planned"),
    (262, "budget", "The customer confirmed the budget"),
    (318, "terms", "The customer agreed to price and terms"),
    (325, "close_date", "The customer confirmed the date of the decision"),
    (340, "order", "The customer signed the renewal"),
)
"""On which day after the win the customer usually gives which evidence."""

_CHANGED_BY = (0.8, 0.9, 1.0, 1.0, 1.0, 1.05, 1.1, 1.2)
_LOST = ("Budget was cut", "Brought in house", "Chose another firm", "The sponsor left")


def expansion_definition(owner: str, effective_from: dt.date) -> Definition:
    """The pipeline for after the purchase, from the template."""
    return replace(template("expansion"), owner=owner, effective_from=effective_from)


def with_expansion(tables: Tables, until: dt.date) -> Tables:
    """The company with its contracts' days of renewal, and what became of each up to the end of the day."""
    rules = tables.definitions[0]
    definition = expansion_definition(rules.owner, rules.effective_from or until)
    end = (day_number(until) + 1) * DAY - 1
    won = (
        tables.deals.filter(pl.col("status") == "won").sort("deal", "valid_from").unique("deal", keep="last")
    )
    committee = _committees(tables.engine["roles"])
    rows: dict[str, list[dict[str, Any]]] = {"deals": [], "evidence": [], "roles": [], "activities": []}
    for contract in won.sort("deal").iter_rows(named=True):
        known = committee.get(contract["deal"], {})
        cycle = 1
        running: dict[str, Any] | None = contract
        # What was renewed runs for another year, and comes up again.
        while running is not None:
            renewed: dict[str, Any] | None = None
            for name, row in _life(running, cycle, known, end):
                rows[name].append(row)
                renewed = row if name == "deals" and row["status"] == "won" else renewed
            running, cycle = renewed, cycle + 1
    engine = dict(tables.engine)
    renews = pl.when(pl.col("status") == "won").then(pl.col("close_on") + TERM)
    engine["deals"] = engine["deals"].with_columns(renews_on=renews.cast(engine["deals"].schema["renews_on"]))
    for name, added in rows.items():
        engine[name] = _joined(name, engine[name], added)
    return replace(tables, engine=engine, definitions=(*tables.definitions, definition))


def _committees(roles: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Who the champion and the economic buyer of each deal are, as far as they are known."""
    found: dict[str, dict[str, str]] = {}
    for deal, contact, role in roles.select("deal", "contact", "role").iter_rows():
        found.setdefault(deal, {})[role] = contact
    return found


def _life(
    contract: Mapping[str, Any], cycle: int, committee: Mapping[str, str], end: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that happens on a contract by the end, as rows by table."""
    number = int(contract["deal"].split("-")[1])
    chance = Chance(STREAM, number, cycle)
    deal = f"X-{number:04}" if cycle == 1 else f"X-{number:04}-{cycle}"
    began = contract["valid_from"]
    # Some customers take longer with everything, and with some nobody asks for proof.
    pace, is_proven = 0.85 + chance.share() * 0.35, chance.happens(0.7)
    leaves, silent = chance.happens(0.17), chance.happens(0.05)
    decided_on = TERM - 20 + round(chance.share() * 35)

    def at(day: float, minute: int = 0) -> int:
        return int(began + round(day * DAY) + minute * 60_000_000)

    facts = {
        "deal": deal, "name": f"{contract['account']}: renewal", "account": contract["account"],
        "pipeline": "Expansion", "status": "open", "owner": contract["owner"], "team": contract["team"],
        "amount": contract["amount"], "currency": contract["currency"], "close_on": contract["close_on"] + TERM,
        "source": contract["source"], "segment": contract["segment"], "product": contract["product"],
        "deal_type": "renewal", "follows": contract["deal"], "created_at": at(3), "created_on": at(3) // DAY,
        "actor": contract["owner"], "door": "page",
    }  # fmt: skip
    versions: list[tuple[int, dict[str, Any]]] = [
        (at(3 if stage == "Onboarding" else day * pace), {"stage": stage}) for stage, day in _STEPS
    ]
    outcome = at(decided_on)
    if not silent:
        worth = (
            round(contract["amount"] * _CHANGED_BY[int(chance.share() * len(_CHANGED_BY))] / 10_000) * 10_000
        )
        close: dict[str, Any] = {"stage": _STEPS[-1][0], "close_on": outcome // DAY}
        reason = _LOST[int(chance.share() * len(_LOST))]
        versions.append(
            (outcome, {**close, "status": "lost", "lost_reason": reason} if leaves else
             {**close, "status": "won", "amount": worth, "renews_on": outcome // DAY + TERM})
        )  # fmt: skip
    for begins, change in versions:
        if begins <= end:
            yield "deals", {**facts, **change, "valid_from": begins, "recorded_at": begins}
    if at(3) > end:
        return
    people = [committee[role] for role in ("champion", "economic_buyer") if role in committee]
    for role in ("champion", "economic_buyer"):
        if role in committee:
            yield "roles", {
                "deal": deal, "contact": committee[role], "role": role, "valid_from": at(4), "recorded_at": at(4),
                "actor": contract["owner"], "door": "page",
            }  # fmt: skip
    if is_proven and people:
        yield from _proof(deal, contract["owner"], people[0], at, pace, min(end, outcome), leaves)
    # A meeting with the customer every four weeks; who is about to leave stops coming.
    last = min(end, at(TERM - 90) if leaves else outcome)
    for place, day in enumerate(range(10, TERM, 28)):
        if people and (happened := at(day + chance.share() * 4, 7 * 60)) <= last:
            yield "activities", {
                "activity": f"AX-{deal}-{place}", "deal": deal, "account": contract["account"],
                "contact": people[place % len(people)], "kind": "meeting", "side": "buyer", "direction": "inbound",
                "happened_at": happened, "subject": "Review of results", "owner": contract["owner"],
                "recorded_at": happened,
            }  # fmt: skip


def _proof(
    deal: str, owner: str, contact: str, at: Any, pace: float, last: int, leaves: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The evidence that the customer gives by the last instant; one who leaves gives no more than the value."""
    for place, (day, kind, what) in enumerate(_PROOF):
        given = at(day * pace if day < 300 else day, 8 * 60)
        if given > last or (leaves and day > 175):
            continue
        yield "evidence", {
            "evidence": f"EX-{deal}-{place}", "deal": deal, "kind": kind, "what": what, "given_by": contact,
            "side": "buyer", "given_at": given, "located_at": "meeting: Review of results", "valid_from": given,
            "recorded_at": given, "actor": owner, "door": "page",
        }  # fmt: skip


def _joined(name: str, frame: pl.DataFrame, added: list[dict[str, Any]]) -> pl.DataFrame:
    """The table with the rows added, each version ending where the next of the same thing begins."""
    if not added:
        return frame
    columns = {column: [row.get(column) for row in added] for column in frame.columns}
    more = pl.DataFrame(columns, schema=frame.schema)
    if name in KEYS:
        following = pl.col("valid_from").shift(-1).over(*KEYS[name], order_by=["valid_from", "recorded_at"])
        more = more.with_columns(valid_to=following.fill_null(FOREVER))
    return pl.concat([frame, more])
