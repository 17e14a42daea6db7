"""Proofs as tables of TOML, read and written."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from stageproof.engine.money import is_currency
from stageproof.engine.proof import (
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    NextStepProof,
    Not,
    Proof,
    RoleProof,
    Side,
    Value,
)
from stageproof.engine.tables import DEALS
from stageproof.engine.toml_table import TomlTable

KINDS = ("field", "role", "evidence", "activity", "next_step_within_days", "all_of", "any_of", "not")
_DEEPEST = 8
_EXAMPLE = 'Write for example { evidence = "pain", from = "buyer", within_days = 90 }.'


def read_proof(table: TomlTable, depth: int = 0) -> Proof | None:
    """The proof that the table describes; problems and nothing where it describes none."""
    kinds = [kind for kind in KINDS if kind in table.values]
    if depth >= _DEEPEST:
        says = f"The proof is nested more than {_DEEPEST} deep."
        table.problem("proof_too_deep", says, "Split it into several criteria.")
        return None
    if len(kinds) != 1:
        says = f"A proof is of one kind, not of {' and '.join(kinds)}." if kinds else "The proof has no kind."
        remedy = "Join several with all_of or any_of." if kinds else f"It needs one of {', '.join(KINDS)}."
        table.asked.extend(KINDS)
        table.problem("proof_kind", says, f"{remedy} {_EXAMPLE}")
        return None
    readers = {
        "field": _field,
        "role": _role,
        "evidence": _evidence,
        "activity": _activity,
        "next_step_within_days": _next_step,
    }
    kind = kinds[0]
    found = readers[kind](table) if kind in readers else _joined(table, kind, depth)
    table.no_other_keys()
    return found


def proof_table(proof: Proof) -> dict[str, Any]:
    """The table that reads back as the proof."""
    match proof:
        case AllOf(proofs):
            return {"all_of": [proof_table(each) for each in proofs]}
        case AnyOf(proofs):
            return {"any_of": [proof_table(each) for each in proofs]}
        case Not(inner):
            return {"not": proof_table(inner)}
    table = {}
    for each in fields(proof):
        value = getattr(proof, each.name)
        if value != each.default:
            table["from" if each.name == "from_side" else each.name] = value
    return table


def _joined(table: TomlTable, kind: str, depth: int) -> Proof | None:
    if kind == "not":
        inner = table.table("not")
        proof = read_proof(inner, depth + 1) if inner else None
        return Not(proof) if proof else None
    parts = table.tables(kind)
    if not parts and table.raw(kind) == []:
        says = f"“{kind}” lists no proofs, so nothing could be shown."
        table.problem("proof_empty", says, "List at least one.", key=kind)
    read = [
        read_proof(table.inner(part, f"{kind}[{place}]"), depth + 1)
        for place, part in enumerate(parts, start=1)
    ]
    proofs = tuple(proof for proof in read if proof)
    if not proofs or len(proofs) < len(parts):
        return None
    return AllOf(proofs) if kind == "all_of" else AnyOf(proofs)


def _role(table: TomlTable) -> RoleProof | None:
    role = table.text("role")
    days = table.whole("engaged_within_days")
    return RoleProof(_term(role), days) if role else None


def _evidence(table: TomlTable) -> EvidenceProof | None:
    kind = table.text("evidence")
    side = cast("Side | None", table.choice("from", ("buyer", "seller")))
    days, verified = table.whole("within_days"), table.yes_no("verified")
    if kind and _term(kind) == "waiver":
        says = "A waiver is never evidence for a criterion."
        table.problem("proof_of_waiver", says, "Name the kind of evidence wanted.", key="evidence")
    return EvidenceProof(_term(kind), side, days, bool(verified)) if kind else None


def _activity(table: TomlTable) -> ActivityProof | None:
    kind = table.text("activity")
    side = cast("Side | None", table.choice("side", ("buyer", "seller")))
    count, days = table.whole("count"), table.whole("within_days")
    return ActivityProof(_term(kind), side, count or 1, days) if kind else None


def _next_step(table: TomlTable) -> NextStepProof | None:
    days = table.whole("next_step_within_days")
    return NextStepProof(days) if days else None


def _field(table: TomlTable) -> FieldProof | None:
    name = table.text("field")
    proof = FieldProof(
        field=name or "",
        present=table.yes_no("present"),
        equals=_value(table, "equals", name),
        one_of=_values(table, name),
        at_least=_limit(table, "at_least", name),
        at_most=_limit(table, "at_most", name),
        currency=table.text("currency"),
    )
    given = [key for key in ("present", "equals", "one_of", "at_least", "at_most") if key in table.values]
    if not name:
        return None
    if not given:
        says = f"Nothing is asked of “{name}”."
        table.problem("proof_empty", says, "Add present, equals, one_of, at_least or at_most.", key="field")
    if proof.present is False and len(given) > 1:
        says = f"“{name}” cannot be blank and pass another test as well."
        table.problem("proof_impossible", says, "Take out present = false.", key="present")
    _check_limits(table, proof)
    if proof.currency and not is_currency(proof.currency):
        remedy = "Use a three-letter ISO 4217 code such as USD."
        says = f"“{proof.currency}” is not a currency."
        table.problem("currency_unknown", says, remedy, key="currency", value=proof.currency)
    elif proof.currency and name != "amount":
        remedy = "Only “amount” has a currency; take it out."
        table.problem("proof_currency", f"“{name}” is not money.", remedy, key="currency")
    return proof


def _check_limits(table: TomlTable, proof: FieldProof) -> None:
    low, high = proof.at_least, proof.at_most
    if low is None or high is None:
        return
    if isinstance(low, date) or isinstance(high, date):
        mixed = not (isinstance(low, date) and isinstance(high, date))
        wrong = mixed or (isinstance(low, date) and isinstance(high, date) and low > high)
    else:
        wrong = low > high
    if wrong:
        says = f"No value is at least {low} and at most {high}."
        table.problem("proof_impossible", says, "Swap or correct the two.", key="at_least")


def _kind_of(name: str | None) -> str | None:
    column = DEALS.column(name) if name else None
    return column.kind if column else None


def _limit(table: TomlTable, key: str, name: str | None) -> int | Decimal | date | None:
    value = table.raw(key)
    if value is None:
        return None
    kind = _kind_of(name)
    as_day = isinstance(value, date) and not isinstance(value, datetime)
    as_number = isinstance(value, int | Decimal) and not isinstance(value, bool) and _finite(value)
    if (as_day and kind in (None, "day")) or (as_number and kind in (None, "money", "whole")):
        return Decimal(value) if kind == "money" else cast("int | Decimal | date", value)
    wanted = {"day": "a date", "money": "a number", "whole": "a number"}.get(kind or "", "a number or a date")
    _wrong(table, key, name, value, wanted if kind in (None, "day", "money", "whole") else None)
    return None


def _value(table: TomlTable, key: str, name: str | None) -> Value | None:
    value = table.raw(key)
    return None if value is None else _typed(table, key, name, value)


def _values(table: TomlTable, name: str | None) -> tuple[Value, ...] | None:
    values = table.raw("one_of")
    if values is None:
        return None
    if not isinstance(values, list) or not values:
        says = "“one_of” lists no values."
        table.problem("proof_empty", says, 'Write for example one_of = ["Referral", "Event"].', key="one_of")
        return None
    read = [_typed(table, "one_of", name, value) for value in values]
    return tuple(value for value in read if value is not None)


def _typed(table: TomlTable, key: str, name: str | None, value: object) -> Value | None:
    kind = _kind_of(name)
    if isinstance(value, str) and value.strip() and kind in (None, "text"):
        return value
    if isinstance(value, bool) and kind in (None, "yes_no"):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and _finite(value):
        if kind == "money":
            return Decimal(value)
        if kind in (None, "whole"):
            return value
    if isinstance(value, date) and not isinstance(value, datetime) and kind in (None, "day"):
        return value
    wanted = {"text": "a text", "money": "a number", "day": "a date", "whole": "a number"}
    _wrong(table, key, name, value, wanted.get(kind or "", "a text, a number or a date"))
    return None


def _finite(value: int | Decimal) -> bool:
    return Decimal(value).is_finite() and Decimal(value).adjusted() <= 15


def _wrong(table: TomlTable, key: str, name: str | None, value: object, wanted: str | None) -> None:
    if wanted is None:
        says, remedy = f"“{name}” cannot be compared with “{key}”.", "Use present, equals or one_of."
    else:
        says, remedy = f"“{name}” cannot be compared with “{str(value)[:60]}”.", f"It must be {wanted}."
    table.problem("definition_value_wrong", says, remedy, key=key, value=value)


def _term(text: str | None) -> str:
    """A kind or role as it is stored: small letters, underscores."""
    return "_".join((text or "").casefold().replace("-", " ").split())
