"""One sheet on its way into the book: its columns as values, and what of its rows is not taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.accounting import FileAccount, Rejected, TakenFor
from stageproof.importers.columns import Order, read_amounts, read_dates, read_texts, read_yes_no
from stageproof.importers.columns.number_text import SHARED, currency_of
from stageproof.importers.header_units import HeaderUnit, header_unit
from stageproof.importers.mapping import ORDERS, Mapping
from stageproof.importers.salesforce_ids import long_ids
from stageproof.importers.shape import Recognised
from stageproof.importers.sheet import Sheet, whole_rows
from stageproof.importers.vocabulary import CRUCIAL, IDS, KINDS

MAX_VALUE_SHOWN = 80
_REMEDIES = {
    "day": "Write the date as 2025-09-30, or leave the cell blank.",
    "instant": "Write the date as 2025-09-30, or with a time as 2025-09-30 14:05.",
    "money": "Write a plain number such as 12500.00, not negative and below 10,000,000,000,000.",
    "yes_no": "Write true or false.",
}
_SAYS = {
    "day": "This is not a date.",
    "instant": "This is not a date.",
    "money": "This is not an amount of money.",
    "yes_no": "This is neither yes nor no.",
}
_STRANGE = "The currency of this amount is unknown, or another than its row says."
_STRANGE_REMEDY = (
    "Write one ISO 4217 code, such as EUR, the same in the amount and in the column of currencies."
)


@dataclass
class Settings:
    """What holds for all files of an import; `orders_seen` are the date orders that columns proved."""

    zone: str
    currency: str
    date_order: Order | None
    mapping: Mapping
    calendar: Calendar = field(default_factory=Calendar)
    sources: frozenset[str] = frozenset()
    orders_seen: set[Order] = field(default_factory=set)

    def only_order(self) -> Order | None:
        """The date order that was given, or that all decided columns share."""
        if self.date_order:
            return self.date_order
        return next(iter(self.orders_seen)) if len(self.orders_seen) == 1 else None


class Intake:
    """Reads the fields of a sheet and keeps its account."""

    def __init__(self, sheet: Sheet, recognised: Recognised, settings: Settings) -> None:
        self.sheet = sheet
        self.recognised = recognised
        self.settings = settings
        self.source = sheet.name
        self.zone = recognised.shape.zone or settings.zone
        self.cells = sheet.frame
        self.rejected: list[Rejected] = [
            Rejected(sheet.name, sheet.columns, row.row, row.cells, row.problem) for row in sheet.rejected
        ]
        self.problems: list[Problem] = list(sheet.problems)
        self.duplicates = 0
        self._troubled = pl.Series([False]).new_from_index(0, sheet.frame.height)
        self._bad: list[tuple[pl.Series, str, str, str, str]] = []

    # -- cells as values -------------------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        return name in self.recognised.columns

    def raw(self, name: str) -> pl.Series | None:
        """The cells of a field as text, trimmed; null where blank."""
        if not self.has(name):
            return None
        position = f"c{self.recognised.columns[name]}"
        return read_texts(self.cells.get_column(position)).alias(name)

    def written(self, name: str) -> pl.Series:
        """The cells of a field exactly as they are."""
        return self._cells(name)

    def column(self, position: int) -> pl.Series:
        """The cells at a position as text, trimmed; null where blank."""
        return read_texts(self.cells.get_column(f"c{position}"))

    def instant_at(self, position: int) -> pl.Series | None:
        """The cells at a position as instants; None where they are not dates throughout."""
        column = self.cells.get_column(f"c{position}")
        read = read_dates(column, order=self.settings.only_order(), zone=self.zone, of_instant=True)
        return None if read.ambiguous or read.bad.any() else read.values

    def nothing(self, dtype: type[pl.DataType] = pl.String) -> pl.Series:
        """As many nulls as there are rows."""
        return pl.Series([None], dtype=dtype).new_from_index(0, self.cells.height)

    def text(self, name: str) -> pl.Series:
        """The field as text; nulls where the file has no such column. Ids are in their long form."""
        found = self.raw(name)
        if found is None:
            return self.nothing().alias(name)
        return long_ids(found) if name in IDS else found

    def yes_no(self, name: str) -> pl.Series:
        """The field as true, false or null."""
        if not self.has(name):
            return self.nothing(pl.Boolean).alias(name)
        read = read_yes_no(self._cells(name))
        self._unread(read.bad, name)
        return read.values.alias(name)

    def day(self, name: str) -> pl.Series:
        """The field as days since 1970."""
        return self._dated(name, of_instant=False)

    def instant(self, name: str, *, forever: tuple[str, ...] = ()) -> pl.Series:
        """The field as microseconds since 1970; null where a cell begins like one of `forever`."""
        return self._dated(name, of_instant=True, forever=forever)

    def money(self, name: str, currency: pl.Series | None) -> pl.DataFrame:
        """`amount` in minor units and its `currency`."""
        if not self.has(name):
            blank = self.nothing(pl.Int64).alias("amount")
            return pl.DataFrame(
                [blank, self.nothing().alias("currency") if currency is None else currency.alias("currency")]
            )
        unit = self._unit(name)
        told = unit.currency if unit and (currency is None or unit.currency not in SHARED) else None
        default = currency_of(told, self.settings.currency) if told else None
        read = read_amounts(
            self._cells(name),
            currency_column=None if default else currency,
            default_currency=default or self.settings.currency,
            zeros=unit.zeros if unit else 0,
        )
        self._strange(read.strange_currency, name)
        self._unread(read.bad & ~read.strange_currency, name)
        if read.note:
            self.note("amounts_read", read.note, name)
        return pl.DataFrame([read.values.alias("amount"), read.currency.alias("currency")])

    def names_currency(self, name: str) -> bool:
        """Whether the header of a field says in which currency its amounts are."""
        unit = self._unit(name)
        return unit is not None and unit.currency is not None

    def _unit(self, name: str) -> HeaderUnit | None:
        return header_unit(self.recognised.header(name)) if self.has(name) else None

    def _cells(self, name: str) -> pl.Series:
        return self.cells.get_column(f"c{self.recognised.columns[name]}")

    def values(
        self, column: pl.Series, kind: str, rows: pl.DataFrame, name: str, currency: pl.Series | None = None
    ) -> pl.Series:
        """Values of some rows after they were settled; what can't be read is left out with a problem."""
        if kind == "money":
            amounts = read_amounts(column, currency_column=currency, default_currency=self.settings.currency)
            found, bad = amounts.values, amounts.bad & ~amounts.strange_currency
            self._left_out(
                rows, amounts.strange_currency, "unknown_currency", _STRANGE, _STRANGE_REMEDY, name
            )
        else:
            order = self.settings.only_order()
            dates = read_dates(column, order=order, zone=self.zone, of_instant=kind == "instant")
            if dates.ambiguous:
                raise Refused([self._ambiguous(name, column, dates.note)])
            found, bad = dates.values, dates.bad
        self._left_out(rows, bad, f"unreadable_{kind}", _SAYS[kind], _REMEDIES[kind], name)
        return found

    def _left_out(
        self, rows: pl.DataFrame, mask: pl.Series, code: str, says: str, remedy: str, name: str
    ) -> None:
        """Changes whose value cannot be read are taken, to nothing."""
        if mask.any():
            here = self.cells["row"].is_in(rows["row"].filter(mask).implode())
            self.trouble(here, code, f"{says} The change is taken as one to nothing.", remedy, name)

    def _dated(self, name: str, *, of_instant: bool, forever: tuple[str, ...] = ()) -> pl.Series:
        if not self.has(name):
            return self.nothing(pl.Int64).alias(name)
        column = self._cells(name)
        if forever:
            ends = pl.any_horizontal(pl.col("cell").str.starts_with(text) for text in forever)
            column = pl.DataFrame({"cell": column}).select(pl.when(~ends).then("cell")).to_series()
        unit = self._unit(name)
        zone, told = (unit.zone or self.zone, unit.order) if unit else (self.zone, None)
        read = read_dates(column, order=self.settings.date_order, zone=zone, of_instant=of_instant)
        if read.ambiguous:
            order, note = told or self.settings.only_order() or self._order_of_others(name), read.note
            if order is None:
                raise Refused([self._ambiguous(name, column, note)])
            read = read_dates(column, order=order, zone=zone, of_instant=of_instant)
            if read.bad.any():
                # The column contradicts itself; the order of others decides, and its own dates say why some are bad.
                self.note("dates_read", f"{note} They are read by the order of the other columns.", name)
        else:
            self.settings.orders_seen |= {order for order in ORDERS[1:] if order == read.order}
        if read.note:
            self.note("dates_read", read.note, name)
        self._unread(read.bad, name)
        return read.values.alias(name)

    def _order_of_others(self, name: str) -> Order | None:
        """The order of day and month that the file's other columns of dates prove, if they agree."""
        for other in self.date_fields():
            if other != name:
                read = read_dates(self._cells(other), order=None, zone=self.zone, of_instant=True)
                self.settings.orders_seen |= {order for order in ORDERS[1:] if order == read.order}
        return self.settings.only_order()

    def _ambiguous(self, name: str, column: pl.Series, note: str) -> Problem:
        return Problem(
            "ambiguous_dates",
            note or "No date of this column tells whether the day or the month comes first.",
            "Say --date-order dmy or --date-order mdy, or date_order in the mapping file.",
            source=self.source,
            column=self.recognised.header(name),
            value=str(next((cell for cell in column if cell), ""))[:MAX_VALUE_SHOWN],
        )

    def date_fields(self) -> list[str]:
        """The fields of this file that hold dates."""
        return [name for name in self.recognised.columns if KINDS.get(name) in ("day", "instant")]

    # -- rows that are not taken, or not whole ---------------------------------------------------------------------

    def _strange(self, mask: pl.Series, name: str) -> None:
        """Amounts of which only the currency is at fault: unknown, or another than its column says."""
        if name in CRUCIAL:
            self.reject(mask, "unknown_currency", _STRANGE, _STRANGE_REMEDY, name)
        else:
            self.trouble(mask, "unknown_currency", f"{_STRANGE} It is left out.", _STRANGE_REMEDY, name)

    def _unread(self, bad: pl.Series, name: str) -> None:
        if not bad.any():
            return
        kind = KINDS.get(name, "text")
        says, remedy = _SAYS.get(kind, "This cannot be read."), _REMEDIES.get(kind, "Correct the cell.")
        if name in CRUCIAL:
            self.reject(bad, f"unreadable_{kind}", says, remedy, name)
        else:
            self.trouble(bad, f"unreadable_{kind}", f"{says} It is left out.", remedy, name)

    def reject(self, mask: pl.Series, code: str, says: str, remedy: str, name: str = "") -> None:
        """Rows of the mask will not be taken; the first reason given for a row stands."""
        if mask.any():
            self._bad.append((mask.fill_null(False), code, says, remedy, name))

    def trouble(self, mask: pl.Series, code: str, says: str, remedy: str = "", name: str = "") -> None:
        """Rows of the mask are taken with a problem."""
        count = int(mask.sum() or 0)
        if not count:
            return
        self._troubled = self._troubled | mask.fill_null(False)
        first = self.cells.filter(mask).row(0, named=True)
        self.problems.append(self._problem(code, says, remedy, name, first, count))

    def note(self, code: str, says: str, name: str = "", remedy: str = "") -> None:
        """Something that the reader should know and that concerns no single row."""
        column = self.recognised.header(name) if name else ""
        self.problems.append(Problem(code, says, remedy, source=self.source, column=column))

    def settle(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of `frame`, which has one per cell row, that are taken; the others are put aside."""
        if not self._bad:
            return frame
        keep = pl.Series([True]).new_from_index(0, self.cells.height)
        for mask, code, says, remedy, name in self._bad:
            self._put_aside(mask & keep, code, says, remedy, name)
            keep = keep & ~mask
        self._bad = []
        self.cells = self.cells.filter(keep)
        self._troubled = self._troubled.filter(keep)
        return frame.filter(keep)

    def _put_aside(self, mask: pl.Series, code: str, says: str, remedy: str, name: str) -> None:
        rows = self.cells.filter(mask)
        if rows.is_empty():
            return
        if code in ("same_row", "same_deal"):
            self.duplicates += rows.height
        cells = whole_rows(self.sheet, rows["row"].to_list())
        for row in rows.iter_rows(named=True):
            number = row["row"]
            problem = self._problem(code, says, remedy, name, row, 1)
            self.rejected.append(Rejected(self.source, self.sheet.columns, number, cells[number], problem))
        self.problems.append(self._problem(code, says, remedy, name, rows.row(0, named=True), rows.height))

    def _problem(
        self, code: str, says: str, remedy: str, name: str, row: dict[str, object], count: int
    ) -> Problem:
        position = self.recognised.columns.get(name)
        value = "" if position is None else str(row.get(f"c{position}") or "")
        number = row["row"]
        return Problem(
            code,
            says,
            remedy,
            source=self.source,
            row=number if isinstance(number, int) else None,
            column=self.recognised.header(name) if name else "",
            value=value[:MAX_VALUE_SHOWN],
            count=count,
        )

    # -- the account -----------------------------------------------------------------------------------------------

    def account(self) -> FileAccount:
        """What became of the rows so far."""
        shape = self.recognised.shape
        return FileAccount(
            source=self.source,
            taken_for=f"{shape.system} {shape.name}",
            read=self.sheet.rows_read,
            taken=self.sheet.rows_read - len(self.rejected),
            with_problem=int(self._troubled.sum() or 0),
            rejected=len(self.rejected),
            duplicates=self.duplicates,
            blank=self.sheet.blank_rows,
        )

    def taken_for(self) -> TakenFor:
        """What the file was taken for."""
        shape, found = self.recognised.shape, self.recognised
        fields = {name: found.headers[index] for name, index in found.columns.items()}
        kept = tuple(found.others) if found.table == "deals" else ()
        rest = () if found.table == "deals" else tuple(found.others)
        return TakenFor(self.source, shape.system, found.table, found.says(), fields, kept, rest)


def by_value(column: pl.Series, decide: Callable[[str], str | None]) -> pl.Series:
    """A text column with each distinct value decided once."""
    distinct = column.drop_nulls().unique()
    if distinct.is_empty():
        return column
    decided = [decide(value) for value in distinct]
    new = pl.Series(decided, dtype=pl.String)
    return column.replace_strict(distinct, new, default=None, return_dtype=pl.String)
