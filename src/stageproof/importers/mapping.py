"""The mapping file: what a file's columns are, where the headers alone don't tell.

A TOML text; every part may be left out:

    currency = "EUR"            # of amounts that name none
    zone = "Europe/Vienna"      # of times that name none, and of days
    date_order = "dmy"          # ymd, dmy or mdy, where the columns leave it open
    encoding = "windows-1250"   # of texts that are not UTF-8, where their letters leave it open
    leave_out = ["notes.csv"]   # files that are not to be read

    [files."pipeline.csv"]      # the name of a file, with "#tab" for a tab of a workbook
    encoding = "shift-jis"      # of this one file
    table = "deals"             # deals, history, field_history, accounts, users, evidence, activities ...
    [files."pipeline.csv".columns]
    deal = "Ref"                # field = "header as written"; the other fields are recognised as always
    amount = ""                 # blank: no column is this field
    [files."pipeline.csv".cells.Amount]    # cells put right: the row as a spreadsheet counts = what stands there
    12 = "12500.00"
    [files."pipeline.csv".values.Phase]    # wherever the column says this = take that
    "tbd" = ""

    [stages]
    order = ["Discovery", "Proposal"]      # the open stages, early to late; a deal in any other is rejected
    won = ["Signed"]
    lost = ["Dead", "Went elsewhere"]
    before_close = "Proposal"              # the stage of closed deals before they closed, where no history tells
    [stages.names]
    "S1" = "Discovery"                     # stage as the file has it = stage as it is to be called

    [amount]
    negative = "take"                      # instead of rejecting the row
    from_price_list = { file = "products.csv", key = "product", price = "sales_price" }

    [join.product]                         # also join.account, join.owner
    near = true                            # join keys that nearly match
    "GTXPro" = "GTX Pro"                   # or just this one

    [teams]
    column = "regional_office"             # what counts as the team in a file of sellers
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from stageproof.engine.money import is_currency
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.zone import check_zone
from stageproof.importers.columns import Order
from stageproof.importers.encoding import encoding_named
from stageproof.importers.header import nearest

TABLES = (
    "deals",
    "history",
    "versions",
    "field_history",
    "accounts",
    "contacts",
    "roles",
    "evidence",
    "activities",
    "leads",
    "users",
    "products",
    "targets",
    "campaigns",
    "stages",
    "pipelines",
    "rates",
)
JOINS = ("product", "account", "owner")
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class FileMapping:
    """What one file is: its table, and the header of each field; a blank header means none.

    `cells` and `values` put right what the file says: by header, a text for a row, and one for another text.
    """

    table: str | None = None
    columns: Dictionary[str, str] = field(default_factory=dict)
    cells: Dictionary[str, Dictionary[int, str]] = field(default_factory=dict)
    values: Dictionary[str, Dictionary[str, str]] = field(default_factory=dict)
    encoding: str | None = None


@dataclass(frozen=True)
class PriceList:
    """Where prices are looked up for amounts left blank."""

    file: str
    key: str = "product"
    price: str = "price"


@dataclass(frozen=True)
class Join:
    """Which keys are to be taken as the same: those named, and near ones where `near`."""

    near: bool = False
    pairs: Dictionary[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StageMapping:
    """Which stages are open, won and lost, and what they are to be called."""

    order: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    before_close: str | None = None
    names: Dictionary[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """What `read_mapping` understood; the default says nothing and leaves all to recognition."""

    files: Dictionary[str, FileMapping] = field(default_factory=dict)
    stages: StageMapping = field(default_factory=StageMapping)
    joins: Dictionary[str, Join] = field(default_factory=dict)
    price_list: PriceList | None = None
    take_negative: bool = False
    team_column: str | None = None
    leave_out: frozenset[str] = frozenset()
    currency: str | None = None
    zone: str | None = None
    date_order: Order | None = None
    encoding: str | None = None

    def encoding_of(self, source: str) -> str | None:
        """What was said of the encoding of a file: of it alone, else of all."""
        return self.of(source).encoding or self.encoding

    def of(self, source: str) -> FileMapping:
        """What is said of a file; of a tab where it is named, else of its workbook."""
        return self.files.get(source) or self.files.get(source.split("#")[0]) or FileMapping()

    def join(self, key: str) -> Join:
        """What is said of a join; nothing by default."""
        return self.joins.get(key, Join())


def propose(paths: Sequence[Path], encoding: str | None = None) -> str:
    """A mapping of files as TOML: every column, what it was taken for, and some of its cells."""
    from stageproof.importers.proposal import proposal

    return proposal(paths, encoding)


class _Reader:
    """Collects every problem of a mapping while its parts are taken."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def wrong(self, place: str, says: str, remedy: str, value: object = "") -> None:
        self.problems.append(
            Problem(
                "mapping",
                says,
                remedy,
                source=self.source,
                column=place,
                value=str(value) if value != "" else "",
            )
        )

    def known(self, place: str, given: Dictionary[str, Any], keys: tuple[str, ...]) -> None:
        for key in given:
            if key not in keys:
                near = nearest(key, keys)
                hint = f"Did you mean '{near}'?" if near else f"Known here: {', '.join(keys)}."
                self.wrong(f"{place}.{key}" if place else key, f"'{key}' is not a key of a mapping.", hint)

    def table(self, place: str, given: Dictionary[str, Any], key: str) -> dict[str, Any]:
        value = given.get(key, {})
        if isinstance(value, dict):
            return value
        self.wrong(
            f"{place}{key}", f"'{key}' must be a table.", f"Write [{place}{key}] on a line of its own.", value
        )
        return {}

    def text(self, place: str, given: Dictionary[str, Any], key: str) -> str | None:
        value = given.get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong(place + key, f"'{key}' must be a text.", 'Put it in quotes: "...".', value)
        return None

    def texts(self, place: str, given: Dictionary[str, Any], key: str) -> tuple[str, ...]:
        value = given.get(key, [])
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self.wrong(place + key, f"'{key}' must be a list of texts.", f'Write {key} = ["one", "two"].', value)
        return ()

    def pairs(self, place: str, given: Dictionary[str, Any]) -> dict[str, str]:
        return {key: text for key in given if (text := self.text(f"{place}.", given, key)) is not None}

    def one_of(self, place: str, value: str | None, choices: tuple[str, ...]) -> str | None:
        if value is None or value in choices:
            return value
        near = nearest(value, choices)
        self.wrong(
            place,
            f"'{value}' is none of {', '.join(choices)}.",
            f"Did you mean '{near}'?" if near else "Choose one of them.",
            value,
        )
        return None


def read_mapping(text: str, *, source: str = "") -> Mapping:
    """The mapping of a TOML text; refused with every problem at once."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            [Problem("mapping", f"The mapping is not TOML: {error}.", "Correct that line.", source=source)]
        ) from None
    reader = _Reader(source)
    mapping = _read(reader, given)
    if reader.problems:
        raise Refused(reader.problems)
    return mapping


def _read(reader: _Reader, given: dict[str, Any]) -> Mapping:
    reader.known(
        "",
        given,
        (
            "files",
            "stages",
            "amount",
            "join",
            "teams",
            "leave_out",
            "currency",
            "zone",
            "date_order",
            "encoding",
        ),
    )
    amount = reader.table("", given, "amount")
    reader.known("amount", amount, ("negative", "from_price_list"))
    teams = reader.table("", given, "teams")
    reader.known("teams", teams, ("column",))
    negative = reader.one_of(
        "amount.negative", reader.text("amount.", amount, "negative"), ("take", "reject")
    )
    currency = reader.text("", given, "currency")
    if currency is not None and not is_currency(currency.upper()):
        reader.wrong(
            "currency", f"'{currency}' is not a currency.", "Write its ISO 4217 code, such as EUR.", currency
        )
    zone = reader.text("", given, "zone")
    if zone is not None and (problem := check_zone(zone)) is not None:
        reader.problems.append(problem)
    order = reader.one_of("date_order", reader.text("", given, "date_order"), ORDERS)
    return Mapping(
        files=_files(reader, reader.table("", given, "files")),
        stages=_stages(reader, reader.table("", given, "stages")),
        joins=_joins(reader, reader.table("", given, "join")),
        price_list=_price_list(reader, reader.table("amount.", amount, "from_price_list")),
        take_negative=negative == "take",
        team_column=reader.text("teams.", teams, "column"),
        leave_out=frozenset(reader.texts("", given, "leave_out")),
        currency=currency.upper() if currency else None,
        zone=zone,
        date_order=next((each for each in ORDERS if each == order), None),
        encoding=_encoding(reader, "", given),
    )


def _files(reader: _Reader, given: dict[str, Any]) -> dict[str, FileMapping]:
    files = {}
    for name in given:
        place = f'files."{name}"'
        one = reader.table("files.", given, name)
        reader.known(place, one, ("table", "columns", "cells", "values", "encoding"))
        table = reader.one_of(f"{place}.table", reader.text(f"{place}.", one, "table"), TABLES)
        columns = reader.pairs(f"{place}.columns", reader.table(f"{place}.", one, "columns"))
        cells = _by_header(reader, place, one, "cells")
        values = _by_header(reader, place, one, "values")
        rows, encoding = _by_row(reader, place, cells), _encoding(reader, f"{place}.", one)
        files[name] = FileMapping(table, columns, rows, values, encoding)
    return files


def _encoding(reader: _Reader, place: str, given: dict[str, Any]) -> str | None:
    name = reader.text(place, given, "encoding")
    if name is None:
        return None
    try:
        return encoding_named(name)
    except Refused as refused:
        reader.problems += refused.problems
        return None


def _by_header(reader: _Reader, place: str, one: dict[str, Any], key: str) -> dict[str, dict[str, str]]:
    given = reader.table(f"{place}.", one, key)
    return {
        header: reader.pairs(f"{place}.{key}.{header}", reader.table(f"{place}.{key}.", given, header))
        for header in given
    }


def _by_row(
    reader: _Reader, place: str, cells: Dictionary[str, Dictionary[str, str]]
) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for header, rows in cells.items():
        for row, text in rows.items():
            if row.isascii() and row.isdigit() and len(row) < 10:
                found.setdefault(header, {})[int(row)] = text
            else:
                says = f"'{row}' is not the number of a row."
                reader.wrong(f"{place}.cells.{header}", says, "Rows are counted from 1, the header's.", row)
    return found


def _stages(reader: _Reader, given: dict[str, Any]) -> StageMapping:
    reader.known("stages", given, ("order", "won", "lost", "before_close", "names"))
    return StageMapping(
        order=reader.texts("stages.", given, "order"),
        won=reader.texts("stages.", given, "won"),
        lost=reader.texts("stages.", given, "lost"),
        before_close=reader.text("stages.", given, "before_close"),
        names=reader.pairs("stages.names", reader.table("stages.", given, "names")),
    )


def _joins(reader: _Reader, given: dict[str, Any]) -> dict[str, Join]:
    reader.known("join", given, JOINS)
    joins = {}
    for key in given:
        pairs = dict(reader.table("join.", given, key))
        near = pairs.pop("near", False)
        if not isinstance(near, bool):
            reader.wrong(f"join.{key}.near", "'near' must be true or false.", "Write near = true.", near)
        joins[key] = Join(near is True, reader.pairs(f"join.{key}", pairs))
    return joins


def _price_list(reader: _Reader, given: dict[str, Any]) -> PriceList | None:
    if not given:
        return None
    reader.known("amount.from_price_list", given, ("file", "key", "price"))
    file = reader.text("amount.from_price_list.", given, "file")
    if not file:
        reader.wrong("amount.from_price_list", "No file is named.", 'Write file = "products.csv".')
        return None
    texts = {
        key: text for key in ("key", "price") if (text := reader.text("amount.from_price_list.", given, key))
    }
    return PriceList(file, **texts)
