"""Whole tables into an empty deployment, each row with both of its times, its actor and its door."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from stageproof.actions.directory import add_first_versions, save_entry
from stageproof.engine.tables import FOREVER
from stageproof.records.bulk import add_rows, insert_rows
from stageproof.records.ledger import Writing
from stageproof.records.models import (
    Account,
    Activity,
    Call,
    CampaignVersion,
    Contact,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    Person,
    RoleVersion,
    TargetVersion,
    Team,
    Touch,
)
from stageproof.records.models.marketing import LEAD_FACTS

FACTS = (
    "name", "pipeline", "stage", "status", "amount", "currency", "close_on", "forecast_category", "source",
    "campaign", "segment", "product", "next_step", "next_step_on", "lost_reason", "competitor", "deal_type",
    "renews_on", "follows", "created_at",
)  # fmt: skip
TIMES = ("valid_from", "valid_to", "recorded_at", "actor", "door")


@dataclass
class Ids:
    """The ids of what rows name; of people also the e-mail address under which their changes stand."""

    people: Mapping[str, int]
    emails: Mapping[str, str]
    teams: Mapping[str, int]
    accounts: dict[str, int] = field(default_factory=dict)
    contacts: dict[tuple[str, int | None], int] = field(default_factory=dict)
    deals: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Ids:
        """Those of the people and teams that are there."""
        rows = list(Person.objects.values_list("name", "id", "email"))
        return cls(
            {name: pk for name, pk, _ in rows},
            {name: email for name, _, email in rows},
            dict(Team.objects.values_list("name", "id")),
        )


def load_accounts(
    session: Writing, ids: Ids, accounts: pl.DataFrame, contacts: pl.DataFrame, *, created_at: int
) -> None:
    """Saves buying companies and their people, and notes their ids."""
    insert_rows(
        Account,
        ["name", "domain", "industry", "country", "employees", "segment", "created_at", "version"],
        (
            (row["account"], row.get("domain") or "", row.get("industry") or "", row.get("country") or "",
             row.get("employees"), row.get("segment") or "", created_at, 1)
            for row in accounts.iter_rows(named=True)
        ),
    )  # fmt: skip
    ids.accounts = dict(Account.objects.values_list("name", "id"))
    add_first_versions(session, Account, ids.accounts.values(), since=created_at)
    named = contacts.unique(["name", "account"], keep="first", maintain_order=True)
    insert_rows(
        Contact,
        ["account_id", "name", "email", "title", "phone", "created_at", "version"],
        (
            (ids.accounts.get(row["account"]), row["name"], row.get("email") or "", row.get("title") or "", "",
             created_at, 1)
            for row in named.iter_rows(named=True)
        ),
    )  # fmt: skip
    ids.contacts = {
        (name, account): pk for pk, name, account in Contact.objects.values_list("id", "name", "account_id")
    }
    add_first_versions(session, Contact, ids.contacts.values(), since=created_at)


def load_deals(session: Writing, ids: Ids, deals: pl.DataFrame, stages: Sequence[str]) -> int:
    """Saves every version of every deal and the present row of each; how many versions. `stages` are in order."""
    versions = deals.sort("deal", "valid_from", maintain_order=True).with_columns(
        _until(), number=pl.int_range(1, pl.len() + 1).over("deal"), change=_change(stages)
    )
    first = pl.col("number") == 1
    arrived = first | pl.col("stage").ne_missing(pl.col("stage").shift(1))
    reopened = (pl.col("status") == "open") & (pl.col("status").shift(1) != "open")
    versions = versions.with_columns(
        entered_at=pl.when(arrived | reopened).then("valid_from").forward_fill(),
    )
    people, teams, accounts = _named(ids.people), _named(ids.teams), _named(ids.accounts)
    versions = versions.with_columns(
        account_id=accounts("account"), owner_id=people("owner"), team_id=teams("team"),
        actor=_replaced("actor", ids.emails), custom=pl.lit(json.dumps({})), note=pl.lit(""),
    )  # fmt: skip
    points = ["account_id", "owner_id", "team_id"]
    present = versions.filter(pl.col("valid_to").is_null())
    insert_rows(
        Deal,
        [*FACTS, *points, "custom", "key", "version", "stage_entered_at"],
        present.select(*FACTS, *points, "custom", "deal", "number", "entered_at").iter_rows(),
    )
    ids.deals = dict(Deal.objects.values_list("key", "id"))
    # In the order in which things were learned, so that the numbers of changes follow time.
    versions = versions.with_columns(deal_id=_named(ids.deals)("deal")).sort("recorded_at", "number", "deal")
    kept = [*FACTS, *points, "deal_id", "change", "note", *TIMES]
    rows = ((*row, {}) for row in versions.select(kept).iter_rows())
    return add_rows(session, DealVersion, [*kept, "custom"], rows)


def load_evidence(session: Writing, ids: Ids, evidence: pl.DataFrame) -> int:
    """Saves every version of every piece of evidence and waiver; how many."""
    names = ["evidence", "deal_id", "criterion", "kind", "what", "given_by", "side", "given_at", "expires_on",
             "located_at", "verified_by", "revoked", *TIMES]  # fmt: skip
    rows = (
        (
            row["evidence"], ids.deals[row["deal"]], row["criterion"], row["kind"], row["what"] or "",
            row["given_by"], row["side"], row["given_at"], row["expires_on"], row["located_at"],
            ids.emails.get(row["verified_by"], row["verified_by"]), False, *_times(ids, row),
        )
        for row in _in_order(evidence)
    )  # fmt: skip
    return add_rows(session, EvidenceVersion, names, rows)


def load_roles(session: Writing, ids: Ids, roles: pl.DataFrame, account_of: Mapping[str, str | None]) -> int:
    """Saves every version of every role in a committee; how many. Who is not among the contacts is added."""
    rows = []
    for row in _in_order(roles):
        account = ids.accounts.get(account_of.get(row["deal"]) or "")
        contact = ids.contacts.get((row["contact"], account))
        if contact is None:
            made = Contact(
                name=row["contact"],
                account_id=account,
                title=row["title"] or "",
                created_at=session.recorded_at,
                version=0,
            )
            save_entry(session, made, change="created", at=session.recorded_at)
            contact = ids.contacts[row["contact"], account] = made.pk
        times = _times(ids, row)
        rows.append((ids.deals[row["deal"]], contact, row["role"], row["engaged_at"], False, *times))
    names = ["deal_id", "contact_id", "role", "engaged_at", "removed", *TIMES]
    return add_rows(session, RoleVersion, names, rows)


def load_activities(session: Writing, ids: Ids, activities: pl.DataFrame) -> int:
    """Saves what happened; how many."""
    names = ["key", "deal_id", "lead", "account_id", "contact_id", "owner_id", "kind", "side", "direction",
             "happened_at", "subject", "recorded_at", "actor"]  # fmt: skip
    rows = (
        (
            row["activity"], ids.deals.get(row["deal"] or ""), row.get("lead"),
            account := ids.accounts.get(row["account"] or ""),
            ids.contacts.get((row["contact"] or "", account)), ids.people.get(row["owner"] or ""), row["kind"],
            row["side"], row["direction"], row["happened_at"], row["subject"] or "",
            row["happened_at"] if row["recorded_at"] is None else row["recorded_at"],
            ids.emails.get(row["owner"], row["owner"] or session.actor),
        )
        for row in activities.sort("happened_at", maintain_order=True).iter_rows(named=True)
    )  # fmt: skip
    return add_rows(session, Activity, names, rows)


def load_leads(session: Writing, ids: Ids, leads: pl.DataFrame) -> int:
    """Saves every version of every lead; how many."""
    known = ("status", "qualification", "disqualified_reason", "responded_at")
    names = ["lead", *LEAD_FACTS, *known, "answers", "owner_id", "deal_id", "contact_id", "merged_into", "created_at",
             "removed", "change", "note", *TIMES]  # fmt: skip
    before: dict[str, str] = {}
    rows = (
        (
            row["lead"], row["name"] or row["lead"], *(row.get(name) for name in (*LEAD_FACTS[1:], *known)), {},
            ids.people.get(row["owner"] or ""), ids.deals.get(row["deal"] or ""), None, None, row["created_at"], False,
            _lead_change(before, row["lead"], row["status"]), "", *_times(ids, row),
        )
        for row in _in_order(leads)
    )  # fmt: skip
    return add_rows(session, LeadVersion, names, rows)


def _lead_change(before: dict[str, str], lead: str, status: str) -> str:
    """What a version of a lead is, by the status that it had before; notes the status for the next."""
    was, before[lead] = before.get(lead), status
    if was is None:
        return "created"
    return status if was != status and status != "new" else "edited"


def load_targets(session: Writing, ids: Ids, targets: pl.DataFrame) -> int:
    """Saves every version of every target; how many."""
    names = ["owner_id", "team_id", "starts_on", "ends_on", "amount", "currency", "removed", *TIMES]
    rows = (
        (
            ids.people.get(row["owner"] or ""), None if row["owner"] else ids.teams.get(row["team"] or ""),
            row["starts_on"], row["ends_on"], row["amount"], row["currency"], False, *_times(ids, row),
        )
        for row in _in_order(targets)
        # A target of someone who is not here would read as one of the whole.
        if row["owner"] is None or row["owner"] in ids.people
    )  # fmt: skip
    return add_rows(session, TargetVersion, names, rows)


def load_touches(session: Writing, ids: Ids, touches: pl.DataFrame) -> int:
    """Saves touches of leads and deals; how many."""
    names = ["lead", "deal_id", "source", "campaign", "touched_at", "recorded_at", "actor"]
    rows = (
        (row["lead"], ids.deals.get(row["deal"] or ""), row["source"], row["campaign"], row["touched_at"],
         row["touched_at"] if row["recorded_at"] is None else row["recorded_at"], session.actor)
        for row in touches.sort("touched_at", maintain_order=True).iter_rows(named=True)
    )  # fmt: skip
    return add_rows(session, Touch, names, rows)


def load_calls(ids: Ids, calls: pl.DataFrame) -> int:
    """Saves the submitted forecasts of the people who are here; how many."""
    names = ["person_id", "starts_on", "ends_on", "category", "amount", "currency", "called_at"]
    rows = (
        (ids.people[row["person"]], *(row[name] for name in names[1:]))
        for row in calls.iter_rows(named=True)
        if row["person"] in ids.people
    )
    return insert_rows(Call, names, rows)


def load_campaigns(session: Writing, ids: Ids, campaigns: pl.DataFrame) -> int:
    """Saves every version of every campaign, whose `cost` is in minor units; how many."""
    facts = ("campaign", "source", "starts_on", "ends_on", "cost", "currency")
    names = ["name", *facts[1:], "removed", *TIMES]
    rows = ((*(row[name] for name in facts), False, *_times(ids, row)) for row in _in_order(campaigns))
    return add_rows(session, CampaignVersion, names, rows)


def _in_order(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return frame.with_columns(_until()).sort("valid_from", maintain_order=True).iter_rows(named=True)


def _until() -> pl.Expr:
    return pl.when(pl.col("valid_to") < FOREVER).then("valid_to").alias("valid_to")


def _times(ids: Ids, row: Mapping[str, Any]) -> Sequence[Any]:
    since, until, learned, actor, door = (row[name] for name in TIMES)
    return since, until, since if learned is None else learned, ids.emails.get(actor, actor), door


def _change(stages: Sequence[str]) -> pl.Expr:
    """What each version of a deal is, by what is other than before; in the words of the gate."""
    before = pl.col("status").shift(1)
    place = pl.col("stage").replace_strict(
        list(stages), range(len(stages)), default=None, return_dtype=pl.Int64
    )
    ahead = place - place.shift(1)
    return (
        pl.when(pl.int_range(1, pl.len() + 1).over("deal") == 1)
        .then(pl.lit("created"))
        .when(pl.col("status") == "deleted")
        .then(pl.lit("deleted"))
        .when((pl.col("status") == "won") & (before != "won"))
        .then(pl.lit("win"))
        .when((pl.col("status") == "lost") & (before != "lost"))
        .then(pl.lit("lose"))
        .when((pl.col("status") == "open") & (before != "open"))
        .then(pl.lit("reopen"))
        .when(pl.col("stage").ne_missing(pl.col("stage").shift(1)))
        .then(
            pl.when(ahead == 1)
            .then(pl.lit("forward"))
            .when(ahead < 0)
            .then(pl.lit("backward"))
            .otherwise(pl.lit("skip"))
        )
        .otherwise(pl.lit("edited"))
    )


def _named(ids: Mapping[str, int]) -> Any:
    names, values = pl.Series(list(ids), dtype=pl.String), pl.Series(list(ids.values()), dtype=pl.Int64)

    def column(name: str) -> pl.Expr:
        if names.is_empty():
            return pl.lit(None, pl.Int64)
        return pl.col(name).cast(pl.String).replace_strict(names, values, default=None, return_dtype=pl.Int64)

    return column


def _replaced(name: str, by: Mapping[str, str]) -> pl.Expr:
    return pl.col(name).replace(dict(by)) if by else pl.col(name)
