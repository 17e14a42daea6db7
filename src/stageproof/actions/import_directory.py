"""Who and what an import names: people, teams, accounts and contacts, found by name or made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.hashers import make_password

from stageproof.actions.directory import add_first_versions
from stageproof.actions.likeness import Likely, company_key
from stageproof.records.ledger import Writing
from stageproof.records.models import Account, Contact, Person, Team
from stageproof.records.models.accounts import HERE

NOT_INVITED = "not-invited.invalid"
"""The domain of people whom an import names and nobody has invited: no mail can ever reach it."""


@dataclass
class Directory:
    """Ids by name, any case; people by e-mail address too."""

    session: Writing
    people: dict[str, int] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    contacts: dict[tuple[str, int | None], int] = field(default_factory=dict)
    team_of: dict[int, int | None] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    likely_accounts: list[tuple[str, Likely]] = field(default_factory=list)

    @classmethod
    def load(cls, session: Writing) -> Directory:
        """Everyone and everything that is there."""
        found = cls(session)
        for pk, name, email, team in Person.objects.values_list("id", "name", "email", "team_id"):
            found.people[_key(name)] = found.people[_key(email)] = pk
            found.team_of[pk] = team
        found.teams = {_key(name): pk for pk, name in Team.objects.values_list("id", "name")}
        # A merged account reads as the one it became; of two of one name the one that is not merged, then the older.
        # One that was taken out is not found: what comes under its name is made anew.
        parents = dict(Account.objects.filter(merged_into__isnull=False).values_list("id", "merged_into_id"))
        gone = set(Account.objects.filter(removed=True).values_list("id", flat=True))
        for pk, name in Account.objects.order_by("-merged_into_id", "-id").values_list("id", "name"):
            if (root := _root(pk, parents)) not in gone:
                found.accounts[_key(name)] = root
        for pk, name in Account.objects.filter(HERE).order_by("-id").values_list("id", "name"):
            found.accounts[_key(name)] = pk
        parents = dict(Contact.objects.filter(merged_into__isnull=False).values_list("id", "merged_into_id"))
        gone = set(Contact.objects.filter(removed=True).values_list("id", flat=True))
        for pk, name, account in Contact.objects.order_by("-id").values_list("id", "name", "account_id"):
            if (root := _root(pk, parents)) not in gone:
                found.contacts[_key(name), account] = root
        return found

    @property
    def now(self) -> dt.datetime:
        return self.session.recorded_at

    def add_teams(self, names: Iterable[str]) -> None:
        """Makes the teams that are not there."""
        for name in self._new(names, self.teams, "teams"):
            self.teams[_key(name)] = Team.objects.create(name=name).pk

    def add_people(self, names: Iterable[str], teams: dict[str, str | None]) -> None:
        """Makes people who are not there: nobody can sign in as them until they are invited."""
        fresh = self._new(names, self.people, "people")
        first = Person.objects.order_by("-id").values_list("id", flat=True).first() or 0
        locked = make_password(None)
        rows = [
            Person(
                email=f"{_slug(name)}-{first + number}@{NOT_INVITED}",
                name=name,
                role="rep",
                team_id=self.team(teams.get(name)),
                is_active=False,
                joined_at=self.now,
                password=locked,
            )
            for number, name in enumerate(fresh, start=1)
        ]
        for person in Person.objects.bulk_create(rows):
            self.people[_key(person.name)] = person.pk
            self.team_of[person.pk] = person.team_id

    def add_accounts(self, names: Iterable[str]) -> None:
        """Makes the accounts that are not there, and notes which are likely to be there under another name."""
        known: dict[str, tuple[int, str]] = {}
        fresh = self._new(names, self.accounts, "accounts")
        if fresh:
            there = Account.objects.filter(HERE).order_by("-id").values_list("id", "name")
            known = {company_key(name): (pk, name) for pk, name in there}
        for name in fresh:
            if (twin := known.get(company_key(name))) is not None:
                self.likely_accounts.append((name, Likely(*twin, "has the same name")))
        rows = [Account(name=name, created_at=self.now) for name in fresh]
        made = Account.objects.bulk_create(rows, batch_size=1_000)
        add_first_versions(self.session, Account, [account.pk for account in made])
        for account in made:
            self.accounts[_key(account.name)] = account.pk

    def add_contacts(self, people: Iterable[tuple[str, int | None, str | None]]) -> None:
        """Makes the contacts that are not there: name, account, title."""
        fresh: dict[tuple[str, int | None], Contact] = {}
        for name, account, title in people:
            key = (_key(name), account)
            if key not in self.contacts and key not in fresh:
                fresh[key] = Contact(
                    name=name, account_id=account, title=(title or "")[:200], created_at=self.now
                )
        if fresh:
            self.added["contacts"] = [contact.name for contact in fresh.values()]
        made = Contact.objects.bulk_create(fresh.values(), batch_size=1_000)
        add_first_versions(self.session, Contact, [contact.pk for contact in made])
        self.contacts.update({key: contact.pk for key, contact in fresh.items()})

    def person(self, name: str | None) -> int | None:
        return None if name is None else self.people.get(_key(name))

    def team(self, name: str | None) -> int | None:
        return None if name is None else self.teams.get(_key(name))

    def account(self, name: str | None) -> int | None:
        return None if name is None else self.accounts.get(_key(name))

    def contact(self, name: str | None, account: int | None) -> int | None:
        return None if name is None else self.contacts.get((_key(name), account))

    def _new(self, names: Iterable[str], known: dict[str, int], kind: str) -> list[str]:
        fresh: dict[str, str] = {}
        for name in names:
            if _key(name) not in known:
                fresh.setdefault(_key(name), name)
        if fresh:
            self.added[kind] = list(fresh.values())
        return list(fresh.values())


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _slug(name: str) -> str:
    return (
        re.sub(r"[^a-z0-9]+", ".", name.casefold().encode("ascii", "ignore").decode()).strip(".")[:60]
        or "someone"
    )


def _root(pk: int, parents: Mapping[int, int | None]) -> int:
    while (above := parents.get(pk)) is not None:
        pk = above
    return pk
