"""The definition of a pipeline: stages, exit criteria, owner and rules, one version of them.

[pipeline]   name, owner, kind, version, effective_from, frameworks
[waivers]    roles, days
[rules]      thresholds of the four checks (see hygiene_rules)
[ideal_customer]   fits_from, traits: trait, one_of or at_least and at_most, points
[[stages]]   name, norm_days, band, quiet_days, aliases
[[stages.exit]]   id, says, proof
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, cast

import tomli_w

from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.ideal_customer import IdealCustomer, ideal_customer_tables, read_ideal_customer
from stageproof.engine.owner import why_not_a_person
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import FieldProof, Proof, every_leaf
from stageproof.engine.proof_toml import proof_table, read_proof
from stageproof.engine.toml_table import TomlTable

__all__ = [
    "EXPANSION",
    "FRAMEWORKS",
    "NEW_BUSINESS",
    "Band",
    "Criterion",
    "Definition",
    "HygieneRules",
    "Kind",
    "Stage",
    "proof_text",
    "read_definition",
    "write_definition",
]

Band = Literal["early", "late"]
Kind = Literal["new business", "expansion"]
NEW_BUSINESS: Kind = "new business"
EXPANSION: Kind = "expansion"
FRAMEWORKS = ("BANT", "CHAMP", "MEDDIC")
WAIVER_ROLES = ("manager", "pipeline owner")
WAIVER_DAYS = 30


@dataclass(frozen=True)
class Criterion:
    """One exit criterion: its id, what it says, and the proof that it holds."""

    id: str
    says: str
    proof: Proof


@dataclass(frozen=True)
class Stage:
    """One stage; a definition fills in the band and the quiet days that are left to it.

    `norm_days` is how long a deal usually stays, `quiet_days` how long it may go without buyer activity.
    """

    name: str
    exit: tuple[Criterion, ...] = ()
    norm_days: int | None = None
    band: Band | None = None
    quiet_days: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """One version of a pipeline's rules, in force from `effective_from` until the next.

    `kind` tells new business from expansion, which readings do not add up.
    """

    pipeline: str
    owner: str
    stages: tuple[Stage, ...]
    version: int = 1
    effective_from: date | None = None
    waiver_roles: tuple[str, ...] = WAIVER_ROLES
    waiver_days: int = WAIVER_DAYS
    rules: HygieneRules = field(default_factory=HygieneRules)
    frameworks: tuple[str, ...] = ()
    kind: Kind = NEW_BUSINESS
    ideal_customer: IdealCustomer | None = None

    def __post_init__(self) -> None:
        filled = (_filled(stage, place, len(self.stages)) for place, stage in enumerate(self.stages))
        object.__setattr__(self, "stages", tuple(filled))

    def position(self, stage: str | None) -> int | None:
        """Where the stage of this name or alias stands, from 0; any case."""
        return self._positions.get(stage_key(stage or ""))

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        """Every name and alias with where its stage stands; of two that share one the first."""
        found: dict[str, int] = {}
        for place, each in enumerate(self.stages):
            for name in (each.name, *each.aliases):
                found.setdefault(stage_key(name), place)
        return found

    def stage(self, name: str | None) -> Stage | None:
        """The stage of this name or alias, any case."""
        place = self.position(name)
        return None if place is None else self.stages[place]

    def criteria_before(self, stage_name: str) -> tuple[tuple[Stage, Criterion], ...]:
        """Every criterion behind the stage, in order; a KeyError where there is no such stage."""
        place = self.position(stage_name)
        if place is None:
            raise KeyError(stage_name)
        return _criteria(self.stages[:place])

    @cached_property
    def fields(self) -> frozenset[str]:
        """The columns of a deal that its criteria ask about."""
        proofs = [each for _, criterion in self.all_criteria for each in every_leaf(criterion.proof)]
        return frozenset(each.field for each in proofs if isinstance(each, FieldProof))

    @cached_property
    def all_criteria(self) -> tuple[tuple[Stage, Criterion], ...]:
        """Every criterion with its stage, in order."""
        return _criteria(self.stages)


def stage_key(name: str) -> str:
    """The name of a stage as it is compared: any case, any spacing."""
    return " ".join(name.casefold().split())


def read_definition(text: str, *, source: str = "") -> Definition:
    """The definition in the TOML; refused with every problem at once."""
    problems: list[Problem] = []
    root = TomlTable(_parsed(text, source), "", problems, source=source)
    pipeline = root.table("pipeline")
    waivers, rules = root.table("waivers"), root.table("rules")
    profile = root.table("ideal_customer")
    listed = root.tables("stages")
    root.no_other_keys()
    if pipeline is None and "pipeline" not in root.values:
        root.problem("definition_key_missing", "There is no [pipeline] table.", "Add it with name and owner.")
    if root.values.get("stages", []) == []:
        root.problem("definition_no_stages", "There are no stages.", "Add at least one [[stages]] table.")
    lines = _lines(text, listed)
    stages = tuple(_read_stage(root, each, place, lines) for place, each in enumerate(listed))
    head = _read_head(pipeline) if pipeline else {}
    allowed = _read_waivers(waivers) if waivers else {}
    thresholds = _read_rules(rules) if rules else HygieneRules()
    ideal = read_ideal_customer(profile) if profile else None
    _check_names(root, stages, lines)
    if problems:
        raise Refused(problems)
    return Definition(**head, **allowed, stages=stages, rules=thresholds, ideal_customer=ideal)


def write_definition(definition: Definition) -> str:
    """The TOML that reads back as the same definition."""
    head = {
        "name": definition.pipeline,
        "owner": definition.owner,
        "kind": None if definition.kind == NEW_BUSINESS else definition.kind,
        "version": definition.version,
        "effective_from": definition.effective_from,
        "frameworks": definition.frameworks or None,
    }
    waivers = {"roles": definition.waiver_roles, "days": definition.waiver_days}
    given = {each.name: getattr(definition.rules, each.name) for each in fields(HygieneRules)}
    rules = {each.name: given[each.name] for each in fields(HygieneRules) if given[each.name] != each.default}
    parts = [_section("[pipeline]", head)]
    if waivers != {"roles": WAIVER_ROLES, "days": WAIVER_DAYS}:
        parts.append(_section("[waivers]", waivers))
    if rules:
        parts.append(_section("[rules]", rules))
    if definition.ideal_customer:
        whole, traits = ideal_customer_tables(definition.ideal_customer)
        parts.append(_section("[ideal_customer]", whole))
        parts.extend(_section("[[ideal_customer.traits]]", each) for each in traits)
    for place, stage in enumerate(definition.stages):
        parts.append(
            _section("[[stages]]", _stage_table(stage, *_by_position(place, len(definition.stages))))
        )
        parts.extend(
            _section("[[stages.exit]]", {"id": each.id, "says": each.says, "proof": proof_table(each.proof)})
            for each in stage.exit
        )
    return "\n".join(parts)


def proof_text(proof: Proof) -> str:
    """The proof as one line of TOML."""
    return _inline(proof_table(proof))


def _section(header: str, values: dict[str, Any]) -> str:
    lines = (f"{key} = {_inline(value)}\n" for key, value in values.items() if value is not None)
    return f"{header}\n{''.join(lines)}"


def _inline(value: Any) -> str:
    """The value on one line, so that a proof reads as one."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_inline(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_inline(each) for each in value)}]"
    if isinstance(value, Decimal) and value == value.to_integral_value():
        # A whole amount reads back as it was written, not with a point.
        value = int(value)
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _criteria(stages: Iterable[Stage]) -> tuple[tuple[Stage, Criterion], ...]:
    return tuple((stage, criterion) for stage in stages for criterion in stage.exit)


def _filled(stage: Stage, place: int, count: int) -> Stage:
    band, quiet_days = _by_position(place, count)
    return replace(
        stage,
        band=stage.band or band,
        quiet_days=quiet_days if stage.quiet_days is None else stage.quiet_days,
    )


def _by_position(place: int, count: int) -> tuple[Band, int]:
    """What a stage has unless it says: early in the first half; quiet for 10, 14, 30 days by thirds."""
    band: Band = "early" if 2 * place < count else "late"
    return band, (10, 14, 30)[3 * place // count]


def _stage_table(stage: Stage, band: Band, quiet_days: int) -> dict[str, Any]:
    return {
        "name": stage.name,
        "norm_days": stage.norm_days,
        "band": None if stage.band == band else stage.band,
        "quiet_days": None if stage.quiet_days == quiet_days else stage.quiet_days,
        "aliases": stage.aliases or None,
    }


# Reading, table by table


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        says = f"This is not TOML: {str(error).split(' (at ')[0]}."
        remedy = "Correct that line; texts stand in double quotes."
        at_end = len(text.splitlines()) if "end of document" in str(error) else None
        row = int(found[1]) if found else at_end
    except (ValueError, ArithmeticError):
        says, remedy, row = "A number or date in this TOML cannot be read.", "Shorten or correct it.", None
    except RecursionError:
        says, remedy, row = "This TOML is nested too deeply to read.", "Flatten it.", None
    raise Refused([Problem("definition_not_toml", says, remedy, source, row)])


def _lines(text: str, listed: list[dict[str, Any]]) -> dict[tuple[int, int], int]:
    """The line of each [[stages]] (second place 0) and [[stages.exit]] (from 1), where headers are used."""
    lines: dict[tuple[int, int], int] = {}
    stage, criterion = -1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[\s*stages\s*(\.\s*exit\s*)?\]\]", line)
        if header:
            stage, criterion = (stage, criterion + 1) if header[1] else (stage + 1, 0)
            lines[stage, criterion] = number
    # A header within a text would shift the count; then no line is better than a wrong one.
    return lines if sum(1 for place in lines if place[1] == 0) == len(listed) else {}


def _read_head(table: TomlTable) -> dict[str, Any]:
    name, owner = table.text("name", required=True), table.text("owner", required=True)
    reason = why_not_a_person(owner) if owner else None
    if reason:
        table.problem(
            "definition_owner",
            f"The owner must be one person, and “{owner}” {reason}.",
            "Name one person, by name or e-mail address.",
            key="owner",
            value=owner,
        )
    frameworks = table.texts("frameworks") or ()
    known = {each.casefold(): each for each in FRAMEWORKS}
    for each in frameworks:
        if each.casefold() not in known:
            remedy = f"Known are {', '.join(FRAMEWORKS)}."
            says = f"“{each}” is not a known framework."
            table.problem("definition_value_wrong", says, remedy, key="frameworks", value=each)
    head = {
        "pipeline": name,
        "owner": owner,
        "kind": cast("Kind", table.choice("kind", (NEW_BUSINESS, EXPANSION)) or NEW_BUSINESS),
        "version": table.whole("version") or 1,
        "effective_from": table.day("effective_from"),
        "frameworks": tuple(known.get(each.casefold(), each) for each in frameworks),
    }
    table.no_other_keys()
    return head


def _read_waivers(table: TomlTable) -> dict[str, Any]:
    roles, days = table.texts("roles"), table.whole("days")
    if roles == ():
        says = "No role may waive, which “roles” left out would not mean."
        table.problem("definition_value_wrong", says, 'Write for example roles = ["manager"].', key="roles")
    table.no_other_keys()
    return {"waiver_roles": roles or WAIVER_ROLES, "waiver_days": days or WAIVER_DAYS}


def _read_rules(table: TomlTable) -> HygieneRules:
    given: dict[str, Any] = {}
    for each in fields(HygieneRules):
        read: Any
        if isinstance(each.default, int):
            read = table.whole(each.name, least=0 if each.name == "pushes_allowed" else 1)
        elif isinstance(each.default, str):
            read = table.text(each.name)
        elif isinstance(each.default, tuple):
            read = table.texts(each.name)
        else:
            number = table.number(each.name)
            read = float(number) if number is not None and isinstance(each.default, float) else number
        if read is not None:
            given[each.name] = read
    table.no_other_keys()
    return HygieneRules(**given)


def _read_stage(
    root: TomlTable, values: dict[str, Any], place: int, lines: dict[tuple[int, int], int]
) -> Stage:
    table = root.inner(values, f"stages[{place + 1}]", lines.get((place, 0)))
    stage = Stage(
        name=table.text("name", required=True) or "",
        norm_days=table.whole("norm_days"),
        band=cast("Band | None", table.choice("band", ("early", "late"))),
        quiet_days=table.whole("quiet_days"),
        aliases=table.texts("aliases") or (),
    )
    listed = table.tables("exit")
    table.no_other_keys()
    criteria = (
        _read_criterion(table.inner(each, f"exit[{number}]", lines.get((place, number))))
        for number, each in enumerate(listed, start=1)
    )
    return replace(stage, exit=tuple(each for each in criteria if each))


def _read_criterion(table: TomlTable) -> Criterion | None:
    identifier, says = table.text("id", required=True), table.text("says", required=True)
    proof = table.table("proof")
    if identifier and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", identifier):
        remedy = "Use letters, digits and underscores, beginning with a letter."
        says_so = f"“{identifier}” cannot be the id of a criterion."
        table.problem("criterion_id", says_so, remedy, key="id", value=identifier)
    if proof is None and "proof" not in table.values:
        says_so = "The criterion has no proof, so nothing could show that it holds."
        remedy = 'Add for example proof = { evidence = "pain", from = "buyer" }.'
        table.problem("definition_key_missing", says_so, remedy, key="proof")
    read = read_proof(proof) if proof else None
    table.no_other_keys()
    return Criterion(identifier, says, read) if identifier and says and read else None


def _check_names(root: TomlTable, stages: tuple[Stage, ...], lines: dict[tuple[int, int], int]) -> None:
    """Problems for stages and criteria that share a name; a stage may repeat itself among its aliases."""
    taken: dict[str, int] = {}
    ids: set[str] = set()
    for place, stage in enumerate(stages):
        table = root.inner({}, f"stages[{place + 1}]", lines.get((place, 0)))
        for name in filter(None, (stage.name, *stage.aliases)):
            other = taken.setdefault(stage_key(name), place)
            if other != place:
                says = f"“{name}” already names stage {other + 1}, {stages[other].name}."
                table.problem("stage_twice", says, "Rename one, or take the alias out.", value=name)
        for criterion in stage.exit:
            if criterion.id.casefold() in ids:
                says = f"There are two criteria “{criterion.id}”."
                remedy = "Give each its own id; ids are unique in a definition."
                table.problem("criterion_twice", says, remedy, value=criterion.id)
            ids.add(criterion.id.casefold())
