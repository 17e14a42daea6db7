"""What belongs to the deals of an import: committees, evidence, activities, leads, targets, touches."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stageproof.actions.accounts import MOST_EMPLOYEES
from stageproof.actions.activities import KINDS
from stageproof.actions.evidence import SIDES
from stageproof.actions.import_directory import Directory
from stageproof.engine.book import Book
from stageproof.engine.frames import collect, day_of, instant_number, number
from stageproof.records.bulk import add_rows, execute_many
from stageproof.records.ledger import Writing
from stageproof.records.models import (
    Activity,
    CampaignVersion,
    EvidenceVersion,
    ImportRun,
    LeadVersion,
    RoleVersion,
    TargetVersion,
    Touch,
)
from stageproof.records.models.marketing import LEAD_FACTS, LEAD_STATUSES

LEAD_STATE = ("status", "qualification", "disqualified_reason", "responded_at")
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Taking:
    """An import while what belongs to its deals is taken: the book, and the ids of what it names."""

    session: Writing
    book: Book
    directory: Directory
    deals: dict[str, int]
    accounts: dict[int, int | None]
    """The account of each deal, by the deal's id."""

    @property
    def now(self) -> int:
        return instant_number(self.session.recorded_at)

    def rows(self, table: str) -> Rows:
        """The rows of a table of the book; instants and days as the engine's integers."""
        if self.book.holds(table):
            yield from collect(self.book.tables[table]).iter_rows(named=True)

    def since(self, row: dict[str, Any]) -> int:
        """From when a row holds; nothing holds from the future on."""
        return min(row["valid_from"] if row.get("valid_from") is not None else self.now, self.now)


def take_roles(taking: Taking) -> int:
    """How many roles are new, by whoever of the deal's account has the name; `engaged_at` is taken where later."""
    rows = [
        row for row in taking.rows("roles") if row["deal"] in taking.deals and row["contact"] and row["role"]
    ]
    places = [taking.accounts.get(taking.deals[row["deal"]]) for row in rows]
    taking.directory.add_contacts(
        (_text(row["contact"], 255) or "", place, _text(row.get("title"), 200))
        for row, place in zip(rows, places, strict=True)
    )
    undone = _undone()
    current = {
        (deal, contact, role): (pk, since, engaged, removed and ended not in undone, removed)
        for pk, deal, contact, role, since, engaged, removed, ended in _present(
            RoleVersion,
            "id",
            "deal_id",
            "contact_id",
            "role",
            "valid_from",
            "engaged_at",
            "removed",
            "recorded_at",
        )
    }
    fresh: dict[tuple[int, int, str], tuple[Any, ...]] = {}
    ends = []
    for row, place in zip(rows, places, strict=True):
        deal, role = taking.deals[row["deal"]], row["role"][:40]
        contact = taking.directory.contact(_text(row["contact"], 255), place)
        engaged = row.get("engaged_at")
        engaged = None if engaged is None else min(engaged, taking.now)
        if contact is None or (key := (deal, contact, role)) in fresh:
            continue
        since = taking.since(row)
        if (held := current.get(key)) is not None:
            pk, began, was, taken_out, gone = held
            later = engaged is not None and (was is None or instant_number(was) < engaged)
            # Whoever was taken out of a committee here stays out.
            if taken_out or not (gone or later):
                continue
            since = max(taking.now, instant_number(began) + 1)
            ends.append((since, pk))
        fresh[key] = (deal, contact, role, engaged, False, since, None, taking.session.actor)
    _end(RoleVersion, ends)
    names = ["deal_id", "contact_id", "role", "engaged_at", "removed", "valid_from", "valid_to", "actor"]
    return add_rows(taking.session, RoleVersion, names, sorted(fresh.values(), key=lambda row: row[5]))


def take_evidence(taking: Taking) -> int:
    """How many pieces of evidence are new; what is here under the same id stays as it is."""
    undone = _undone()
    known: set[str] = set()
    back: dict[str, tuple[int, dt.datetime]] = {}
    for pk, evidence, revoked, since, recorded in _present(
        EvidenceVersion, "id", "evidence", "revoked", "valid_from", "recorded_at"
    ):
        if revoked and recorded in undone:
            back[evidence] = (pk, since)
        else:
            known.add(evidence)
    names = ["evidence", "deal_id", "criterion", "kind", "what", "given_by", "side", "given_at", "expires_on",
             "located_at", "verified_by", "revoked", "valid_from", "valid_to", "actor"]  # fmt: skip
    rows, ends = [], []
    for row in taking.rows("evidence"):
        content = ("kind", "criterion", "side", "given_at", "what", "given_by")
        made = _made("E", row["deal"], *(row[name] for name in content))
        key = _text(row["evidence"], 40) or made
        # A waiver is granted here or not at all: a file must not open the gate.
        if key in known or row["deal"] not in taking.deals or row["kind"] == "waiver":
            continue
        known.add(key)
        since = taking.since(row)
        if key in back:
            pk, began = back[key]
            since = max(taking.now, instant_number(began) + 1)
            ends.append((since, pk))
        rows.append(
            (
                key,
                taking.deals[row["deal"]],
                _text(row["criterion"], 80),
                _text(row["kind"], 60),
                _text(row["what"], 2000) or "",
                _text(row["given_by"], 255),
                row["side"] if row["side"] in SIDES else None,
                min(row["given_at"], taking.now),
                row["expires_on"],
                _text(row["located_at"], 1000),
                None,
                False,
                since,
                None,
                taking.session.actor,
            )
        )
    _end(EvidenceVersion, ends)
    return add_rows(taking.session, EvidenceVersion, names, rows)


def take_activities(taking: Taking) -> int:
    """How many activities are new; one of the same id, or else of the same content, is not taken again.

    Nor is one that somebody took back here, unless that was by undoing its import.
    """
    names = ["key", "deal_id", "lead", "account_id", "contact_id", "owner_id", "kind", "side", "direction",
             "happened_at", "subject", "actor"]  # fmt: skip
    if not taking.book.holds("activities"):
        return 0
    undone = _undone()
    here: dict[str, tuple[int | None, bool]] = {
        key: (deal, withdrawn in undone)
        for key, deal, withdrawn in Activity.objects.values_list("key", "deal_id", "withdrawn_at")
    }
    rows = []
    for row in taking.rows("activities"):
        deal = taking.deals.get(row["deal"] or "")
        if row["kind"] not in KINDS or row["side"] not in SIDES or row["happened_at"] > taking.now:
            continue
        content = ("deal", "kind", "side", "happened_at", "subject", "contact")
        key = row["activity"] or _made("A", *(row[name] for name in content))
        key = _free(_text(key, 100) or "", deal, here)
        if key is None:
            continue
        here[key] = (deal, False)
        place = taking.accounts.get(deal) if deal is not None else taking.directory.account(row["account"])
        contact = taking.directory.contact(_text(row["contact"], 255), place) if row["contact"] else None
        rows.append(
            (
                key,
                deal,
                _text(row["lead"], 120),
                place,
                contact,
                taking.directory.person(row["owner"]),
                row["kind"],
                row["side"],
                row["direction"],
                row["happened_at"],
                _text(row["subject"], 500) or "",
                taking.session.actor,
            )
        )
    return add_rows(taking.session, Activity, names, rows)


def contacts_of_activities(taking: Taking) -> Iterator[tuple[str, int | None, str | None]]:
    """The people whom activities name, with the account of the deal."""
    for row in taking.rows("activities"):
        deal = taking.deals.get(row["deal"] or "")
        if row["contact"] and deal is not None:
            yield _text(row["contact"], 255) or "", taking.accounts.get(deal), None


def take_leads(taking: Taking) -> int:
    """How many versions of leads are new; of a lead that is here only what is other now."""
    facts = (*LEAD_FACTS, *LEAD_STATE, "owner_id", "deal_id", "created_at")
    names = ["lead", *facts, "answers", "contact_id", "merged_into", "removed", "change", "note", "valid_from",
             "valid_to", "actor"]  # fmt: skip
    current = {
        row[0]: row[1:]
        for row in _present(
            LeadVersion, "lead", "id", "valid_from", "removed", *facts, "answers", "contact_id", "merged_into"
        )
    }
    versions: dict[str, list[tuple[Any, ...]]] = {}
    for row in taking.rows("leads"):
        if row["status"] in LEAD_STATUSES and row["lead"]:
            lead = _text(row["lead"], 120) or ""
            versions.setdefault(lead, []).append((taking.since(row), _lead(taking, row)))
    rows, ends = [], []
    for lead, found in versions.items():
        found.sort(key=lambda version: version[0])
        if lead in current:
            pk, began, removed, *ours = current[lead]
            present = [number(each) for each in ours[: len(facts)]]
            answers, contact, merged_into = ours[len(facts) :]
            # A lead that was merged stays what it became part of.
            if merged_into is not None:
                continue
            latest = found[-1][1]
            # A blank changes nothing, and a lead that came in does not come in again.
            wanted = [b if b is not None else a for a, b in zip(present, latest, strict=True)]
            wanted[-1] = present[-1]
            if wanted == present and not removed:
                continue
            since = max(taking.now, instant_number(began) + 1)
            ends.append((since, pk))
            rows.append(
                (
                    lead,
                    *wanted,
                    answers,
                    contact,
                    None,
                    False,
                    "imported",
                    "",
                    since,
                    None,
                    taking.session.actor,
                )
            )
            continue
        found = [each for at, each in enumerate(found) if at + 1 == len(found) or found[at + 1][0] > each[0]]
        for at, (since, values) in enumerate(found):
            until = found[at + 1][0] if at + 1 < len(found) else None
            change = "created" if at == 0 else "imported"
            rows.append(
                (lead, *values, {}, None, None, False, change, "", since, until, taking.session.actor)
            )
    _end(LeadVersion, ends)
    return add_rows(taking.session, LeadVersion, names, rows)


def take_targets(taking: Taking) -> int:
    """How many targets are new or other."""
    undone = _undone()
    current = {
        (owner, team, starts, ends): (pk, since, amount, currency, removed and ended in undone)
        for pk, owner, team, starts, ends, since, amount, currency, removed, ended in _present(
            TargetVersion,
            "id",
            "owner_id",
            "team_id",
            "starts_on",
            "ends_on",
            "valid_from",
            "amount",
            "currency",
            "removed",
            "recorded_at",
        )
    }
    names = ["owner_id", "team_id", "starts_on", "ends_on", "amount", "currency", "removed", "valid_from",
             "valid_to", "actor"]  # fmt: skip
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    ends_at = []
    for row in taking.rows("targets"):
        owner, team = taking.directory.person(row["owner"]), taking.directory.team(row["team"])
        if (row["amount"] or 0) < 0 or row["ends_on"] < row["starts_on"]:
            continue
        currency = row["currency"] or taking.book.currency
        key = (owner, team, day_of(row["starts_on"]), day_of(row["ends_on"]))
        since = taking.since(row)
        if key in rows:
            continue
        if (held := current.get(key)) is not None:
            pk, began, amount, kept, undone_then = held
            # What was taken away here stays away as long as the files say nothing else.
            if (amount, kept) == (row["amount"], currency) and not undone_then:
                continue
            since = max(taking.now, instant_number(began) + 1)
            ends_at.append((since, pk))
        rows[key] = (owner, team, row["starts_on"], row["ends_on"], row["amount"], currency, False, since, None,
                     taking.session.actor)  # fmt: skip
    _end(TargetVersion, ends_at)
    return add_rows(taking.session, TargetVersion, names, rows.values())


def take_touches(taking: Taking) -> int:
    """How many touches are new; one that somebody took back here does not come again."""
    names = ["lead", "deal_id", "source", "campaign", "touched_at", "actor"]
    undone = _undone()
    here = {
        (lead, deal, source, campaign, instant_number(at))
        for lead, deal, source, campaign, at, withdrawn in Touch.objects.values_list(
            *names[:5], "withdrawn_at"
        )
        if withdrawn not in undone
    }
    rows = []
    for row in taking.rows("touches"):
        deal = taking.deals.get(row["deal"] or "")
        key = (
            _text(row["lead"], 120),
            deal,
            _text(row["source"], 120) or "unknown",
            _text(row["campaign"], 200),
            row["touched_at"],
        )
        if key not in here:
            here.add(key)
            rows.append((*key, taking.session.actor))
    return add_rows(taking.session, Touch, names, rows)


def take_campaigns(taking: Taking) -> int:
    """How many campaigns are new or cost other than before."""
    facts = ("source", "starts_on", "ends_on", "cost", "currency")
    undone = _undone()
    current = {
        name: (pk, began, removed and ended in undone, *ours)
        for name, pk, began, removed, ended, *ours in _present(
            CampaignVersion, "name", "id", "valid_from", "removed", "recorded_at", *facts
        )
    }
    rows: dict[str, tuple[Any, ...]] = {}
    ends = []
    for row in sorted(taking.rows("campaigns"), key=lambda row: row["valid_from"]):
        name = _text(row["campaign"], 200)
        if not name or (row["cost"] or 0) < 0:
            continue
        currency = row["currency"] or taking.book.currency
        said = [_text(row["source"], 120), row["starts_on"], row["ends_on"], row["cost"], currency]
        since = taking.since(row)
        if (held := current.get(name)) is not None:
            pk, began, undone_then, *ours = held
            # A blank changes nothing, and what was taken away here stays away as long as nothing else is said.
            present = [number(each) for each in ours]
            said = [b if b is not None else a for a, b in zip(present, said, strict=True)]
            if said == present and not undone_then:
                continue
            since = max(taking.now, instant_number(began) + 1)
            ends.append((since, pk))
        said[0] = said[0] or name[:120]
        rows[name] = (name, *said, False, since, None, taking.session.actor)
    _end(CampaignVersion, list(dict.fromkeys(ends)))
    names = ["name", *facts, "removed", "valid_from", "valid_to", "actor"]
    return add_rows(taking.session, CampaignVersion, names, rows.values())


def _lead(taking: Taking, row: dict[str, Any]) -> tuple[Any, ...]:
    employees = row["employees"]
    return (
        _text(row["name"], 255) or row["lead"],
        *(
            employees
            if name == "employees" and employees is not None and 0 <= employees <= MOST_EMPLOYEES
            else None
            if name == "employees"
            else _text(row[name], _limit(name))
            for name in LEAD_FACTS[1:]
        ),
        row["status"],
        _text(row["qualification"], 2000),
        _text(row["disqualified_reason"], 300),
        None if row["responded_at"] is None else min(row["responded_at"], taking.now),
        taking.directory.person(row["owner"]),
        taking.deals.get(row["deal"] or ""),
        min(row["created_at"], taking.now),
    )


def _limit(name: str) -> int:
    return int(LeadVersion._meta.get_field(name).max_length or 0)  # type: ignore[union-attr]


def _free(key: str, deal: int | None, here: dict[str, tuple[int | None, bool]]) -> str | None:
    """The key to save an activity under; None where it is here. Ids of other systems may look like ours."""
    for count in range(1, 1_000):
        tried = key if count == 1 else f"{key}~{count}"
        if tried not in here:
            return tried
        held, undone = here[tried]
        if held == deal and not undone:
            return None
    return None


def _undone() -> set[dt.datetime]:
    """The instants at which imports were undone: what ended then may come again."""
    instants = ImportRun.objects.filter(undone_at__isnull=False).values_list("undone_at", flat=True)
    return {at for at in instants if at is not None}


def _present(model: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    rows: Iterator[tuple[Any, ...]] = (
        model.objects.filter(valid_to__isnull=True).values_list(*names).iterator(chunk_size=10_000)
    )
    return rows


def _end(model: Any, ends: list[tuple[int, int]]) -> None:
    execute_many(f"UPDATE {model._meta.db_table} SET valid_to = %s WHERE id = %s", ends)  # noqa: S608 - our own table


def _made(letter: str, *parts: Any) -> str:
    """An id from the content, for rows that have none."""
    return f"{letter}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:20]}"


def _text(text: str | None, limit: int) -> str | None:
    return None if text is None else text.replace("\x00", "")[:limit]


Take = Callable[[Taking], int]
