"""Several files made into one book, with an account of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from stageproof.engine.book import Book
from stageproof.engine.counted import count_text
from stageproof.engine.definition import Definition
from stageproof.engine.frames import instant_number
from stageproof.engine.money import is_currency
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.zone import check_zone, start_of_day
from stageproof.importers.accounting import Accounting, FileAccount, Imported, Rejected, TakenFor
from stageproof.importers.activity import read_activities
from stageproof.importers.committee import read_roles, roles_table
from stageproof.importers.deal_files import DealFiles
from stageproof.importers.encoding import encoding_named
from stageproof.importers.evidence import evidence_table, read_evidence
from stageproof.importers.exchange_rates import rates_table, read_rates, reporting_currency
from stageproof.importers.files import Files, read_files
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake, Settings
from stageproof.importers.leads import read_campaigns, read_leads, read_touches
from stageproof.importers.lookups import (
    Lookups,
    named_campaigns,
    read_accounts,
    read_contacts,
    read_deal_accounts,
    read_line_items,
    read_named,
    read_stages,
    read_users,
    with_teams,
)
from stageproof.importers.mapping import ORDERS, Mapping
from stageproof.importers.outcome import Stages
from stageproof.importers.prices import matched_products, near_problems, read_prices, with_prices
from stageproof.importers.targets import read_targets
from stageproof.importers.versions import Versions, build_versions

Progress = Callable[[float], None]
DEFAULT_CURRENCY = "USD"
_READING = 0.6
"""The share of the work that reading the files is, for the progress bar."""


def import_files(
    paths: Sequence[Path],
    *,
    mapping: Mapping | None = None,
    definition: Definition | None = None,
    as_of: date | None = None,
    zone: str = "UTC",
    date_order: str | None = None,
    encoding: str | None = None,
    currency: str | None = None,
    calendar: Calendar | None = None,
    progress: Progress | None = None,
) -> Imported:
    """The book that exports of a CRM or spreadsheets make, and the account of every row.

    `definition` is one that the user gave: open deals in stages that it doesn't know are rejected. `as_of` serves as
    the beginning of a book in which nothing is dated. `zone` and `currency` hold where neither the files nor the
    mapping say otherwise, `encoding` for texts that are not UTF-8; `calendar` tells the days of a target's quarter,
    and is the book's. Raises `Refused` with every reason where no book can be made.
    """
    mapping = mapping or Mapping()
    if encoding:
        mapping = replace(mapping, encoding=encoding_named(encoding))
    settings = _settings(mapping, zone, currency, date_order, calendar or Calendar())
    report = progress or (lambda share: None)
    files = read_files([Path(path) for path in paths], mapping, lambda share: report(share * _READING))
    assembly = _Assembly(files, settings, definition)
    imported = assembly.build(as_of, currency or mapping.currency)
    report(1.0)
    return imported


def _settings(
    mapping: Mapping, zone: str, currency: str | None, date_order: str | None, calendar: Calendar
) -> Settings:
    zone = mapping.zone or zone
    problem = check_zone(zone)
    if problem is not None:
        raise Refused([problem])
    code = (currency or mapping.currency or DEFAULT_CURRENCY).upper()
    if not is_currency(code):
        remedy = "Write its ISO 4217 code, such as EUR."
        raise Refused(
            [Problem("unknown_currency", f"'{currency}' is not a currency.", remedy, value=str(currency))]
        )
    order = next((each for each in ORDERS if each == date_order), None)
    if date_order is not None and order is None:
        remedy = f"Use one of {', '.join(ORDERS)}."
        says = f"'{date_order}' is not an order of day, month and year."
        raise Refused([Problem("unknown_date_order", says, remedy, value=date_order)])
    return Settings(zone, code, order or mapping.date_order, mapping, calendar)


@dataclass
class _Assembly:
    """The tables of a book while its files are read, in the order in which they need each other."""

    files: Files
    settings: Settings
    definition: Definition | None
    problems: list[Problem] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    accounts: list[FileAccount] = field(default_factory=list)
    shapes: list[TakenFor] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    campaigns: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings.sources = frozenset(self.files.sources)
        self.mapping = self.settings.mapping
        self.lookups = Lookups(Stages(self.mapping.stages))
        self.problems += self.files.problems

    def build(self, as_of: date | None, currency: str | None) -> Imported:
        self._read_lookups()
        deals = DealFiles(self.lookups, self.definition)
        self._each("deals", deals.read)
        deals.number(self.settings)
        self._each("merged", deals.merge)
        self._each("history", lambda intake: deals.read_states(intake))
        self._each("versions", lambda intake: deals.read_states(intake))
        self._each("field_history", deals.read_changes)
        self._refuse_without_deals(deals)
        versions = build_versions(
            deals.present,
            deals.histories,
            deals.entries,
            self.lookups.stages,
            self.settings.zone,
            undated_from=self._undated_from(as_of),
        )
        self._judge(versions, deals)
        self.problems += deals.without_outcomes()
        frame = self._priced(versions.frame, deals)
        first = frame["valid_from"].min()
        book = self._book(frame, deals, first if isinstance(first, int) else 0, currency)
        self._leave_out()
        self.gaps = [*self.lookups.gaps, *versions.gaps, *self.gaps]
        return Imported(
            book=book,
            accounting=Accounting(tuple(self.accounts)),
            problems=tuple(self.problems),
            rejected=tuple(self.rejected),
            shapes=tuple(self.shapes),
            sources=tuple(self.files.sources),
            gaps=tuple(self.gaps),
            stage_order=deals.stage_order(
                frame.filter(pl.col("status") == "open")["stage"].drop_nulls().unique()
            ),
        )

    # -- reading the files of one kind -----------------------------------------------------------------------------

    def _each(self, table: str, read: Callable[[Intake], object]) -> None:
        """Reads all files of a kind; those whose dates are ambiguous once others have shown the order."""
        waiting = self.files.take(table)
        again = []
        for sheet, recognised in waiting:
            try:
                self._take(Intake(sheet, recognised, self.settings), read)
            except Refused as refused:
                if any(problem.code != "ambiguous_dates" for problem in refused.problems):
                    raise
                again.append((sheet, recognised))
        for sheet, recognised in again:
            self._take(Intake(sheet, recognised, self.settings), read)

    def _take(self, intake: Intake, read: Callable[[Intake], object]) -> None:
        read(intake)
        self.problems += intake.problems
        self.rejected += intake.rejected
        self.accounts.append(intake.account())
        self.shapes.append(intake.taken_for())

    def _read_lookups(self) -> None:
        lookups = self.lookups
        named: dict[str, pl.DataFrame | None] = {}

        def keep(name: str, key: str) -> Callable[[Intake], None]:
            def read(intake: Intake) -> None:
                named[name] = read_named(intake, key, named.get(name))

            return read

        def members(intake: Intake) -> None:
            frame = pl.DataFrame([intake.text("user").alias("key"), intake.text("team_id")])
            named["members"] = (
                intake.settle(frame).drop_nulls().sort("key", "team_id").unique("key", keep="first")
            )

        def campaigns(intake: Intake) -> None:
            names, rows = read_campaigns(intake)
            lookups.campaigns = named_campaigns(lookups.campaigns, names)
            self.campaigns.append(rows)

        self._each("stages", lambda intake: read_stages(intake, lookups))
        self._each("pipelines", keep("pipelines", "pipeline"))
        self._each("campaigns", campaigns)
        self._each("user_roles", keep("roles", "role"))
        self._each("team_names", keep("teams", "team"))
        self._each("user_teams", members)
        self._each("users", lambda intake: read_users(intake, lookups))
        self._each("accounts", lambda intake: read_accounts(intake, lookups))
        self._each("contacts", lambda intake: read_contacts(intake, lookups))
        self._each("deal_accounts", lambda intake: read_deal_accounts(intake, lookups))
        self._each("line_items", lambda intake: read_line_items(intake, lookups))
        lookups.pipelines = named.get("pipelines")
        if lookups.users is not None:
            lookups.users = with_teams(
                lookups.users, named.get("teams"), named.get("members"), named.get("roles")
            )

    # -- what was read, judged -------------------------------------------------------------------------------------

    def _refuse_without_deals(self, deals: DealFiles) -> None:
        if deals.present.height:
            return
        if self.rejected:
            first = [each.problem for each in self.rejected[:10]]
            count = count_text(len(self.rejected), "row was,rows were")
            says = f"Nothing is left: {count} rejected, and no other is there."
            raise Refused(
                [Problem("nothing_left", says, "Mend them as said below.", count=len(self.rejected)), *first]
            )
        raise Refused(self.files.without_deals())

    def _judge(self, versions: Versions, deals: DealFiles) -> None:
        found = versions.disagreement
        if found.deals:
            dated = found.deals - found.undated
            if dated:
                self.gaps.append(
                    f"{count_text(dated, 'deal is,deals are')} not as the history ends: changed to the present state when"
                    " last modified."
                )
            if found.undated:
                self.problems.append(
                    Problem(
                        "history_disagrees",
                        f"{count_text(found.undated, 'deal is,deals are')} not as the history ends, and nothing says"
                        " since when: taken to be as now since the last change on record.",
                        "Export deals and history at the same moment, with the date of last modification.",
                        count=found.undated,
                    )
                )
        self.problems += versions.closings.problems()
        amounts = "amount" in versions.frame.columns
        if amounts and deals.currency_assumed:
            self.gaps.append(f"No file names a currency: amounts are taken as {self.settings.currency}.")

    def _priced(self, frame: pl.DataFrame, deals: DealFiles) -> pl.DataFrame:
        """Blank amounts filled where the mapping says so; near keys named either way."""
        wanted = self.mapping.price_list
        lists: list[tuple[str, pl.DataFrame]] = []

        def read(intake: Intake) -> None:
            chosen = wanted is not None and header_key(intake.source) == header_key(wanted.file)
            prices = read_prices(intake, wanted.key if chosen and wanted else None)
            lists.append((intake.source, prices))

        self._each("products", read)
        if wanted is not None and header_key(wanted.file) not in {header_key(source) for source, _ in lists}:
            raise Refused(
                [
                    Problem(
                        "no_price_list",
                        f"The mapping names the price list {wanted.file}, which was not given or is no list of prices.",
                        "Give the file along with the others.",
                        source=wanted.file,
                    )
                ]
            )
        if not lists or "product" not in frame.columns:
            return frame
        source, prices = next(
            (each for each in lists if wanted is not None and header_key(each[0]) == header_key(wanted.file)),
            lists[0],
        )
        matches = matched_products(frame, prices["key"], self.mapping.join("product"))
        counts = dict(frame.group_by("product").agg(pl.col("deal").n_unique()).iter_rows())
        self.problems += near_problems(matches, counts, source)
        if wanted is None:
            return frame
        if "amount" not in frame.columns:
            blank = pl.lit(None, pl.Int64).alias("amount")
            frame = frame.with_columns(blank)
        if "currency" not in frame.columns:
            frame = frame.with_columns(currency=pl.lit(None, pl.String))
        filled, unfilled = with_prices(frame, prices, matches)
        self.gaps.append(
            f"Blank amounts of open deals are list prices from {source}"
            + (
                f"; {count_text(unfilled, 'deal has,deals have')} none and no part in any sum."
                if unfilled
                else "."
            )
        )
        return filled

    def _undated_from(self, as_of: date | None) -> int:
        return instant_number(start_of_day(as_of, self.settings.zone)) if as_of else 0

    # -- the book --------------------------------------------------------------------------------------------------

    def _book(self, frame: pl.DataFrame, deals: DealFiles, begins: int, currency: str | None) -> Book:
        known = deals.known()
        roles: list[pl.DataFrame] = []
        evidence: list[pl.DataFrame] = []
        links: dict[str, pl.DataFrame] = {}
        activities: list[pl.DataFrame] = []
        leads: list[pl.DataFrame] = []
        touches: list[pl.DataFrame] = []
        targets: list[pl.DataFrame] = []
        rates: list[pl.DataFrame] = []
        plans = 0

        def link(value: str) -> Callable[[Intake], None]:
            def read(intake: Intake) -> None:
                pair = pl.DataFrame([intake.text("activity").alias("key"), intake.text(value)])
                links[value] = intake.settle(pair).drop_nulls().sort("key", value).unique("key", keep="first")

            return read

        def happened(intake: Intake) -> None:
            nonlocal plans
            rows, planned = read_activities(
                intake, known, self.lookups, links.get("contact_id"), links.get("deal")
            )
            activities.append(rows)
            plans += planned

        self._each("roles", lambda intake: roles.append(read_roles(intake, known, self.lookups)))
        self._each("evidence", lambda intake: evidence.append(read_evidence(intake, known, self.lookups)))
        self._each("activity_deals", link("deal"))
        self._each("activity_contacts", link("contact_id"))
        self._each("activities", happened)
        self._each("leads", lambda intake: leads.append(read_leads(intake, self.lookups, begins)))
        self._each("campaign_members", lambda intake: touches.append(read_touches(intake, self.lookups)))
        self._each("targets", lambda intake: targets.append(read_targets(intake, begins)))
        self._each("rates", lambda intake: rates.append(read_rates(intake)))
        if plans:
            self.gaps.append(
                f"{plans:,} tasks and meetings are plans that have not happened; they count as no activity."
            )
        table = roles_table(roles, begins)
        if roles and table is None:
            self.gaps.append(
                "Contacts are tied to deals without a role: nobody is known as economic buyer or champion."
            )
        reporting = currency.upper() if currency else reporting_currency(rates, frame)
        return Book.build(
            deals=frame,
            evidence=evidence_table(evidence),
            roles=table,
            activities=_joined(activities),
            leads=_joined(leads),
            touches=_joined(touches),
            campaigns=_joined(self.campaigns),
            targets=_joined(targets),
            rates=rates_table(rates, reporting),
            currency=reporting,
            zone=self.settings.zone,
            calendar=self.settings.calendar,
        )

    def _leave_out(self) -> None:
        """Accounts for the files that no table was made of."""
        for sheet, says in self.files.unused():
            self.problems.append(says)
            self.accounts.append(
                FileAccount(sheet.name, "nothing", sheet.rows_read, 0, 0, 0, 0, sheet.blank_rows, unused=True)
            )
            self.shapes.append(TakenFor(sheet.name, "", "", f"{sheet.name}: not used", {}, (), sheet.columns))


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame | None:
    return pl.concat(parts, how="diagonal") if parts else None


__all__ = ["DEFAULT_CURRENCY", "import_files"]
