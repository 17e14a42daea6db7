"""What accounts and contacts have in common: made, edited and merged, with every version kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.history import later_than, names_changed
from stageproof.actions.likeness import Likely
from stageproof.actions.merges import note_merge
from stageproof.actions.permission import demand
from stageproof.actions.wrong import wrong
from stageproof.engine.frames import number
from stageproof.engine.problem import Problem, Refused
from stageproof.records.bulk import add_rows
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Account, AccountVersion, Contact, ContactVersion
from stageproof.records.models.accounts import ACCOUNT_FACTS, CONTACT_FACTS

KEEPS = ("rep", "manager", "pipeline owner", "marketing", "admin")
MERGES = ("manager", "pipeline owner", "admin")
STANDING = frozenset({"name", "title"})
"""The facts that stand in the tables of deals, in old versions too, by whatever they are now."""

E = TypeVar("E", Account, Contact)


@dataclass(frozen=True)
class Kind(Generic[E]):
    """Accounts or contacts: their tables, their word, what people set, and what is checked before."""

    model: type[E]
    word: str
    fields: Sequence[str]
    check: Callable[[Mapping[str, Any], E | None], list[Problem]]
    likely: Callable[[Mapping[str, Any]], list[Likely]]
    twin: Callable[[Likely], Problem]


def create(
    kind: Kind[E], actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool
) -> E:
    """A new one; refused where one is likely to be the same, unless that has been looked at."""
    demand(actor, KEEPS, f"create {kind.word}s")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        return open_entry(session, kind, facts, now=now, even_if_similar=even_if_similar)


def open_entry(
    session: Writing, kind: Kind[E], facts: Mapping[str, Any], *, now: dt.datetime, even_if_similar: bool
) -> E:
    """The same within a change that does more than this; permission is asked before."""
    facts = tidy(facts)
    problems = kind.check({"name": "", **facts}, None)
    if problems:
        raise Refused(problems)
    similar = [] if even_if_similar else kind.likely(facts)
    if similar:
        raise Refused([kind.twin(each) for each in similar])
    made = kind.model(**facts, created_at=now, version=0)
    save_entry(session, made, change="created", at=now)
    return made


def edit(
    kind: Kind[E],
    actor: Actor,
    pk: int,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> E:
    """The one of this id with other facts."""
    demand(actor, KEEPS, f"change {kind.word}s")
    changes = tidy(changes)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        row = find(kind.model, pk)
        problems = kind.check(changes, row)
        if problems:
            raise Refused(problems)
        if expected_version is not None and expected_version != row.version:
            changed = history_since(row, expected_version)
            raise Conflict(f"{kind.word} {pk}", expected_version, row.version, changed)
        differing = {name: value for name, value in changes.items() if getattr(row, name) != value}
        if differing:
            for name, value in differing.items():
                setattr(row, name, value)
            save_entry(session, row, change="edited", at=now)
            if not STANDING.isdisjoint(differing):
                names_changed()
    return row


def merge(
    kind: Kind[E],
    actor: Actor,
    *,
    winner: int,
    loser: int,
    now: dt.datetime,
    pass_on: Callable[[Writing, E, E, dt.datetime], None],
) -> E:
    """The winner with its blanks filled from the loser; `pass_on` gives it what was the loser's."""
    demand(actor, MERGES, f"merge {kind.word}s")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        kept, gone = find(kind.model, winner), find(kind.model, loser)
        if kept.pk == gone.pk:
            article = "An" if kind.word[0] in "aeiou" else "A"
            says = f"{article} {kind.word} cannot be merged with itself."
            raise Refused([wrong("loser", loser, says, "Choose another.")])
        filled, after = fills(kind, kept, gone), session.ledger.last_seq
        gone.merged_into, gone.external_id = kept, None
        save_entry(session, gone, change="merged", at=now, note=f"became part of {kept.name}")
        for name, value in filled.items():
            setattr(kept, name, value)
        save_entry(session, kept, change="merged", at=now, note=f"took in {gone.name}")
        pass_on(session, gone, kept, now)
        names = kept.name, gone.name
        note_merge(session, kind.word, winner=kept.pk, loser=gone.pk, names=names, after=after, now=now)
        names_changed()
    return kept


def fills(kind: Kind[E], kept: E, gone: E) -> dict[str, Any]:
    """The facts that the one takes over from the other, for it has none of its own."""
    values = {name: getattr(gone, name) for name in kind.fields if name != "name"}
    return {name: value for name, value in values.items() if value and not getattr(kept, name)}


def find(model: type[E], pk: int) -> E:
    """The one of this id, of a merged one that which it became part of; NotFound otherwise, or where it is out."""
    word = model._meta.model_name or ""
    row = model._default_manager.select_related("merged_into").filter(pk=pk).first()
    while row is not None and row.merged_into is not None:
        row = row.merged_into
    if row is None or row.removed:
        raise NotFound(word, str(pk))
    return row


def with_merged(model: type[Account] | type[Contact], pk: int) -> list[int]:
    """The id, and those of all that became part of it, and of what had become part of those."""
    found, last = [pk], [pk]
    while last:
        last = list(model._default_manager.filter(merged_into__in=last).values_list("id", flat=True))
        found += last
    return found


def save_entry(
    session: Writing, row: Account | Contact, *, change: str, at: dt.datetime, note: str = ""
) -> AccountVersion | ContactVersion:
    """Saves the present row and its version together; the version before ends where this one begins."""
    if row.pk is not None:
        last = versions_of(row).filter(valid_to__isnull=True).values_list("valid_from", flat=True).first()
        at = later_than(last, at)
    row.version += 1
    row.save()
    versions_of(row).filter(valid_to__isnull=True).update(valid_to=at)
    model, word, facts = _kept_as(type(row))
    values = {name: getattr(row, name) for name in facts}
    version: AccountVersion | ContactVersion = model(
        **{word: row},
        **values,
        change=change,
        note=note[:500],
        valid_from=at,
        recorded_at=session.recorded_at,
    )
    session.add([version])
    return version


def add_first_versions(
    session: Writing, model: type[Account] | type[Contact], pks: Iterable[int], *, since: int | None = None
) -> int:
    """The first version of each of many rows that are saved already, in the order of their ids; how many.

    `since` is when they became known, in the engine's microseconds; that of the change unless given.
    """
    version, word, facts = _kept_as(model)
    names = [field.attname for field in model._meta.concrete_fields if field.name in facts]
    began = number(session.recorded_at) if since is None else since
    wanted = sorted(pks)
    rows = (
        (*map(number, values), pk, "created", "", began, None, began, session.actor)
        for start in range(0, len(wanted), _BATCH)
        for pk, *values in model._default_manager.filter(pk__in=wanted[start : start + _BATCH])
        .order_by("pk")
        .values_list("pk", *names)
    )
    kept = [*names, f"{word}_id", "change", "note", "valid_from", "valid_to", "recorded_at", "actor"]
    return add_rows(session, version, kept, rows)


_BATCH = 500


def versions_of(row: Account | Contact) -> Any:
    """The versions of an account or a contact, as a query."""
    model, word, _ = _kept_as(type(row))
    return model._default_manager.filter(**{word: row.pk})


def version_at(row: Account | Contact, at: dt.datetime) -> AccountVersion | ContactVersion | None:
    """The row as it was at an instant; None where it was not known yet."""
    found: AccountVersion | ContactVersion | None = (
        versions_of(row).filter(valid_from__lte=at).order_by("-valid_from", "-seq").first()
    )
    return found


def history_since(row: Account | Contact, version: int) -> list[dict[str, Any]]:
    """What changed after a version of the row: who, when, and which facts."""
    *_, facts = _kept_as(type(row))
    versions = list(versions_of(row).order_by("seq"))[max(version - 1, 0) :]
    return [
        {
            "actor": after.actor,
            "at": after.recorded_at.isoformat(),
            "fields": [name for name in facts if getattr(before, name) != getattr(after, name)],
            "change": after.change,
        }
        for before, after in pairwise(versions)
    ]


def _kept_as(model: type[Any]) -> tuple[type[Any], str, tuple[str, ...]]:
    if issubclass(model, Account):
        return AccountVersion, "account", ACCOUNT_FACTS
    return ContactVersion, "contact", CONTACT_FACTS


def tidy(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Texts without space around them; blank where there is none, but for the id of another system."""
    found = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    for name, value in found.items():
        if value is None and name in _TEXTS:
            found[name] = ""
    if found.get("external_id") == "":
        found["external_id"] = None
    return found


_TEXTS = ("domain", "industry", "country", "segment", "email", "title", "phone")
