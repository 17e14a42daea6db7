"""Contacts: the people at the buyer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.contacts import CONTACTS, create_contact, edit_contact, find_contact, merge_contacts
from stageproof.actions.take_out import take_out
from stageproof.api.accounts import MergeId
from stageproof.api.auth import actor
from stageproof.api.deals import Deletion
from stageproof.api.directory import DirectoryChanged, DirectoryFacts, changed_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.reading import expected_version
from stageproof.api.shapes import Id, Limit, Page, Ref, answers, ref
from stageproof.records.models import Account, Contact
from stageproof.records.models.accounts import HERE
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Contacts"])
SHOWN = ("version", "name", "external_id", "email", "title", "phone", "created_at")


class ContactFacts(DirectoryFacts):
    """What is known of a person at the buyer."""

    account: Id | None = None
    email: str | None = Field(None, max_length=1_000)
    title: str | None = Field(None, max_length=1_000)
    phone: str | None = Field(None, max_length=1_000)

    def facts(self) -> dict[str, Any]:
        given = super().facts()
        if given.get("account") is not None:
            there = Account.objects.filter(HERE, pk=given["account"]).first()
            given["account"] = there or given["account"]
        return given


class ContactIn(ContactFacts):
    """A new contact; `even_if_similar` says that a likely duplicate has been looked at."""

    even_if_similar: bool = False


class ContactEdit(ContactFacts):
    """Other facts of a contact; those left out stay as they are."""

    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)


class ContactShown(BaseModel):
    """A person at the buyer."""

    id: int
    version: int
    name: str
    account: Ref | None
    external_id: str | None
    email: str
    title: str
    phone: str
    created_at: dt.datetime


@router.get("/contacts", response=answers(Page[ContactShown]))
@policy(*EVERYONE)
def contacts(
    request: HttpRequest, text: str = "", account: Id | None = None, cursor: str | None = None, limit: Limit = USUAL
) -> Any:  # fmt: skip
    """The contacts, of one account, or those whose name or address holds a text."""
    rows = Contact.objects.filter(HERE).select_related("account")
    if account is not None:
        rows = rows.filter(account=account)
    if text:
        rows = rows.filter(name__icontains=text[:200]) | rows.filter(email__icontains=text[:200])
    return by_id(rows, cursor, limit, contact_shown)


@router.post("/contacts", response=answers(ContactShown, 201))
@policy(*EVERYONE)
def contact_create(request: HttpRequest, given: ContactIn) -> Any:
    """A new contact; refused where one is likely to be the same, unless that has been looked at."""
    row = create_contact(
        actor(request), now=timezone.now(), facts=given.facts(), even_if_similar=given.even_if_similar
    )
    return Status(201, contact_shown(row))


@router.get("/contacts/{contact_id}", response=answers(ContactShown))
@policy(*EVERYONE)
def contact(request: HttpRequest, contact_id: Id) -> Any:
    """One contact; of a merged one the contact that it became part of."""
    return contact_shown(find_contact(contact_id))


@router.patch("/contacts/{contact_id}", response=answers(ContactShown))
@policy(*EVERYONE)
def contact_edit(request: HttpRequest, contact_id: Id, given: ContactEdit) -> Any:
    """The contact with other facts."""
    row = edit_contact(
        actor(request), contact_id, now=timezone.now(), changes=given.facts(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return contact_shown(row)


@router.post("/contacts/{contact_id}/merge", response=answers(ContactShown))
@policy(*EVERYONE)
def contact_merge(request: HttpRequest, contact_id: Id, given: MergeId) -> Any:
    """The one contact of two: roles pass to it."""
    return contact_shown(
        merge_contacts(actor(request), winner=contact_id, loser=given.loser, now=timezone.now())
    )


@router.post("/contacts/{contact_id}/delete", response=answers(DirectoryChanged))
@policy(*EVERYONE)
def contact_delete(request: HttpRequest, contact_id: Id, given: Deletion) -> Any:
    """The contact taken out, made by mistake; 422 with all that hangs on it. `/changes/undo` with `seq` puts it back."""
    out = take_out(
        CONTACTS, actor(request), contact_id, now=timezone.now(), reason=given.reason,
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return changed_shown(out)


def contact_shown(row: Contact) -> dict[str, Any]:
    """A contact as a body has it."""
    return {"id": row.pk, "account": ref(row.account), **{name: getattr(row, name) for name in SHOWN}}
