"""A valid body for each operation of the API that changes a deal or what belongs to it."""

from __future__ import annotations

from typing import Any

from stageproof.records.models import Contact, Deal, DefinitionVersion


def bodies(deal: Deal, contact: Contact, person: int, draft: DefinitionVersion) -> list[tuple[str, str, Any]]:
    """Valid bodies of what writes."""
    money = {"amount": "1200.50", "currency": "EUR"}
    facts = {
        "name": "Acme rollout", "account": deal.account_id, "amount": money, "close_on": "2026-06-30", "owner": person,
        "next_step": "Call", "next_step_on": "2026-06-01", "source": "Web",
    }  # fmt: skip
    at, seen = f"/deals/{deal.key}", {"expected_version": deal.version}
    activity = {"kind": "call", "side": "buyer", "subject": "Call", "happened_at": "2026-03-01T10:00:00Z"}
    proof = {"kind": "pain", "what": "Brief", "side": "buyer", "given_by": "Cleo", "expires_on": "2026-12-01"}
    target = {"starts_on": "2026-01-01", "ends_on": "2026-03-31", "amount": money, "owner": person}
    lead = {"name": "Dan Dorn", "account": "Delta", "source": "Web", "campaign": "Fair", "owner": person}
    return [
        ("POST", "/deals", {**facts, "custom": {}}),
        ("PATCH", at, {**facts, **seen}),
        ("POST", f"{at}/move", {"to": "Discovery", "reason": "They said yes", **seen}),
        ("POST", f"{at}/merge", {"loser": "D2", **seen}),
        ("POST", f"{at}/delete", {"reason": "A mistake", **seen}),
        ("POST", f"{at}/notes", {"text": "Called"}),
        ("POST", f"{at}/activities", {**activity, "contact": contact.pk}),
        ("POST", f"{at}/evidence", proof),
        ("POST", f"{at}/waivers", {"criterion": "pain", "reason": "Known", "expires_on": "2026-06-01"}),
        ("POST", f"{at}/roles", {"contact": {"name": "Di Dole", "email": "di@acme.example"}, "role": "champion"}),
        ("POST", "/bulk/edit", {"deals": [deal.key, "D9"], "changes": {"next_step": "Call"},
                                "expected_versions": {deal.key: deal.version}}),
        ("POST", "/bulk/move", {"deals": [deal.key, "D9"], "to": "Discovery", "reason": "Batch"}),
        ("POST", "/accounts", {"name": "Bravo", "industry": "Steel", "country": "AT", "employees": 70}),
        ("POST", "/contacts", {"name": "Eli Ender", "email": "eli@bravo.example", "account": deal.account_id}),
        ("PATCH", f"/contacts/{contact.pk}", {"name": "Cleo Cruz", "title": "CFO"}),
        ("POST", "/leads", lead),
        ("POST", "/rates", {"currency": "USD", "rate": "0.92", "from_on": "2026-01-01", "correct": False}),
        ("POST", "/targets", target),
        ("POST", "/definitions/check", {"toml": draft.toml}),
        ("PUT", f"/definitions/{draft.pk}", {"toml": draft.toml}),
    ]  # fmt: skip
