"""The buying committee: roles begin, change and end, and each stays known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.committee import add_to_committee, change_role, engage, remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import Forbidden
from stageproof.records.doctor import doctor
from stageproof.records.models import Contact, Deal, RoleVersion
from stageproof.records.tables import pipeline_now
from tests.actions.conftest import START, Cast, Clock
from tests.actions.database import codes, denied

CLEO: dict[str, Any] = {"name": "Cleo Clark", "email": "cleo@acme.example", "title": "COO"}


def committee(at: dt.datetime) -> list[tuple[Any, ...]]:
    """Who holds which role at the instant, as the engine has it."""
    roles = pipeline_now(at).roles
    assert roles is not None
    return sorted(roles.select("contact", "role").collect().to_native().rows())


def test_a_new_contact_joins_the_account_of_the_deal(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="champion", now=at)
    contact = Contact.objects.get()
    assert (contact.name, contact.title, contact.account_id) == ("Cleo Clark", "COO", deal.account_id)
    assert (role.valid_from, role.valid_to, role.actor, role.door) == (
        at,
        None,
        "ann@northwind.example",
        "page",
    )
    assert committee(now.at) == [("Cleo Clark", "champion")]


def test_a_known_address_is_the_same_person(cast: Cast, now: Clock, deal: Deal) -> None:
    add_to_committee(cast.ann, deal.key, contact=CLEO, role="champion", now=now())
    again = {"name": "C. Clark", "email": "Cleo@Acme.example"}
    add_to_committee(cast.ann, deal.key, contact=again, role="coach", now=now())
    assert Contact.objects.count() == 1
    assert codes(lambda: add_to_committee(cast.ann, deal.key, contact=CLEO, role="coach", now=now())) == [
        "role_held_already"
    ]


def test_a_change_of_role_ends_one_and_begins_another(cast: Cast, now: Clock, deal: Deal) -> None:
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="coach", now=now())
    before, at = now.at, now()
    change_role(cast.mia, deal.key, contact=role.contact_id, role="coach", to="champion", now=at)
    assert committee(before) == [("Cleo Clark", "coach")]
    assert committee(now.at) == [("Cleo Clark", "champion")]
    rows = RoleVersion.objects.order_by("seq").values_list("role", "removed", "valid_from", "valid_to")
    assert list(rows)[1:] == [("coach", True, at, None), ("champion", False, at, None)]
    assert doctor().problems == ()


def test_removed_and_given_back(cast: Cast, now: Clock, deal: Deal) -> None:
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="coach", now=now())
    remove_from_committee(cast.ann, deal.key, contact=role.contact_id, role="coach", now=now())
    assert committee(now.at) == []
    denied(
        lambda: remove_from_committee(cast.ann, deal.key, contact=role.contact_id, role="coach", now=now()),
        NotFound,
    )
    add_to_committee(cast.ann, deal.key, contact=role.contact_id, role="coach", now=now())
    assert committee(now.at) == [("Cleo Clark", "coach")]
    assert RoleVersion.objects.count() == 3
    assert doctor().problems == ()


def test_engagement_only_grows(cast: Cast, now: Clock, deal: Deal) -> None:
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="coach", now=now(), engaged_at=now.at)
    earlier = now.at - dt.timedelta(days=3)
    facts: dict[str, Any] = {"contact": role.contact_id, "role": "coach"}
    assert engage(cast.ann, deal.key, **facts, engaged_at=earlier, now=now()).pk == role.pk
    later = now()
    assert engage(cast.ann, deal.key, **facts, engaged_at=later, now=now()).engaged_at == later
    ahead = now.at + dt.timedelta(days=1)
    assert codes(lambda: engage(cast.ann, deal.key, **facts, engaged_at=ahead, now=now())) == [
        "wrong_engaged_at"
    ]


def test_every_reason_at_once(cast: Cast, now: Clock, deal: Deal) -> None:
    nobody = {"name": " ", "email": "cleo", "phone": "1" * 61}
    assert codes(lambda: add_to_committee(cast.ann, deal.key, contact=nobody, role="boss", now=now())) == [
        "wrong_role",
        "wrong_phone",
        "missing_name",
        "wrong_email",
    ]


@pytest.mark.parametrize(("who", "error"), [("ben", Forbidden), ("max", Forbidden), ("otto", NotFound)])
def test_who_may_not(cast: Cast, now: Clock, deal: Deal, who: str, error: type[Exception]) -> None:
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="coach", now=now())
    facts: dict[str, Any] = {"contact": role.contact_id, "role": "coach"}
    denied(lambda: add_to_committee(cast[who], deal.key, contact=CLEO, role="legal", now=now()), error)
    denied(lambda: change_role(cast[who], deal.key, **facts, to="legal", now=now()), error)
    denied(lambda: engage(cast[who], deal.key, **facts, engaged_at=START, now=now()), error)
    denied(lambda: remove_from_committee(cast[who], deal.key, **facts, now=now()), error)
