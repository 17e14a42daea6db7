"""Leads: create, edit, touch, answer, qualify, disqualify, merge. Converting them is in `convert_lead`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from stageproof.actions.activities import DIRECTIONS, KINDS, subject_problems
from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.evidence import SIDES
from stageproof.actions.history import succeed
from stageproof.actions.lead_facts import (
    FIELDS,
    check_lead,
    in_words,
    likely_leads,
    qualification_problems,
    tidied,
    twin_problem,
)
from stageproof.actions.merges import note_merge
from stageproof.actions.permission import demand
from stageproof.actions.wrong import missing, not_ahead, one_of, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Activity, LeadVersion, Touch
from stageproof.records.models.marketing import LEAD_STATUSES

WORKS_LEADS = ("rep", "manager", "pipeline owner", "marketing", "admin")
MERGES_LEADS = ("manager", "pipeline owner", "marketing", "admin")
OPEN_STATUSES = tuple(status for status in LEAD_STATUSES if status != "converted")


def create_lead(
    actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool = False
) -> LeadVersion:
    """A new lead, of nobody unless an owner is named; its source is its first touch.

    Refused where one is likely to be the same, unless that has been looked at.
    """
    demand(actor, WORKS_LEADS, "create leads")
    facts = tidied(facts)
    problems = check_lead({"name": "", **facts})
    if not problems and not even_if_similar:
        problems = [twin_problem(each) for each in likely_leads(facts)]
    if problems:
        raise Refused(problems)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        lead = LeadVersion(
            lead=_free_key(session), status="new", created_at=now, valid_from=now, change="created", **facts
        )
        session.add([lead])
        if lead.source:
            session.add([Touch(lead=lead.lead, source=lead.source, campaign=lead.campaign, touched_at=now)])
    return lead


def edit_lead(
    actor: Actor,
    lead: str,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> LeadVersion:
    """The lead with other facts, or another owner; unchanged where nothing differs."""
    demand(actor, WORKS_LEADS, "change leads")
    changes = tidied(changes)
    problems = check_lead(changes)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead, expected_version)
        if problems:
            raise Refused(problems)
        differing = {name: value for name, value in changes.items() if getattr(current, name) != value}
        if not differing:
            return current
        change = "assigned" if set(differing) == {"owner"} else "edited"
        return succeed(session, current, at=now, **differing, change=change, note="")


def touch_lead(
    actor: Actor,
    lead: str,
    *,
    source: str,
    campaign: str | None = None,
    touched_at: dt.datetime | None = None,
    now: dt.datetime,
) -> Touch:
    """A touch of the lead by marketing or sales, which attribution counts."""
    demand(actor, WORKS_LEADS, "change leads")
    source, campaign, touched_at = source.strip(), (campaign or "").strip() or None, touched_at or now
    problems = text_problems(Touch, {"source": source, "campaign": campaign})
    problems += not_ahead("touched_at", touched_at, now)
    if not source:
        problems.append(missing("source", "It is not said what touched the lead.", "Name the source."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead)
        if problems:
            raise Refused(problems)
        touch = Touch(lead=current.lead, source=source, campaign=campaign, touched_at=touched_at)
        session.add([touch])
    return touch


def log_on_lead(
    actor: Actor,
    lead: str,
    *,
    kind: str,
    subject: str,
    now: dt.datetime,
    side: str = "seller",
    happened_at: dt.datetime | None = None,
    direction: str | None = None,
) -> Activity:
    """A thing that happened on a lead. The first that one of us did is its first response, and it is worked on."""
    demand(actor, WORKS_LEADS, "change leads")
    happened_at = happened_at or now
    problems = [
        *one_of("kind", kind, KINDS, "kind of activity"),
        *one_of("side", side, SIDES, "side"),
        *(one_of("direction", direction, DIRECTIONS, "direction") if direction else []),
        *not_ahead("happened_at", happened_at, now),
        *subject_problems(subject),
    ]
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead)
        if problems:
            raise Refused(problems)
        activity = Activity(
            key=f"A{session.ledger.last_seq + 1}", lead=current.lead, deal=current.deal, owner=actor.person,
            kind=kind, side=side, direction=direction or None, happened_at=happened_at, subject=subject.strip(),
        )  # fmt: skip
        session.add([activity])
        if side == "seller" and kind != "note":
            _answered(session, current, happened_at, now)
    return activity


def respond(
    actor: Actor, lead: str, *, subject: str, now: dt.datetime, kind: str = "email",
    happened_at: dt.datetime | None = None,
) -> LeadVersion:  # fmt: skip
    """The lead after one of us answered it."""
    log_on_lead(
        actor, lead, kind=kind, subject=subject, now=now, happened_at=happened_at, direction="outbound"
    )
    return find_lead(lead)


def qualify_lead(
    actor: Actor,
    lead: str,
    *,
    now: dt.datetime,
    reason: str = "",
    framework: str = "",
    answers: Mapping[str, str] | None = None,
    expected_version: int | None = None,
) -> LeadVersion:
    """The lead as qualified, for a reason in words or by the answers to every element of a framework."""
    demand(actor, WORKS_LEADS, "qualify leads")
    given = {name: text for name, text in (answers or {}).items() if str(text or "").strip()}
    problems = qualification_problems(reason, framework, given)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead, expected_version)
        problems += if_converted(current)
        if problems:
            raise Refused(problems)
        return qualified(session, current, reason, framework, given, now)


def qualified(
    session: Writing, current: LeadVersion, reason: str, framework: str, answers: Mapping[str, str], now: dt.datetime
) -> LeadVersion:  # fmt: skip
    """Saves the lead as qualified, within a change that has checked everything."""
    words = in_words(reason, framework, answers)
    kept = {"framework": framework, **answers} if framework else {}
    if (current.status, current.qualification, current.answers) == ("qualified", words, kept):
        return current
    return succeed(
        session, current, at=now, status="qualified", qualification=words, answers=kept, disqualified_reason=None,
        change="qualified", note=words[:500],
    )  # fmt: skip


def disqualify_lead(
    actor: Actor, lead: str, *, reason: str, now: dt.datetime, expected_version: int | None = None
) -> LeadVersion:
    """The lead as not worth pursuing, with the reason."""
    demand(actor, WORKS_LEADS, "disqualify leads")
    reason = " ".join(reason.split())
    problems = text_problems(LeadVersion, {"disqualified_reason": reason})
    if not reason:
        problems.append(missing("reason", "It is not said why this lead is disqualified.", "Say why."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead, expected_version)
        problems += if_converted(current)
        if problems:
            raise Refused(problems)
        if (current.status, current.disqualified_reason) == ("disqualified", reason):
            return current
        return succeed(
            session, current, at=now, status="disqualified", disqualified_reason=reason, change="disqualified",
            note=reason,
        )  # fmt: skip


def reopen_lead(
    actor: Actor, lead: str, *, now: dt.datetime, to: str = "working", expected_version: int | None = None
) -> LeadVersion:
    """The lead back at work, neither qualified nor disqualified; what was said of it stays in its history."""
    demand(actor, WORKS_LEADS, "change leads")
    problems = one_of("status", to, ("new", "working"), "status to go back to")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead, expected_version)
        problems += if_converted(current)
        if problems:
            raise Refused(problems)
        if current.status == to:
            return current
        change = "reopened" if current.status in ("qualified", "disqualified") else to
        return succeed(
            session, current, at=now, status=to, qualification=None, answers={}, disqualified_reason=None,
            change=change, note="",
        )  # fmt: skip


def set_lead_status(
    actor: Actor, lead: str, *, status: str, now: dt.datetime, reason: str = ""
) -> LeadVersion:
    """The lead at another status, by the verb that leads there; converted it becomes only by converting it."""
    demand(actor, WORKS_LEADS, "change leads")
    if status == "qualified":
        return qualify_lead(actor, lead, reason=reason, now=now)
    if status == "disqualified":
        return disqualify_lead(actor, lead, reason=reason, now=now)
    problems = one_of("status", status, OPEN_STATUSES, "status of a lead")
    if problems:
        raise Refused(problems + if_converted(find_lead(lead)))
    return reopen_lead(actor, lead, now=now, to=status)


def merge_leads(actor: Actor, *, winner: str, loser: str, now: dt.datetime) -> LeadVersion:
    """The one lead of two: blanks are filled, touches and what happened count for it, it came in when the first did."""
    demand(actor, MERGES_LEADS, "merge leads")
    if winner == loser:
        raise Refused([wrong("loser", loser, "A lead cannot be merged with itself.", "Choose another.")])
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        kept, gone = locked_lead(winner), locked_lead(loser)
        if gone.status == "converted":
            both = kept.status == "converted"
            says = "Both leads are deals already." if both else "The lead to be taken in is a deal already."
            remedy = "Merge the deals." if both else "Merge the two the other way round."
            raise Refused([Problem("lead_converted", says, remedy, column="loser", value=loser)])
        filled = {
            name: getattr(gone, name)
            for name in (*FIELDS, "qualification")
            if getattr(kept, name) in (None, "") and getattr(gone, name) not in (None, "")
        }
        answered = [each.responded_at for each in (kept, gone) if each.responded_at is not None]
        names, after = (kept.name, gone.name), session.ledger.last_seq
        succeed(
            session, gone, at=now, removed=True, merged_into=kept.lead, change="merged",
            note=f"became part of {kept.name}"[:500],
        )  # fmt: skip
        merged = succeed(
            session, kept, at=now, **filled, created_at=min(kept.created_at, gone.created_at),
            responded_at=min(answered, default=None), change="merged", note=f"took in {gone.name}"[:500],
        )  # fmt: skip
        _pass_on(session, gone.lead, kept.lead)
        note_merge(session, "lead", winner=kept.lead, loser=gone.lead, names=names, after=after, now=now)
    return merged


def find_lead(lead: str) -> LeadVersion:
    """The lead as it is, of a merged one the lead that took it in; NotFound otherwise."""
    rows = LeadVersion.objects.select_related("owner", "deal", "contact").filter(valid_to__isnull=True)
    current, asked = rows.filter(lead=lead).first(), lead
    while current is not None and current.merged_into is not None:
        current = rows.filter(lead=current.merged_into).first()
    if current is None or current.removed:
        raise NotFound("lead", asked)
    return current


def locked_lead(lead: str, expected_version: int | None = None) -> LeadVersion:
    """The lead for a change that nobody was faster to make; whoever holds the ledger has it for itself."""
    current = find_lead(lead)
    if expected_version is not None and expected_version != current.version:
        raise Conflict(
            f"lead {lead}", expected_version, current.version, history_since(current, expected_version)
        )
    return current


def lead_history(lead: str) -> list[LeadVersion]:
    """Every version of the lead, the first one first."""
    return list(LeadVersion.objects.select_related("owner", "deal").filter(lead=lead).order_by("seq"))


def history_since(current: LeadVersion, version: int) -> list[dict[str, Any]]:
    """What changed after a version of the lead: who, when, and which facts."""
    names = (*FIELDS, "status", "qualification", "disqualified_reason", "responded_at", "deal")
    versions = [each for each in lead_history(current.lead) if each.seq >= version]
    return [
        {
            "actor": after.actor,
            "at": after.recorded_at.isoformat(),
            "fields": [name for name in names if getattr(before, name) != getattr(after, name)],
            "change": after.change,
        }
        for before, after in pairwise(versions)
    ]


def if_converted(lead: LeadVersion) -> list[Problem]:
    """A problem where the lead is a deal already."""
    if lead.status != "converted":
        return []
    return [Problem("lead_converted", "This lead is a deal already.", "Work on the deal.", value=lead.lead)]


def copies(session: Writing, rows: list[Activity], **other: Any) -> None:
    """Records what happened again, with something else; what was recorded before stays as it was."""
    first = session.ledger.last_seq + 1
    kept = ("deal_id", "lead", "account_id", "contact_id", "owner_id", "kind", "side", "direction", "happened_at",
            "subject")  # fmt: skip
    session.add(
        [
            Activity(key=f"A{first + place}", **{**{name: getattr(row, name) for name in kept}, **other})
            for place, row in enumerate(rows)
        ]
    )


def activities_of(lead: str) -> list[Activity]:
    """What happened on the lead, the first recorded first."""
    rows = Activity.objects.filter(lead=lead, withdrawn_at__isnull=True).select_related("owner")
    return list(rows.order_by("seq"))


def _answered(session: Writing, current: LeadVersion, at: dt.datetime, now: dt.datetime) -> None:
    """Notes the first response where it was none or later, and that somebody works on it."""
    first = current.responded_at is None or at < current.responded_at
    status = "working" if current.status == "new" else current.status
    if first or status != current.status:
        change = "answered" if first else "working"
        earliest = at if first else current.responded_at
        succeed(session, current, at=now, responded_at=earliest, status=status, change=change, note="")


def _pass_on(session: Writing, gone: str, kept: str) -> None:
    """Gives what touched and happened to the one to the other as well."""
    touches = Touch.objects.filter(lead=gone, withdrawn_at__isnull=True).order_by("seq")
    names = ("deal_id", "source", "campaign", "touched_at")
    session.add([Touch(lead=kept, **{name: getattr(row, name) for name in names}) for row in touches])
    copies(session, activities_of(gone), lead=kept)


def _free_key(session: Writing) -> str:
    """The number of the change that creates the lead, as its key; imported keys may look alike."""
    key = f"L{session.ledger.last_seq + 1}"
    while LeadVersion.objects.filter(lead=key).exists():
        key += "n"
    return key
