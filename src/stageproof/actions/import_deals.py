"""Import: what files would change, and the change itself, whole or not at all.

Deals that arrive for the first time are taken as they were, with their history: history is fact. What files say of
deals that are here is taken at the present, blanks changing nothing; a move to another stage is asked of the gate
like any other, and where it is refused the other facts of the row are taken all the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.actions.actor import Actor
from stageproof.actions.import_directory import Directory
from stageproof.actions.import_facts import FactChange, RefusedMove, ask_the_gate, compare, here, take_facts
from stageproof.actions.import_frames import Incoming, incoming
from stageproof.actions.import_history import add_new_deals, pointed
from stageproof.actions.import_rest import (
    Taking,
    contacts_of_activities,
    take_activities,
    take_campaigns,
    take_evidence,
    take_leads,
    take_roles,
    take_targets,
    take_touches,
)
from stageproof.actions.import_same import known_as
from stageproof.actions.likeness import Likely
from stageproof.actions.permission import IMPORTS, demand
from stageproof.engine.book import Book
from stageproof.engine.counted import count_text
from stageproof.engine.definition import Definition
from stageproof.engine.frames import collect, instant_number
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.importers import Imported, Rejected, import_files
from stageproof.importers import Mapping as FileMapping
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Deal, ImportRun, Organisation
from stageproof.records.tables import calendar_of, definitions_in_force

SHOWN = 100
"""How many changes and problems of a kind the record of an import keeps in full; all are counted."""


@dataclass
class ImportResult:
    """What an import does, or would do."""

    created: int = 0
    updated: int = 0
    moved: int = 0
    deleted: int = 0
    unchanged: int = 0
    versions: int = 0
    roles: int = 0
    evidence: int = 0
    activities: int = 0
    leads: int = 0
    targets: int = 0
    touches: int = 0
    campaigns: int = 0
    refused: list[RefusedMove] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    changes: list[FactChange] = field(default_factory=list)
    added: dict[str, list[str]] = field(default_factory=dict)
    likely_accounts: list[tuple[str, Likely]] = field(default_factory=list)
    likely_deals: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    gaps: tuple[str, ...] = ()
    rows: dict[str, Any] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    shapes: tuple[Any, ...] = ()
    run: ImportRun | None = None

    @property
    def changes_anything(self) -> bool:
        """Whether the import does more than find everything as it is."""
        counts = (self.created, self.updated, self.moved, self.deleted, self.roles, self.evidence)
        return any((*counts, self.activities, self.leads, self.targets, self.touches, self.campaigns))

    def summary(self) -> dict[str, Any]:
        """The counts, and the first of each list, for the record."""
        counts = {name: value for name, value in vars(self).items() if type(value) is int}
        return {
            **counts,
            "refused": [
                {
                    "deal": each.deal,
                    "name": each.name,
                    "to": each.to,
                    "problems": [p.as_dict() for p in each.problems],
                }
                for each in self.refused[:SHOWN]
            ],
            "refused_count": len(self.refused),
            "left_out": self.left_out[:SHOWN],
            "left_out_count": len(self.left_out),
            "changes": [
                {
                    "deal": each.deal,
                    "fact": each.fact,
                    "before": _plain(each.before),
                    "after": _plain(each.after),
                }
                for each in self.changes[:SHOWN]
            ],
            "changes_count": len(self.changes),
            "added": {kind: len(names) for kind, names in self.added.items()},
            "likely_accounts": [
                {"name": name, "here": twin.name} for name, twin in self.likely_accounts[:SHOWN]
            ],
            "likely_deals": [{"deal": one, "here": other} for one, other in self.likely_deals[:SHOWN]],
            "problems": [problem.as_dict() for problem in self.problems[:SHOWN]],
            "problems_count": len(self.problems),
            "gaps": list(self.gaps),
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Options:
    """How files are read and what they are taken for; `reason` is given for deals that reopen or are lost.

    `same_accounts` and `same_deals` say which account or deal here one of the files is, by the file's name or id.
    """

    mapping: FileMapping | None = None
    pipeline: str | None = None
    zone: str | None = None
    currency: str | None = None
    date_order: str | None = None
    encoding: str | None = None
    reason: str = ""
    same_accounts: Mapping[str, str] = field(default_factory=dict)
    same_deals: Mapping[str, str] = field(default_factory=dict)


def preview_import(
    actor: Actor,
    paths: Sequence[Path],
    *,
    now: dt.datetime,
    options: Options | None = None,
    progress: Callable[[float], None] | None = None,
    again: int | None = None,
) -> ImportResult:
    """What the import would do: it is done, and taken back. The run that is kept can be committed.

    `again` is the run of an earlier preview, whose place this one takes.
    """
    demand(actor, IMPORTS, "import deals")
    read = _Reading(options or Options(), now)
    imported = read.files(paths, progress)
    result = ImportResult()
    told = read.told(imported)
    try:
        with writing(recorded_at=now, actor=actor.name, door="import") as session:
            result = _take(session, told, read)
            raise _TakenBack
    except _TakenBack:
        pass
    earlier = ImportRun.objects.filter(pk=again, status="preview").first() if again else None
    row = earlier or ImportRun(person=actor.person)
    row.status, row.files, row.summary, row.created_at = "preview", _files(paths), result.summary(), now
    row.save()
    result.run = row
    return result


def forget_preview(actor: Actor, run: int) -> None:
    """Takes the record of a preview away; what was committed stays on record."""
    demand(actor, IMPORTS, "import deals")
    ImportRun.objects.filter(pk=run, status="preview").delete()


def commit_import(
    actor: Actor,
    paths: Sequence[Path],
    *,
    now: dt.datetime,
    run: int | None = None,
    options: Options | None = None,
    progress: Callable[[float], None] | None = None,
) -> ImportResult:
    """The import, in one transaction; `run` is a preview of the very same files."""
    demand(actor, IMPORTS, "import deals")
    read = _Reading(options or Options(), now)
    imported = read.files(paths, progress)
    told, files = read.told(imported), _files(paths)
    with writing(recorded_at=now, actor=actor.name, door="import") as session:
        row = _run(run, files) or ImportRun(person=actor.person, created_at=now)
        before = session.ledger.last_seq
        result = _take(session, told, read)
        changed = session.ledger.last_seq != before
        row.status, row.files, row.summary, row.committed_at = "committed", files, result.summary(), now
        row.first_seq = before + 1 if changed else None
        row.last_seq = session.ledger.last_seq if changed else None
        row.save()
    return replace(result, run=row)


class _TakenBack(Exception):
    """Ends the transaction of a preview."""


@dataclass(frozen=True)
class _Told:
    """What files say, worked out before anyone has to wait for it."""

    imported: Imported
    book: Book
    deals: Incoming


@dataclass
class _Reading:
    """What holds for all files of an import here: zone, currency, calendar and definitions."""

    options: Options
    now: dt.datetime

    def __post_init__(self) -> None:
        organisation = Organisation.objects.get()
        self.zone = self.options.zone or organisation.zone
        self.currency = self.options.currency or organisation.currency
        self.calendar = calendar_of(organisation)
        self.definitions = definitions_in_force(day_at(self.now, organisation.zone))
        self.definition = self._chosen()

    def _chosen(self) -> Definition:
        wanted = self.options.pipeline
        names = ", ".join(each.pipeline for each in self.definitions) or "none is published yet"
        found = [each for each in self.definitions if wanted in (None, each.pipeline)]
        if not found:
            says = f"There is no pipeline '{wanted}'." if wanted else "No definition is in force."
            raise Refused([Problem("unknown_pipeline", says, f"Use one of: {names}.", column="pipeline")])
        return found[0]

    def files(self, paths: Sequence[Path], progress: Callable[[float], None] | None) -> Imported:
        return import_files(
            paths,
            mapping=self.options.mapping,
            definition=self.definition,
            zone=self.zone,
            currency=self.currency,
            date_order=self.options.date_order,
            encoding=self.options.encoding,
            calendar=self.calendar,
            progress=progress,
        )

    def told(self, imported: Imported) -> _Told:
        book = known_as(imported.book, self.options.same_accounts, self.options.same_deals)
        return _Told(
            imported, book, incoming(book, self.definitions, pipeline=self.definition.pipeline, now=self.now)
        )


def _take(session: Writing, told: _Told, read: _Reading) -> ImportResult:
    """Everything that the files bring, in the order in which the parts need each other."""
    now, imported, book, deals = read.now, told.imported, told.book, told.deals
    directory = _directory(session, deals, book)
    found = compare(
        pointed(deals.present, directory),
        here(deals.present["deal"].to_list()),
        deals.custom,
        read.definitions,
    )
    fresh = deals.versions.join(found.new.select("deal"), on="deal", how="semi", maintain_order="left")
    add_new_deals(session, fresh, deals.custom, directory)
    take_facts(session, found, now=now)
    taking = _taking(session, book, directory, deals, left_out=found.left_out)
    result = ImportResult(
        created=found.new.height,
        updated=len(found.edits),
        deleted=len(found.deletions),
        unchanged=found.unchanged,
        left_out=found.left_out,
        changes=found.changes,
        roles=take_roles(taking),
        evidence=take_evidence(taking),
    )
    directory.add_contacts(contacts_of_activities(taking))
    result.activities = take_activities(taking)
    result.leads, result.targets = take_leads(taking), take_targets(taking)
    result.touches, result.campaigns = take_touches(taking), take_campaigns(taking)
    # Last, so that what the same files bring as proof counts.
    result.moved, result.refused = ask_the_gate(session, found, now=now, reason=read.options.reason)
    result.versions = fresh.height + len(found.edits) + len(found.deletions) + result.moved
    result.added, result.likely_accounts = directory.added, directory.likely_accounts
    result.likely_deals = _likely_deals(found.new)
    result.problems = [
        *imported.problems,
        *deals.problems,
        *_left_out(found.left_out),
        *_rates_not_kept(imported.book),
        *_waivers_not_kept(imported.book),
        *_ahead_not_kept(imported.book, now),
    ]
    result.gaps, result.rows = imported.gaps, imported.accounting.as_dict()
    result.rejected, result.shapes = imported.rejected, imported.shapes
    return result


def _directory(session: Writing, deals: Incoming, book: Book) -> Directory:
    """Everyone and everything that the files name, made where it is not here."""
    directory = Directory.load(session)
    others = {
        name: collect(book.tables[name]) for name in ("activities", "leads", "targets") if book.holds(name)
    }

    def named(column: str, limit: int, *tables: str) -> list[str]:
        frames = [deals.versions, *(others[name] for name in tables if name in others)]
        columns = [frame[column].cast(pl.String).str.slice(0, limit) for frame in frames]
        return sorted({name for each in columns for name in each.drop_nulls() if name.strip()})

    directory.add_teams(named("team", 120, "targets"))
    teams = dict(deals.present.select("owner", "team").drop_nulls("owner").iter_rows())
    directory.add_people(named("owner", 150, "activities", "leads", "targets"), teams)
    directory.add_accounts(named("account", 255, "activities"))
    return directory


def _taking(
    session: Writing, book: Book, directory: Directory, deals: Incoming, *, left_out: Sequence[str]
) -> Taking:
    keys = set(deals.present["deal"]) - set(left_out)
    rows = [
        (key, pk, account)
        for key, pk, account, status in Deal.objects.values_list(
            "key", "id", "account_id", "status"
        ).iterator(chunk_size=20_000)
        if key in keys and status != "deleted"
    ]
    return Taking(
        session,
        book,
        directory,
        {key: pk for key, pk, _ in rows},
        {pk: account for _, pk, account in rows},
    )


def _likely_deals(new: pl.DataFrame) -> list[tuple[str, str]]:
    """New deals with the name and account of an open one under another id."""
    named = new.filter(pl.col("status") == "open", pl.col("said_name").is_not_null())
    if named.is_empty():
        return []
    created = set(new["deal"])
    there: dict[tuple[str, str | None], str] = {}
    for key, name, account in Deal.objects.filter(status="open").values_list("key", "name", "account__name"):
        if key not in created:
            there[name.casefold(), account and account.casefold()] = key
    found = []
    for key, name, account in named.select("deal", "said_name", "account").iter_rows():
        twin = there.get((name.casefold(), account and account.casefold()))
        if twin is not None:
            found.append((key, twin))
    return found


def _left_out(keys: Sequence[str]) -> list[Problem]:
    if not keys:
        return []
    says = f"{count_text(len(keys), 'deal was,deals were')} deleted or merged here and left out: {', '.join(keys[:5])}."
    remedy = "Take such deals out of the export, too."
    return [Problem("deleted_here", says, remedy, value=keys[0], count=len(keys))]


def _rates_not_kept(book: Book) -> list[Problem]:
    """That rates are set by a person: those of a file would change figures that were given out."""
    if not book.holds("rates"):
        return []
    says = "The exchange rates in the files are not imported."
    remedy = "Set the rates on their page or with POST /api/v1/rates, each from its day on."
    return [Problem("rates_not_imported", says, remedy)]


def _waivers_not_kept(book: Book) -> list[Problem]:
    """That people grant waivers and verify evidence here: a file must not open the gate."""
    if not book.holds("evidence"):
        return []
    pieces = collect(book.tables["evidence"].select("kind", "verified_by"))
    waivers = pieces.filter(pl.col("kind") == "waiver").height
    verified = pieces.filter(pl.col("kind") != "waiver", pl.col("verified_by").is_not_null()).height
    found = []
    if waivers:
        says = "The waivers in the files are not imported."
        remedy = "Grant them on the pages of their deals, each with its reason and its last day."
        found.append(Problem("waivers_not_imported", says, remedy, count=waivers))
    if verified:
        says = "Evidence that the files call verified is imported as not verified yet."
        remedy = "Have it verified on the pages of the deals."
        found.append(Problem("verification_not_imported", says, remedy, count=verified))
    return found


def _ahead_not_kept(book: Book, now: dt.datetime) -> list[Problem]:
    """That what lies ahead has not happened: a meeting in a calendar is no sign of life yet."""
    if not book.holds("activities"):
        return []
    ahead = book.tables["activities"].filter(nw.col("happened_at") > instant_number(now))
    if not (count := collect(ahead.select("kind")).height):
        return []
    says = "Activities that lie ahead are not imported."
    return [Problem("activities_ahead", says, "Import them again once they have happened.", count=count)]


def _files(paths: Sequence[Path]) -> list[Mapping[str, Any]]:
    """Name, size and digest of each file: what was previewed is what is committed."""
    found: list[Mapping[str, Any]] = []
    for path in paths:
        digest = hashlib.sha256()
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        found.append(
            {"name": Path(path).name, "size": Path(path).stat().st_size, "sha256": digest.hexdigest()}
        )
    return found


def _run(run: int | None, files: list[Mapping[str, Any]]) -> ImportRun | None:
    if run is None:
        return None
    row = ImportRun.objects.filter(pk=run).first()
    if row is None or row.status != "preview":
        says = "This import is no preview that waits to be committed."
        raise Refused([Problem("not_a_preview", says, "Upload the files again.", value=str(run))])
    if sorted(each["sha256"] for each in row.files) != sorted(each["sha256"] for each in files):
        says = "These are not the files that were looked at."
        raise Refused([Problem("other_files", says, "Look at them again before committing.", value=str(run))])
    return row


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value
