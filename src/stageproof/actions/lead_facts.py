"""The facts of a lead that people set, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stageproof.actions.accounts import MOST_EMPLOYEES
from stageproof.actions.contacts import email_problems
from stageproof.actions.facts import unknown_facts
from stageproof.actions.likeness import Likely, company_key, person_key
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.frameworks import FRAMEWORKS
from stageproof.engine.problem import Problem
from stageproof.records.models import LeadVersion, Person
from stageproof.records.models.marketing import LEAD_FACTS

FIELDS = (*LEAD_FACTS, "owner")


def tidied(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Texts without space around them; null where there is none. A name stays a text."""
    found = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    return {name: None if value == "" and name != "name" else value for name, value in found.items()}


def check_lead(facts: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with values given for a lead."""
    problems = unknown_facts(facts, FIELDS)
    known = {name: value for name, value in facts.items() if name in FIELDS and name != "owner"}
    problems += text_problems(LeadVersion, {name: known[name] for name in known if name != "employees"})
    for name, value in known.items():
        if name != "employees" and value is not None and not isinstance(value, str):
            problems.append(wrong(name, value, "This is not a text.", "Give it as text."))
    if "name" in facts and not str(facts["name"] or "").strip():
        problems.append(missing("name", "A lead needs a name.", "Give it one."))
    problems += email_problems(known.get("email"))
    employees = known.get("employees")
    whole = isinstance(employees, int) and not isinstance(employees, bool)
    if employees is not None and not (whole and 0 <= employees <= MOST_EMPLOYEES):
        says = "This is not a number of people."
        problems.append(wrong("employees", employees, says, f"Give a number up to {MOST_EMPLOYEES:,}."))
    owner = facts.get("owner")
    if owner is not None and not isinstance(owner, Person):
        problems.append(wrong("owner", owner, "There is no such owner.", "Choose an existing one."))
    return problems


def likely_leads(facts: Mapping[str, Any], lead: str | None = None) -> list[Likely]:
    """Leads with the same address, or of the same name and company; never the lead itself."""
    here = LeadVersion.objects.filter(valid_to__isnull=True, removed=False)
    here = here if lead is None else here.exclude(lead=lead)
    email = str(facts.get("email") or "").strip()
    found: dict[int, Likely] = {}
    if email:
        for each in here.filter(email__iexact=email).order_by("seq"):
            found[each.pk] = Likely(each.lead, each.name, f"has the address {each.email}")
    person, company = person_key(str(facts.get("name") or "")), company_key(str(facts.get("account") or ""))
    if person and company:
        # The first word narrows the search; what it misses has another first word, hence another key.
        rows = here.filter(name__icontains=person.split()[-1]).order_by("seq")
        for each in rows:
            if person_key(each.name) == person and company_key(each.account or "") == company:
                found.setdefault(each.pk, Likely(each.lead, each.name, f"is with {each.account} too"))
    return list(found.values())


def twin_problem(each: Likely) -> Problem:
    """A lead that is likely to be there already, as a problem."""
    return Problem(
        "likely_duplicate",
        f"This is likely {each.name}, who {each.why}.",
        "Work on that lead, or say that this is another one.",
        column="name",
        value=str(each.id),
    )


def qualification_problems(reason: str, framework: str, answers: Mapping[str, str]) -> list[Problem]:
    """What keeps a lead from counting as qualified: neither a reason, nor an answer to every element."""
    problems = text_problems(LeadVersion, {"qualification": reason})
    if framework and framework not in FRAMEWORKS:
        known = ", ".join(FRAMEWORKS)
        says = f"There is no framework '{framework[:40]}'."
        return [*problems, wrong("framework", framework, says, f"Use one of: {known}.")]
    if not framework:
        if not reason.strip():
            says = "It is not said why this lead counts as qualified."
            problems.append(missing("qualification", says, "Give the reason, or answer a framework."))
        return problems
    elements = {each.name: each for each in FRAMEWORKS[framework]}
    for name, each in elements.items():
        if not str(answers.get(name) or "").strip():
            says = f"{framework} asks for {name.lower()}: {each.asks[0].lower()}{each.asks[1:]}."
            problems.append(Problem("answer_missing", says, "Say what the buyer said.", column=name))
    for name, text in answers.items():
        if name not in elements:
            says = f"{framework} has no '{str(name)[:40]}'."
            problems.append(Problem("unknown_answer", says, "Leave it out.", column=str(name)[:40]))
        elif len(str(text)) > _LONGEST:
            says = f"This is longer than {_LONGEST} characters."
            problems.append(Problem("wrong_answer", says, "Shorten it.", column=name))
        problems += [
            Problem(each.code, each.says, each.remedy, column=str(name)[:40])
            for each in text_problems(LeadVersion, {"note": str(text)})
            if "cannot be kept" in each.says
        ]
    return problems


_LONGEST = 500


def in_words(reason: str, framework: str, answers: Mapping[str, str]) -> str:
    """Why a lead is qualified, as one text."""
    parts = [f"{name}: {' '.join(str(answers[name]).split())}" for name in answers]
    told = f"{framework}. {'; '.join(parts)}" if framework else ""
    return ". ".join(filter(None, (reason.strip().rstrip("."), told)))[:2000]
