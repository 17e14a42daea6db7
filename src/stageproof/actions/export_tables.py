"""Every stored table as plain columns: names beside ids, real dates, amounts in major units, nothing secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl
from django.db import models

from stageproof.engine.money import exponent
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import (
    Account,
    AccountVersion,
    Activity,
    Apart,
    Call,
    CampaignVersion,
    Change,
    Contact,
    ContactVersion,
    Deal,
    DealVersion,
    DefinitionVersion,
    EvidenceVersion,
    FrozenReading,
    ImportRun,
    LeadVersion,
    Merge,
    Organisation,
    Person,
    RateVersion,
    RoleVersion,
    SavedView,
    TargetVersion,
    Team,
    Touch,
)
from stageproof.records.models.fields import DayField, InstantField
from stageproof.records.snapshot import snapshot

EXPORTED: dict[str, type[models.Model]] = {
    "deals": Deal,
    "deal_versions": DealVersion,
    "evidence": EvidenceVersion,
    "roles": RoleVersion,
    "activities": Activity,
    "leads": LeadVersion,
    "touches": Touch,
    "campaigns": CampaignVersion,
    "targets": TargetVersion,
    "calls": Call,
    "rates": RateVersion,
    "accounts": Account,
    "account_versions": AccountVersion,
    "contacts": Contact,
    "contact_versions": ContactVersion,
    "merges": Merge,
    "not_the_same": Apart,
    "people": Person,
    "teams": Team,
    "organisation": Organisation,
    "definitions": DefinitionVersion,
    "frozen_readings": FrozenReading,
    "saved_views": SavedView,
    "imports": ImportRun,
    "changes": Change,
}
"""Not among them: what people sign in with, and answers kept for repeated requests."""

_SECRET = ("password",)
_LABEL: dict[type[models.Model], str] = {Deal: "key"}
_AMOUNTS = ("amount", "cost")
_AMOUNT = pl.Decimal(38, 4)
CHUNK = 20_000


def named_tables(name: str) -> list[str]:
    """The tables meant by a name, which may be `all`; refused where there is none of it."""
    if name == "all":
        return list(EXPORTED)
    if name in EXPORTED:
        return [name]
    says = f"There is no table '{name}'."
    raise Refused([Problem("unknown_table", says, f"Use all, or one of: {', '.join(EXPORTED)}.", value=name)])


def export_table(name: str) -> Iterator[pl.DataFrame]:
    """The rows of a table in parts, in the order in which they were written; one empty part where it has none."""
    model = EXPORTED[name]
    plan = [each for field in model._meta.concrete_fields for each in _columns(field)]
    names, sources, kinds = zip(*plan, strict=True)
    schema = dict(zip(names, kinds, strict=True))
    order = "seq" if "seq" in names else "pk"
    jsons = [at for at, field in enumerate(sources) if _is_json(model, field)]
    money = [at for at, each in enumerate(names) if each in _AMOUNTS]
    currency = names.index("currency") if "currency" in names else None
    with snapshot():
        rows: list[tuple[Any, ...]] = []
        empty = True
        for row in model._default_manager.order_by(order).values_list(*sources).iterator(chunk_size=CHUNK):
            rows.append(_plain(row, jsons, money, currency))
            if len(rows) == CHUNK:
                yield pl.DataFrame(rows, schema=schema, orient="row")
                rows, empty = [], False
        if rows or empty:
            yield pl.DataFrame(rows, schema=schema, orient="row")


def _columns(field: models.Field[Any, Any]) -> Iterator[tuple[str, str, Any]]:
    """The columns that a field becomes: name, where it is read from, and type."""
    if field.name in _SECRET:
        return
    if isinstance(field, models.ForeignKey):
        label = _LABEL.get(field.related_model, "name")
        yield field.name, f"{field.name}__{label}", pl.String
        yield field.attname, field.attname, pl.Int64
    elif isinstance(field, InstantField | models.DateTimeField):
        yield field.name, field.name, pl.Datetime("us", "UTC")
    elif isinstance(field, DayField):
        yield field.name, field.name, pl.Date
    elif isinstance(field, models.BooleanField):
        yield field.name, field.name, pl.Boolean
    elif field.name in _AMOUNTS:
        yield field.name, field.name, _AMOUNT
    elif isinstance(field, models.IntegerField | models.AutoField):
        yield field.name, field.name, pl.Int64
    else:
        yield field.name, field.name, pl.String


def _is_json(model: type[models.Model], name: str) -> bool:
    return "__" not in name and isinstance(_field(model, name), models.JSONField)


def _field(model: type[models.Model], name: str) -> Any:
    return next(each for each in model._meta.concrete_fields if name in (each.name, each.attname))


def _plain(row: tuple[Any, ...], jsons: list[int], money: list[int], currency: int | None) -> tuple[Any, ...]:
    if not jsons and not money:
        return row
    values = list(row)
    for at in jsons:
        values[at] = json.dumps(values[at], sort_keys=True, ensure_ascii=False)
    for at in money:
        if values[at] is not None and currency is not None:
            values[at] = Decimal(values[at]).scaleb(-_places(values[currency]))
    return tuple(values)


@cache
def _places(currency: str) -> int:
    return exponent(currency)
