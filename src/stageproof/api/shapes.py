"""Shapes that many bodies share: money, days, instants, references, pages."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

from ninja.schema import NinjaGenerateJsonSchema
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from stageproof.engine import money
from stageproof.engine.problem import Problem as Wrong
from stageproof.engine.problem import Refused

T = TypeVar("T")


def _day(value: Any) -> Any:
    if value is None or type(value) is dt.date:
        return value
    if isinstance(value, str) and len(value) == 10:
        return dt.date.fromisoformat(value)
    raise ValueError("A day is written as 2026-03-31")


def _instant(value: Any) -> Any:
    if value is None or isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or len(value) < 16:
        raise ValueError("An instant is written as 2026-03-31T09:30:00Z")
    at = dt.datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("An instant needs its zone, as in 2026-03-31T09:30:00Z")
    try:
        return at.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("This instant lies beyond all calendars") from None


Day = Annotated[dt.date, BeforeValidator(_day)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Field(ge=1, le=1_000)]
Text = Annotated[str, Field(max_length=2_000)]


class Given(BaseModel):
    """What a caller sends: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid")

    def facts(self) -> dict[str, Any]:
        """The fields that were given, by name; those left out are not touched."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Money(BaseModel):
    """An amount in major units as text, so that no digit is lost, with its currency."""

    model_config = ConfigDict(strict=True, extra="forbid")

    amount: str = Field(examples=["10005534.00"], max_length=40)
    currency: str = Field(examples=["USD"], min_length=3, max_length=3)

    def minor(self, column: str = "amount") -> int:
        """The amount in minor units; refused where it is none."""
        try:
            return money.minor_units(self.amount, self.currency)
        except Refused as refused:
            raise Refused(
                Wrong(each.code, each.says, each.remedy, column=column, value=each.value)
                for each in refused.problems
            ) from None


class Ref(BaseModel):
    """Something by name, with its id where it is known."""

    id: int | None
    name: str


class Problem(BaseModel):
    """One thing wrong, with its place and its remedy."""

    code: str = Field(examples=["criterion_unmet"])
    says: str
    remedy: str = ""
    source: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    count: int = 1


class Problems(BaseModel):
    """Every reason at once."""

    problems: list[Problem]


class Change(BaseModel):
    """One change that someone else made: who, when, and which facts."""

    actor: str
    at: str
    fields: list[str]
    change: str


class ConflictProblems(Problems):
    """Someone was quicker: the version as it stands, and what changed since the one expected."""

    version: int | None = None
    changed: list[Change] = []


class Page(BaseModel, Generic[T]):
    """Part of a list; `next` is the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None


def as_money(amount: int | None, currency: str) -> dict[str, str] | None:
    """Minor units as a body has them; unknown as null."""
    return None if amount is None else money.Money(amount, currency).as_dict()


def ref(thing: Any) -> dict[str, Any] | None:
    """A stored thing by id and name."""
    return None if thing is None else {"id": thing.pk, "name": thing.name}


def problems_of(problems: Any) -> list[dict[str, Any]]:
    """Problems as a body has them."""
    return [problem.as_dict() for problem in problems]


_REF = "#/components/schemas/{name}"
_REFUSALS: dict[type[BaseModel], tuple[int, ...]] = {
    Problems: (400, 401, 403, 404, 405, 413, 415, 422, 429, 503),
    ConflictProblems: (409,),
}


def answers(shape: Any, status: int = 200) -> dict[Any, Any]:
    """What an operation answers where it does what was asked; what else it may answer is in `refusals`."""
    return {status: shape}


def refusals() -> tuple[dict[str, Any], dict[str, Any]]:
    """How any operation may refuse, by status, and the shapes of that by name; as the description has them.

    Declared with each operation, these would be a thousand models, made at every start.
    """
    _, definitions = models_json_schema(
        [(shape, "serialization") for shape in _REFUSALS],
        ref_template=_REF.format(name="{model}"),
        schema_generator=NinjaGenerateJsonSchema,
    )
    by_status = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": {"$ref": _REF.format(name=shape.__name__)}}},
        }
        for shape, statuses in _REFUSALS.items()
        for status in statuses
    }
    return by_status, definitions["$defs"]
