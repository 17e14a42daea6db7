"""Proving: what the buyer says and gives, and how it is written down."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from stageproof.demo.buyer import Contact
from stageproof.demo.company import MANAGERS, working_day
from stageproof.demo.journal import plus_days
from stageproof.demo.life import Life
from stageproof.demo.story import CLOSE_DATE, GATE_FROM
from stageproof.engine.definition import Criterion, Definition
from stageproof.engine.frames import DAY, day_number
from stageproof.engine.proof import (
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    Leaf,
    NextStepProof,
    Not,
    Proof,
    RoleProof,
    leaves,
)

_GATE_AT = day_number(GATE_FROM) * DAY

NEXT_STEPS = (
    "Walk the process with {who}",
    "Send {who} the draft scope",
    "Review open questions with {who}",
    "Meet {who} about budget and timing",
    "Agree the plan to signature with {who}",
    "Call {who} with the revised figures",
)
ANSWERS = (("email", 0.5), ("meeting", 0.35), ("call", 0.15))
SUBJECTS = {
    "email": "Re: {what}",
    "meeting": "Working session: {what}",
    "call": "Call about {what}",
    "voicemail": "Left voicemail about {what}",
    "task": "Follow up on {what}",
    "note": "Note on {what}",
}


def reach_out(life: Life, day: dt.date) -> None:
    """Our side writes or calls; nothing says that anybody answers."""
    kind = life.chance.weighted((("email", 0.75), ("call", 0.25)))
    at = life.now(day)
    whom = life.chance.one_of(life.account.committee).name
    _happens(life, at, kind, "seller", whom)


def hear(life: Life, day: dt.date, kind: str = "", whom: Contact | None = None) -> int:
    """The buyer takes part: a reply, a meeting or a call; the instant of it."""
    kind = kind or life.chance.weighted(ANSWERS)
    members = [(each, 3.0 if each.role == "champion" else 1.0) for each in life.account.committee]
    contact = whom or life.chance.weighted(members)
    at = life.now(day)
    _happens(life, at, kind, "buyer", contact.name)
    life.engaged[contact.name] = at
    life.heard_on, life.last_met = day, contact
    return at


def _happens(life: Life, at: int, kind: str, side: str, contact: str) -> None:
    life.happened.append((kind, side, at))
    about = "voicemail" if (kind, side) == ("call", "seller") else kind
    life.journal.activity(
        at,
        recorded_after=life.late() if kind in ("call", "meeting") else 0,
        deal=life.deal["deal"],
        account=life.account.name,
        contact=contact,
        kind=kind,
        side=side,
        direction="inbound" if side == "buyer" and kind == "email" else "outbound",
        subject=SUBJECTS[about].format(what=life.deal["name"]),
        owner=life.owner,
    )


def show(life: Life, day: dt.date, proof: Proof, criterion: Criterion) -> None:
    """The buyer does what the proof asks, and the rep writes it down."""
    at = life.now(day)
    if life.holds(proof, at) and not _lapses_soon(life, proof, at):
        return
    match proof:
        case AllOf(proofs):
            for each in proofs:
                show(life, day, each, criterion)
        case AnyOf(proofs):
            show(life, day, proofs[0], criterion)
        case Not():
            return
        case EvidenceProof():
            give_evidence(life, day, proof, criterion)
        case RoleProof():
            meet_role(life, day, proof.role)
        case ActivityProof():
            _take_part(life, day, proof)
        case NextStepProof(days):
            agree_next_step(life, day, within=days)
        case FieldProof():
            _fill_in(life, day, proof)


def _lapses_soon(life: Life, proof: Proof, at: int) -> bool:
    return not life.holds(proof, at + 8 * DAY)


def give_evidence(life: Life, day: dt.date, proof: EvidenceProof, criterion: Criterion) -> None:
    """Evidence of the proof's kind, given in a mail or a meeting."""
    if proof.evidence == CLOSE_DATE:
        confirm_close_date(life, day)
        return
    kind = life.chance.weighted((("email", 0.6), ("meeting", 0.4)))
    giver = life.chance.one_of(life.account.committee)
    at = hear(life, day, kind, giver)
    _write_evidence(life, at, proof.evidence, criterion.says, giver, kind, verified=proof.verified)


def confirm_close_date(life: Life, day: dt.date) -> None:
    """The buyer names the day on which they mean to sign; the deal is dated to it."""
    giver = life.member("economic_buyer")
    meant = life.buyer.decides_on if life.buyer.fate == "buys" else None
    if meant is None or meant <= day:
        meant = working_day(plus_days(day, life.chance.whole(6, 30)))
    life.confirmed = meant
    at = hear(life, day, "email", giver)
    _write_evidence(life, at, CLOSE_DATE, f"We mean to sign on {meant:%d %b %Y}", giver, "email")
    if life.deal["close_on"] != day_number(meant):
        life.deal.change(life.now(day), life.owner, "page", close_on=day_number(meant))


def _write_evidence(
    life: Life, at: int, kind: str, what: str, giver: Contact, where: str, *, verified: bool = False
) -> None:
    life.shown[kind] = at
    checked = verified or life.chance.happens(0.25)
    life.journal.evidence(
        at,
        recorded_after=0 if at >= _GATE_AT else life.late(),
        actor=life.owner,
        deal=life.deal["deal"],
        kind=kind,
        what=what,
        given_by=giver.name,
        side="buyer",
        located_at=f"{where}: {SUBJECTS[where].format(what=life.deal['name'])}",
        verified_by=MANAGERS[life.deal["team"]] if checked else None,
    )


def meet_role(life: Life, day: dt.date, role: str) -> None:
    """The rep meets whoever has the role, and records them if they were not known."""
    member = life.member(role)
    at = hear(life, day, life.chance.weighted((("meeting", 0.6), ("call", 0.4))), member)
    know(life, at, member, role)


def know(life: Life, at: int, member: Contact, role: str) -> None:
    """The person is recorded in the buying committee with that role."""
    if role not in life.known:
        life.known[role] = member.name
        life.journal.role(
            at, actor=life.owner, deal=life.deal["deal"], contact=member.name, role=role,
            title=member.title, engaged_at=life.engaged.get(member.name),
        )  # fmt: skip


def _take_part(life: Life, day: dt.date, proof: ActivityProof) -> None:
    kind = "meeting" if proof.activity == "any" else proof.activity
    for _ in range(proof.count):
        if proof.side == "seller":
            _happens(life, life.now(day), kind, "seller", life.account.committee[0].name)
        else:
            hear(life, day, kind)


def _fill_in(life: Life, day: dt.date, proof: FieldProof) -> None:
    choices = proof.one_of or (() if proof.equals is None else (proof.equals,))
    if proof.field in ("amount", "close_on", "next_step_on") or proof.field not in life.deal.state:
        return
    value = None if proof.present is False else str(choices[0]) if choices else "Named by the buyer"
    changes: dict[str, Any] = {proof.field: value}
    life.deal.change(life.now(day), life.owner, "page", **changes)


def agree_next_step(life: Life, day: dt.date, *, within: int = 12) -> None:
    """A next step with somebody at the buyer, dated a week or so ahead."""
    who = life.chance.one_of(life.account.committee).name
    due = working_day(plus_days(day, life.chance.whole(min(5, within), max(5, min(11, within - 3)))))
    step = life.chance.one_of(NEXT_STEPS).format(who=who)
    life.deal.change(life.now(day), life.owner, "page", next_step=step, next_step_on=day_number(due))


def asked_roles(definition: Definition) -> list[str]:
    """The roles that the definition asks about, in its order; these are recorded once they are met for it."""
    return list(dict.fromkeys(leaf.role for leaf in _leaves(definition) if isinstance(leaf, RoleProof)))


@cache
def _leaves(definition: Definition) -> list[Leaf]:
    return [leaf for _, criterion in definition.all_criteria for leaf in leaves(criterion.proof)]
