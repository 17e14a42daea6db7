"""Links: what may be done next with a thing that was just made, as the description of the API says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_MADE = {
    "deals_deal_create": ("key", "key"),
    "accounts_account_create": ("account_id", "id"),
    "contacts_contact_create": ("contact_id", "id"),
    "leads_lead_create": ("lead_id", "lead"),
    "evidence_evidence_attach": ("evidence_id", "evidence"),
    "definitions_definition_draft": ("definition_id", "id"),
    "imports_import_preview": ("run", "id"),
    "people_team_create": ("team_id", "id"),
}
"""The operations that make something, with the place in an address that it then takes, and the field that names it."""


def linked(described: dict[str, Any]) -> dict[str, Any]:
    """The description, in which whatever is made leads to what takes it in its address."""
    operations = list(_operations(described))
    for _, operation in operations:
        place, field = _MADE.get(operation["operationId"], ("", ""))
        made = operation["responses"].get("201")
        if made is not None and place:
            made["links"] = {
                each["operationId"]: {
                    "operationId": each["operationId"],
                    "parameters": {place: f"$response.body#/{field}"},
                }
                for path, each in operations
                if re.findall(r"{(\w+)}", path) == [place]
            }
    return described


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation
