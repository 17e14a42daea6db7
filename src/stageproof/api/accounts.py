"""Accounts: list, create, edit, merge."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.accounts import (
    ACCOUNTS,
    create_account,
    edit_account,
    find_account,
    merge_accounts,
)
from stageproof.actions.take_out import take_out
from stageproof.api.auth import actor
from stageproof.api.deals import Deletion
from stageproof.api.directory import DirectoryChanged, DirectoryFacts, changed_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.reading import expected_version
from stageproof.api.shapes import Given, Id, Limit, Page, answers
from stageproof.records.models import Account
from stageproof.records.models.accounts import HERE
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Accounts"])
SHOWN = (
    "version",
    "name",
    "external_id",
    "domain",
    "industry",
    "country",
    "employees",
    "segment",
    "created_at",
)


class AccountFacts(DirectoryFacts):
    """What is known of a buying company."""

    domain: str | None = Field(None, max_length=1_000)
    industry: str | None = Field(None, max_length=1_000)
    country: str | None = Field(None, max_length=1_000)
    employees: int | None = Field(None, ge=-(2**31), le=2**31 - 1)
    segment: str | None = Field(None, max_length=1_000)


class NewAccount(AccountFacts):
    """A new account; `even_if_similar` says that a likely duplicate has been looked at."""

    even_if_similar: bool = False


class AccountEdit(AccountFacts):
    """Other facts of an account; those left out stay as they are."""

    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)


class AccountShown(BaseModel):
    """A buying company."""

    id: int
    version: int
    name: str
    external_id: str | None
    domain: str
    industry: str
    country: str
    employees: int | None
    segment: str
    created_at: dt.datetime


class MergeId(Given):
    """What becomes part of the one addressed."""

    loser: Id


@router.get("/accounts", response=answers(Page[AccountShown]))
@policy(*EVERYONE)
def accounts(request: HttpRequest, text: str = "", cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The accounts, those whose name or domain holds a text where one is given."""
    rows = Account.objects.filter(HERE)
    if text:
        rows = rows.filter(name__icontains=text[:200]) | rows.filter(domain__icontains=text[:200])
    return by_id(rows, cursor, limit, account_shown)


@router.post("/accounts", response=answers(AccountShown, 201))
@policy(*EVERYONE)
def account_create(request: HttpRequest, given: NewAccount) -> Any:
    """A new account; refused where one is likely to be the same, unless that has been looked at."""
    row = create_account(
        actor(request), now=timezone.now(), facts=given.facts(), even_if_similar=given.even_if_similar
    )
    return Status(201, account_shown(row))


@router.get("/accounts/{account_id}", response=answers(AccountShown))
@policy(*EVERYONE)
def account(request: HttpRequest, account_id: Id) -> Any:
    """One account; of a merged one the account that it became part of."""
    return account_shown(find_account(account_id))


@router.patch("/accounts/{account_id}", response=answers(AccountShown))
@policy(*EVERYONE)
def account_edit(request: HttpRequest, account_id: Id, given: AccountEdit) -> Any:
    """The account with other facts."""
    row = edit_account(
        actor(request), account_id, now=timezone.now(), changes=given.facts(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return account_shown(row)


@router.post("/accounts/{account_id}/merge", response=answers(AccountShown))
@policy(*EVERYONE)
def account_merge(request: HttpRequest, account_id: Id, given: MergeId) -> Any:
    """The one account of two: deals and contacts pass to it."""
    return account_shown(
        merge_accounts(actor(request), winner=account_id, loser=given.loser, now=timezone.now())
    )


@router.post("/accounts/{account_id}/delete", response=answers(DirectoryChanged))
@policy(*EVERYONE)
def account_delete(request: HttpRequest, account_id: Id, given: Deletion) -> Any:
    """The account taken out, made by mistake; 422 with all that hangs on it. `/changes/undo` with `seq` puts it back."""
    out = take_out(
        ACCOUNTS, actor(request), account_id, now=timezone.now(), reason=given.reason,
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return changed_shown(out)


def account_shown(row: Account) -> dict[str, Any]:
    """An account as a body has it."""
    return {"id": row.pk, **{name: getattr(row, name) for name in SHOWN}}
