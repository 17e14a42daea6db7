"""Selling: what a rep does on a deal, and what the buyer gives when asked."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from stageproof.demo.buyer import NORM_DAYS, Contact
from stageproof.demo.company import COMPETITORS, MANAGERS, is_working_day
from stageproof.demo.journal import plus_days
from stageproof.demo.life import Life
from stageproof.demo.story import CLOSE_DATE, GATE_FROM, Habits, quarter_end
from stageproof.engine.definition import Criterion, Definition
from stageproof.engine.frames import DAY, day_number, day_of
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

CONFIRMED_FOR = 30
"""Days after which a rep asks again whether the named date still stands."""

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
    life.journal.activity(
        at,
        recorded_after=life.late() if kind in ("call", "meeting") else 0,
        deal=life.deal["deal"],
        account=life.account.name,
        contact=contact,
        kind=kind,
        side=side,
        direction="inbound" if side == "buyer" and kind == "email" else "outbound",
        subject=SUBJECTS[kind].format(what=life.deal["name"]),
        owner=life.owner,
    )


def talk(life: Life, day: dt.date, habits: Habits) -> None:
    """A conversation, if the buyer answers: proofs asked for, a next step, a move, a date."""
    reach_out(life, day)
    if not (life.buyer.speaks_on(day) and life.chance.happens(life.buyer.answers)):
        return
    at = hear(life, day)
    if (
        habits.routine
        and life.last_met is not None
        and life.last_met.role not in asked_roles(life.definition)
    ):
        know(life, at, life.last_met, life.last_met.role)
    seek_proofs(life, day, habits)
    if life.chance.happens(habits.plans):
        agree_next_step(life, day)
    advance(life, day, habits)
    if life.position >= life.stages - 2 and not life.hopeful and not _still_confirmed(life, day):
        confirm_close_date(life, day)


def seek_proofs(life: Life, day: dt.date, habits: Habits) -> None:
    """Ask for what is missing up to the present stage; those with a routine renew what is about to lapse."""
    ahead = 8 if habits.routine else 0
    answerable = min(life.position + 1, life.buyer.can_show(day))
    for criterion in life.waits_for(life.now(day), answerable, ahead=ahead):
        if _asks_about(life, criterion, habits) and life.chance.happens(life.buyer.answers):
            show(life, day, criterion.proof, criterion)


def _asks_about(life: Life, criterion: Criterion, habits: Habits) -> bool:
    """Without a gate a rep keeps to the questions they like, deal by deal."""
    if life.hopeful:
        return False
    if habits.gate:
        return life.chance.happens(habits.asks)
    return life.interest_in(criterion) < habits.asks


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


def _still_confirmed(life: Life, day: dt.date) -> bool:
    """Whether the buyer named a day not long ago, and it lies ahead."""
    said = life.shown.get(CLOSE_DATE, 0) // DAY
    return life.confirmed is not None and life.confirmed > day and day_number(day) - said < CONFIRMED_FOR


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


def advance(life: Life, day: dt.date, habits: Habits) -> None:
    """Move to the next stage: where the gate is enforced with proof, before that on a good feeling too."""
    following = life.position + 1
    if following >= life.stages:
        return
    at = life.now(day)
    if habits.gate:
        if life.buyer.reached(day) >= following and life.passes(at, following):
            move(life, at, following)
        return
    furthest = life.stages - 2 if life.hopeful else life.stages - 3
    feels_right = following <= furthest and life.chance.happens(
        habits.optimism * (2.5 if life.hopeful else 1)
    )
    if feels_right or (life.buyer.reached(day) >= following and not life.hopeful):
        move(life, at, following)
        if following == life.stages - 3:
            _quote(life, day, habits)


def _quote(life: Life, day: dt.date, habits: Habits) -> None:
    """The proposal names a price nearer to what the deal is worth."""
    asked = life.chance.between(0.98, 1 + (habits.inflation - 1) * 1.5)
    life.deal.change(life.now(day), life.owner, "page", amount=rounded(life.worth * asked))


def asked_roles(definition: Definition) -> list[str]:
    """The roles that the definition asks about, in its order; these are recorded once they are met for it."""
    return list(dict.fromkeys(leaf.role for leaf in _leaves(definition) if isinstance(leaf, RoleProof)))


@cache
def _leaves(definition: Definition) -> list[Leaf]:
    return [leaf for _, criterion in definition.all_criteria for leaf in leaves(criterion.proof)]


def move(life: Life, at: int, position: int, *, actor: str = "") -> None:
    """The deal stands at another stage, and its forecast category follows."""
    life.position = position
    life.deal.change(
        at,
        actor or life.owner,
        "page",
        learned_after=life.late(),
        stage=life.definition.stages[position].name,
        forecast_category=category(position, life.stages),
        competitor=life.deal["competitor"] or _rival(life, position),
    )


def _rival(life: Life, position: int) -> str | None:
    """Who else is asked for a proposal, where the buyer says so."""
    asked = position == life.stages - 3 and life.chance.happens(0.35)
    return life.chance.one_of(COMPETITORS) if asked else None


def category(position: int, stages: int) -> str:
    """The forecast category by stage: the last two commit, the two before best case."""
    if position >= stages - 2:
        return "commit"
    return "best case" if position >= stages - 4 else "pipeline"


def estimated_close(life: Life, day: dt.date, habits: Habits) -> dt.date:
    """When the rep says it will close: as the buyer said, at the quarter's end, or by the stages to come."""
    if life.confirmed is not None and life.confirmed > day:
        return life.confirmed
    if life.hopeful or life.chance.happens(habits.placeholders):
        return quarter_end(plus_days(day, 38))
    to_come = sum(stage.norm_days or NORM_DAYS for stage in life.definition.stages[life.position :])
    return working_day(plus_days(day, max(7, to_come * 0.8 * life.chance.between(0.8, 1.3))))


def redate(life: Life, day: dt.date, habits: Habits, *, actor: str = "") -> None:
    """The close date is what is believed now."""
    believed = day_number(estimated_close(life, day, habits))
    if day_of(life.deal["close_on"]) <= day or abs(believed - life.deal["close_on"]) > 10:
        life.deal.change(life.now(day), actor or life.owner, "page", close_on=believed)


def working_day(day: dt.date) -> dt.date:
    """The day itself or the next on which people work."""
    while not is_working_day(day):
        day += dt.timedelta(days=1)
    return day


def rounded(cents: float) -> int:
    """An amount as people quote it: to the nearest 100."""
    return round(cents / 10_000) * 10_000
