"""The list of contacts at any moment: who, where, and when each was last seen to take part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Lower

from stageproof.actions.actor import Actor
from stageproof.actions.permission import visible_deals
from stageproof.engine.frames import instant_of
from stageproof.engine.proof import ROLES, role_label
from stageproof.records.models import Activity, Contact, ContactVersion, Deal, RoleVersion
from stageproof.records.models.accounts import HERE
from stageproof.web.account_list import in_force
from stageproof.web.as_of import Moment
from stageproof.web.filters import Choice, Filter
from stageproof.web.table_columns import Column

COLUMNS = (
    Column("name", "Contact"),
    Column("title", "Title"),
    Column("account", "Account", sort="account__name"),
    Column("email", "Mail"),
    Column("phone", "Phone"),
    Column("touched_at", "Last took part", "age"),
)
FACTS = ("name", "title", "email", "phone", "external_id")
SEEN = {"30": "Took part in the last 30 days", "90": "Not for 90 days", "never": "Never seen"}
_BATCH = 500


@dataclass(frozen=True)
class ContactTable:
    """What a person sees of the contacts at a moment: narrowed and sorted, with its columns."""

    actor: Actor
    moment: Moment
    sort: str
    text: str
    filters: list[Filter]
    contacts: QuerySet[Any]
    columns: tuple[Column, ...] = COLUMNS

    @property
    def filtered(self) -> bool:
        return bool(self.text) or any(each.chosen for each in self.filters)

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Some of the rows, or all, each with `touched_at`: null where the contact was never seen to take part."""
        key = "id" if self.moment.is_now else "contact_id"
        names = (key, "account_id", "account__name", *FACTS)
        found = list(self.contacts[first:last].values(*names))
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            last_at = _last_took_part(_took_part(self.actor, self.moment), [each[key] for each in part])
            for each in part:
                yield {
                    **each,
                    "id": each[key],
                    "account": each["account__name"],
                    "touched_at": last_at.get(each[key]),
                }


def contacts_of(actor: Actor, moment: Moment, asked: Mapping[str, str]) -> ContactTable:
    """The table that a query asks for, by name unless said otherwise."""
    text, seen, role = asked.get("text", "").strip()[:200], asked.get("seen", ""), asked.get("role", "")
    rows: QuerySet[Any] = Contact.objects.filter(HERE)
    if not moment.is_now:
        rows = ContactVersion.objects.filter(HERE, in_force(moment))
    who = "pk" if moment.is_now else "contact_id"
    if text:
        places = ("name", "title", "email", "phone", "account__name")
        rows = rows.filter(Q(*((f"{place}__icontains", text) for place in places), _connector=Q.OR))
    if seen in SEEN:
        rows = rows.filter(_seen_to(_took_part(actor, moment).filter(_of(who)), seen, moment))
    if role in ROLES:
        held = RoleVersion.objects.filter(in_force(moment), contact=OuterRef(who), role=role, removed=False)
        rows = rows.filter(Exists(held.filter(deal__in=_deals(actor))))
    sort = asked.get("sort", "")
    if sort.removeprefix("-") not in {each.name for each in COLUMNS}:
        sort = "name"
    filters = [
        _filter("role", "Role", {each: role_label(each).capitalize() for each in ROLES}, role),
        _filter("seen", "Last took part", SEEN, seen),
    ]
    return ContactTable(
        actor, moment, sort, text, filters, _in_order(rows, sort, _took_part(actor, moment), who)
    )


def _last_took_part(took: QuerySet[Activity], people: Sequence[int]) -> dict[int, dt.datetime]:
    """When each of the people, and whoever became part of them, was last seen."""
    part_of = dict(Contact.objects.filter(merged_into__in=people).values_list("id", "merged_into_id"))
    part_of |= {
        pk: part_of[via]
        for pk, via in Contact.objects.filter(merged_into__in=part_of).values_list("id", "merged_into_id")
    }
    last: dict[int, dt.datetime] = {}
    rows = took.filter(contact__in=[*people, *part_of]).values_list("contact_id").annotate(Max("happened_at"))
    for pk, at in rows:
        root = part_of.get(pk, pk)
        last[root] = max(at, last.get(root, at))
    return last


def _of(name: str) -> Q:
    """What is of the contact, or of one that became part of it."""
    merged = Contact.objects.filter(
        Q(merged_into=OuterRef(OuterRef(name))) | Q(merged_into__merged_into=OuterRef(OuterRef(name)))
    )
    if not Contact.objects.filter(merged_into__isnull=False).exists():
        return Q(contact=OuterRef(name))
    return Q(contact=OuterRef(name)) | Q(contact__in=merged.values("pk"))


def _in_order(rows: QuerySet[Any], sort: str, took: QuerySet[Activity], who: str) -> QuerySet[Any]:
    column = next(each for each in COLUMNS if each.name == sort.removeprefix("-"))
    if column.name == "touched_at":
        last = took.filter(_of(who)).order_by("-happened_at").values("happened_at")[:1]
        rows, by = rows.annotate(last_at=Subquery(last)), F("last_at")
    else:
        rows, by = rows.annotate(said=Lower(column.by)), F("said")
    # What is blank comes last, as what is unknown does.
    blank = Q(**{column.by: ""}) if column.name != "touched_at" else Q(last_at__isnull=True)
    order = by.desc(nulls_last=True) if sort.startswith("-") else by.asc(nulls_last=True)
    return rows.order_by(Case(When(blank, then=1), default=0), order, "name", "pk")


def _seen_to(took: QuerySet[Activity], seen: str, moment: Moment) -> Any:
    if seen == "never":
        return ~Exists(took)
    since = instant_of(moment.pipeline.at) - dt.timedelta(days=int(seen))
    lately = Exists(took.filter(happened_at__gte=since))
    return lately if seen == "30" else ~lately


def _took_part(actor: Actor, moment: Moment) -> QuerySet[Activity]:
    """What happened by the moment, on no deal or on one that the actor sees."""
    stands = Q(withdrawn_at__isnull=True) & Q(happened_at__lte=instant_of(moment.pipeline.at))
    return Activity.objects.filter(stands & (Q(deal__isnull=True) | Q(deal__in=_deals(actor))))


def _deals(actor: Actor) -> QuerySet[Deal]:
    return Deal.objects.filter(visible_deals(actor)).exclude(status="deleted")


def _filter(name: str, label: str, labels: Mapping[str, str], chosen: str) -> Filter:
    return Filter(name, label, [Choice(value, text, value == chosen) for value, text in labels.items()])
