"""Mending: what a refused move asks for as fields to fill in on the spot, and what was filled in, recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stageproof.actions.activities import log_activity
from stageproof.actions.actor import Actor
from stageproof.actions.committee import add_to_committee, engage
from stageproof.actions.deals import edit_deal
from stageproof.actions.evidence import attach_evidence
from stageproof.actions.gate import definition_of
from stageproof.actions.waivers import grant_waiver
from stageproof.engine.definition import Criterion, Definition
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import (
    ActivityProof,
    EvidenceProof,
    FieldProof,
    Leaf,
    NextStepProof,
    RoleProof,
    field_label,
    leaves,
    role_label,
    sentence,
)
from stageproof.records.models import Contact, Deal, Organisation, RoleVersion
from stageproof.records.models.accounts import HERE
from stageproof.web.fields import instant_on, read_facts

_SHAPES: dict[type, str] = {
    EvidenceProof: "evidence",
    RoleProof: "role",
    NextStepProof: "next_step",
    ActivityProof: "activity",
    FieldProof: "fact",
}


@dataclass
class Ask:
    """Fields for one proof: their shape and prefix, what was typed, and what is wrong with it."""

    shape: str
    prefix: str
    proof: Leaf
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()

    @property
    def label(self) -> str:
        return sentence(self.proof)

    @property
    def input(self) -> str:
        """The kind of input for a fact: date, amount, owner, account or text."""
        name = getattr(self.proof, "field", "")
        return "date" if name.endswith("_on") else name if name in ("amount", "owner", "account") else "text"

    @property
    def fact(self) -> str:
        return field_label(getattr(self.proof, "field", ""))

    @property
    def role(self) -> str:
        return role_label(getattr(self.proof, "role", ""))

    @property
    def verified(self) -> bool:
        return isinstance(self.proof, EvidenceProof) and self.proof.verified


@dataclass
class Lack:
    """One problem of a refusal, with the fields that mend it and, where allowed, those that waive it."""

    problem: Problem
    asks: list[Ask]
    waiver: Ask | None = None
    reason: str = ""


@dataclass(frozen=True)
class Mended:
    """What came of the fields: how many things were recorded, the deal's version, and what went wrong by prefix."""

    recorded: int
    version: int | None
    wrong: Mapping[str, Sequence[Problem]]


def lacks(
    actor: Actor,
    deal: Deal,
    problems: Sequence[Problem],
    *,
    now: dt.datetime,
    typed: Mapping[str, str],
    wrong: Mapping[str, Sequence[Problem]],
) -> list[Lack]:
    """Each problem of a refusal with its fields, filled with what was typed before."""
    definition = definition_of(deal, now)
    criteria = _criteria(definition)
    found = []
    for problem in problems:
        criterion = criteria.get(problem.column) if problem.code.startswith("criterion_") else None
        if criterion is None or definition is None:
            reason = problem.column if problem.column in ("reason", "lost_reason") else ""
            found.append(Lack(problem, [], reason=reason))
            continue
        asks = [_with(ask, typed, wrong) for ask in asks_of(criterion)]
        waiver = None
        if actor.role in definition.waiver_roles:
            waiver = _with(Ask("waiver", f"{criterion.id}-waive", leaves_of(criterion)[0]), typed, wrong)
        found.append(Lack(problem, asks, waiver))
    return found


def asks_of(criterion: Criterion) -> list[Ask]:
    """The fields that could show a criterion, one set per proof in it."""
    return [
        Ask(_SHAPES[type(proof)], f"{criterion.id}-{place}", proof)
        for place, proof in enumerate(leaves_of(criterion))
        if not (isinstance(proof, FieldProof) and proof.present is False)
    ]


def leaves_of(criterion: Criterion) -> list[Leaf]:
    """The single proofs of a criterion."""
    return list(leaves(criterion.proof))


def mend(
    actor: Actor, deal: Deal, given: Mapping[str, str], *, now: dt.datetime, expected_version: int | None
) -> Mended:
    """Records whatever was filled in, each by its own verb; what a verb refuses is told by the prefix of its fields."""
    recorded, version, wrong = 0, expected_version, {}
    definition = definition_of(deal, now)
    for criterion in _criteria(definition).values():
        waiver = (
            Ask("waiver", f"{criterion.id}-waive", leaves_of(criterion)[0]) if leaves_of(criterion) else None
        )
        for ask in [*asks_of(criterion), *([waiver] if waiver else [])]:
            values = values_of(ask, given)
            if not any(values.get(name) for name in _TELLING[ask.shape]):
                continue
            try:
                changed = _record(actor, deal, criterion, ask, values, now=now, expected_version=version)
            except Refused as refused:
                wrong[ask.prefix] = refused.problems
                continue
            recorded += 1
            if changed is not None:
                version = changed
    return Mended(recorded, version, wrong)


_TELLING = {
    "evidence": ("what",),
    "role": ("contact", "name"),
    "next_step": ("next_step_on", "next_step"),
    "activity": ("subject",),
    "fact": ("value",),
    "waiver": ("reason", "expires_on"),
}
"""The fields that say that a set of them is meant; the others come filled in."""


def values_of(ask: Ask, given: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the fields of one set, by their names without the prefix."""
    start = f"{ask.prefix}-"
    return {name.removeprefix(start): text.strip() for name, text in given.items() if name.startswith(start)}


def _record(
    actor: Actor,
    deal: Deal,
    criterion: Criterion,
    ask: Ask,
    values: dict[str, str],
    *,
    now: dt.datetime,
    expected_version: int | None,
) -> int | None:
    """Records one set of fields; the deal's version where that changed it."""
    proof: Any = ask.proof
    match ask.shape:
        case "evidence":
            attach_evidence(
                actor, deal.key, now=now, kind=proof.evidence, what=values.get("what", ""),
                side=proof.from_side or "buyer", given_by=values.get("given_by"),
                given_at=instant_on(values.get("given_on", ""), "given_on", now), located_at=values.get("located_at"),
            )  # fmt: skip
        case "role":
            add_or_engage(actor, deal, proof.role, values, now)
        case "activity":
            log_activity(
                actor, deal.key, kind="meeting" if proof.activity == "any" else proof.activity,
                side=proof.side or "buyer", subject=values.get("subject", ""), now=now,
                happened_at=instant_on(values.get("happened_on", ""), "happened_on", now),
                contact=int(values["contact"]) if values.get("contact", "").isdigit() else None,
            )  # fmt: skip
        case "waiver":
            facts = read_facts({"expires_on": values.get("expires_on", "")}, ["expires_on"], deal.currency)
            grant_waiver(actor, deal.key, criterion=criterion.id, reason=values.get("reason", ""),
                         expires_on=facts["expires_on"], now=now)  # fmt: skip
        case _:
            if ask.shape == "fact":
                values = {proof.field: values.get("value", "")}
            changes = read_facts(values, list(values), deal.currency)
            done = edit_deal(actor, deal.key, now=now, changes=changes, expected_version=expected_version)
            return done.deal.version
    return None


def add_or_engage(
    actor: Actor, deal: Deal, role: str, values: Mapping[str, str], now: dt.datetime
) -> RoleVersion:
    """Puts someone into the committee, or records that who holds the role already took part."""
    engaged_at = instant_on(values.get("engaged_on", ""), "engaged_on", now)
    chosen = values.get("contact", "")
    if not chosen.isdigit():
        facts = {name: values.get(name, "") for name in ("name", "title", "email")}
        return add_to_committee(actor, deal.key, contact=facts, role=role, now=now, engaged_at=engaged_at)
    held = RoleVersion.objects.filter(
        deal=deal, contact_id=int(chosen), role=role, valid_to__isnull=True, removed=False
    ).exists()
    if held:
        return engage(actor, deal.key, contact=int(chosen), role=role, engaged_at=engaged_at or now, now=now)
    return add_to_committee(actor, deal.key, contact=int(chosen), role=role, now=now, engaged_at=engaged_at)


def people_of(deal: Deal) -> list[Contact]:
    """The contacts at the deal's account and in its committee, by name."""
    here = Contact.objects.filter(HERE)
    at_account = here.filter(account=deal.account) if deal.account else here.none()
    in_deal = here.filter(roles__deal=deal, roles__valid_to__isnull=True)
    return list((at_account | in_deal).distinct().order_by("name"))


def latest_expiry(deal: Deal, now: dt.datetime) -> dt.date | None:
    """The last day that a waiver of today may run until."""
    definition = definition_of(deal, now)
    if definition is None:
        return None
    return day_at(now, Organisation.objects.get().zone) + dt.timedelta(days=definition.waiver_days)


def _with(ask: Ask, typed: Mapping[str, str], wrong: Mapping[str, Sequence[Problem]]) -> Ask:
    problems = wrong.get(ask.prefix, ())
    # What was recorded is not asked for again with the same words.
    ask.typed = values_of(ask, typed) if problems else {}
    ask.problems = problems
    return ask


def _criteria(definition: Definition | None) -> dict[str, Criterion]:
    return {} if definition is None else {each.id: each for _, each in definition.all_criteria}
