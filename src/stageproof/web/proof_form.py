"""A proof as fields of a form, and back as a table of TOML."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from stageproof.engine.definition import proof_text
from stageproof.engine.problem import Problem
from stageproof.engine.proof import (
    ACTIVITIES,
    ROLES,
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    NextStepProof,
    Not,
    Proof,
    RoleProof,
    field_label,
    role_label,
)
from stageproof.engine.proof_toml import read_proof
from stageproof.engine.tables import DEALS
from stageproof.engine.toml_table import TomlTable

KINDS = (
    ("evidence", "Evidence"),
    ("role", "A person in a role"),
    ("activity", "Something that happened"),
    ("next_step", "A next step"),
    ("field", "A fact of the deal"),
    ("all_of", "All of several"),
    ("any_of", "Any of several"),
    ("not", "The opposite of"),
    ("toml", "Nested deeper, as TOML"),
)
JOINS = ("all_of", "any_of", "not")
PARTS = tuple(each for each in KINDS if each[0] not in (*JOINS, "toml"))
"""The kinds that can be joined."""
"""The kinds of proof that a form offers, with what people call them."""
NAMES = {
    "evidence": ("evidence", "from", "within_days", "verified"),
    "role": ("role", "engaged_within_days"),
    "activity": ("activity", "side", "count", "within_days"),
    "next_step": ("next_step_within_days",),
    "field": ("field", "test", "value", "currency"),
    "toml": ("toml",),
}
"""The fields of each kind."""
BEGINS = {
    "evidence": {"from": "buyer", "within_days": "90"},
    "role": {"role": "economic_buyer", "engaged_within_days": "30"},
    "activity": {"activity": "meeting", "side": "buyer", "within_days": "30"},
    "next_step": {"next_step_within_days": "14"},
    "field": {"test": "present"},
    "toml": {
        "toml": '{ any_of = [{ evidence = "budget", from = "buyer", within_days = 90 }, '
        '{ role = "economic_buyer", engaged_within_days = 30 }] }'
    },
}
"""What the fields of a kind hold before anyone filled them in."""
TESTS = (
    ("present", "is filled in"),
    ("blank", "is blank"),
    ("equals", "is"),
    ("one_of", "is one of (one per comma)"),
    ("at_least", "is at least"),
    ("at_most", "is at most"),
)
_NOT_ASKED = ("deal", "status", "stage", "pipeline", "created_at", "valid_from", "valid_to", "recorded_at",
              "actor", "door")  # fmt: skip
FACTS = [(column.name, field_label(column.name)) for column in DEALS.columns if column.name not in _NOT_ASKED]
SUGGESTED = {
    "role": [(role, role_label(role)) for role in ROLES],
    "activity": [(kind, kind.replace("_", " ")) for kind in ACTIVITIES],
    "field": FACTS,
}


def fields_of(proof: Proof) -> tuple[str, dict[str, str]]:
    """The kind of form that a proof fits, and what stands in its fields; its TOML where none fits."""
    found = _simple(proof)
    if found is not None and read_proof(TomlTable(table_of(*found)[0], "", [])) == proof:
        return found
    return "toml", {"toml": proof_text(proof)}


def parts_of(proof: Proof) -> tuple[str, list[tuple[str, dict[str, str]]]] | None:
    """How a proof joins others, and the form of each; None where it joins none, or some that no form fits."""
    match proof:
        case AllOf() | AnyOf():
            kind, proofs = "all_of" if isinstance(proof, AllOf) else "any_of", proof.proofs
        case Not():
            kind, proofs = "not", (proof.proof,)
        case _:
            return None
    parts = [fields_of(each) for each in proofs]
    return None if any(name == "toml" for name, _ in parts) else (kind, parts)


def joined(kind: str, parts: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, Any]:
    """The table of TOML of a proof that joins the parts, each with its kind and fields."""
    tables = [table_of(name, given)[0] for name, given in parts]
    return {kind: (tables[0] if tables else {}) if kind == "not" else tables}


def table_of(kind: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The table of TOML that the fields describe, unreadable values as they are; problems of text that is no TOML."""
    values = {name: given.get(name, "").strip() for name in NAMES.get(kind, ())}
    if kind == "toml":
        return _parsed(values["toml"])
    if kind == "field":
        return _fact(values), []
    table: dict[str, Any] = {}
    for name, text in values.items():
        if name == "verified":
            if text:
                table[name] = True
        elif text:
            table[name] = _whole(text) if name.endswith("days") or name == "count" else text
    head = next(iter(NAMES.get(kind, ("evidence",))))
    # The kind is told by its first key, so that one left blank is asked for by name.
    return ({head: "", **table} if head not in table else table), []


def _simple(proof: Proof) -> tuple[str, dict[str, str]] | None:
    match proof:
        case EvidenceProof():
            return "evidence", {
                "evidence": proof.evidence, "from": proof.from_side or "", "within_days": _text(proof.within_days),
                "verified": "on" if proof.verified else "",
            }  # fmt: skip
        case RoleProof():
            return "role", {"role": proof.role, "engaged_within_days": _text(proof.engaged_within_days)}
        case ActivityProof():
            return "activity", {
                "activity": proof.activity, "side": proof.side or "", "count": _text(proof.count),
                "within_days": _text(proof.within_days),
            }  # fmt: skip
        case NextStepProof():
            return "next_step", {"next_step_within_days": _text(proof.next_step_within_days)}
        case FieldProof():
            return _of_fact(proof)
    return None


def _of_fact(proof: FieldProof) -> tuple[str, dict[str, str]] | None:
    tests = {
        "present": proof.present, "equals": proof.equals, "one_of": proof.one_of, "at_least": proof.at_least,
        "at_most": proof.at_most,
    }  # fmt: skip
    given = [(name, value) for name, value in tests.items() if value is not None]
    if len(given) != 1:
        return None
    (name, value), currency = given[0], proof.currency or ""
    if name == "present":
        return "field", {"field": proof.field, "test": "present" if value else "blank", "currency": currency}
    if isinstance(value, tuple):
        text = ", ".join(_text(each) for each in value)
    else:
        text = _text(value)
    return "field", {"field": proof.field, "test": name, "value": text, "currency": currency}


def _fact(values: Mapping[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {"field": values["field"]}
    test, text = values["test"] or "present", values["value"]
    if test in ("present", "blank"):
        table["present"] = test == "present"
    elif test == "one_of":
        parts = [part.strip() for part in text.split(",") if part.strip()]
        table[test] = [_value(values["field"], part) for part in parts]
    else:
        table[test] = _value(values["field"], text)
    if values["currency"]:
        table["currency"] = values["currency"].upper()
    return table


def _value(name: str, text: str) -> Any:
    """The text as the kind of value that the fact holds; as text where it cannot be read so."""
    column = DEALS.column(name)
    kind = column.kind if column else "text"
    try:
        if kind == "money":
            amount = Decimal(text.replace(",", ""))
            return int(amount) if amount.is_finite() and amount == amount.to_integral_value() else amount
        if kind == "day":
            return dt.date.fromisoformat(text)
        if kind == "whole":
            return int(text)
    except (ValueError, InvalidOperation):
        return text
    return text


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _parsed(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The inline table of TOML that was typed."""
    try:
        read = tomllib.loads("proof = " + " ".join(text.split()), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        says = f"This is not a proof in TOML: {str(error).split(' (at ')[0]}."
        remedy = 'Write for example { evidence = "pain", from = "buyer" }.'
        return {}, [Problem("definition_not_toml", says, remedy, value=text[:80])]
    proof = read.get("proof")
    if len(read) != 1 or not isinstance(proof, dict):
        remedy = 'Write for example { evidence = "pain", from = "buyer" }.'
        return {}, [Problem("definition_not_toml", "A proof stands in braces.", remedy, value=text[:80])]
    return proof, []
