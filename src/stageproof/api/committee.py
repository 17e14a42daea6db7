"""The buying committee: contacts and their roles in a deal."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import Field, model_validator

from stageproof.actions.committee import add_to_committee, change_role, engage, remove_from_committee
from stageproof.actions.deals import find_deal
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import RoleShown
from stageproof.api.one_deal import role_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Instant, Limit, Page, answers
from stageproof.records.models import RoleVersion
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Buying committee"])


class NewContact(Given):
    """Someone at the deal's account who is not in the contacts yet."""

    name: str = Field(max_length=1_000)
    email: str | None = Field(None, max_length=320)
    title: str | None = Field(None, max_length=1_000)
    phone: str | None = Field(None, max_length=200)


class Role(Given):
    """A contact, by id or new, and the role."""

    contact: Id | NewContact
    role: str = Field(max_length=100, examples=["economic_buyer"])
    engaged_at: Instant | None = None


class RoleChange(Given):
    """Another role, or a later engagement: one of the two."""

    to: str | None = Field(None, max_length=100)
    engaged_at: Instant | None = None

    @model_validator(mode="after")
    def one(self) -> RoleChange:
        if (self.to is None) == (self.engaged_at is None):
            raise ValueError("Give 'to' or 'engaged_at', one of them")
        return self


@router.get("/deals/{key}/roles", response=answers(Page[RoleShown]))
@policy(*EVERYONE)
def roles(request: HttpRequest, key: str, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The buying committee of a deal."""
    rows = RoleVersion.objects.filter(
        deal=find_deal(actor(request), key), valid_to__isnull=True, removed=False
    ).select_related("contact")
    return by_id(rows, cursor, limit, role_shown, field="seq")


@router.post("/deals/{key}/roles", response=answers(RoleShown, 201))
@policy(*EVERYONE)
def role_add(request: HttpRequest, key: str, given: Role) -> Any:
    """A contact's role in a deal; a contact of the same e-mail address is taken instead of made again."""
    contact = given.contact if isinstance(given.contact, int) else given.contact.facts()
    row = add_to_committee(
        actor(request), key, contact=contact, role=given.role, engaged_at=given.engaged_at, now=timezone.now()
    )
    return Status(201, role_shown(row))


@router.patch("/deals/{key}/roles/{contact}/{role}", response=answers(RoleShown))
@policy(*EVERYONE)
def role_change(request: HttpRequest, key: str, contact: Id, role: str, given: RoleChange) -> Any:
    """The contact in another role, or engaged later."""
    now = timezone.now()
    if given.engaged_at is not None:
        at = given.engaged_at
        return role_shown(engage(actor(request), key, contact=contact, role=role, engaged_at=at, now=now))
    to = given.to or ""
    return role_shown(change_role(actor(request), key, contact=contact, role=role, to=to, now=now))


@router.delete("/deals/{key}/roles/{contact}/{role}", response=answers(RoleShown))
@policy(*EVERYONE)
def role_remove(request: HttpRequest, key: str, contact: Id, role: str) -> Any:
    """The end of a contact's role in a deal; that it was held stays known."""
    return role_shown(
        remove_from_committee(actor(request), key, contact=contact, role=role, now=timezone.now())
    )
